//! What a device says to a center that is a service's provider.

use restante_core::id::ServiceId;
use restante_core::wire::{Register, Registered};

use super::exchange::Asked;
use super::{Client, SendError};
use crate::route::Operation;

impl Client {
    /// Registers a device for a service of this center with its registration code. No credential
    /// goes with it.
    ///
    /// # Errors
    /// [`SendError`]: refused by the center, or lost on the way.
    pub async fn register(
        &self,
        service: &ServiceId,
        pair: &Register,
    ) -> Result<Registered, SendError> {
        let asked = Asked::new(Operation::Register).at(service).saying(pair);
        self.exchange(None, asked).await?.message()
    }
}
