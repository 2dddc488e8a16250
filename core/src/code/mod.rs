//! Codes: what people type and what machines present.
//!
//! A *provisional access code* opens a registration and is made for a panel's keys; a *formal access
//! code* is what the center answers with and what every later communication is opened by.

mod formal;

pub use formal::{FormalCode, FormalCodeError};
