//! What a person at the device, or the log of a program, is told.
//!
//! A notice is a value with a sentence. It carries no secret, and of what the center wrote only the
//! registry's own words and what an instruction names: a kind, and the text that people are meant
//! to read. Both are bounded and free of what a terminal would act upon.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{CenterAddress, InstructionId, LanAddress, Note, RegistrationId};
use crate::time::Seconds;
use crate::wire::instruction::Kind;
use crate::wire::{Progress, Refusal, RefusalCode, ReportResult, StatusReported};

use super::Asked;

/// Something to show.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A code was entered; the enrolment is under way.
    Enrolling {
        /// With whom.
        center: CenterAddress,
    },
    /// The center has registered what was asked for.
    Enrolled {
        /// The registration's id.
        registration: RegistrationId,
        /// How many devices it names.
        devices: usize,
    },
    /// The formal code has been used and is active.
    InUse,
    /// Something did not work and is tried again by itself.
    Waiting {
        /// What is tried.
        asked: Asked,
        /// What stood in the way.
        why: Trouble,
        /// When it is tried again.
        wait: Seconds,
    },
    /// One act was refused; everything else goes on.
    Refused {
        /// What was refused.
        asked: Asked,
        /// Why, and what a person can do.
        need: Need,
    },
    /// The formal code was not accepted at its first use; the enrolment is repeated as it was.
    EnrolsAgain,
    /// Nothing goes on before a person has done something.
    NeedsPerson(Need),
    /// The center holds this report, or a later one.
    Reported {
        /// How many devices' reports it took.
        accepted: usize,
        /// How many it held already.
        superseded: usize,
    },
    /// The center has something to tell the people at the device.
    // spec: MBX-060
    Message {
        /// What.
        text: Note,
    },
    /// An act of an instruction has been begun.
    CarryingOut {
        /// Which instruction.
        instruction: InstructionId,
        /// What kind of act.
        act: Kind,
    },
    /// All acts of an instruction are over.
    CarriedOut {
        /// Which instruction.
        instruction: InstructionId,
        /// What came of them.
        progress: Progress,
    },
    /// Somebody on the LAN has asked for a poll, which is made.
    AskedToPoll,
    /// The center has named others that are to poll; they are called, each at its time.
    CallsPeers(usize),
    /// A device that was called does not answer.
    PeerSilent {
        /// Which one.
        address: LanAddress,
        /// How many are called in its place.
        instead: usize,
    },
    /// A new formal code is in use.
    Rotated,
    /// The new formal code was not accepted; the former one is used.
    RotationFailed,
    /// The registration has ended.
    Left,
}

impl Notice {
    /// What became of a report, in numbers.
    pub(crate) fn reported(reported: &StatusReported) -> Self {
        let results = reported.results.iter();
        let superseded = results
            .filter(|report| report.result == ReportResult::Superseded)
            .count();
        Self::Reported {
            accepted: reported.results.len().saturating_sub(superseded),
            superseded,
        }
    }
}

/// What stands in the way of a message for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// No answer came.
    NoAnswer,
    /// The center answered that it wants the message later.
    Refused(RefusalCode),
    /// The service's server gave no answer, or wants the message later.
    NoServiceAnswer,
}

/// What a person has to do, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// Which rule was broken.
    pub code: RefusalCode,
    /// How many devices the code could still register, where that is the reason.
    pub free: Option<u32>,
}

impl Need {
    /// What this refusal asks of a person.
    #[must_use]
    pub const fn of(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code,
            free: refusal.free,
        }
    }

    /// What the person can do.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        self.code.remedy()
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.title())?;
        if let Some(free) = self.free {
            write!(f, " ({free} more would fit)")?;
        }
        write!(f, ". {}", self.remedy())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer => f.write_str("the center does not answer"),
            Self::NoServiceAnswer => f.write_str("the service's server does not answer"),
            Self::Refused(code) => f.write_str(code.title()),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enrolling { center } => write!(f, "enrolling with {center}"),
            Self::Enrolled {
                registration,
                devices: 1,
            } => write!(f, "enrolled: registration {registration} names this device"),
            Self::Enrolled {
                registration,
                devices,
            } => write!(f, "enrolled: registration {registration} names {devices} devices"),
            Self::InUse => f.write_str("the formal access code is in use"),
            Self::Waiting { asked, why, wait } => write!(
                f,
                "{asked}: {why}; the next attempt is in {} s",
                wait.get()
            ),
            Self::Refused { asked, need } => write!(f, "{asked}: {need}"),
            Self::EnrolsAgain => f.write_str(
                "the formal access code is not accepted at its first use; the enrolment is repeated",
            ),
            Self::NeedsPerson(need) => write!(f, "{need}"),
            Self::Reported {
                accepted,
                superseded: 0,
            } => write!(f, "status reported: {accepted} accepted"),
            Self::Reported {
                accepted,
                superseded,
            } => write!(
                f,
                "status reported: {accepted} accepted, {superseded} superseded by later ones"
            ),
            Self::Message { text } => write!(f, "a message for the people at this device: {text}"),
            Self::CarryingOut { instruction, act } => {
                write!(f, "{instruction}: carrying out {}", act.as_str())
            }
            Self::CarriedOut {
                instruction,
                progress,
            } => write!(f, "{instruction}: {}", ended(*progress)),
            Self::AskedToPoll => f.write_str("asked on the LAN to poll now"),
            Self::CallsPeers(1) => f.write_str("asking 1 device of the LAN to poll"),
            Self::CallsPeers(peers) => write!(f, "asking {peers} devices of the LAN to poll"),
            Self::PeerSilent {
                address,
                instead: 0,
            } => write!(f, "{address} does not answer"),
            Self::PeerSilent { address, instead } => write!(
                f,
                "{address} does not answer; {instead} that it was to ask are asked in its place"
            ),
            Self::Rotated => f.write_str("a new formal access code is in use"),
            Self::RotationFailed => f.write_str(
                "the new formal access code is not accepted; the former one is used",
            ),
            Self::Left => f.write_str("the registration has ended"),
        }
    }
}

/// What became of an instruction, as people are told.
const fn ended(progress: Progress) -> &'static str {
    match progress {
        Progress::Done => "done",
        Progress::Failed => "failed",
        Progress::Rejected => "not carried out, or not all of it",
        Progress::Taken | Progress::Proceeding => "under way",
    }
}
