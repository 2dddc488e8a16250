//! Faults of reading mails: a center that reads something else than it was handed.

use crate::line::Pending;
use crate::run::{MailServer, NotHanded};

/// A mail server whose center reads its mails wrongly.
pub(super) struct Misread {
    pub(super) behind: Box<dyn MailServer>,
    pub(super) read: fn(&[u8]) -> Vec<u8>,
}

impl MailServer for Misread {
    fn hand_over<'a>(&'a self, mail: &'a [u8]) -> Pending<'a, Result<(), NotHanded>> {
        Box::pin(async move { self.behind.hand_over(&(self.read)(mail)).await })
    }
}
