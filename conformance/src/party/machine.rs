//! A unit as a party under test, inside this process: no socket, and time that passes at once.
//!
//! The unit's clock and that of the kit's center move together. A request that is sent while
//! another waits for its answer ends the case, whatever the case is about.

use std::sync::Arc;

use restante_core::code::{Presented, ProvisionalCode};
use restante_core::id::{CenterAddress, LanAddress};
use restante_core::registrant::Exchange;
use restante_core::wire::enrol::MaxMessage;
use restante_core::wire::{DeviceEntry, DeviceRequest, Identification, Status};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bundled::DrawnEntropy;
use crate::case::Role;
use crate::hook::{Outcome, Verb};
use crate::line::{Line, Pending, Response};
use crate::run::{Asked, Party, PartyError, Reaction, Time};

use super::behind::{Answered, Behind, unreadable};
use super::children::Child;
use super::kind::{DeviceKind, GatewayKind, Happening, Kind, Outgoing};
use super::peer::{self, Knock, PEERS};
use super::reading::Read;
use super::senses::Senses;
use super::service::{SERVICE, heard, presented, serve};
use super::unit::{Cut, Make, Seat, Unit, UnitError};

/// A unit inside this process, and the kit's center behind it.
pub struct MachineParty<K: Kind> {
    unit: Unit<K>,
    behind: Behind,
    time: Box<dyn Time>,
    /// Whole seconds by which the center's clock has been moved.
    moved: u64,
    waiting: Option<Waiting>,
    senses: Senses,
    /// What a person has typed last.
    typed: String,
}

/// To whom a request went, under which number.
#[derive(Clone, Copy)]
enum Sent {
    Center(Exchange),
    Service(Exchange),
    Peer(Exchange),
}

/// A request that nobody has answered.
struct Waiting {
    sent: Sent,
    asked: Asked,
    boot: u32,
    since: u64,
    /// Whether the case has seen it.
    heard: bool,
}

/// The bundled device or gateway as the core has it, with the kit's center behind it.
#[must_use]
pub fn bundled(
    role: Role,
    line: Box<dyn Line>,
    time: Box<dyn Time>,
    seed: u64,
    case: &str,
) -> Box<dyn Party> {
    match role {
        Role::Gateway => {
            let make: Make<GatewayKind> = Arc::new(GatewayKind::machine);
            Box::new(MachineParty::<GatewayKind>::new(
                make, line, time, seed, case,
            ))
        }
        _ => {
            let make: Make<DeviceKind> = Arc::new(DeviceKind::machine);
            Box::new(MachineParty::<DeviceKind>::new(
                make, line, time, seed, case,
            ))
        }
    }
}

impl<K: Kind> MachineParty<K> {
    /// A unit whose machine is made so whenever its power comes on; a fault wraps the machine
    /// there. `line` leads to the kit's center and `time` moves its clock.
    #[must_use]
    pub fn new(
        make: Make<K>,
        line: Box<dyn Line>,
        time: Box<dyn Time>,
        seed: u64,
        case: &str,
    ) -> Self {
        let entropy = DrawnEntropy::new(seed, &format!("unit of {case}"));
        Self {
            unit: Unit::new(make, new_seat(), entropy),
            behind: Behind::new(line),
            time,
            moved: 0,
            waiting: None,
            senses: Senses::RIGHT,
            typed: String::new(),
        }
    }

    /// The same with other senses; a fault that no machine can have is put in there.
    #[must_use]
    pub const fn sensing(mut self, senses: Senses) -> Self {
        self.senses = senses;
        self
    }

    async fn until(&mut self, within: u32) -> Result<Option<(Asked, u32)>, PartyError> {
        let began = self.unit.now();
        let until = began.saturating_add(u64::from(within).saturating_mul(1_000));
        self.take_up()?;
        if let Some(waiting) = &mut self.waiting {
            waiting.heard = true;
            return Ok(Some((waiting.asked.clone(), 0)));
        }
        self.unit.pass(until).map_err(broke)?;
        self.follow().await?;
        self.take_up()?;
        let after = u32::try_from(self.unit.now().saturating_sub(began) / 1_000);
        let asked = self.waiting.as_mut().map(|waiting| {
            waiting.heard = true;
            waiting.asked.clone()
        });
        Ok(asked.map(|asked| (asked, after.unwrap_or(u32::MAX))))
    }

    async fn advance(&mut self, seconds: u32) -> Result<Outcome, PartyError> {
        let began = self.unit.now();
        let until = began.saturating_add(u64::from(seconds).saturating_mul(1_000));
        self.unit.pass(until).map_err(broke)?;
        self.follow().await?;
        let passed = self.unit.now().saturating_sub(began) / 1_000;
        Ok(Outcome::Ok(json!({ "passed": passed })))
    }

