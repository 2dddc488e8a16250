//! Restante over serial lines: cables, and modems on telephone lines.
//!
//! [`Link`] is the machine of one end of a line: bytes and time in, bytes and messages out. It cuts
//! messages into [`frame`]s that survive loss, noise and restarts, and hands each message up once.
//! [`modem`] is the way to a line that has to be dialled. Both are `no_std`, without a clock or a
//! port; `host` (feature `unix`) drives them over the ports of a host. What travels is always a
//! sealed envelope (spec chapter 14); who speaks stands in its header, so that frames bear no
//! address. Serves spec chapter 15.
#![no_std]
#![forbid(unsafe_code)]
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
#[cfg(any(test, feature = "unix"))]
extern crate std;

pub mod frame;
#[cfg(feature = "unix")]
pub mod host;
pub mod link;
pub mod modem;

pub use link::{Failure, Input, Link, Output, Pace, SendError};
