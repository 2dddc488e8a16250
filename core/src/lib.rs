//! Restante's core: the protocol as pure functions and state machines.
//!
//! Nothing in here reads a clock, draws a random number, opens a connection or touches a disk. Time
//! is an argument ([`Timestamp`] at the center, [`Uptime`] on a device), randomness is a [`Seed`]
//! that the caller hands in, and what has to be read, written or sent is returned as a value. The
//! same code therefore runs in firmware, in a server, in the conformance kit and in a simulator,
//! and every history can be replayed from its inputs.
//!
//! Layers, each of which knows only those above it in this list:
//!
//! 1. ground: [`time`], [`id`], [`limits`], [`entropy`], [`crypto`]
//! 2. [`code`] (what people type and machines present), [`wire`] (every message) and `seal`
//!    (messages on lines that nobody vouches for)
//! 3. `record` (what a server remembers), `tree` (who calls whom with poll requests)
//! 4. `decision` (what a server's decision is), `provider` (which device may use a service)
//! 5. `center` (its decisions), and beside it, never on top of it, `device` and `gateway`
//!    (machines), which share `registrant` (enrolment, rotation and patience) and `duty`
//!    (instructions); `carrier` takes what they say over lines without TLS
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unreachable
    )
)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod code;
pub mod crypto;
pub mod entropy;
pub mod id;
pub mod limits;
pub mod machine;
pub mod time;
pub mod wire;

#[cfg(feature = "seal")]
pub mod seal;

#[cfg(feature = "center")]
pub mod center;
#[cfg(feature = "provider")]
pub mod decision;
#[cfg(feature = "provider")]
pub mod provider;
#[cfg(feature = "provider")]
pub mod record;
#[cfg(feature = "provider")]
pub mod tree;

#[cfg(all(feature = "device", feature = "seal"))]
pub mod carrier;
#[cfg(feature = "device")]
pub mod device;
#[cfg(feature = "device")]
pub mod duty;
#[cfg(feature = "gateway")]
pub mod gateway;
#[cfg(feature = "device")]
pub mod registrant;

pub use crypto::Crypto;
pub use entropy::Seed;
pub use time::{Seconds, Timestamp, Uptime};
