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
use restante_core::code::AccessToken;
use restante_core::decision::Heard;
use restante_core::id::{CorrelationId, ServiceId};
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::provider::{ProviderReply, ProviderRequest};
use restante_core::wire::refusal::Retry;
use restante_core::wire::{Refusal, RefusalCode};
use restante_http::client::{Client, SendError};
use restante_store::{Driver, Store};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// What dials.
pub(super) struct Dialler<D, S> {
    pub(super) driver: Arc<Driver<D, S>>,
    pub(super) client: Client,
    pub(super) token: AccessToken,
    pub(super) services: Vec<ServiceId>,
    /// How often the center is asked where nothing happens.
    pub(super) every: Duration,
    /// Told when a device has registered.
    pub(super) registered: Arc<Notify>,
}

/// Why a round ended before its end.
struct Broken {
    why: String,
    /// How long to wait at the least.
    wait: Option<Duration>,
}

impl<D: Decide + 'static, S: Store + 'static> Dialler<D, S> {
    /// Dials until it is dropped.
    // spec: PRV-031, PRV-035
    pub(super) async fn run(self) {
        let mut failures = 0_u32;
        let mut told = String::new();
        loop {
            match self.services().await {
                Ok(()) => {
                    if failures > 0 {
                        tracing::info!("the center answers again");
                    }
                    failures = 0;
                    told.clear();
                    // That a device has registered is reason enough not to wait to the end.
                    let _ = timeout(self.every, self.registered.notified()).await;
                }
                Err(Broken { why, wait }) => {
                    if why != told {
                        tracing::warn!(why, "the round with the center broke off");
                        told = why;
                    }
                    let back_off = self.every * (1 << failures.min(DOUBLINGS));
                    failures = failures.saturating_add(1);
                    sleep(wait.unwrap_or(BACK_OFF.min(back_off))).await;
                }
            }
        }
    }

    async fn services(&self) -> Result<(), Broken> {
        for service in &self.services {
            self.round(service).await?;
        }
        Ok(())
    }

    /// One round about one service.
    async fn round(&self, service: &ServiceId) -> Result<(), Broken> {
        let mut to_say: VecDeque<_> = self.hear(service, Heard::Nothing).await?.into();
        for _ in 0..MESSAGES_PER_ROUND {
            let Some(said) = to_say.pop_front() else {
                return Ok(());
            };
            let heard = self.say(&said).await?;
            note(service, &heard);
            let refused = match &heard {
                Heard::Refused(_, refusal) => ends_round(refusal),
                _ => None,
            };
            to_say.extend(self.hear(service, heard).await?);
            if let Some(broken) = refused {
                return Err(broken);
            }
        }
        tracing::warn!(%service, "the center has no end of pages; the rest comes later");
        Ok(())
    }

    /// Says one thing to the center.
    async fn say(&self, said: &ProviderRequest) -> Result<Heard, Broken> {
        let request = PeopleRequest::Provider(said.clone());
        match self.client.ask(&self.token, &request).await {
            Ok(PeopleReply::Provider(reply)) => Ok(Heard::Answer(said.clone(), reply)),
            Ok(_) => Err(Broken::because("the center answered something else")),
            Err(SendError::Refused(refusal)) => Ok(Heard::Refused(said.clone(), refusal)),
            Err(error) => Err(Broken::because(error)),
        }
    }

    /// Has the core act upon what was heard; what it says next.
    async fn hear(
        &self,
        service: &ServiceId,
        heard: Heard,
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
            Ok(Reply::ToSay(said)) => Ok(said),
            Ok(_) => Err(Broken::because("the decision is none about what to say")),
            Err(refused) => Err(Broken::because(refused.reason.detail)),
        }
    }
}

impl Broken {
    fn because(why: impl ToString) -> Self {
        let why = why.to_string();
        Self { why, wait: None }
    }
}

/// Whether a refusal leaves nothing more to be said for now: the center asks to come later, or does
/// not take this account at all. What it refuses of one message alone ends nothing.
fn ends_round(refusal: &Refusal) -> Option<Broken> {
    let is_about_us = matches!(
        refusal.code,
        RefusalCode::TokenRefused | RefusalCode::RoleForbidden | RefusalCode::CredentialMissing
    );
    if !is_about_us && refusal.code.retry() != Retry::Later {
        return None;
    }
    let wait = refusal
        .wait()
        .map(|wait| Duration::from_secs(wait.get().into()));
    let why = format!("refused ({}): {}", refusal.code, refusal.detail);
    Some(Broken { why, wait })
}

/// The operator's log of what came of a message.
fn note(service: &ServiceId, heard: &Heard) {
    match heard {
        Heard::Answer(_, ProviderReply::Given(given)) => {
            for it in &given.results {
                tracing::info!(%service, device = %it.device, result = ?it.result, "code");
            }
        }
        Heard::Answer(_, ProviderReply::Reported(reported)) => {
            for it in &reported.results {
                tracing::info!(%service, device = %it.device, result = ?it.result, "reported");
            }
        }
        Heard::Answer(_, ProviderReply::Settled(settled)) => {
            tracing::info!(%service, handovers = settled.settled, "settled");
        }
        Heard::Refused(_, refusal) => {
            let code = refusal.code.word();
            tracing::warn!(%service, code, detail = refusal.detail, "the center refused");
        }
        _ => {}
    }
}

/// Messages of one round: those about a hundred thousand devices.
const MESSAGES_PER_ROUND: u32 = 4_096;
/// The longest wait after failures.
const BACK_OFF: Duration = Duration::from_secs(300);
/// How often the wait doubles.
const DOUBLINGS: u32 = 8;
