//! A device registers at a provider's own server: the pair is collated, and the device is entitled
//! or refused.
//!
//! What is new is noted for the center with the same decision. Wrong pairs are counted against
//! their source as a center counts them.

use crate::crypto::Crypto;
use crate::decision::{Stop, Suspect, throttled};
use crate::id::ServiceId;
use crate::record::{Clock, Unreported};
use crate::wire::{Register, Registered};

use super::decide::Work;
use super::{Pair, PresentedPair, collate, wrong_pair};

impl<C: Crypto> Work<'_, C> {
    /// Collates a device and its registration code.
    // spec: PRV-025, PRV-026, PRV-027, PRV-028, PRV-034
    pub(super) fn register(
        &mut self,
        service: &ServiceId,
        message: &Register,
    ) -> Result<Registered, Stop> {
        let source = self.call.source.address.map(Suspect::Address);
        let throttle = source.map(Suspect::key);
        let pair = Pair::key(message.device, service);
        self.desk
            .all(throttle.iter().chain([&Clock::key(), &pair]))?;
        throttled(&mut self.desk, source, self.judge.wall())?;
        let now = self.time()?;
        let (crypto, keys) = (&self.provider.crypto, &self.provider.keys);
        let presented = PresentedPair::of(crypto, keys, service, message);
        match collate(&mut self.desk, crypto, now, &presented)? {
            Ok(collated) if collated.is_new => {
                let owner = keys.service(crypto, service);
                let key = Unreported::key(owner, collated.pair.application, message.device);
                self.desk.put(key, &Unreported { at: now });
            }
            Ok(_) => {}
            Err(wrong) => {
                let (desk, judge) = (&mut self.desk, &mut self.judge);
                return Err(wrong_pair(desk, judge, source, &presented, wrong)?);
            }
        }
        Ok(Registered {
            device: message.device,
            service: service.clone(),
        })
    }
}
