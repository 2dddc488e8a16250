//! A party in a process or a case of its own: it dials the kit's listener, and a hook does to it
//! what the protocol does not.
//!
//! Behind it stands the kit's own center; on the party's own machine the kit also plays a service's
//! server, the party's peers, and a gateway's children.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::case::Control;
use crate::hook::{ChildHook, Outcome, Verb};
use crate::line::render;
use crate::line::{Line, Pending, Request, Response};
use crate::run::{Asked, Party, PartyError, Reaction, Time};

use super::afar::Afar;
use super::behind::{Behind, unreadable};
use super::listener::{Held, Listener, Port};
use super::mail_server::{self, MAIL};
use super::peer::{self, CALL, Knock};
use super::played::Played;
use super::sealed::Envelopes;
use super::service::{REGISTER, serve};

/// A device or gateway that dials the kit.
pub struct RemoteParty {
    afar: Afar,
    behind: Behind,
    waiting: Option<(Asked, oneshot::Sender<Option<Response>>)>,
    /// What has come in envelopes, where the line has no TLS.
    envelopes: Envelopes,
    /// The children of the party's LAN, where the kit plays them.
    played: Option<Played>,
    /// Where the party takes poll requests, if its hook has said so.
    polling: Option<String>,
    /// The access codes of the case, which no child may see.
    codes: Vec<String>,
}

impl RemoteParty {
    /// A party that dials this listener and obeys this hook. What is due comes at most `late` after
    /// that.
    #[must_use]
    pub fn new(
        listener: Listener,
        hook: Option<ChildHook>,
        (line, time): (Box<dyn Line>, Box<dyn Time>),
        control: Control,
        late: Duration,
    ) -> Self {
        let mut afar = Afar::new(listener, hook, control, late);
        afar.time = Some(time);
        Self {
            afar,
            behind: Behind::new(line),
            waiting: None,
            envelopes: Envelopes::default(),
            played: None,
            polling: None,
            codes: Vec::new(),
        }
    }

    /// The kit's center begins a new world for the next case.
    pub fn begin_again(&mut self, line: Box<dyn Line>, time: Box<dyn Time>) {
        self.behind = Behind::new(line);
        self.afar.time = Some(time);
        self.played = None;
        self.envelopes = Envelopes::default();
        self.codes.clear();
        if let Some(server) = &self.afar.listener.mail {
            server.begin_again();
        }
        self.forget_requests();
    }

    /// Ends the hook.
    pub async fn end(self) {
        self.afar.end().await;
    }

    async fn done(&mut self, verb: Verb, with: Value) -> Result<Outcome, PartyError> {
        if verb == Verb::Advance {
            return self.afar.moved(&with).await;
        }
        if self.waiting.is_none() {
            self.afar.settle().await?;
        }
        self.nothing_leaked()?;
        if let (Verb::EnterCode, Some(code)) = (verb, with.get("code").and_then(Value::as_str)) {
            self.know(Some(code));
        }
        if verb == Verb::SetChildren && with.get("onTheLan") == Some(&json!(true)) {
            return self.play_children(with).await;
        }
        if verb == Verb::PollRequest {
            return self.ask_to_poll(with).await;
        }
        if verb == Verb::MailServer {
            return Ok(self.instruct_mail_server(with));
        }
        let with = self.told(verb, with);
        let outcome = self.afar.ask(verb, with).await?;
        if let (Verb::Start, Outcome::Ok(given)) = (verb, &outcome) {
            let polling = given.get("polling").and_then(Value::as_str);
            self.polling = polling.map(str::to_owned);
        }
        Ok(outcome)
    }

    /// Asks the party to poll, as anybody on its LAN may.
    async fn ask_to_poll(&mut self, with: Value) -> Result<Outcome, PartyError> {
        let Some(polling) = &self.polling else {
            return Ok(Outcome::Unsupported(NOT_ASKED.to_owned()));
        };
        let knock = match Knock::read(with) {
            Ok(knock) => knock,
            Err(why) => return Ok(Outcome::Error(why)),
        };
        let answer = knock.ask(polling).await.map_err(PartyError::Broke)?;
        Ok(Outcome::Ok(answer))
    }

