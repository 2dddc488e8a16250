//! What a device keeps: how often it was switched on, and where it stands.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::limits::KEPT_BYTES;
use crate::registrant::{Attempt, FORMAT, Holding, KeptError, Standing, read, write};
use crate::wire::Identification;

/// What has to be in non-volatile memory before anything that depends on it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    format: u32,
    device: Identification,
    pub(super) boot: u32,
    pub(super) standing: Standing,
}

impl Kept {
    pub(super) const fn new(device: Identification, boot: u32, standing: Standing) -> Self {
        Self {
            format: FORMAT,
            device,
            boot,
            standing,
        }
    }

    /// Reads what [`Kept::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`KeptError`] if a byte of it is wrong, or a later version wrote it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeptError> {
        let kept: Self = read(bytes, KEPT_BYTES)?;
        if kept.names_one_device() {
            Ok(kept)
        } else {
            let why = "it names another number of devices than one";
            Err(KeptError::Damaged { why })
        }
    }

    /// The bytes to keep.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(self)
    }

    /// Which device kept it.
    #[must_use]
    pub const fn device(&self) -> &Identification {
        &self.device
    }

    /// How often the device had been switched on.
    #[must_use]
    pub const fn boot(&self) -> u32 {
        self.boot
    }

    /// Where it stood.
    #[must_use]
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    fn names_one_device(&self) -> bool {
        let one = |it: &Attempt| it.devices.as_slice().len() == 1;
        let alone = |it: &Holding| it.members.len() == 1 && it.unused.as_ref().is_none_or(one);
        match &self.standing {
            Standing::Blank {} => true,
            Standing::Enrolling { attempt, fallback } => {
                one(attempt) && fallback.as_ref().is_none_or(alone)
            }
            Standing::Enrolled { holding }
            | Standing::Rotating { holding, .. }
            | Standing::Leaving { holding } => alone(holding),
            Standing::NeedsPerson { attempt, .. } => attempt.as_ref().is_none_or(one),
        }
    }
}
