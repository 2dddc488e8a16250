//! The center's decisions: a pure function of the time, a seed, a call and the records.
//!
//! ```text
//! decide(now, seed, call, records) ─┬─▶ Pause::Read(needs)   load these and ask me again
//!                                   └─▶ Decision             reply or refusal, writes, effects
//! ```
//!
//! A decision authenticates first, inside. The driver asks with the same `now` and `seed` again
//! after each load, so that one attempt gives one answer. A refusal writes nothing but counted
//! wrong codes and the time by which something was judged to have run out. Nothing here knows a
//! store, a transport or a clock.

mod acknowledge;
mod apply;
mod authenticate;
mod calls;
mod codes;
mod collate;
mod count;
mod decide;
mod devices;
mod enrol;
mod fill;
mod first_use;
mod handovers;
mod holdings;
mod instruct;
mod instructions;
mod invitations;
mod mailboxes;
mod mailed;
mod membership;
mod plan;
mod policy;
mod poll;
mod poll_links;
mod progress;
mod register;
mod report;
mod restored;
mod rotate;
mod sealed;
mod services;
mod tick;
mod tokens;
mod unopened;
mod work;

pub use crate::decision::{
    Call, Credential, Decide, Decision, Effect, EffectKind, Keys, KeysError, Message, Reason,
    Refused, Reply, Source, Ticked,
};
pub use decide::Center;
pub use policy::{Daily, Policy};
