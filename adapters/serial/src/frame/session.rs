//! Sessions: by what a restarted end is known from what it was before.
//!
//! An end draws a number when it starts. Frames bear a check number of both ends' sessions in their
//! order, so that neither what was meant for a former session nor what a modem echoes is ever taken
//! for a frame of the other end. Serves spec section 15.3.

use super::coding::CHECK;

/// What an end calls itself from its start to its next one; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session(u32);

impl Session {
    /// A session of four random bytes. Zero, which means nobody, becomes one.
    #[must_use]
    pub const fn new(drawn: u32) -> Self {
        Self(if drawn == 0 { 1 } else { drawn })
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The session after this one, of an end that begins anew without having been switched off.
    #[must_use]
    pub const fn next(self) -> Self {
        Self::new(self.0.wrapping_add(1))
    }

    /// Reads a session; `None` for nobody.
    pub(super) const fn parse(bytes: [u8; 4]) -> Option<Self> {
        match u32::from_be_bytes(bytes) {
            0 => None,
            number => Some(Self(number)),
        }
    }
}

/// One direction between two sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direction(u32);

impl Direction {
    /// The direction from one session to another.
    #[must_use]
    pub fn new(from: Session, to: Session) -> Self {
        let mut digest = CHECK.digest();
        digest.update(&from.get().to_be_bytes());
        digest.update(&to.get().to_be_bytes());
        Self(digest.finalize())
    }

    /// As it stands in a frame.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }

    /// As it is read from a frame.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(u32::from_be_bytes(bytes))
    }
}
