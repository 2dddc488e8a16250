//! A device on the LAN: the real machine, or somebody who stands where one could stand.

use fastrand::Rng;
use restante_core::code::{Presented, ProvisionalCode};
use restante_core::device::{Device, Errand, Exchange, Input, Output, PeerCall, Phase};
use restante_core::id::{CenterAddress, DeviceId, LanAddress};
use restante_core::machine::Machine as _;
use restante_core::wire::{Contacts, DeviceRequest, PollRequest, PollTag};
use restante_core::{Seed, Uptime};
use restante_crypto::RingCrypto;

use crate::clock::{Moment, draw_seed};
use crate::unit::entry;

/// A device on the LAN.
pub(super) struct Peer {
    /// Where it is.
    pub(super) address: LanAddress,
    /// What it is.
    pub(super) life: Life,
    /// When its alarm goes off is said by this number; older alarms do not count.
    pub(super) alarm: u64,
    /// From when on nothing is left to be felt of its polls so far.
    pub(super) rested: Moment,
    machine: Device<RingCrypto>,
    /// Poll requests that a liar has overheard.
    heard: Vec<PollRequest>,
    /// What tags it takes for others, where a test has it do so.
    taken_for: Vec<(PollTag, PollTag)>,
}

/// What stands at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// A device.
    Honest,
    /// Nobody.
    Dead,
    /// Somebody who passes poll requests on to anybody, so many times yet.
    Liar(u32),
}

/// What a machine wants done.
#[derive(Default)]
pub(super) struct Wants {
    pub(super) sends: Vec<(Exchange, Presented, DeviceRequest)>,
    pub(super) errands: Vec<Errand>,
    pub(super) calls: Vec<PeerCall>,
}

impl Peer {
    /// The device with this number, switched on.
    pub(super) fn new(number: usize, rng: &mut Rng) -> Self {
        let address = address(number);
        let mut me = entry(number);
        me.contacts = Contacts {
            address: Some(address.clone()),
            ..Contacts::default()
        };
        let mut machine = Device::new(RingCrypto, me, None);
        let mut out = Vec::new();
        let booted = Input::Booted { kept: None };
        machine
            .handle(Uptime::BOOT, &draw_seed(rng), booted, &mut out)
            .expect("an empty memory");
        Self {
            address,
            life: Life::Honest,
            alarm: 0,
            rested: 0,
            machine,
            heard: Vec::new(),
            taken_for: Vec::new(),
        }
    }

    pub(super) fn device(&self) -> Option<DeviceId> {
        self.machine.id()
    }

    pub(super) fn is_in_use(&self) -> bool {
        matches!(self.machine.phase(), Phase::InUse | Phase::Rotating)
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        Some(self.machine.deadline()?.as_millis())
    }

    /// Tells the machine what happens.
    pub(super) fn handle(&mut self, now: Moment, seed: &Seed, input: Input) -> Wants {
        let mut out = Vec::new();
        let now = Uptime::from_millis(now);
        // What a machine does not take changes nothing, and leads to nothing.
        let _ = self.machine.handle(now, seed, input, &mut out);
        let mut wants = Wants::default();
        for output in out {
            match output {
                Output::Send {
                    exchange,
                    presented,
                    request,
                    ..
                } => {
                    wants.sends.push((exchange, presented, request));
                }
                Output::Register(errand) => wants.errands.push(*errand),
                Output::CallPeer(call) => wants.calls.push(*call),
                _ => {}
            }
        }
        wants
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
pub(super) fn enters(code: ProvisionalCode) -> Input {
    let center = CenterAddress::new("https://center.example").expect("an address");
    Input::CodeEntered { code, center }
}

/// The address of the device with this number.
pub(super) fn address(number: usize) -> LanAddress {
    let (high, low) = (number / 250, number % 250 + 1);
    let address = format!("10.{}.{}.{low}", high / 250, high % 250);
    LanAddress::new(address).expect("an address")
}
