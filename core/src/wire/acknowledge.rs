//! Acknowledgements: what became of an instruction, as its device says.
//!
//! A device acknowledges each instruction that it was delivered: that it has taken it, that it is
//! at it, and in the end that it is done, has failed or was rejected. Every acknowledgement can be
//! repeated without harm; the answer says what the center holds. Serves spec chapter MBX.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::id::{DeviceId, InstructionId, Note};
use crate::limits::{ACKNOWLEDGEMENTS_PER_MESSAGE, ACTS_PER_INSTRUCTION};

use super::instruction::Act;
use super::schedule::Schedule;

/// "This became of my instructions." Presented with a formal code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Acknowledge {
    /// One entry per instruction, at most 64.
    #[serde(deserialize_with = "entries")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64)))]
    pub acknowledgements: Vec<Acknowledgement>,
}

fn entries<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Acknowledgement>, D::Error> {
    let entries = Vec::<Acknowledgement>::deserialize(d)?;
    if (1..=ACKNOWLEDGEMENTS_PER_MESSAGE).contains(&entries.len()) {
        Ok(entries)
    } else {
        let expected = &"1 to 64 acknowledgements";
        Err(de::Error::invalid_length(entries.len(), expected))
    }
}

/// What became of one instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Acknowledgement {
    /// Which instruction.
    pub instruction: InstructionId,
    /// Of which device.
    pub device: DeviceId,
    /// Of which delivery.
    pub attempt: u32,
    /// How far it is.
    pub progress: Progress,
    /// What became of each act, in their order; present once all is over.
    #[serde(
        default,
        deserialize_with = "results",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(length(max = 8)))]
    pub results: Vec<ActResult>,
}

pub(super) fn results<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<ActResult>, D::Error> {
    let results = Vec::<ActResult>::deserialize(d)?;
    if results.len() <= ACTS_PER_INSTRUCTION {
        Ok(results)
    } else {
        Err(de::Error::invalid_length(results.len(), &"0 to 8 results"))
    }
}

/// How far a device is with an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Progress {
    /// It has the instruction and will carry it out.
    Taken,
    /// It has begun, and it takes a while.
    Proceeding,
    /// Every act is done.
    Done,
    /// At least one act was tried in vain.
    Failed,
    /// At least one act is not for this device to do, and none was tried in vain.
    Rejected,
}

impl Progress {
    /// All of them, in the order in which they follow.
    pub const ALL: [Self; 5] = [
        Self::Taken,
        Self::Proceeding,
        Self::Done,
        Self::Failed,
        Self::Rejected,
    ];

    /// Whether nothing more follows.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Rejected)
    }
}

/// What became of one act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActResult {
    /// Whether it was done.
    pub outcome: Outcome,
    /// Why not, or what came of it: a sentence for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Note>,
}

impl ActResult {
    /// That it was done; there is nothing more to say.
    pub const DONE: Self = Self {
        outcome: Outcome::Done,
        detail: None,
    };

    /// That it was not begun.
    pub const OMITTED: Self = Self {
        outcome: Outcome::Omitted,
        detail: None,
    };

    /// A result with a sentence, which is left out where it breaks the bounds of one.
    #[must_use]
    pub fn new(outcome: Outcome, detail: &str) -> Self {
        Self {
            outcome,
            detail: Note::new(detail).ok(),
        }
    }

    /// That nobody here carries out acts of this kind.
    // spec: MBX-013, SITE-010
    #[must_use]
    pub fn unknown_kind(act: &Act) -> Self {
        let detail = alloc::format!("this device carries out no act of kind {}", act.kind());
        Self::new(Outcome::Rejected, &detail)
    }
}

/// Whether an act was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// It was.
    Done,
    /// It was tried in vain.
    Failed,
    /// The device does not do such a thing, or not with these particulars.
    Rejected,
    /// It was not begun, because the instruction was called off or had run out.
    Omitted,
}

/// "It is noted."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Acknowledged {
    /// One entry per acknowledgement, in the order of the request.
    pub acknowledgements: Vec<Noted>,
    /// When to come again and what to report.
    pub schedule: Schedule,
}

/// What the center makes of one acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Noted {
    /// Which instruction.
    pub instruction: InstructionId,
    /// Whether the acknowledgement changed anything.
    pub result: NoteResult,
    /// What the center holds of the instruction now, as a word: `taken`, `done`, `cancelled`, …
    pub state: String,
}

/// Whether an acknowledgement changed anything. In every case the device need not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NoteResult {
    /// It did.
    Recorded,
    /// It says what is recorded already.
    Repeated,
    /// It comes too late: something else has become of the instruction, or a later delivery.
    Superseded,
    /// The mailbox holds no such instruction, or not any more.
    Unknown,
}
