//! The two ways out of a conversation that does not come to a reply: a pause and a refusal. `?`
//! carries both out.

use alloc::boxed::Box;
use alloc::string::String;

use crate::record::Pause;
use crate::wire::{Refusal, RefusalCode};

use super::{Reason, Refused};

/// Why a conversation does not go on to a reply.
#[derive(Debug)]
pub(crate) enum Stop {
    Pause(Pause),
    Refused(Box<Refused>),
}

impl From<Pause> for Stop {
    fn from(pause: Pause) -> Self {
        Self::Pause(pause)
    }
}

impl Stop {
    /// A refusal, and what the operator's log says of it.
    pub(crate) fn refusal(refusal: Refusal, word: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let reason = Reason { word, detail };
        Self::Refused(Box::new(Refused { refusal, reason }))
    }

    /// A refusal in the registry's own words.
    pub(crate) fn plain(code: RefusalCode, word: &'static str, detail: impl Into<String>) -> Self {
        Self::refusal(Refusal::plain(code), word, detail)
    }

    /// A message that another kind of server answers.
    pub(crate) fn elsewhere() -> Self {
        let detail = "another kind of server has this conversation";
        Self::plain(RefusalCode::NotFound, "no-such-conversation", detail)
    }
}
