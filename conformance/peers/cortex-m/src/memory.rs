//! What the device keeps: what its two machines keep, in one file, so that neither can be lost or
//! brought back without the other.
//!
//! ```text
//! length of the first part, 4 bytes │ the device's │ the carrier's
//! ```

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use restante_core::{carrier, device};

use crate::disk;

/// Both parts as they are in the file.
#[derive(Default)]
pub struct Memory {
    device: Vec<u8>,
    carrier: Vec<u8>,
}

impl Memory {
    /// What the file holds; nothing, where there is none.
    ///
    /// # Errors
    /// A sentence, where the file is no memory of a device.
    pub fn read() -> Result<Self, String> {
        let Some(file) = disk::read(FILE) else {
            return Ok(Self::default());
        };
        let parts = file.split_first_chunk::<4>().and_then(|(length, rest)| {
            rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
        });
        let (device, carrier) = parts.ok_or("the memory is cut short")?;
        Ok(Self {
            device: device.to_vec(),
            carrier: carrier.to_vec(),
        })
    }

    /// What the device kept, if it ever kept anything.
    ///
    /// # Errors
    /// A sentence, where that cannot be read.
    pub fn device(&self) -> Result<Option<Box<device::Kept>>, String> {
        if self.device.is_empty() {
            return Ok(None);
        }
        let kept = device::Kept::from_bytes(&self.device);
        kept.map(|kept| Some(Box::new(kept)))
            .map_err(|why| why.to_string())
    }

    /// What the carrier kept, if it ever kept anything.
    ///
    /// # Errors
    /// A sentence, where that cannot be read.
    pub fn carrier(&self) -> Result<Option<carrier::Kept>, String> {
        if self.carrier.is_empty() {
            return Ok(None);
        }
        let kept = carrier::Kept::from_bytes(&self.carrier);
        kept.map(Some).map_err(|why| why.to_string())
    }

    /// Keeps this of the device.
    ///
    /// # Errors
    /// A sentence, where it was not written; the file is as it was.
    pub fn keep_device(&mut self, kept: &device::Kept) -> Result<(), &'static str> {
        self.device = kept.to_bytes();
        self.write()
    }

    /// Keeps this of the carrier.
    ///
    /// # Errors
    /// As above.
    pub fn keep_carrier(&mut self, kept: carrier::Kept) -> Result<(), &'static str> {
        self.carrier = kept.to_bytes();
        self.write()
    }

    fn write(&self) -> Result<(), &'static str> {
        let length = u32::try_from(self.device.len()).map_err(|_| "it is too long")?;
        let file = [&length.to_be_bytes()[..], &self.device, &self.carrier].concat();
        disk::write(FILE, &file)
    }
}

const FILE: &str = "memory";
