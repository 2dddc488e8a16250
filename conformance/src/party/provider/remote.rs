//! A provider's server in a process of its own: it dials the kit's listener, a hook starts it, and
//! the kit's devices register at the URL that it gives.
//!
//! At every start the hook is told another token. What does not present it, as HTTP carries it and
//! nowhere else, fails in whatever case it does so; what an earlier start left behind is not heard.

use std::time::Duration;

use restante_core::code::AccessToken;
use restante_core::id::TokenId;
use restante_core::wire::ServiceUrl;
use restante_core::wire::people::DateTime;
use restante_core::wire::provider::ProviderRequest;
use restante_store::{Clock as _, Entropy as _, SystemClock};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::bundled::DrawnEntropy;
use crate::case::Control;
use crate::hook::{ChildHook, Outcome, Verb};
use crate::line::{LateLine, Line as _, Pending, Request, Response, SocketLine, Trust, render};
use crate::party::afar::Afar;
use crate::party::behind::played;
use crate::party::listener::{Held, Listener, Port};
use crate::party::remote::elsewhere;
use crate::run::{Asked, Party, PartyError, Reaction, ServerTarget, Tokens};

use super::center::{moments, neutral, reply_members, said};

/// A provider that dials the kit.
pub struct RemoteProvider {
    afar: Afar,
    /// Where devices register.
    door: LateLine,
    /// By whom its certificate is signed, unless its hook says so.
    trust: Trust,
    /// How long it may take for an answer.
    patience: Duration,
    tokens: DrawnEntropy,
    /// What it was told to present.
    token: String,
    /// What it was told at the starts before.
    former: Vec<String>,
    waiting: Option<Waiting>,
}

/// A request that waits for its answer.
struct Waiting {
    asked: Asked,
    said: ProviderRequest,
    reply: oneshot::Sender<Option<Response>>,
}

impl RemoteProvider {
    /// A provider that dials this listener and obeys this hook. What is due comes at most `late`
    /// after that.
    #[must_use]
    pub fn new(
        listener: Listener,
        hook: Option<ChildHook>,
        (control, late): (Control, Duration),
        (trust, patience): (Trust, Duration),
        seed: u64,
    ) -> Self {
        let door = LateLine::new(listener.is_on_this_machine());
        Self {
            afar: Afar::new(listener, hook, control, late),
            door,
            trust,
            patience,
            tokens: DrawnEntropy::new(seed, "tokens of a provider"),
            token: String::new(),
            former: Vec::new(),
            waiting: None,
        }
    }

    /// What the kit's devices talk to: nobody moves its time but its hook, and it has no people.
    #[must_use]
    pub fn target(&self) -> ServerTarget {
        ServerTarget {
            line: Box::new(self.door.clone()),
            time: None,
            tokens: Tokens::default(),
            control: self.afar.control,
            mail: None,
        }
    }

    /// Ends the hook.
    pub async fn end(self) {
        self.afar.end().await;
    }

    async fn done(&mut self, verb: Verb, with: Value) -> Result<Outcome, PartyError> {
        let with = if with.is_object() { with } else { json!({}) };
        match verb {
            Verb::Advance => self.afar.moved(&with).await,
            Verb::Start => self.start(with).await,
            _ => {
                if self.waiting.is_none() {
                    self.afar.settle().await?;
                }
                let outcome = self.afar.ask(verb, with).await?;
                if matches!(verb, Verb::Reset | Verb::Stop) {
                    self.waiting = None;
                    self.door.hang_up();
                }
                Ok(outcome)
            }
        }
    }

    /// Has it begin as new, told where its center is and what to present there. What it says of
    /// itself, with what cases need besides.
    async fn start(&mut self, mut with: Value) -> Result<Outcome, PartyError> {
        self.waiting = None;
        self.afar.forget_requests();
        let drawn = self.tokens.draw().unwrap_or_default();
        let mut id = [0; 16];
        id.iter_mut().zip(drawn).for_each(|(to, from)| *to = from);
        let token = AccessToken::new(TokenId::from_bytes(id), drawn).to_text();
        self.former
            .push(core::mem::replace(&mut self.token, token.clone()));
        let other = with.get("certificate").is_some_and(|it| it == "other-name");
        self.afar.listener.introduce(&mut with, other);
        with["token"] = json!(token);
        let mut given = match self.afar.ask(Verb::Start, with).await? {
            Outcome::Ok(given) if given.is_object() => given,
            Outcome::Ok(given) => return Err(wrong_start(&given, "an object is right")),
            other => return Ok(other),
        };
        self.open(&given)?;
        let now = match given.get("now") {
            None => SystemClock.now(),
            Some(now) => serde_json::from_value::<DateTime>(now.clone())
                .map(|now| now.0)
                .map_err(|why| wrong_start(&given, why))?,
        };
        moments(now, &mut given);
        given["token"] = json!(token);
        Ok(Outcome::Ok(given))
    }

