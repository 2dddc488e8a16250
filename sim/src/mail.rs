//! A request on the line: who waits for its answer, and what becomes of both.

use std::fmt;

use restante_core::registrant::Exchange;

use crate::link::{Fate, Leg};
use crate::parcel::{Header, Parcel};
use crate::people::Errand;

/// A request, and what becomes of it.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Whose it is.
    pub party: usize,
    /// Who waits for the answer.
    pub origin: Origin,
    /// What was sent.
    pub parcel: Parcel,
    /// What becomes of it.
    pub fate: Fate,
}

/// Who sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A device or a gateway.
    Unit {
        /// Which one.
        unit: usize,
        /// How often it had been switched on: an answer does not outlive the connection.
        boot: u64,
        /// Its number for the request.
        exchange: Exchange,
    },
    /// A device or a gateway, at a service's server.
    Errand {
        /// Which one.
        unit: usize,
        /// How often it had been switched on.
        boot: u64,
        /// Its number for the errand.
        exchange: Exchange,
    },
    /// A person or a person's program.
    Person(Errand),
    /// A stranger.
    Stranger,
    /// The line itself, which repeats what it carried.
    Line,
}

impl Mail {
    /// The same request once more, whose answer nobody waits for.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            party: self.party,
            origin: Origin::Line,
            parcel: self.parcel.clone(),
            fate: Fate {
                request: Leg::Arrives(0),
                reply: Leg::Lost,
                again: None,
                told: false,
            },
        }
    }

    /// The first `share` thousandths of the request.
    #[must_use]
    pub fn cut(&self, share: u16) -> Self {
        let mut cut = self.copy();
        let keep = cut.parcel.body.len() * usize::from(share) / 1_000;
        cut.parcel.body.truncate(keep);
        cut
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit { unit, .. } => write!(f, "unit {unit}"),
            Self::Errand { unit, .. } => write!(f, "unit {unit}, on an errand,"),
            Self::Person(errand) => write!(f, "{errand:?}"),
            Self::Stranger => f.write_str("a stranger"),
            Self::Line => f.write_str("the line"),
        }
    }
}

impl fmt::Display for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = match &self.header {
            Header::None => "nothing",
            Header::Provisional(text) | Header::Formal(text) | Header::Token(text) => text,
            Header::Console => "the console",
        };
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "[{header}] {body}")
    }
}