    /// Sets what the mail server of the party's site says.
    fn instruct_mail_server(&self, with: Value) -> Outcome {
        match &self.afar.listener.mail {
            Some(server) => match server.instruct(with) {
                Ok(told) => Outcome::Ok(told),
                Err(why) => Outcome::Error(why),
            },
            None => Outcome::Unsupported("the kit is no mail server here".to_owned()),
        }
    }

    /// Plays the children on addresses of this machine, and has the hook announce them.
    async fn play_children(&mut self, mut with: Value) -> Result<Outcome, PartyError> {
        let wrong = |why: String| PartyError::Center(format!("`children` is wrong: {why}"));
        let children = with.get("children").cloned().unwrap_or_default();
        let children = serde_json::from_value(children).map_err(|why| wrong(why.to_string()))?;
        let played = Played::listen(children).await.map_err(wrong)?;
        let told = with.get_mut("children").and_then(Value::as_array_mut);
        for (child, address) in told.into_iter().flatten().zip(played.addresses()) {
            child["contacts"]["address"] = json!(address);
        }
        with["addresses"] = played.announced();
        if let Some(members) = with.as_object_mut() {
            members.remove("onTheLan");
        }
        self.played = Some(played);
        Ok(match self.afar.ask(Verb::SetChildren, with).await? {
            Outcome::Ok(given) if given.get("announced") != Some(&json!(true)) => {
                Outcome::Unsupported(NOT_ANNOUNCED.to_owned())
            }
            other => other,
        })
    }

    /// Takes note of an access code of the case.
    fn know(&mut self, code: Option<&str>) {
        let new = code.filter(|code| !self.codes.iter().any(|known| known == code));
        self.codes.extend(new.map(str::to_owned));
    }

    /// That no access code of the case has reached a child.
    fn nothing_leaked(&self) -> Result<(), PartyError> {
        let reached = self.played.as_ref();
        match reached.and_then(|it| it.reached_by(&self.codes)) {
            None => Ok(()),
            Some(address) => Err(PartyError::Broke(format!(
                "the child at {} got an access code",
                address.as_str()
            ))),
        }
    }

    /// What a person at the party is told besides what the case says: where the center is.
    fn told(&mut self, verb: Verb, with: Value) -> Value {
        let mut with = if with.is_object() { with } else { json!({}) };
        match verb {
            Verb::Start => {
                self.forget_requests();
                let other = with.get("certificate").is_some_and(|it| it == "other-name");
                self.afar.listener.introduce(&mut with, other);
                if let (Some(mail), Some(server)) = (with.get_mut("mail"), &self.afar.listener.mail)
                {
                    server.introduce(mail);
                }
            }
            Verb::Reset if with.get("when").is_none() => self.forget_requests(),
            _ => {}
        }
        with
    }

    /// What was sent before the power failed is nobody's any more.
    fn forget_requests(&mut self) {
        self.waiting = None;
        self.afar.forget_requests();
    }

    async fn until(&mut self, within: u32) -> Result<Option<(Asked, u32)>, PartyError> {
        if let Some((asked, reply)) = &self.waiting
            && !reply.is_closed()
        {
            return Ok(Some((asked.clone(), 0)));
        }
        match self.afar.next(within).await? {
            None => Ok(None),
            Some((held, after)) => self.take_up(held).map(|asked| Some((asked, after))),
        }
    }

    fn take_up(&mut self, held: Held) -> Result<Asked, PartyError> {
        if held.port == Port::Service {
            return self.take_up_registration(held);
        }
        if let Port::Peer(number) = held.port {
            return self.take_up_call(held, number);
        }
        if held.port == Port::Mail {
            let asked = mail_server::heard(held.request, &self.codes)?;
            self.waiting = Some((asked.clone(), held.reply));
            return Ok(asked);
        }
        if held.port == Port::OtherName {
            return Err(PartyError::Broke(format!(
                "got {} {} at the port whose certificate is for another name",
                held.request.method, held.request.path
            )));
        }
        let asked = match self.afar.listener.sealed {
            true => self.envelopes.take(&held.request, &self.codes)?,
            false => asked(held.request)?,
        };
        if let Some(why) = unreadable(&asked.conversation, &asked.message) {
            return Err(PartyError::Broke(why));
        }
        self.nothing_leaked()?;
        self.know(asked.credential.as_deref());
        self.waiting = Some((asked.clone(), held.reply));
        Ok(asked)
    }