    /// The center's clock follows the unit's.
    async fn follow(&mut self) -> Result<(), PartyError> {
        let seconds = self.unit.now() / 1_000;
        let behind = seconds.saturating_sub(self.moved);
        self.moved = seconds;
        let moved = self.time.advance(behind).await;
        moved.map_err(|why| PartyError::Center(why.to_string()))
    }

    /// Takes up what the unit has sent. No two requests may wait at once. What was sent before the
    /// power failed comes first, and a case has to have seen it before anything later comes.
    fn take_up(&mut self) -> Result<(), PartyError> {
        let boots = self.unit.boots();
        let unseen = |waiting: &Waiting| waiting.boot != boots && !waiting.heard;
        if self.waiting.as_ref().is_some_and(unseen) {
            return Ok(());
        }
        let elsewhere = |it: &Waiting| !matches!(it.sent, Sent::Center(_));
        if self.waiting.as_ref().is_some_and(elsewhere) {
            return Ok(());
        }
        while let Some((boot, outgoing)) = self.unit.outgoing.pop_front() {
            let mut asked = asked(&outgoing)?;
            (self.senses.says)(&self.typed, &mut asked);
            if let Some(why) = unreadable(&asked.conversation, &asked.message) {
                return Err(PartyError::Broke(why));
            }
            let since = self.unit.now();
            if let Some(waiting) = &self.waiting
                && waiting.boot == boot
                && since < waiting.since + LONGEST_WAIT
            {
                return Err(PartyError::Broke(format!(
                    "got the request {} while {} waits for its answer",
                    asked.conversation, waiting.asked.conversation
                )));
            }
            self.waiting = Some(Waiting {
                sent: Sent::Center(outgoing.exchange),
                asked,
                boot,
                since,
                heard: false,
            });
            if boot != boots {
                return Ok(());
            }
        }
        self.take_up_errand()
    }

    /// Takes up what the unit presents to a service's server or asks a peer, once the center is
    /// answered: they know nothing of each other, so that no order between them is right or wrong.
    fn take_up_errand(&mut self) -> Result<(), PartyError> {
        if self.waiting.is_some() {
            return Ok(());
        }
        let (sent, boot, mut asked) =
            if let Some((boot, errand)) = self.unit.registrations.pop_front() {
                (Sent::Service(errand.exchange), boot, presented(&errand))
            } else if let Some((boot, call)) = self.unit.calls.pop_front() {
                (Sent::Peer(call.exchange), boot, peer::called(&call))
            } else {
                return Ok(());
            };
        (self.senses.says)(&self.typed, &mut asked);
        if let Some(why) = unreadable(&asked.conversation, &asked.message) {
            return Err(PartyError::Broke(why));
        }
        self.waiting = Some(Waiting {
            sent,
            asked,
            boot,
            since: self.unit.now(),
            heard: false,
        });
        Ok(())
    }

    async fn answered(&mut self, reaction: Reaction) -> Result<Option<Value>, PartyError> {
        let Some(waiting) = self.waiting.take() else {
            return Err(PartyError::Center("no request waits for an answer".into()));
        };
        let Answered { response, decided } = match waiting.sent {
            Sent::Center(_) => self.behind.react(&waiting.asked, reaction).await?,
            Sent::Service(_) => serve(&waiting.asked, reaction),
            Sent::Peer(_) => peer::serve(reaction),
        };
        if waiting.boot != self.unit.boots() {
            return Ok(decided);
        }
        let exchange = match waiting.sent {
            Sent::Center(exchange) => exchange,
            Sent::Service(exchange) => {
                let answer = heard(response.as_ref()).answer;
                let happening = Happening::ServiceAnswered(exchange, answer);
                self.unit.give(happening).map_err(broke)?;
                return Ok(decided);
            }
            Sent::Peer(exchange) => {
                let answered = response.is_some_and(|it| it.status == 204);
                let happening = Happening::PeerCalled(exchange, answered);
                self.unit.give(happening).map_err(broke)?;
                return Ok(decided);
            }
        };
        let max = self.unit.seat.max_message;
        let max = max.and_then(|max| usize::try_from(max.get()).ok());
        let conversation = &waiting.asked.conversation;
        let read = |it| (self.senses.reads)(conversation, &it, max);
        let happening = match response.map_or(Read::Nothing, read) {
            Read::Reply(reply) => Happening::Replied(exchange, reply),
            Read::Refusal(refusal) => Happening::Refused(exchange, refusal),
            Read::Nothing => Happening::LinkFailed(exchange),
        };
        self.unit.give(happening).map_err(broke)?;
        Ok(decided)
    }

