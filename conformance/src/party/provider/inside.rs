//! A provider's own server as the party under test, inside this process: what it says to the kit as
//! its center, and the line by which the kit's devices register there.
//!
//! Around the core's provider stands what its program is: a loop that begins a round now and then,
//! says what it is told to say, and brings each answer back. Cases say what the center answers;
//! what they leave open is answered as by a center with nothing to hand over. Time passes at once.

use std::collections::VecDeque;
use std::sync::Arc;

use restante_core::center::{Call, Credential, Decide, Message, Reply, Source};
use restante_core::decision::Heard;
use restante_core::id::CorrelationId;
use restante_core::provider::round_over;
use restante_core::wire::Refusal;
use restante_core::wire::provider::ProviderRequest;
use restante_core::{Seconds, Timestamp};
use serde_json::{Value, json};

use crate::bundled::{InsideCenter, PROVIDED, PROVIDED_AT, Standing};
use crate::hook::{Outcome, Verb};
use crate::line::Pending;
use crate::run::{Asked, Party, PartyError, Reaction, Time};

use super::center::{asked, moments, neutral, read_refusal, read_reply, reply_members, unreadable};

/// A provider inside this process.
pub struct ProviderParty<D> {
    standing: Arc<Standing<D>>,
    time: Box<dyn Time>,
    /// What is still to be said in this round.
    to_say: VecDeque<ProviderRequest>,
    /// What was said and has no answer yet.
    waiting: Option<ProviderRequest>,
    /// When the next round begins; never while it is switched off.
    next_round: Option<Timestamp>,
    lapses: Lapses,
}

/// What a loop that dials does wrong: faults.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lapses {
    /// A power cut takes its store.
    pub forgetful: bool,
    /// It begins the next round when it likes, whatever time the center names.
    pub hurried: bool,
}

impl<D: Decide + 'static> ProviderParty<D> {
    /// This provider, whose world has begun, before it is switched on.
    #[must_use]
    pub fn new(provider: &InsideCenter<D>, lapses: Lapses) -> Self {
        Self {
            standing: provider.standing(),
            time: provider.time(),
            to_say: VecDeque::new(),
            waiting: None,
            next_round: None,
            lapses,
        }
    }
}

impl<D: Decide + 'static> Party for ProviderParty<D> {
    fn act(&mut self, verb: Verb, _with: Value) -> Pending<'_, Result<Outcome, PartyError>> {
        Box::pin(async move {
            Ok(Outcome::Ok(match verb {
                Verb::Start => {
                    let now = self.standing.now();
                    self.next_round = Some(now);
                    let mut given = json!({
                        "service": PROVIDED,
                        "url": PROVIDED_AT,
                        "token": TOKEN,
                    });
                    moments(now, &mut given);
                    given
                }
                Verb::Reset => {
                    match self.lapses.forgetful {
                        true => self.standing.forget(),
                        false => self.standing.restart(),
                    }
                    self.to_say.clear();
                    self.waiting = None;
                    self.next_round = Some(self.standing.now());
                    json!({})
                }
                Verb::Stop => {
                    self.next_round = None;
                    json!({})
                }
                _ => return Ok(Outcome::Unsupported("a provider has no such thing".into())),
            }))
        })
    }

    fn next(&mut self, within: u32) -> Pending<'_, Result<Option<(Asked, u32)>, PartyError>> {
        Box::pin(self.next_said(within))
    }

    fn service(&self) -> Option<String> {
        None
    }

    fn peers(&self) -> Vec<String> {
        Vec::new()
    }

    fn answer(&mut self, reaction: Reaction) -> Pending<'_, Result<Option<Value>, PartyError>> {
        Box::pin(self.answered(reaction))
    }
}