    /// A device presents itself to the kit as a service's server.
    fn take_up_registration(&mut self, held: Held) -> Result<Asked, PartyError> {
        let service = self.afar.listener.service.as_deref();
        let asked = registration(held.request, service)?;
        if let Some(why) = unreadable(&asked.conversation, &asked.message) {
            return Err(PartyError::Broke(why));
        }
        self.waiting = Some((asked.clone(), held.reply));
        Ok(asked)
    }

    /// The party calls a peer.
    fn take_up_call(&mut self, held: Held, number: usize) -> Result<Asked, PartyError> {
        let address = self.afar.listener.peers.get(number);
        let address = address.map(String::as_str).unwrap_or_default();
        let secret = self.codes.iter().find(|code| holds(&held.request, code));
        if secret.is_some() {
            let why = format!("the peer at {address} got an access code");
            return Err(PartyError::Broke(why));
        }
        let asked = peer::heard(held.request, address)?;
        self.waiting = Some((asked.clone(), held.reply));
        Ok(asked)
    }

    async fn answered(&mut self, reaction: Reaction) -> Result<Option<Value>, PartyError> {
        let Some((asked, reply)) = self.waiting.take() else {
            return Ok(None);
        };
        let answered = match asked.conversation.as_str() {
            REGISTER => serve(&asked, reaction),
            CALL => peer::serve(reaction),
            MAIL => mail_server::serve(reaction),
            _ => self.behind.react(&asked, reaction).await?,
        };
        let decided = answered.decided.as_ref();
        let given = decided.and_then(|it| it.get("formalCode")?.as_str());
        self.know(given);
        let response = match answered.response {
            Some(response) if self.afar.listener.sealed && is_for_center(&asked) => {
                let says = serde_json::from_slice::<Value>(&response.body).ok();
                let says = says.as_ref();
                self.know(says.and_then(|it| it.get("formalCode")?.as_str()));
                Some(self.envelopes.seal(&asked.conversation, response))
            }
            response => response,
        };
        let afar = &mut self.afar;
        let mut second = afar.arrived.take().or_else(|| afar.listener.next_now());
        if second
            .as_ref()
            .is_some_and(|it| may_wait_beside(it.port, &asked.conversation))
        {
            afar.arrived = second.take();
        }
        if let Some(second) = second.filter(|_| !reply.is_closed()) {
            return Err(PartyError::Broke(format!(
                "got {} {} while {} waits for its answer",
                second.request.method, second.request.path, asked.conversation
            )));
        }
        // A party that has hung up meanwhile gets no answer.
        let _gone = reply.send(response);
        Ok(answered.decided)
    }
}

impl Party for RemoteParty {
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
        self.afar.listener.service.clone()
    }

    fn peers(&self) -> Vec<String> {
        self.afar.listener.peers.clone()
    }
}

