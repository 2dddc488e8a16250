//! A provider's own server as the party under test, inside this process: what it says to the kit as
//! its center, and the line by which the kit's devices register there.
//!
//! Around the core's provider stands what its program is: a loop that begins a round now and then,
//! says what it is told to say, and brings each answer back. Cases say what the center answers;
//! what they leave open is answered as by a center with nothing to hand over. Time passes at once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use restante_core::center::{Call, Credential, Decide, Message, Reply, Source};
use restante_core::decision::Heard;
use restante_core::id::CorrelationId;
use restante_core::provider::round_over;
use restante_core::wire::people::{DateTime, Page};
use restante_core::wire::provider::{
    CodesGiven, EntitledOutcome, EntitledResult, EntitlementsReported, GiveOutcome, GiveResult,
    HandoversSettled, ProviderReply, ProviderRequest,
};
use restante_core::wire::{Refusal, RefusalCode};
use restante_core::{Seconds, Timestamp};
use serde_json::{Value, json};

use crate::bundled::{InsideCenter, PROVIDED, PROVIDED_AT, Standing};
use crate::case::{Case, single};
use crate::hook::{Outcome, Verb};
use crate::line::Pending;
use crate::results::CaseResult;
use crate::run::{Asked, Circumstances, Party, PartyError, Reaction, Time, run_case};

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
    /// Whether a power cut takes its store: a fault.
    forgetful: bool,
}

/// Plays a case in a new world of this provider.
///
/// # Errors
/// A sentence, if the world cannot be set up.
pub async fn run_case_inside<D: Decide + 'static>(
    provider: &InsideCenter<D>,
    case: &Case,
    around: Circumstances<'_>,
    forgetful: bool,
) -> Result<CaseResult, String> {
    let target = provider.bare_target(around.seed, case.id.as_str()).await?;
    let mut party = ProviderParty {
        standing: provider.standing(),
        time: provider.time(),
        to_say: VecDeque::new(),
        waiting: None,
        next_round: None,
        forgetful,
    };
    Ok(run_case(case, &target, Some(&mut party), around).await)
}

impl<D: Decide + 'static> Party for ProviderParty<D> {
    fn act(&mut self, verb: Verb, _with: Value) -> Pending<'_, Result<Outcome, PartyError>> {
        Box::pin(async move {
            Ok(Outcome::Ok(match verb {
                Verb::Start => {
                    let now = self.standing.now();
                    self.next_round = Some(now);
                    json!({
                        "service": PROVIDED,
                        "url": PROVIDED_AT,
                        "soon": DateTime(now.after(Seconds::HOUR)),
                        "later": DateTime(now.after(Seconds::WEEK)),
                    })
                }
                Verb::Reset => {
                    match self.forgetful {
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
                let asked = asked(&said)?;
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
                let reply = read_reply(&reply)?;
                (Heard::Answer(said, reply), None)
            }
            Reaction::Refuse(refusal) => return self.refused(said, read_refusal(refusal)?).await,
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
            self.breaks_off(over.wait.map_or(EVERY, |wait| wait.max(EVERY)));
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

/// A message to the center as cases see it.
fn asked(said: &ProviderRequest) -> Result<Asked, PartyError> {
    use ProviderRequest as Said;
    let (conversation, message) = match said {
        Said::List(body) => ("listHandovers", json!(body)),
        Said::Give(body) => ("giveCodes", json!(body)),
        Said::Report(body) => ("reportEntitlements", json!(body)),
        Said::Settle(body) => ("settleHandovers", json!(body)),
        _ => return Err(unreadable("what the provider says")),
    };
    Ok(Asked {
        conversation: conversation.to_owned(),
        message,
        credential: None,
        http: None,
    })
}

/// What a center answers that has nothing to hand over and takes what it is told.
fn neutral(said: &ProviderRequest) -> ProviderReply {
    match said {
        ProviderRequest::Give(said) => {
            let given = |device| GiveResult {
                device,
                result: GiveOutcome::Given,
            };
            let results = said.codes.iter().map(|it| given(it.device)).collect();
            ProviderReply::Given(CodesGiven { results })
        }
        ProviderRequest::Report(said) => {
            let entitled = |device: &_| EntitledResult {
                device: *device,
                result: EntitledOutcome::Entitled,
            };
            let results = said.devices.0.iter().map(entitled).collect();
            ProviderReply::Reported(EntitlementsReported { results })
        }
        ProviderRequest::Settle(said) => {
            let settled = u32::try_from(said.handovers.len()).unwrap_or(u32::MAX);
            ProviderReply::Settled(HandoversSettled { settled })
        }
        _ => ProviderReply::Handovers(Page {
            rows: Vec::new(),
            next: None,
        }),
    }
}

fn reply_members(reply: &ProviderReply) -> Value {
    match reply {
        ProviderReply::Handovers(body) => json!(body),
        ProviderReply::Given(body) => json!(body),
        ProviderReply::Reported(body) => json!(body),
        ProviderReply::Settled(body) => json!(body),
        _ => Value::Null,
    }
}

fn read_reply(reply: &BTreeMap<String, Value>) -> Result<ProviderReply, PartyError> {
    let (name, members) = single(reply).ok_or_else(|| unreadable("a reply"))?;
    let wrong = |why: serde_json::Error| unreadable(&format!("{name} ({why})"));
    let members = members.clone();
    Ok(match name {
        "handovers" => ProviderReply::Handovers(serde_json::from_value(members).map_err(wrong)?),
        "codesGiven" => ProviderReply::Given(serde_json::from_value(members).map_err(wrong)?),
        "entitlementsReported" => {
            ProviderReply::Reported(serde_json::from_value(members).map_err(wrong)?)
        }
        "handoversSettled" => {
            ProviderReply::Settled(serde_json::from_value(members).map_err(wrong)?)
        }
        other => return Err(unreadable(other)),
    })
}

fn read_refusal(mut refusal: Value) -> Result<Refusal, PartyError> {
    let code: RefusalCode = serde_json::from_value(refusal["code"].clone())
        .map_err(|why| unreadable(&why.to_string()))?;
    if let Some(members) = refusal.as_object_mut() {
        members.entry("detail").or_insert(json!(code.title()));
    }
    serde_json::from_value(refusal).map_err(|why| unreadable(&why.to_string()))
}

fn unreadable(what: &str) -> PartyError {
    PartyError::Center(format!("no center of a provider answers with {what}"))
}

/// How long after the beginning of a round the next one begins.
const EVERY: Seconds = Seconds::new(10);
