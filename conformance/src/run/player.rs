//! The player: it plays the steps of one case and writes down what was said.
//!
//! One player serves every role. Where a server is under test only its line is used; where a device
//! or a gateway is, the line leads to the kit's own center and the party answers to it.

use serde_json::{Value, json};

use crate::case::{Actor, Advance, Case, Repeat, Role, Send, Step};
use crate::line::render::{self, Outcome};
use crate::line::{LineError, Request, Response};
use crate::profile::Limits;
use crate::script::Scope;
use crate::transcript::{LineKind, Transcript};

use super::one::Circumstances;
use super::party::{Asked, Party};
use super::sealed::Envelopes;
use super::source::address;
use super::steps::Ended;
use super::target::ServerTarget;

/// One case while it runs.
pub(super) struct Player<'a> {
    pub(super) target: &'a ServerTarget,
    pub(super) party: Option<&'a mut dyn Party>,
    pub(super) scope: Scope,
    pub(super) transcript: Transcript,
    /// What transcripts call whoever answers to the kit's actors.
    pub(super) server: &'static str,
    /// What the vendor declares that things may take.
    pub(super) limits: Limits,
    /// How many checks have been made so far.
    pub(super) checks: u32,
    /// What came back last.
    pub(super) last: Option<Heard>,
    /// The envelopes of this case.
    pub(super) envelopes: Envelopes,
    /// The party's request that waits for an answer.
    pub(super) asked: Option<Asked>,
    /// Where the steps have left the center's clock.
    pub(super) clock: ClockMoved,
}

/// Where a case has left the clock, in seconds from where it found it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ClockMoved {
    pub(super) now: i64,
    pub(super) highest: i64,
    jumped: bool,
}

impl ClockMoved {
    /// So many seconds have passed, or the clock has jumped by as many.
    pub(super) fn moved_by(&mut self, seconds: i64) {
        self.now = self.now.saturating_add(seconds);
        self.highest = self.highest.max(self.now);
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    /// A response, and what it means.
    Response(Box<Response>, Outcome),
    /// The connection ended without one.
    Closed,
}

impl<'a> Player<'a> {
    /// A player for this case.
    pub(super) fn new(
        target: &'a ServerTarget,
        party: Option<&'a mut dyn Party>,
        case: &Case,
        around: Circumstances<'_>,
    ) -> Self {
        let mut scope = Scope::new(around.seed, case.id.as_str());
        if let Some(service) = party.as_ref().and_then(|party| party.service()) {
            let host = service.trim_start_matches("https://");
            let host = host.split(':').next().unwrap_or_default();
            scope.bind("serviceHost", json!(host));
            scope.bind("service", json!(service));
        }
        let peers = party.as_ref().map(|party| party.peers());
        for (name, peer) in ('B'..).zip(peers.unwrap_or_default()) {
            scope.bind(&format!("peer{name}"), json!(peer));
        }
        Self {
            target,
            party,
            scope,
            transcript: Transcript::default(),
            server: match case.role {
                Role::Provider => "provider",
                _ => "center",
            },
            limits: around.profile.limits,
            checks: 0,
            last: None,
            envelopes: Envelopes::default(),
            asked: None,
            clock: ClockMoved::default(),
        }
    }

    /// Plays all steps, up to the first that does not hold.
    pub(super) async fn play(&mut self, steps: &[Step]) -> Result<(), Ended> {
        for step in steps {
            // Boxed because a repetition plays steps again.
            Box::pin(self.step(step)).await?;
        }
        Ok(())
    }

    async fn step(&mut self, step: &Step) -> Result<(), Ended> {
        match step {
            Step::Send(send) => self.send(send).await,
            Step::Mail(letter) => self.mail(letter).await,
            Step::Seal(seal) => self.seal(seal),
            Step::Hand(hand) => self.hand(hand).await,
            Step::Raw(raw) => self.raw(raw).await,
            Step::Bytes(bytes) => self.bytes(bytes).await,
            Step::Expect(expect) => self.expect(expect).await,
            Step::Forbid(expect) => self.forbid(expect).await,
            Step::Answer(answer) => self.answer(answer).await,
            Step::Hook(hook) => self.hook(hook).await,
            Step::Advance(advance) => self.advance(advance).await,
            Step::Await(wait) => self.wait(wait).await,
            Step::Repeat(repeat) => self.repeat(repeat).await,
        }
    }

    async fn repeat(&mut self, repeat: &Repeat) -> Result<(), Ended> {
        for n in 1..=repeat.times {
            self.scope.bind("n", n.into());
            self.play(&repeat.steps).await?;
        }
        Ok(())
    }

    pub(super) async fn send(&mut self, send: &Send) -> Result<(), Ended> {
        let (conversation, template) = send
            .message()
            .ok_or_else(|| Ended::Error("`say` has to hold exactly one message".into()))?;
        let message = self.scope.fill(template)?;
        let credential = self.credential(send).await?;
        let mut request = render::request(conversation, &message, credential.as_deref())
            .ok_or_else(|| Ended::Error(format!("there is no conversation {conversation:?}")))?;
        if let Some(at) = &send.at {
            request.path = self.scope.fill_str(at)?;
        }
        let said = format!("{} → {}: {conversation}", word(send.from), self.server);
        self.note(send.note.as_deref());
        self.carry(&said, conversation, &request, send.source.as_deref())
            .await
    }