impl<D: Decide + 'static> ProviderParty<D> {
    async fn next_said(&mut self, within: u32) -> Result<Option<(Asked, u32)>, PartyError> {
        let mut after = 0;
        loop {
            if let Some(said) = self.to_say.pop_front() {
                let asked = asked(&said, TOKEN)?;
                self.waiting = Some(said);
                return Ok(Some((asked, after)));
            }
            let left = within - after;
            let wait = self
                .next_round
                .map(|at| at.since(self.standing.now()).get());
            let Some(wait) = wait.filter(|wait| *wait <= left) else {
                self.pass(left).await?;
                return Ok(None);
            };
            self.pass(wait).await?;
            after += wait;
            self.next_round = Some(self.standing.now().after(EVERY));
            self.hear(Heard::Nothing).await?;
            if self.to_say.is_empty() {
                return Err(PartyError::Broke("a round begins with nothing".into()));
            }
        }
    }

    async fn pass(&self, seconds: u32) -> Result<(), PartyError> {
        let passed = self.time.advance(seconds.into()).await;
        passed.map_err(|why| PartyError::Center(why.to_string()))
    }

    async fn answered(&mut self, reaction: Reaction) -> Result<Option<Value>, PartyError> {
        let Some(said) = self.waiting.take() else {
            return Ok(None);
        };
        let (heard, decided) = match reaction {
            Reaction::Deliver => {
                let reply = neutral(&said);
                let decided = reply_members(&reply);
                (Heard::Answer(said, reply), Some(decided))
            }
            Reaction::Reply(reply) => {
                let reply = read_reply(&reply).map_err(unreadable)?;
                (Heard::Answer(said, reply), None)
            }
            Reaction::Refuse(refusal) => {
                let refusal = read_refusal(refusal).map_err(unreadable)?;
                return self.refused(said, refusal).await;
            }
            Reaction::Lose => {
                let decided = reply_members(&neutral(&said));
                self.breaks_off(EVERY);
                return Ok(Some(decided));
            }
            Reaction::Drop | Reaction::Garbage | Reaction::Raw(_) => {
                self.breaks_off(EVERY);
                return Ok(None);
            }
            Reaction::Amend(_) => return Err(unreadable("an amended answer")),
        };
        self.hear(heard).await?;
        Ok(decided)
    }

    /// As the program that dials: what the core says next is not said where the round is over.
    async fn refused(
        &mut self,
        said: ProviderRequest,
        refusal: Refusal,
    ) -> Result<Option<Value>, PartyError> {
        let over = round_over(&refusal);
        self.hear(Heard::Refused(said, refusal)).await?;
        if let Some(over) = over {
            let named = over.wait.filter(|_| !self.lapses.hurried);
            self.breaks_off(named.map_or(EVERY, |wait| wait.max(EVERY)));
        }
        Ok(None)
    }

    /// The round ends before its end; the next one begins after this time.
    fn breaks_off(&mut self, wait: Seconds) {
        self.to_say.clear();
        self.next_round = Some(self.standing.now().after(wait));
    }

    /// Has the provider act upon what it has heard.
    async fn hear(&mut self, heard: Heard) -> Result<(), PartyError> {
        let service = PROVIDED.parse().map_err(|_| unreadable(PROVIDED))?;
        let call = Call {
            source: Source {
                address: None,
                correlation: CorrelationId::from_bytes([0; 16]),
            },
            presented: Credential::None,
            message: Message::Heard(service, heard),
        };
        let answer = self.standing.driver().call(call).await;
        let answer = answer.map_err(|why| PartyError::Center(why.to_string()))?;
        match answer.outcome {
            Ok(Reply::ToSay(said)) => match said.damage {
                None => {
                    self.to_say.extend(said.messages);
                    Ok(())
                }
                Some(damage) => Err(PartyError::Broke(damage)),
            },
            Ok(_) => Err(PartyError::Broke("it decides something else".into())),
            Err(refused) => Err(PartyError::Broke(refused.reason.detail)),
        }
    }
}

/// How long after the beginning of a round the next one begins.
const EVERY: Seconds = Seconds::new(10);
/// What it presents to the center.
const TOKEN: &str = "the token that it was given";