    /// Lets devices go where it says that they register.
    fn open(&self, given: &Value) -> Result<(), PartyError> {
        let text = |name: &str| given.get(name).and_then(Value::as_str);
        if text("service").is_none() {
            return Err(wrong_start(given, "`service` is the id of its service"));
        }
        let url = text("url").ok_or("`url` is where devices register for it".to_owned());
        let url = url.and_then(|url| ServiceUrl::new(url).map_err(|why| format!("`url`: {why}")));
        let url = url.map_err(|why| wrong_start(given, why))?;
        let trust = match text("certificates") {
            None => self.trust.clone(),
            Some(pem) => Trust::in_pem(pem.as_bytes())
                .map_err(|why| wrong_start(given, format!("`certificates`: {why}")))?,
        };
        let line = SocketLine::new(url.as_str(), trust, self.patience);
        self.door
            .lead_to(line.map_err(|why| wrong_start(given, why))?);
        Ok(())
    }

    async fn until(&mut self, within: u32) -> Result<Option<(Asked, u32)>, PartyError> {
        if let Some(waiting) = &self.waiting
            && !waiting.reply.is_closed()
        {
            return Ok(Some((waiting.asked.clone(), 0)));
        }
        let mut left = within;
        while let Some((held, after)) = self.afar.next(left).await? {
            left = left.saturating_sub(after);
            if let Some(asked) = self.take_up(held)? {
                return Ok(Some((asked, within - left)));
            }
        }
        Ok(None)
    }

    /// A request in the terms of the protocol; none of one that an earlier start left behind.
    // spec: PRV-036, PRV-037, PRV-038
    fn take_up(&mut self, held: Held) -> Result<Option<Asked>, PartyError> {
        let Held {
            request,
            reply,
            port,
        } = held;
        let bare = request.path.split('?').next().unwrap_or_default();
        let got = format!("got {} {bare}", request.method);
        let broke = |why: &str| Err(PartyError::Broke(format!("{got} {why}")));
        let presented = presented(&request);
        if self
            .former
            .iter()
            .any(|it| presented.as_deref() == Some(it))
        {
            return Ok(None);
        }
        match port {
            Port::Center => {}
            Port::OtherName => return broke("at the port whose certificate is for another name"),
            Port::Service | Port::Peer(_) | Port::Mail => return broke("where no center is"),
        }
        if let Some(place) = elsewhere(&request, &self.token) {
            return broke(&format!("with its credential in the {place} as well"));
        }
        if presented.as_ref() != Some(&self.token) {
            return broke("without the token that it was told, presented as Bearer");
        }
        let Some((conversation, mut members)) = render::addressed(&request.method, &request.path)
        else {
            return Err(PartyError::Broke(format!("{got}, which is no route")));
        };
        match request.body.as_deref().map(serde_json::from_slice::<Value>) {
            None => {}
            Some(Ok(Value::Object(body))) => members.extend(body),
            Some(_) => return broke("with a body that is no JSON object"),
        }
        let message = Value::Object(members);
        let Some(said) = said(conversation, message.clone()) else {
            return broke("which is no route of a provider");
        };
        let said = said.map_err(PartyError::Broke)?;
        let asked = Asked {
            conversation: conversation.to_owned(),
            message,
            credential: presented,
            http: Some(request),
        };
        self.waiting = Some(Waiting {
            asked: asked.clone(),
            said,
            reply,
        });
        Ok(Some(asked))
    }

    fn answered(&mut self, reaction: Reaction) -> Option<Value> {
        let Waiting { asked, said, reply } = self.waiting.take()?;
        let members = reply_members(&neutral(&said));
        let answered = played(&asked.conversation, &members, reaction);
        // One that has hung up meanwhile gets no answer.
        let _gone = reply.send(answered.response);
        answered.decided
    }
}

impl Party for RemoteProvider {
    fn act(&mut self, verb: Verb, with: Value) -> Pending<'_, Result<Outcome, PartyError>> {
        Box::pin(self.done(verb, with))
    }

    fn next(&mut self, within: u32) -> Pending<'_, Result<Option<(Asked, u32)>, PartyError>> {
        Box::pin(self.until(within))
    }

    fn service(&self) -> Option<String> {
        None
    }

    fn peers(&self) -> Vec<String> {
        Vec::new()
    }

    fn answer(&mut self, reaction: Reaction) -> Pending<'_, Result<Option<Value>, PartyError>> {
        Box::pin(async move { Ok(self.answered(reaction)) })
    }
}

/// What a request presents as people's programs do.
fn presented(request: &Request) -> Option<String> {
    let mut fields = request.headers.iter();
    let (_, value) = fields.find(|(name, _)| name == "authorization")?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer")).then(|| token.to_owned())
}

/// The hook's answer to `start` is none.
fn wrong_start(given: &Value, why: impl core::fmt::Display) -> PartyError {
    PartyError::Broke(format!("the hook answered start with {given}: {why}"))
}