    async fn done(&mut self, verb: Verb, mut with: Value) -> Result<Outcome, PartyError> {
        if let (Verb::EnterCode, Some(code)) = (verb, with.get_mut("code")) {
            code.as_str()
                .unwrap_or_default()
                .clone_into(&mut self.typed);
            *code = json!((self.senses.types)(&self.typed));
        }
        if verb == Verb::Advance {
            let seconds = with.get("seconds").and_then(Value::as_u64).unwrap_or(0);
            return self
                .advance(u32::try_from(seconds).unwrap_or(u32::MAX))
                .await;
        }
        if verb == Verb::PollRequest {
            return self.asked_to_poll(with);
        }
        let at_once = with.get("when").is_none();
        if at_once && matches!(verb, Verb::Start | Verb::Reset | Verb::Stop) {
            self.waiting = None;
        }
        let done = do_to(&mut self.unit, verb, with);
        self.take_up()?;
        Ok(done.unwrap_or_else(Outcome::Error))
    }

    /// Somebody asks the unit on its LAN to poll, and sees its answer.
    fn asked_to_poll(&mut self, with: Value) -> Result<Outcome, PartyError> {
        let knock = match Knock::read(with) {
            Ok(knock) => knock,
            Err(why) => return Ok(Outcome::Error(why)),
        };
        let sent = self.unit.outgoing.len();
        if let Some(request) = knock.request(self.senses.asked) {
            let happening = Happening::PollRequested(request);
            self.unit.give(happening).map_err(broke)?;
        }
        let acts = self.unit.outgoing.len() > sent;
        self.take_up()?;
        let answer = Response {
            status: (self.senses.answers)(acts),
            ..Response::default()
        };
        Ok(Outcome::Ok(peer::answered(&answer)))
    }
}

/// Does what a hook is asked to do, but for moving the clock.
///
/// # Errors
/// A sentence that says why it failed.
pub(super) fn do_to<K: Kind>(
    unit: &mut Unit<K>,
    verb: Verb,
    with: Value,
) -> Result<Outcome, String> {
    let said = |error: UnitError| error.to_string();
    match verb {
        Verb::Start => start(unit, parsed(with)?),
        Verb::Reset => {
            let reset: Reset = parsed(with)?;
            match reset.when {
                Some(When::Keeping) => unit.cut_at_write(Cut::Keeping),
                Some(When::Kept) => unit.cut_at_write(Cut::Kept),
                None => {
                    unit.switch_off();
                    if reset.factory {
                        unit.forget();
                    }
                    unit.switch_on().map_err(said)?;
                }
            }
            Ok(Outcome::Ok(json!({})))
        }
        Verb::EnterCode => enter(unit, &parsed(with)?),
        Verb::State => Ok(Outcome::Ok(unit.state())),
        Verb::SetStatus => {
            let set: SetStatus = parsed(with)?;
            given(unit, Happening::Status(Box::new(set.status)))
        }
        Verb::SetAddress => {
            let SetAddress { address } = parsed(with)?;
            unit.seat.entry.contacts.address = Some(address.clone());
            given(unit, Happening::Address(address))
        }
        Verb::SetChildren => {
            let set: SetChildren = parsed(with)?;
            unit.children = set.children;
            unit.on_lan = false;
            Ok(Outcome::Ok(json!({})))
        }
        Verb::Ask => {
            let ask: Ask = parsed(with)?;
            let happening = match (ask.what, ask.child) {
                (What::Rotate, _) => Happening::Rotate,
                (What::Leave, _) => Happening::Leave,
                (What::Call, _) => Happening::Call,
                (What::Remove, Some(child)) => Happening::RemoveChild(child),
                (What::Remove, None) => return Err("`child` says which to remove".into()),
            };
            given(unit, happening)
        }
        Verb::Stop => {
            unit.switch_off();
            Ok(Outcome::Ok(json!({})))
        }
        Verb::Advance => Ok(Outcome::Unsupported("time is moved elsewhere".into())),
        Verb::Mail => Ok(Outcome::Unsupported("mails are a center's".into())),
        Verb::PollRequest | Verb::MailServer => {
            Ok(Outcome::Unsupported("the kit itself does that".into()))
        }
    }
}

impl<K: Kind> Party for MachineParty<K> {
    fn act(&mut self, verb: Verb, with: Value) -> Pending<'_, Result<Outcome, PartyError>> {
        Box::pin(self.done(verb, with))
    }

    fn next(&mut self, within: u32) -> Pending<'_, Result<Option<(Asked, u32)>, PartyError>> {
        Box::pin(self.until(within))
    }

    fn answer(&mut self, reaction: Reaction) -> Pending<'_, Result<Option<Value>, PartyError>> {
        Box::pin(self.answered(reaction))
    }

    fn service(&self) -> Option<String> {
        Some(SERVICE.to_owned())
    }

    fn peers(&self) -> Vec<String> {
        PEERS.map(str::to_owned).into()
    }
}

