//! A center as a target: its line, its time, and the tokens by which the kit's people sign in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::case::Control;
use crate::line::{Line, Pending};

/// A center that the kit talks to: the one under test, or the kit's own where a device is.
pub struct ServerTarget {
    /// What carries messages to it.
    pub line: Box<dyn Line>,
    /// What moves its time, if anything does.
    pub time: Option<Box<dyn Time>>,
    /// What hands mails to it, if anything does.
    pub mail: Option<Box<dyn MailServer>>,
    /// By what the kit's people sign in.
    pub tokens: Tokens,
    /// How much control the kit has.
    pub control: Control,
}

/// Tokens that were handed to the kit. With the operator's it makes dealers of its own, one account
/// for each case; without it, it uses the dealers that it was given.
#[derive(Clone, Default)]
pub struct Tokens {
    /// The operator's.
    pub operator: OperatorToken,
    /// A dealer's.
    pub dealer: Option<String>,
    /// That of a dealer with another account.
    pub other_dealer: Option<String>,
}

/// An operator's token, for all who hold it: it is another one once the center was set up anew.
#[derive(Clone, Default)]
pub struct OperatorToken(Arc<Mutex<Held>>);

/// What is held, and whether the center has taken to refusing it.
#[derive(Default)]
struct Held {
    token: Option<String>,
    dead: bool,
}

impl OperatorToken {
    /// The one that the kit was given, if it was given one.
    #[must_use]
    pub fn new(token: Option<String>) -> Self {
        Self(Arc::new(Mutex::new(Held { token, dead: false })))
    }

    /// The one that opens the center as it is now.
    #[must_use]
    pub fn get(&self) -> Option<String> {
        self.held().token.clone()
    }

    /// Takes this one for it from now on.
    pub fn renew(&self, token: String) {
        *self.held() = Held {
            token: Some(token),
            dead: false,
        };
    }

    /// The center was set up anew, and refuses the one that is held: no case can be tried any more.
    pub fn bury(&self) {
        self.held().dead = true;
    }

    /// Whether the center refuses the one that is held.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.held().dead
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What moves the time of a center under test, and its power.
pub trait Time: Send + Sync {
    /// Lets so many seconds pass: whatever becomes due meanwhile is done.
    fn advance(&self, seconds: u64) -> Pending<'_, Result<(), Unmoved>>;

    /// Switches the party off, as a power cut does, and on again.
    fn restart(&self) -> Pending<'_, Result<(), Unmoved>>;

    /// Sets the center up anew: it holds nothing of what was before. A token of its operator, where
    /// it is another one from now on.
    fn set_up_anew(&self) -> Pending<'_, Result<Option<String>, Unmoved>>;

    /// Sets the clock so many seconds ahead or, if negative, back, without time having passed.
    fn jump(&self, seconds: i64) -> Pending<'_, Result<(), Unmoved>>;
}

/// What hands mails to a center under test, as its mail server does.
pub trait MailServer: Send + Sync {
    /// Hands over a mail, and is back when the center is done with it.
    fn hand_over<'a>(&'a self, mail: &'a [u8]) -> Pending<'a, Result<(), NotHanded>>;
}

/// A mail was not handed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotHanded {
    /// Whoever should hand it over says that it cannot: the case goes untested.
    #[error("the hook cannot hand a mail to the center: {0}")]
    Unable(String),
    /// Handing it over went wrong.
    #[error("the kit could not hand a mail to the center: {0}")]
    Failed(String),
}

/// Time or power was not moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unmoved {
    /// Whoever should move it says that it cannot: the case goes untested.
    #[error("the hook cannot move the center's time or power: {0}")]
    Unable(String),
    /// Moving it went wrong.
    #[error("the kit could not move its time or power: {0}")]
    Failed(String),
}

impl core::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Tokens")
            .field("operator", &self.operator.get().is_some())
            .field("dealer", &self.dealer.is_some())
            .field("other_dealer", &self.other_dealer.is_some())
            .finish()
    }
}
