//! The reference device and gateway: a program and the library it is made of.
//!
//! The machines of the core decide; this crate drives them on a host. It keeps what they want kept
//! in a file, sends what they want sent over HTTP (sealed, where a person says so), calls the
//! devices of the LAN by DNS-SD, and says when time has passed. It is generic over the machine and
//! over each of these, so that a test or the conformance kit can put something else, such as a
//! fault, in any of their places. For trials it drives thousands of devices at once (`fleet`).
#![forbid(unsafe_code)]

pub mod act;
pub mod child;
pub mod cli;
pub mod command;
pub mod driver;
pub mod fleet;
pub mod line;
pub mod memory;
mod say;
pub mod sealing;
pub mod site;
pub mod trial;

pub use driver::{Driver, DriverError, Ended, Until};
