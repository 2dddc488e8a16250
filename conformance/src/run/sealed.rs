//! Sealing envelopes as a device does, handing them to the center under test, and opening what
//! comes back.
//!
//! A case chooses the counters, so that it can do what no device does: go back, repeat, use one
//! twice. An answer counts only if it opens as the reply to the very envelope that was handed over
//! last. Serves spec chapter 14.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use restante_core::Seed;
use restante_core::code::{FormalCode, ProvisionalCode};
use restante_core::seal::{Answer, Enrolment, Envelope, Kept, Lane, SealingKey, Sender};
use restante_crypto::RingCrypto;
use serde_json::{Value, json};

use crate::case::{Hand, Seal, single};
use crate::line::render::{self, Outcome};
use crate::line::{Request, Response};
use crate::script::fit;
use crate::transcript::LineKind;

use super::player::{Player, outcome_text};
use super::steps::Ended;

/// The envelopes of a case by their names, and which of them was handed over last.
#[derive(Default)]
pub(super) struct Envelopes {
    made: BTreeMap<String, Made>,
    last: Option<String>,
}

/// An envelope, and what opens the answer to it.
struct Made {
    bytes: Vec<u8>,
    by: By,
}

enum By {
    Lane(Box<Sender>),
    Enrolment(Box<Enrolment>),
}

impl Player<'_> {
    pub(super) fn seal(&mut self, seal: &Seal) -> Result<(), Ended> {
        let (name, template) = single(&seal.say)
            .ok_or_else(|| Ended::Error("`say` has to hold exactly one message".into()))?;
        let message = json!({ name: self.scope.fill(template)? }).to_string();
        let under = self.scope.fill_str(&seal.under)?;
        let made = self.made(seal, &under, message.as_bytes())?;
        let text = format!("a device seals {}: {name}", seal.named);
        self.transcript
            .add_wire(LineKind::Done, &text, Some(&message));
        self.envelopes.made.insert(seal.named.clone(), made);
        Ok(())
    }

    fn made(&self, seal: &Seal, under: &str, message: &[u8]) -> Result<Made, Ended> {
        let wrong = |why: String| Ended::Error(format!("the case itself is wrong: {why}"));
        if let Ok(code) = under.parse::<ProvisionalCode>() {
            let id = code.enrol_id(&RingCrypto);
            let key = SealingKey::enrolment(id, code.enrol_key(&RingCrypto));
            let sealed = Enrolment::seal(&RingCrypto, key, message);
            let (waiting, bytes) = sealed.map_err(|error| wrong(error.to_string()))?;
            let by = By::Enrolment(Box::new(waiting));
            return Ok(Made { bytes, by });
        }
        let code: FormalCode = under
            .parse()
            .map_err(|_| wrong(format!("{under:?} is no code")))?;
        let mut sender = match &seal.answering {
            None => {
                let lane = match seal.mail {
                    true => Lane::Mail,
                    false => Lane::Conversation,
                };
                let kept = Kept {
                    until: seal.counter.unwrap_or(1),
                    challenged: None,
                };
                Sender::restore(&code, lane, kept)
            }
            Some(name) => match self.envelopes.made.get(name).map(|made| &made.by) {
                Some(By::Lane(sender)) => (**sender).clone(),
                _ => return Err(wrong(format!("{name} was not challenged"))),
            },
        };
        let kept = sender.reserve().map_err(|error| wrong(error.to_string()))?;
        sender.reserved(kept);
        let seed = self.scope.below(&seal.named, u64::MAX).to_be_bytes();
        let mut fresh = [0; 32];
        fresh[..8].copy_from_slice(&seed);
        let bytes = sender
            .seal(&RingCrypto, &Seed::new(fresh), message)
            .map_err(|error| wrong(error.to_string()))?;
        let by = By::Lane(Box::new(sender));
        Ok(Made { bytes, by })
    }

    pub(super) async fn hand(&mut self, hand: &Hand) -> Result<(), Ended> {
        let made = self.envelopes.made.get(&hand.envelope).ok_or_else(|| {
            Ended::Error(format!("there is no envelope called {:?}", hand.envelope))
        })?;
        let mut body = made.bytes.clone();
        let bits = hand.flipped.and_then(|bit| usize::try_from(bit).ok());
        if let Some(bit) = bits {
            let byte = body.get_mut(bit / 8);
            let byte = byte.ok_or_else(|| Ended::Error(format!("there is no bit {bit}")))?;
            *byte ^= 1 << (bit % 8);
        }
        self.envelopes.last = Some(hand.envelope.clone());
        self.note(hand.note.as_deref());
        let altered = if hand.flipped.is_some() {
            ", altered"
        } else {
            ""
        };
        let said = format!("device → center: the envelope {}{altered}", hand.envelope);
        let request = Request {
            method: "POST".into(),
            path: "/v1/sealed".into(),
            headers: vec![("content-type".into(), MEDIA_TYPE.into())],
            body: Some(body),
        };
        self.carry(&said, render::ANY, &request, None).await
    }

    pub(super) fn judge_sealed(
        &mut self,
        pattern: &Value,
        response: &Response,
        outcome: &Outcome,
    ) -> Result<Option<String>, Ended> {
        let is_envelope = response.header("content-type") == Some(MEDIA_TYPE);
        if response.status != 200 || !is_envelope {
            let text = match outcome {
                Outcome::Refusal(_) => outcome_text(outcome, response.status),
                _ => format!("HTTP {} without an envelope", response.status),
            };
            return Ok(Some(format!("got {text}")));
        }
        let Some(mut said) = self.opened(&response.body) else {
            return Ok(Some("what came is no answer to that envelope".into()));
        };
        let kind = said.as_object().and_then(|it| it.keys().next().cloned());
        self.transcript.add_wire(
            LineKind::Received,
            "the envelope that came holds",
            Some(&said.to_string()),
        );
        said["bytes"] = URL_SAFE_NO_PAD.encode(&response.body).into();
        let miss = fit(pattern, Some(&said), &mut self.scope)?;
        let kind = kind.unwrap_or_default();
        Ok(miss.map(|miss| format!("got a sealed {kind}, in which {miss}")))
    }

    /// What the answer to the last envelope holds, if it is one. A challenge is taken, so that it
    /// can be answered.
    fn opened(&mut self, bytes: &[u8]) -> Option<Value> {
        let envelope = Envelope::parse(bytes).ok()?;
        let made = self.envelopes.made.get_mut(self.envelopes.last.as_ref()?)?;
        let message = match &mut made.by {
            By::Enrolment(waiting) => waiting.open(&RingCrypto, &envelope).ok()?,
            By::Lane(sender) => {
                let mut taking = sender.clone();
                match taking.open(&RingCrypto, &envelope).ok()? {
                    Answer::Reply(message) => message,
                    Answer::Challenged => {
                        *sender = taking;
                        return Some(json!({ "challenge": {} }));
                    }
                }
            }
        };
        serde_json::from_slice::<Value>(&message)
            .ok()
            .filter(Value::is_object)
    }
}

/// The media type of a sealed envelope; the kit does not ask the server's code for it.
const MEDIA_TYPE: &str = "application/vnd.restante.sealed";
