//! Running cases: in which order, against what, and what each amounts to.

mod answers;
mod check;
mod hooked;
mod mailed;
mod one;
mod party;
mod people;
mod plan;
mod player;
mod raw;
mod sealed;
mod source;
mod steps;
mod target;
mod wait;

pub use hooked::{HookMail, HookTime};
pub use one::{Circumstances, run_case};
pub use party::{Asked, Party, PartyError, Reaction};
pub use plan::{Plan, Run};
pub(crate) use player::{request_text, response_text};
pub use steps::{Ended, Failure};
pub use target::{MailServer, NotHanded, OperatorToken, ServerTarget, Time, Tokens, Unmoved};