fn start<K: Kind>(unit: &mut Unit<K>, start: Start) -> Result<Outcome, String> {
    unit.switch_off();
    unit.forget();
    unit.seat = new_seat();
    if let Some(entry) = start.device {
        unit.seat.entry = entry;
    }
    unit.seat.max_message = start.max_message;
    unit.children = start.children;
    unit.on_lan = false;
    unit.switch_on().map_err(|error| error.to_string())?;
    Ok(Outcome::Ok(match K::ROLE {
        Role::Gateway => json!({}),
        _ => json!({ "identification": unit.seat.entry.identification }),
    }))
}

/// A code as a person types it: one that cannot be right is not taken, and nothing is sent.
// spec: COD-005
fn enter<K: Kind>(unit: &mut Unit<K>, typed: &EnterCode) -> Result<Outcome, String> {
    let center = typed.center.as_deref().unwrap_or(CENTER);
    let center = CenterAddress::new(center).map_err(|why| why.to_string())?;
    match typed.code.parse::<ProvisionalCode>() {
        Err(why) => Ok(Outcome::Ok(
            json!({ "accepted": false, "says": why.to_string() }),
        )),
        Ok(code) => {
            let entered = unit.give(Happening::CodeEntered(code, center));
            entered.map_err(|error| error.to_string())?;
            Ok(Outcome::Ok(json!({ "accepted": true })))
        }
    }
}

fn given<K: Kind>(unit: &mut Unit<K>, happening: Happening) -> Result<Outcome, String> {
    match unit.give(happening) {
        Ok(()) => Ok(Outcome::Ok(json!({}))),
        Err(UnitError::Foreign) => Ok(Outcome::Unsupported(UnitError::Foreign.to_string())),
        Err(error) => Err(error.to_string()),
    }
}

fn parsed<T: for<'de> Deserialize<'de>>(with: Value) -> Result<T, String> {
    let with = if with.is_null() { json!({}) } else { with };
    serde_json::from_value(with).map_err(|why| format!("`with` is wrong: {why}"))
}

/// A message in the terms of the protocol.
///
/// # Errors
/// [`PartyError::Broke`] for one that version 1 does not have.
pub(crate) fn asked(outgoing: &Outgoing) -> Result<Asked, PartyError> {
    let unknown = || PartyError::Broke("got a request that version 1 does not have".into());
    let json = serde_json::to_value(&outgoing.request).map_err(|_| unknown())?;
    let (conversation, message) = match &outgoing.request {
        DeviceRequest::Leave(_) | DeviceRequest::Rotate(_) => (name(&json), json!({})),
        _ => (
            name(&json),
            json.as_object()
                .and_then(|it| it.values().next().cloned())
                .unwrap_or_default(),
        ),
    };
    let credential = match &outgoing.presented {
        Presented::Provisional(code) => code.to_text(),
        Presented::Formal(code) => code.to_text(),
    };
    Ok(Asked {
        conversation: conversation.ok_or_else(unknown)?,
        message,
        credential: Some(credential),
        http: None,
    })
}

fn name(json: &Value) -> Option<String> {
    json.as_object()?.keys().next().cloned()
}

fn broke(error: UnitError) -> PartyError {
    PartyError::Broke(format!("the party could not go on: {error}"))
}

/// Where the bundled device sits unless a case says otherwise.
///
/// # Panics
/// Never: what it is made of is a device.
#[must_use]
pub fn new_seat() -> Seat {
    let entry = json!({
        "identification": {
            "vendor": "ACME",
            "model": "M1001",
            "serial": "D10010101",
            "functions": ["scanner", "printer", "fax"],
        },
        "contacts": { "address": "192.0.2.1" },
    });
    let entry: Result<DeviceEntry, _> = serde_json::from_value(entry);
    Seat {
        entry: entry.expect("the bundled device is a device"),
        max_message: None,
    }
}

/// How a unit is started.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    device: Option<DeviceEntry>,
    max_message: Option<MaxMessage>,
    #[serde(default)]
    children: Vec<Child>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Reset {
    factory: bool,
    when: Option<When>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum When {
    Keeping,
    Kept,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnterCode {
    code: String,
    center: Option<String>,
}

#[derive(Deserialize)]
struct SetStatus {
    status: Status,
}

#[derive(Deserialize)]
struct SetAddress {
    address: LanAddress,
}

#[derive(Deserialize)]
struct SetChildren {
    children: Vec<Child>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    what: What,
    child: Option<Identification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum What {
    Rotate,
    Leave,
    Call,
    Remove,
}

/// Where the kit's center is, for a unit without a network.
const CENTER: &str = "https://center.example/";
/// How long a party may wait for an answer before it gives the request up.
const LONGEST_WAIT: u64 = 120_000;
