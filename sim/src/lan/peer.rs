//! Who stands on the LAN: a device or a gateway with its power and its memory, or somebody who
//! stands where one could stand.

use fastrand::Rng;
use restante_core::code::ProvisionalCode;
use restante_core::id::{CustomerId, DeviceId, LanAddress};
use restante_core::wire::{PollRequest, PollTag};

use crate::clock::Moment;
use crate::machine::Event;
use crate::unit::Unit;

/// Somebody on the LAN.
pub(super) struct Peer {
    /// Where it is.
    pub(super) address: LanAddress,
    /// What it is.
    pub(super) life: Life,
    /// The machine, with its power and its memory.
    pub(super) unit: Unit,
    /// From when on nothing is left to be felt of its polls so far.
    pub(super) rested: Moment,
    /// The switching on whose first poll has gone out, which nobody has asked for.
    pub(super) came_by_itself: u64,
    /// Whose it is.
    pub(super) customer: Option<CustomerId>,
    /// The devices that its registration speaks for.
    pub(super) devices: Vec<DeviceId>,
    /// Poll requests that a liar has overheard.
    heard: Vec<PollRequest>,
    /// What tags it takes for others, where a test has it do so.
    taken_for: Vec<(PollTag, PollTag)>,
}

/// What stands at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// A device or a gateway.
    Honest,
    /// Nobody.
    Dead,
    /// Somebody who passes poll requests on to anybody, so many times yet.
    Liar(u32),
}

impl Peer {
    /// The device with this number, switched off.
    pub(super) fn device(number: usize) -> Self {
        let address = address(number);
        Self::new(Unit::device_at(number, &address), address)
    }

    /// A gateway with this number, switched off, with so many children. They have addresses too,
    /// and take no poll requests.
    pub(super) fn gateway(number: usize, children: usize) -> Self {
        let first = CHILDREN + number * 10;
        let children = (first..first + children).map(|child| (child, address(child)));
        let children = children.collect();
        Self::new(Unit::gateway_of(number, children), address(number))
    }

    fn new(unit: Unit, address: LanAddress) -> Self {
        Self {
            address,
            life: Life::Honest,
            unit,
            rested: 0,
            came_by_itself: 0,
            customer: None,
            devices: Vec::new(),
            heard: Vec::new(),
            taken_for: Vec::new(),
        }
    }

    /// Remembers for which devices its registration speaks, if it has power to tell.
    pub(super) fn look(&mut self) {
        if let Some(holding) = self.unit.holding() {
            let devices = holding.members.into_iter().map(|member| member.device);
            self.devices = devices.collect();
        }
    }

    /// The device, if it is one and registered.
    pub(super) fn only(&self) -> Option<DeviceId> {
        match self.devices[..] {
            [device] if !self.unit.is_gateway() => Some(device),
            _ => None,
        }
    }

    /// Whether somebody is there who answers.
    pub(super) fn is_there(&self) -> bool {
        match self.life {
            Life::Dead => false,
            Life::Liar(_) => true,
            Life::Honest => self.unit.is_on(),
        }
    }

    pub(super) fn overheard(&mut self, request: PollRequest) {
        self.heard.push(request);
    }

    /// A poll request that it has overheard.
    pub(super) fn recalls(&self, rng: &mut Rng) -> Option<PollRequest> {
        rng.choice(&self.heard).cloned()
    }

    /// The request with a tag that the machine has never met.
    pub(super) fn takes_for_new(&mut self, request: PollRequest, number: u64) -> PollRequest {
        let Some(tag) = request.tag.clone() else {
            return request;
        };
        let new = PollTag::from_bytes(&u128::from(number).to_be_bytes());
        self.taken_for.push((new.clone(), tag));
        PollRequest {
            tag: Some(new),
            ..request
        }
    }

    /// The tag that it means.
    pub(super) fn true_tag(&self, tag: PollTag) -> PollTag {
        let meant = self.taken_for.iter().find(|(new, _)| *new == tag);
        meant.map_or(tag, |(_, meant)| meant.clone())
    }
}

/// A person enters this code.
pub(super) const fn enters(code: ProvisionalCode) -> Event {
    Event::CodeEntered(code)
}

/// The address of the device with this number.
pub(super) fn address(number: usize) -> LanAddress {
    let (high, low) = (number / 250, number % 250 + 1);
    let address = format!("10.{}.{}.{low}", high / 250, high % 250);
    LanAddress::new(address).expect("an address")
}

/// Children of gateways have numbers from here on, behind those of all devices.
const CHILDREN: usize = 20_000;
