//! What the person at the gateway, or the log of its program, is told.

use core::fmt;

use crate::registrant;
use crate::registrant::Need;
use crate::wire::Identification;

/// Something to show.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// What passes between the gateway and the center.
    Center(registrant::Notice),
    /// The general call goes out.
    Calling,
    /// The general call is over.
    Called {
        /// How many devices answered.
        answered: usize,
        /// How many of them are new.
        new: usize,
    },
    /// A code waits and nobody answered the general call; it is repeated.
    NobodyAnswered,
    /// Children were added to the registration.
    Added {
        /// How many.
        children: usize,
    },
    /// Children wait to be added, and a person has to do something about it.
    NotAdded {
        /// How many.
        children: usize,
        /// What, and why.
        need: Need,
    },
    /// A child did not answer and is left out of this report.
    Silent(Identification),
    /// The registration does not speak for this child any more.
    NotCovered(Identification),
    /// Children were removed from the registration.
    Removed,
    /// More devices answered than a gateway can know.
    TooMany,
}

/// So many devices, as a sentence has them.
struct Devices(usize);

impl fmt::Display for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("no device"),
            1 => f.write_str("1 device"),
            more => write!(f, "{more} devices"),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Center(notice) => write!(f, "{notice}"),
            Self::Calling => f.write_str("calling all devices of this network"),
            Self::Called { answered, new } => {
                write!(f, "{} answered the call, {new} new", Devices(*answered))
            }
            Self::NobodyAnswered => f.write_str(
                "no device answered the call, so nothing is registered; switch the devices on and \
                 connect them to this network: the call is repeated every minute",
            ),
            Self::Added { children } => write!(f, "{} added", Devices(*children)),
            Self::NotAdded { children, need } => {
                write!(f, "{} found and not added: {need}", Devices(*children))
            }
            Self::Silent(child) => write!(
                f,
                "{} {} does not answer and is left out of this report",
                child.model, child.serial
            ),
            Self::NotCovered(child) => write!(
                f,
                "{} {} is registered elsewhere; this gateway does not speak for it any more",
                child.model, child.serial
            ),
            Self::Removed => f.write_str("the devices are removed from the registration"),
            Self::TooMany => f.write_str(
                "more devices answered than one gateway can know; set up a further gateway",
            ),
        }
    }
}
