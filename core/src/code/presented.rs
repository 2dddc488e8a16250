//! What a device or a gateway presents with a message: the code that opens the communication.
//!
//! A machine decides which code, a transport decides how it travels: in a header over TLS, or as
//! the key of a sealed envelope and not at all on the line.

use super::formal::FormalCode;
use super::provisional::ProvisionalCode;

/// The code that opens one communication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// The initial communication, by what a person has typed.
    Provisional(ProvisionalCode),
    /// Every later one, by what the center has answered.
    Formal(FormalCode),
}
