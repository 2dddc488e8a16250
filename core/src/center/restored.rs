//! An operator says that the store was put back from a copy: a new generation begins.
//!
//! Nothing on a line can tell a center that it has forgotten something. From now on it believes no
//! sealed request of an epoch that was handed out before, unless it answers a challenge, and hands
//! out only epochs that it cannot have handed out already. Serves spec chapter 14.6.

use crate::crypto::Crypto;
use crate::record::{Generation, Pause};
use crate::wire::RefusalCode;

use super::Credential;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Begins a new generation. Its number goes by the clock on the wall: that of a store that was
    /// put back stands still until it is accepted.
    // spec: SEA-022
    pub(super) fn restored(&mut self) -> Result<Generation, Stop> {
        if self.call.presented != Credential::Console {
            return Err(Stop::elsewhere());
        }
        let generation = self.generation()?;
        let Some(raised) = generation.raised(self.wall) else {
            let detail = "the last generation has begun";
            return Err(Stop::plain(
                RefusalCode::Internal,
                "generations-used-up",
                detail,
            ));
        };
        self.desk.put(Generation::key(), &raised);
        Ok(raised)
    }

    /// The generation that the center is in. Whatever is written because of it is written in that
    /// one, or not at all.
    pub(super) fn generation(&mut self) -> Result<Generation, Pause> {
        let kept = self.desk.get::<Generation>(&Generation::key())?;
        Ok(kept.unwrap_or_default())
    }
}
