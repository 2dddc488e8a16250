//! Rotating out of a formal code under which the center has challenged (chapter 14.4).
//!
//! A challenge says that a memory went back, the device's or the center's, and that recordings may
//! be about that the formal code still opens. So it is rotated before the next poll. Whoever seals
//! envelopes keeps that it was challenged and says so again after a boot.

use serde::{Deserialize, Serialize};

use crate::crypto::Crypto;
use crate::id::{Epoch, RegistrationId};

use super::{Holding, News, Registrant, Stage};

/// The formal code under which a center has challenged, without its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Challenged {
    /// Whose it is.
    pub registration: RegistrationId,
    /// Its epoch.
    pub epoch: Epoch,
}

impl<C: Crypto> Registrant<C> {
    /// The center has challenged.
    pub(crate) const fn challenged(&mut self, challenged: Challenged) {
        self.challenged = Some(challenged);
    }

    /// Begins to rotate once nothing is outstanding, if the code in use is the one. A code that
    /// waits for its first use has that first: there is nothing to rotate before.
    // spec chapter 14.4
    pub(super) fn rotate_out(&mut self, news: &mut News) {
        let in_use =
            matches!(&self.stage, Stage::Enrolled { holding, .. } if holding.unused.is_none());
        if in_use && self.has_to_rotate() && self.line.free_from().is_some() {
            // In this state nothing stands in the way.
            let _ = self.rotate(news);
        }
    }

    /// Whether the formal code that is held is the one.
    pub(super) fn has_to_rotate(&self) -> bool {
        let is_it = |holding: &Holding| {
            let registration = holding.code.registration();
            let epoch = holding.code.epoch();
            self.challenged
                == Some(Challenged {
                    registration,
                    epoch,
                })
        };
        self.holding().is_some_and(is_it)
    }
}
