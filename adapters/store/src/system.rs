//! What the driver is handed from outside: the time, randomness, and where effects go.
//!
//! They are traits so that a simulator can be all three; a server uses the system's own.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};

use restante_core::decision::{Effect, EffectKind};
use restante_core::{Seed, Timestamp};

/// The center's clock.
pub trait Clock: Send + Sync {
    /// What time it is.
    fn now(&self) -> Timestamp;
}

/// Where fresh random bytes come from.
pub trait Entropy: Send + Sync {
    /// Thirty-two fresh random bytes.
    ///
    /// # Errors
    /// [`NoEntropy`] if there are none to be had; nothing is decided without.
    fn draw(&self) -> Result<[u8; 32], NoEntropy>;

    /// A fresh seed for one attempt.
    ///
    /// # Errors
    /// As [`Entropy::draw`].
    fn seed(&self) -> Result<Seed, NoEntropy> {
        self.draw().map(Seed::new)
    }

    /// Sixteen fresh random bytes: the size of an identifier.
    ///
    /// # Errors
    /// As [`Entropy::draw`].
    fn id(&self) -> Result<[u8; 16], NoEntropy> {
        let drawn = self.draw()?;
        let mut id = [0; 16];
        id.copy_from_slice(&drawn[..16]);
        Ok(id)
    }
}

/// The system's random number generator gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system's random number generator gave nothing")]
pub struct NoEntropy;

/// Where effects go once what caused them is durable.
pub trait Effects: Send + Sync {
    /// Takes one effect. It may come again with the same id; it lies in the outbox until it has
    /// been told, so that losing it here is no loss.
    fn take(&self, effect: Effect) -> Taken;
}

/// What became of an effect that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Whoever has to know it knows it: it leaves the outbox.
    Told,
    /// Not yet: it stays in the outbox, and ticks hand it over again until it is told.
    Later,
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock before 1970 is no clock; the center's record of the highest time covers it.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The system's random number generator. Each thread asks it for many draws at once, because every
/// call takes one or two and asking costs more than a message is worth.
#[derive(Clone, Debug)]
pub struct SystemEntropy(SystemRandom);

impl SystemEntropy {
    /// The system's random number generator.
    #[must_use]
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for SystemEntropy {
    fn draw(&self) -> Result<[u8; 32], NoEntropy> {
        STOCK.with_borrow_mut(|stock| {
            if stock.is_empty() {
                stock.resize(STOCKED, [0; 32]);
                if self.0.fill(stock.as_flattened_mut()).is_err() {
                    stock.clear();
                    return Err(NoEntropy);
                }
            }
            let next = stock.last_mut().map(std::mem::take);
            stock.pop();
            next.ok_or(NoEntropy)
        })
    }
}

thread_local! {
    /// Drawn and not handed out yet. Each is handed out once, and zeros take its place.
    static STOCK: RefCell<Vec<[u8; 32]>> = const { RefCell::new(Vec::new()) };
}

/// Writes effects to the log, where nobody else has to be told.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoggedEffects;

impl LoggedEffects {
    /// The operator's line about an effect.
    pub fn log(effect: &Effect) {
        let id = effect.id;
        match &effect.what {
            EffectKind::Alarm { word, detail } => {
                tracing::warn!(effect = %id, alarm = word, "{detail}");
            }
            EffectKind::InstructionsWaiting {
                customer,
                application,
                service,
                devices,
            } => tracing::info!(
                effect = %id, %customer, %application, %service, devices,
                "the instructions of an application are in the mailboxes"
            ),
            EffectKind::ApplicationComplete {
                customer,
                application,
                service,
                tally,
            } => tracing::info!(
                effect = %id, %customer, %application, %service,
                entitled = tally.entitled, failed = tally.failed, withdrawn = tally.withdrawn,
                "an application is complete"
            ),
            EffectKind::CodesGiven {
                application,
                service,
                devices,
            } => tracing::info!(
                effect = %id, %application, %service, devices = devices.len(),
                "the center has taken the codes of devices"
            ),
            EffectKind::DevicesEntitled {
                application,
                service,
                devices,
            } => tracing::info!(
                effect = %id, %application, %service, devices = devices.len(),
                "the center knows that devices use the service"
            ),
            other => tracing::warn!(effect = %id, "{other:?}"),
        }
    }
}

impl Effects for LoggedEffects {
    fn take(&self, effect: Effect) -> Taken {
        Self::log(&effect);
        Taken::Told
    }
}

/// Leaves effects in the outbox, for the center that runs next to tell: whoever has the store for
/// one command may not know whom.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeftEffects;

impl Effects for LeftEffects {
    fn take(&self, _: Effect) -> Taken {
        Taken::Later
    }
}

impl<T: Clock + ?Sized> Clock for std::sync::Arc<T> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

impl<T: Entropy + ?Sized> Entropy for std::sync::Arc<T> {
    fn draw(&self) -> Result<[u8; 32], NoEntropy> {
        (**self).draw()
    }
}

impl<T: Effects + ?Sized> Effects for std::sync::Arc<T> {
    fn take(&self, effect: Effect) -> Taken {
        (**self).take(effect)
    }
}

/// Draws of one thread that are asked for at once: 4 KiB.
const STOCKED: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_draw_is_handed_out_twice_on_any_thread() {
        let draws = || -> Vec<[u8; 32]> {
            let entropy = SystemEntropy::new();
            (0..3 * STOCKED)
                .map(|_| entropy.draw().expect("randomness"))
                .collect()
        };
        let threads = [std::thread::spawn(draws), std::thread::spawn(draws)];
        let drawn = threads.map(|thread| thread.join().expect("no panic"));
        let different: HashSet<[u8; 32]> = drawn.iter().flatten().copied().collect();
        assert_eq!(different.len(), 6 * STOCKED);
        assert!(!different.contains(&[0; 32]));
    }
}