    /// Sends a request and keeps what comes back as the last thing heard.
    pub(super) async fn carry(
        &mut self,
        said: &str,
        conversation: &str,
        request: &Request,
        source: Option<&str>,
    ) -> Result<(), Ended> {
        let wire = request_text(request);
        self.transcript.add_wire(LineKind::Sent, said, Some(&wire));
        let address = address(&self.scope, source.unwrap_or("a"));
        let heard = match self.target.line.carry(request, Some(address)).await {
            Ok(response) => {
                let outcome = render::outcome(conversation, &response);
                let server = self.server;
                let text = format!("{server} → {}", outcome_text(&outcome, response.status));
                let wire = response_text(&response);
                self.transcript
                    .add_wire(LineKind::Received, &text, Some(&wire));
                Heard::Response(Box::new(response), outcome)
            }
            Err(LineError::Broken(why)) => {
                let text = format!("the connection ended without a response: {why}");
                self.transcript.add(LineKind::Received, &text);
                Heard::Closed
            }
            Err(error) => return Err(error.into()),
        };
        self.last = Some(heard);
        Ok(())
    }

    /// What the sender presents.
    async fn credential(&mut self, send: &Send) -> Result<Option<String>, Ended> {
        match (send.present.as_deref(), send.from) {
            (Some("none"), _) | (None, Actor::Device | Actor::Gateway) => Ok(None),
            (Some(text), _) => Ok(Some(self.scope.fill_str(text)?)),
            (None, actor) => self.own_token(actor).await.map(Some),
        }
    }

    async fn advance(&mut self, advance: &Advance) -> Result<(), Ended> {
        self.note(advance.note.as_deref());
        let Some(time) = &self.target.time else {
            return Err(Ended::Untested(
                "the kit cannot move the center's time".into(),
            ));
        };
        let text = match advance.jump {
            true => format!("the center's clock jumps by {} s", advance.seconds),
            false => format!("{} s pass", advance.seconds),
        };
        self.transcript.add(LineKind::Done, &text);
        match u64::try_from(advance.seconds) {
            Ok(seconds) if !advance.jump => time.advance(seconds).await?,
            _ => {
                self.clock.jumped = true;
                time.jump(advance.seconds).await?;
            }
        }
        self.clock.moved_by(advance.seconds);
        Ok(())
    }

    /// Sets a clock right that the steps have made jump, so that the next case finds one that runs:
    /// it goes back to the highest time that it said, and an operator accepts it.
    pub(super) async fn settle(&self) -> Result<(), Ended> {
        let (ClockMoved { now, highest, .. }, Some(time)) = (self.clock, &self.target.time) else {
            return Ok(());
        };
        if !self.clock.jumped {
            return Ok(());
        }
        if highest > now {
            time.jump(highest - now).await?;
        }
        let operator = self.target.tokens.operator.get();
        let request = render::request("acceptClock", &json!({}), operator.as_deref());
        if let (Some(_), Some(request)) = (operator, request) {
            let source = Some(address(&self.scope, "people"));
            self.target.line.carry(&request, source).await?;
        }
        // A moment passes, so that a center that looks at its clock now and then has looked.
        Ok(time.advance(1).await?)
    }

    /// A remark of the case for the reader of its transcript.
    pub(super) fn note(&mut self, note: Option<&str>) {
        if let Some(note) = note {
            self.transcript.add(LineKind::Note, note);
        }
    }
}

/// What transcripts call an actor.
pub(super) const fn word(actor: Actor) -> &'static str {
    match actor {
        Actor::Dealer => "dealer",
        Actor::OtherDealer => "other dealer",
        Actor::Operator => "operator",
        Actor::Device => "device",
        Actor::Gateway => "gateway",
    }
}

/// What came, in one line.
pub(super) fn outcome_text(outcome: &Outcome, status: u16) -> String {
    match outcome {
        Outcome::Reply(name, _) => format!("{name} (HTTP {status})"),
        Outcome::Refusal(refusal) => {
            let member = |name| {
                refusal
                    .get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            format!(
                "refusal {} (HTTP {status}): {}",
                member("code"),
                member("detail")
            )
        }
        Outcome::Neither(why) => format!("HTTP {status}: {why}"),
    }
}

/// A request as a transcript shows it.
pub(crate) fn request_text(request: &Request) -> String {
    let mut text = format!("{} {}", request.method, request.path);
    for (name, value) in &request.headers {
        text.push_str(&format!("\n{name}: {value}"));
    }
    push_body(&mut text, request.body.as_deref().unwrap_or_default());
    text
}

/// A response as a transcript shows it: status, the header fields of the protocol, body.
pub(crate) fn response_text(response: &Response) -> String {
    let mut text = format!("{}", response.status);
    for (name, value) in &response.headers {
        text.push_str(&format!("\n{name}: {value}"));
    }
    push_body(&mut text, &response.body);
    text
}

fn push_body(text: &mut String, body: &[u8]) {
    if body.is_empty() {
        return;
    }
    text.push_str("\n\n");
    match serde_json::from_slice::<Value>(body) {
        Ok(json) => text.push_str(&serde_json::to_string_pretty(&json).unwrap_or_default()),
        Err(_) => text.push_str(&String::from_utf8_lossy(body)),
    }
}