/// A request in the terms of the protocol.
fn asked(request: Request) -> Result<Asked, PartyError> {
    let header = |wanted: &str| {
        let mut all = request.headers.iter();
        all.find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    let credential = header("authorization").map(|value| {
        let bare = value.split_once(' ').map_or(value, |(_, bare)| bare);
        bare.to_owned()
    });
    let broke = |why: String| PartyError::Broke(why);
    if let Some(place) = credential.as_deref().and_then(|it| elsewhere(&request, it)) {
        let bare = request.path.split('?').next().unwrap_or_default();
        return Err(broke(format!(
            "got {} {bare} with its credential in the {place} as well",
            request.method
        )));
    }
    let conversation = render::conversation(&request.method, &request.path).ok_or_else(|| {
        broke(format!(
            "got {} {}, which is no route",
            request.method, request.path
        ))
    })?;
    let message = match (conversation, &request.body) {
        ("poll", _) => poll(&header),
        (_, None) => json!({}),
        (_, Some(body)) => serde_json::from_slice(body)
            .map_err(|why| broke(format!("got a {conversation} that is no JSON: {why}")))?,
    };
    Ok(Asked {
        conversation: conversation.to_owned(),
        message,
        credential,
        http: Some(request),
    })
}

/// Where a request holds its credential besides the header field for it: paths and fields are
/// written into logs, whatever the case is about.
pub(super) fn elsewhere(request: &Request, credential: &str) -> Option<String> {
    if credential.is_empty() {
        return None;
    }
    if request.path.contains(credential) {
        return Some("path".to_owned());
    }
    let holds =
        |(name, value): &&(String, String)| name != "authorization" && value.contains(credential);
    if let Some((name, _)) = request.headers.iter().find(holds) {
        return Some(format!("header {name}"));
    }
    let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default());
    body.contains(credential).then(|| "body".to_owned())
}

/// Whether a request went to the center, and to nobody else.
fn is_for_center(asked: &Asked) -> bool {
    ![REGISTER, CALL, MAIL].contains(&asked.conversation.as_str())
}

/// Whether a request that came to this port may wait while this conversation does: center, service
/// and peers know nothing of each other, and several peers may be called at once.
fn may_wait_beside(port: Port, conversation: &str) -> bool {
    match port {
        Port::Peer(_) => true,
        Port::Service => conversation != REGISTER,
        Port::Mail => conversation != MAIL,
        Port::Center | Port::OtherName => [REGISTER, CALL, MAIL].contains(&conversation),
    }
}

/// Whether a request holds this anywhere.
fn holds(request: &Request, secret: &str) -> bool {
    let mut values = request.headers.iter().map(|(_, value)| value.as_str());
    request.path.contains(secret) || values.any(|value| value.contains(secret))
}

/// What a request presents to whoever is no center, and ought to present nothing.
pub(super) fn credential_of(request: &Request) -> Option<String> {
    let presents = |(name, _): &&(String, String)| ["authorization", "cookie"].contains(&&**name);
    let field = request.headers.iter().find(presents);
    field.map(|(_, value)| value.clone())
}

/// A registration, with the URL at which it came.
fn registration(request: Request, service: Option<&str>) -> Result<Asked, PartyError> {
    if request.method != "POST" {
        let (method, path) = (&request.method, &request.path);
        let why = format!("got {method} {path} at a service, where only POST is right");
        return Err(PartyError::Broke(why));
    }
    let body = request.body.as_deref().unwrap_or_default();
    let message = serde_json::from_slice::<Value>(body).ok();
    let mut message = message
        .filter(Value::is_object)
        .ok_or_else(|| PartyError::Broke("got a registration that is no JSON object".to_owned()))?;
    message["url"] = json!(format!("{}{}", service.unwrap_or_default(), request.path));
    Ok(Asked {
        conversation: REGISTER.to_owned(),
        message,
        credential: credential_of(&request),
        http: Some(request),
    })
}

fn poll<'h>(header: &impl Fn(&str) -> Option<&'h str>) -> Value {
    let mut poll = json!({});
    if let Some(tag) = header("if-none-match") {
        let bare = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        poll["have"] = json!(bare.unwrap_or(tag));
    }
    if let Some(bytes) = header("restante-max-message").and_then(|text| text.parse::<u64>().ok()) {
        poll["maxMessage"] = json!(bytes);
    }
    if let Some(tag) = header("restante-poll-tag") {
        poll["tag"] = json!(tag);
    }
    poll
}

/// Why a case about the LAN cannot be tried.
const NOT_ANNOUNCED: &str = "it does not say that its gateway finds the children at `addresses`, \
                             where the kit plays them (`announced`)";
/// Why a case about poll requests cannot be tried.
const NOT_ASKED: &str = "it does not say where the party takes poll requests (`polling`)";
