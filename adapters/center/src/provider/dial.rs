//! The loop that dials the center: says what the core says is to be said, hears the answer, and
//! asks again.
//!
//! Nothing is decided here. A round goes on while there is something to say; one that breaks off is
//! begun again, and nothing is lost with it. What the center says about when to come again is kept
//! to, whatever happens meanwhile.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use restante_core::center::{Call, Credential, Decide, Message, Reply, Source};
use restante_core::decision::Heard;
use restante_core::id::{CorrelationId, ServiceId};
use restante_core::provider::{RoundOver, round_over};
use restante_core::wire::Refusal;
use restante_core::wire::provider::ProviderRequest;
use restante_store::{Driver, Store};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::around::{Answered, Link, Pace};
use super::notes::Notes;

/// What dials.
pub(super) struct Dialler<D, S> {
    pub(super) driver: Arc<Driver<D, S>>,
    pub(super) link: Arc<dyn Link>,
    pub(super) pace: Arc<dyn Pace>,
    pub(super) services: Vec<ServiceId>,
    /// How often the center is asked where nothing happens.
    pub(super) every: Duration,
    /// Told when a device has registered.
    pub(super) registered: Arc<Notify>,
}

/// The task that dials. It ends when this is dropped; breaking off a round anywhere loses nothing.
pub(super) struct Dialling(JoinHandle<()>);

/// Why a round ended before its end.
struct Broken {
    why: String,
    /// That no service's round would come further now; none where only this one's does not.
    over: Option<RoundOver>,
}

impl<D: Decide + 'static, S: Store + 'static> Dialler<D, S> {
    /// Begins to dial.
    pub(super) fn start(self) -> Dialling {
        Dialling(tokio::spawn(self.run()))
    }

    // spec: PRV-031, PRV-035
    async fn run(self) {
        let mut failures = 0_u32;
        let mut told = String::new();
        let mut notes = Notes::default();
        loop {
            notes.round_begins();
            let broken = self.services(&mut notes).await.err();
            if let Some(Broken { why, .. }) = &broken
                && *why != told
            {
                tracing::warn!(why, "the round with the center broke off");
            }
            let over = broken.as_ref().and_then(|broken| broken.over);
            told = broken.map_or(String::new(), |broken| broken.why);
            if let Some(over) = over {
                self.pace.rest(pause(self.every, failures, over)).await;
                failures = failures.saturating_add(1);
            } else {
                if failures > 0 {
                    tracing::info!("the center answers again");
                }
                failures = 0;
                self.rest().await;
            }
        }
    }

    /// Until the next round: that a device has registered is reason enough not to wait to the end.
    async fn rest(&self) {
        let least = self.pace.rest(LEAST_REST);
        tokio::select! {
            () = self.pace.rest(self.every) => {}
            () = self.registered.notified() => {}
        }
        least.await;
    }

    /// A round about each service. One that breaks off by itself keeps no other back, and the
    /// first of those is told.
    async fn services(&self, notes: &mut Notes) -> Result<(), Broken> {
        let mut all = Ok(());
        for service in &self.services {
            match self.round(service, notes).await {
                Err(broken) if broken.over.is_some() => return Err(broken),
                round => all = all.and(round),
            }
        }
        all
    }

    /// One round about one service.
    async fn round(&self, service: &ServiceId, notes: &mut Notes) -> Result<(), Broken> {
        let begun = self.hear(service, Heard::Nothing, notes).await?;
        let mut to_say = VecDeque::from(begun);
        for _ in 0..MESSAGES_PER_ROUND {
            let Some(said) = to_say.pop_front() else {
                return Ok(());
            };
            let heard = self.say(&said).await?;
            notes.heard(service, &heard);
            let broken = match &heard {
                Heard::Refused(_, refusal) => Broken::by(refusal),
                _ => None,
            };
            to_say.extend(self.hear(service, heard, notes).await?);
            if let Some(broken) = broken {
                return Err(broken);
            }
        }
        tracing::warn!(%service, "the center has no end of pages; the rest comes later");
        Ok(())
    }

    /// Says one thing to the center.
    async fn say(&self, said: &ProviderRequest) -> Result<Heard, Broken> {
        match self.link.say(said).await {
            Answered::Reply(reply) => Ok(Heard::Answer(said.clone(), reply)),
            Answered::Refused(refusal) => Ok(Heard::Refused(said.clone(), refusal)),
            Answered::Nothing(why) => Err(Broken {
                why,
                over: Some(RoundOver { wait: None }),
            }),
        }
    }

    /// Has the core act upon what was heard; what it says next.
    async fn hear(
        &self,
        service: &ServiceId,
        heard: Heard,
        notes: &mut Notes,
    ) -> Result<Vec<ProviderRequest>, Broken> {
        let correlation = self.driver.random().id().map_err(Broken::because)?;
        let call = Call {
            source: Source {
                address: None,
                correlation: CorrelationId::from_bytes(correlation),
            },
            presented: Credential::None,
            message: Message::Heard(service.clone(), heard),
        };
        let answer = self.driver.call(call).await.map_err(Broken::because)?;
        match answer.outcome {
            Ok(Reply::ToSay(said)) => {
                notes.passed_over(service, said.damage);
                Ok(said.messages)
            }
            Ok(_) => Err(Broken::because("the decision is none about what to say")),
            Err(refused) => Err(Broken::because(refused.reason.detail)),
        }
    }
}

impl Broken {
    /// One service's round does not go on.
    fn because(why: impl ToString) -> Self {
        let why = why.to_string();
        Self { why, over: None }
    }

    /// This refusal ends all rounds, if it does.
    fn by(refusal: &Refusal) -> Option<Self> {
        let over = Some(round_over(refusal)?);
        let why = format!("refused ({}): {}", refusal.code, refusal.detail);
        Some(Self { why, over })
    }
}

impl Dialling {
    /// Breaks off, and waits until the loop has let go of the store.
    pub(super) async fn end(mut self) {
        self.0.abort();
        // That it was broken off is what was wanted.
        let _ended = (&mut self.0).await;
    }
}

impl Drop for Dialling {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How long nothing is said after so many failures before this one: the time that the center has
/// named, and the back-off at the least, so that a center that names no time at all is not asked
/// without pause.
fn pause(every: Duration, failures: u32, over: RoundOver) -> Duration {
    let back_off = BACK_OFF.min(every * (1 << failures.min(DOUBLINGS)));
    let named = over.wait.map(|wait| Duration::from_secs(wait.get().into()));
    back_off.max(named.unwrap_or_default())
}

/// Messages of one round: those about a hundred thousand devices.
const MESSAGES_PER_ROUND: u32 = 4_096;
/// The longest wait after failures.
const BACK_OFF: Duration = Duration::from_secs(300);
/// How often the wait doubles.
const DOUBLINGS: u32 = 8;
/// The least time between two rounds. Any registration wakes the dialler, a repeated one too, so
/// that devices in a hurry would have the center asked without end; a second is no wait for people.
const LEAST_REST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use restante_core::Seconds;

    #[test]
    fn the_pause_is_what_the_center_names_and_never_less_than_the_back_off() {
        let every = Duration::from_secs(10);
        let named = |failures, seconds| {
            let wait = Some(Seconds::new(seconds));
            pause(every, failures, RoundOver { wait }).as_secs()
        };
        assert_eq!([named(0, 0), named(0, 30), named(2, 30)], [10, 30, 40]);
        assert_eq!([named(99, 0), named(99, 3_600)], [300, 3_600]);
        let over = RoundOver { wait: None };
        assert_eq!(pause(every, 1, over), Duration::from_secs(20));
    }
}
