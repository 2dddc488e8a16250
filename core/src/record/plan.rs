//! The plan record: an ordered list of devices that are to poll, and how they are told.
//!
//! The list lies in parts beside the plan, so that a device that polls for a plan of ten thousand
//! reads a few hundred ids and not all of them. Nothing is written to a plan once it is made: where
//! its devices are, and whether they still need to poll, is read where they stand.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationId, CustomerId, DeviceId};
use crate::limits::DEVICES_PER_PART;
use crate::time::Timestamp;
use crate::tree::Tree;
use crate::wire::PollTag;
use crate::wire::plan::PollLinkState;

use super::bytes::Bytes;
use super::desk::Record;
use super::key::{Key, Kind};

/// A plan of poll requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Whose devices they are.
    pub customer: CustomerId,
    /// A hash of what was asked for, by which a repetition is known.
    pub asked: Bytes<32>,
    /// The application whose instructions wait for them, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
    /// When it was made.
    pub made: Timestamp,
    /// From when on devices are told nothing of it any more.
    pub expires: Timestamp,
    /// How many devices arrive at the center in a minute.
    pub per_minute: u32,
    /// How many of the first devices people call.
    pub roots: u32,
    /// How many devices each one calls, layer by layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub widths: Vec<u8>,
    /// How many devices are called. They stand first in the list.
    pub devices: u32,
    /// Those that are left out, which stand behind them.
    pub left_out: LeftOut,
    /// The first device of each part of the list.
    pub firsts: Vec<DeviceId>,
}

/// How many devices are left out of a plan, for each reason and in the order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LeftOut {
    /// They have told no address.
    pub no_address: u32,
    /// A gateway speaks for them.
    pub behind_gateway: u32,
    /// Nobody speaks for them.
    pub unregistered: u32,
}

/// A part of a plan's list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanPart(pub Vec<DeviceId>);

impl Plan {
    /// Where the plan with this tag is. A tag of another form than the center's names none.
    #[must_use]
    pub fn key(tag: &PollTag) -> Option<Key> {
        tag.to_bytes().map(|tag| Self::at(&tag))
    }

    /// Where the plan is whose tag has these bytes.
    #[must_use]
    pub fn at(tag: &[u8; 16]) -> Key {
        Key::unowned(Kind::Plan, tag)
    }

    /// Where a part of its list is.
    #[must_use]
    pub fn part_key(key: &Key, part: u32) -> Key {
        let key = [key.key.as_slice(), &part.to_be_bytes()].concat();
        Key::unowned(Kind::PlanPart, &key)
    }

    /// In which part of the list a device with this number stands.
    #[must_use]
    pub fn part_of(number: u32) -> u32 {
        let each = u32::try_from(DEVICES_PER_PART).unwrap_or(u32::MAX);
        number.checked_div(each).unwrap_or_default()
    }

    /// The number of the first device of a part.
    #[must_use]
    pub fn first_of(part: u32) -> u32 {
        let each = u32::try_from(DEVICES_PER_PART).unwrap_or(u32::MAX);
        part.saturating_mul(each)
    }

    /// The part in which a called device stands if it stands in order: the last one that does not
    /// begin behind it.
    #[must_use]
    pub fn part_with(&self, device: DeviceId) -> u32 {
        let last = Self::part_of(self.devices.saturating_sub(1));
        let called = self.firsts.iter().zip(0..=last).skip(1);
        let before = called.take_while(|(first, _)| **first <= device);
        before.map(|(_, part)| part).last().unwrap_or_default()
    }

    /// Who calls whom.
    #[must_use]
    pub fn tree(&self) -> Option<Tree> {
        Tree::new(self.devices, self.roots, &self.widths).ok()
    }

    /// How many devices stand in the list.
    #[must_use]
    pub const fn listed(&self) -> u32 {
        self.devices.saturating_add(self.left_out.total())
    }

    /// How the device with this number is made to poll.
    #[must_use]
    pub fn state(&self, number: u32) -> PollLinkState {
        let Some(behind) = number.checked_sub(self.devices) else {
            return match number < self.roots {
                true => PollLinkState::Root,
                false => PollLinkState::Called,
            };
        };
        let LeftOut {
            no_address,
            behind_gateway,
            ..
        } = self.left_out;
        if behind < no_address {
            PollLinkState::NoAddress
        } else if behind < no_address.saturating_add(behind_gateway) {
            PollLinkState::BehindGateway
        } else {
            PollLinkState::Unregistered
        }
    }
}

impl LeftOut {
    /// How many there are.
    #[must_use]
    pub const fn total(&self) -> u32 {
        let some = self.no_address.saturating_add(self.behind_gateway);
        some.saturating_add(self.unregistered)
    }
}

impl Record for Plan {}
impl Record for PlanPart {}
