//! What comes in a mail: a pair of device and registration code, collated as at the URL.
//!
//! A mail tells neither a service's id nor a source. The URL that the device was told leads to the
//! service, by the application that told it; wrong pairs are counted by the device that they name.
//! What is decided here is said to nobody: a refusal is for the operator's log alone. Serves spec
//! chapter MAIL.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::decision::{Suspect, throttled};
use crate::id::ServiceId;
use crate::provider::{Pair, PresentedPair, Wrong};
use crate::record::{Application, Clock, Key};
use crate::wire::{Mailed, Refusal, RefusalCode, Register, RegisterAt, Registered};

use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Does what a mail says.
    pub(super) fn mailed(&mut self, mailed: &Mailed) -> Result<Registered, Stop> {
        match mailed {
            Mailed::Register(message) => self.register_by_mail(message),
        }
    }

    // spec: MAIL-008, MAIL-009, MAIL-010, MAIL-011
    fn register_by_mail(&mut self, message: &RegisterAt) -> Result<Registered, Stop> {
        let suspect = Suspect::Device(message.device);
        let pairs = self.desk.look::<Pair>(&Pair::all_of(message.device))?;
        let keys: Vec<Key> = pairs.iter().map(|(key, _)| key.clone()).collect();
        self.load(keys.iter().chain([&suspect.key(), &Clock::key()]))?;
        throttled(&mut self.desk, Some(suspect), self.wall)?;
        let register = Register {
            device: message.device,
            code: message.code.clone(),
        };
        let center = self.center;
        let (crypto, keys) = (&center.crypto, &center.keys);
        let mut wrong = None;
        let told = self.told(&pairs, message)?;
        for (service, leads_there) in &told {
            let presented = PresentedPair::of(crypto, keys, service, &register);
            let failed = match leads_there {
                false => Wrong::Elsewhere,
                true => match self.collated(&presented)? {
                    Ok(registered) => return Ok(registered),
                    Err(failed) => failed,
                },
            };
            // Two services may have one URL. The log tells of the one that came closest.
            if *leads_there || wrong.is_none() {
                wrong = Some((presented, failed));
            }
        }
        let Some((presented, failed)) = wrong else {
            // No code was ever made for this device: there is none to guess, and nothing to count.
            return Err(told_nothing(message));
        };
        Err(self.wrong_pair(Some(suspect), &presented, failed)?)
    }

    /// The services of these pairs, each with whether its device was told to register for it at the
    /// message's URL.
    fn told(
        &mut self,
        pairs: &[(Key, Pair)],
        message: &RegisterAt,
    ) -> Result<Vec<(ServiceId, bool)>, Stop> {
        let made = |pair: &Pair| Some(Application::key(pair.customer?, pair.application));
        let applications: Vec<Key> = pairs.iter().filter_map(|(_, pair)| made(pair)).collect();
        self.load(&applications)?;
        let mut services = Vec::with_capacity(pairs.len());
        for (key, pair) in pairs {
            let (Some(service), Some(application)) = (Pair::service(key), made(pair)) else {
                continue;
            };
            let application = self.desk.peek::<Application>(&application)?;
            let leads_there = application.is_some_and(|it| it.url == message.url);
            services.push((service, leads_there));
        }
        Ok(services)
    }
}

/// The refusal of a device that was told to register nowhere.
fn told_nothing(message: &RegisterAt) -> Stop {
    let detail = alloc::format!("{} for {}", message.device, message.url);
    let refusal = Refusal::plain(RefusalCode::RegistrationRefused);
    Stop::refusal(refusal, Wrong::Device.word(), detail)
}
