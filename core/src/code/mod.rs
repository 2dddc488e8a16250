//! Codes: what people type and what machines present.
//!
//! A *provisional access code* opens a registration and is made for a panel's keys; a *formal
//! access code* is what the center answers with and what every later communication is opened by. An
//! *access token* speaks for a person or a program, such as a dealer or an operator.

mod armour;
mod entry;
mod formal;
mod presented;
mod provisional;
mod registration;
mod symbols;
mod token;

#[cfg(feature = "device")]
pub(crate) use armour::checksum;
pub use entry::{GroupError, GroupOrder, ProvisionalCodeError, WrongGroups, check_group};
pub use formal::{FormalCode, FormalCodeError};
pub use presented::Presented;
pub use provisional::{EnrolId, ProvisionalCode};
pub use registration::{RegistrationCode, RegistrationCodeError};
pub use token::{AccessToken, AccessTokenError};
