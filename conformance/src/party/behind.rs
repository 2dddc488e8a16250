//! The kit's center as it stands behind a party: what becomes of a request, as HTTP carries it.
//!
//! Each message of a party is read by the core's own types before a case sees it, so that a party
//! that sends what no center can take fails in whatever case it does so.

use restante_core::wire::json as wire;
use restante_core::wire::{
    Acknowledge, AddDevices, Enrol, Leave, Poll, RefusalCode, Register, RemoveDevices,
    ReportStatus, Rotate,
};
use serde_json::{Map, Value, json};

use crate::line::render::{self, Outcome};
use crate::line::{Line, Request, Response};
use crate::run::{Asked, PartyError, Reaction};

use super::peer::CALL;

/// The kit's center, behind a party.
pub struct Behind {
    line: Box<dyn Line>,
}

/// What a party gets, and what the center decided if it was asked.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// What is delivered; nothing if it gets lost.
    pub response: Option<Response>,
    /// The center's decision: the members of its reply or refusal.
    pub decided: Option<Value>,
}

impl Answered {
    /// The answer of somebody who is no center: this status, unless the case says otherwise.
    pub(super) fn without_center(right: u16, reaction: Reaction) -> Self {
        let right = Response {
            status: right,
            ..Response::default()
        };
        let response = match reaction {
            Reaction::Drop | Reaction::Lose => None,
            Reaction::Raw(response) => Some(*response),
            _ => Some(right),
        };
        Self {
            response,
            decided: None,
        }
    }
}

impl Behind {
    /// The center at the end of this line.
    #[must_use]
    pub fn new(line: Box<dyn Line>) -> Self {
        Self { line }
    }

    /// What becomes of a request.
    ///
    /// # Errors
    /// [`PartyError::Center`] if the kit's center does not answer.
    pub async fn react(&self, asked: &Asked, reaction: Reaction) -> Result<Answered, PartyError> {
        let conversation = asked.conversation.as_str();
        let answered = |response| Answered {
            response: Some(response),
            decided: None,
        };
        Ok(match reaction {
            Reaction::Drop => Answered::default(),
            Reaction::Refuse(refusal) => answered(refused(&refusal)),
            Reaction::Reply(reply) => {
                let members = reply.into_values().next().unwrap_or_default();
                answered(accepted(conversation, &members))
            }
            Reaction::Garbage => answered(garbage(conversation)),
            Reaction::Raw(response) => answered(*response),
            Reaction::Deliver => self.decide(asked).await?,
            Reaction::Lose => Answered {
                response: None,
                ..self.decide(asked).await?
            },
            Reaction::Amend(members) => {
                let mut decided = self.decide(asked).await?;
                decided.response = decided.response.map(|it| amended(it, &members));
                decided
            }
        })
    }

    async fn decide(&self, asked: &Asked) -> Result<Answered, PartyError> {
        let conversation = asked.conversation.as_str();
        let credential = asked.credential.as_deref();
        let rendered = || render::request(conversation, &asked.message, credential);
        let request: Option<Request> = asked.http.clone().or_else(rendered);
        let unknown = || PartyError::Center(format!("there is no conversation {conversation:?}"));
        let carried = self.line.carry(&request.ok_or_else(unknown)?, None).await;
        let response = carried.map_err(|why| PartyError::Center(why.to_string()))?;
        let decided = match render::outcome(conversation, &response) {
            Outcome::Reply(_, members) | Outcome::Refusal(members) => Some(members),
            Outcome::Neither(_) => None,
        };
        let response = Some(response);
        Ok(Answered { response, decided })
    }
}

/// Why no center can take this message, if so.
#[must_use]
pub(crate) fn unreadable(conversation: &str, message: &Value) -> Option<String> {
    let bytes = message.to_string().into_bytes();
    let bytes = bytes.as_slice();
    let why = match conversation {
        "enrol" => wire::parse::<Enrol>(bytes).err(),
        "poll" => wire::parse::<Poll>(bytes).err(),
        "acknowledge" => wire::parse::<Acknowledge>(bytes).err(),
        "reportStatus" => wire::parse::<ReportStatus>(bytes).err(),
        "rotate" => wire::parse::<Rotate>(bytes).err(),
        "addDevices" => wire::parse::<AddDevices>(bytes).err(),
        "removeDevices" => wire::parse::<RemoveDevices>(bytes).err(),
        "leave" => wire::parse::<Leave>(bytes).err(),
        "register" => wire::parse::<Register>(bytes).err(),
        CALL => None,
        other => return Some(format!("got {other:?}, which is no conversation")),
    };
    why.map(|why| format!("got the request {conversation}, which breaks its bounds: {why}"))
}

/// What becomes of a request that the kit itself answers, with these members where it is right.
pub(super) fn played(conversation: &str, members: &Value, reaction: Reaction) -> Answered {
    let right = accepted(conversation, members);
    let decided = matches!(
        reaction,
        Reaction::Deliver | Reaction::Lose | Reaction::Amend(_)
    );
    let response = match reaction {
        Reaction::Deliver => Some(right),
        Reaction::Lose | Reaction::Drop => None,
        Reaction::Amend(members) => Some(amended(right, &members)),
        Reaction::Refuse(refusal) => Some(refused(&refusal)),
        Reaction::Reply(reply) => {
            let members: Value = reply.into_values().next().unwrap_or_default();
            Some(accepted(conversation, &members))
        }
        Reaction::Garbage => Some(garbage(conversation)),
        Reaction::Raw(response) => Some(*response),
    };
    Answered {
        response,
        decided: decided.then(|| members.clone()),
    }
}

/// A refusal as a problem. `status` may say with which status, where the word is not of this
/// version.
fn refused(refusal: &Value) -> Response {
    let mut members = refusal.as_object().cloned().unwrap_or_default();
    let word = refusal.get("code").and_then(Value::as_str).unwrap_or("");
    let known = RefusalCode::ALL.iter().find(|code| code.word() == word);
    let given = members.get("status").and_then(Value::as_u64);
    let given = given.and_then(|status| u16::try_from(status).ok());
    let status = given.unwrap_or_else(|| known.map_or(403, |code| code.http_status()));
    let title = known.map_or("a word of a later version", |code| code.title());
    let mut put = |name: &str, value: Value| {
        members.entry(name).or_insert(value);
    };
    put("type", json!(format!("urn:restante:refusal:{word}")));
    put("title", json!(title));
    put("detail", json!(title));
    put("status", json!(status));
    let retry = members.get("retryAfter").map(ToString::to_string);
    let mut headers = vec![("content-type".into(), "application/problem+json".into())];
    headers.extend(retry.map(|seconds| ("retry-after".into(), seconds)));
    Response {
        status,
        headers,
        body: Value::Object(members).to_string().into_bytes(),
    }
}

/// A reply with the success that the binding wants for this conversation.
fn accepted(conversation: &str, members: &Value) -> Response {
    if let Some(seconds) = members.get("unchanged") {
        return Response {
            status: 304,
            headers: vec![("restante-next-poll".into(), seconds.to_string())],
            body: Vec::new(),
        };
    }
    let body = members.get("mailbox").unwrap_or(members);
    let mut response = Response {
        status: success(conversation),
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.to_string().into_bytes(),
    };
    if conversation == "leave" {
        response.body.clear();
    }
    response
}

fn garbage(conversation: &str) -> Response {
    let status = match success(conversation) {
        204 => 502,
        other => other,
    };
    Response {
        status,
        headers: vec![("content-type".into(), "application/json".into())],
        body: b"{\"restante".to_vec(),
    }
}

const fn success(conversation: &str) -> u16 {
    match conversation.as_bytes() {
        b"enrol" | b"rotate" => 201,
        b"leave" => 204,
        _ => 200,
    }
}

/// The center's own response with these members put over those of its body.
fn amended(mut response: Response, members: &Value) -> Response {
    if members.get("unchanged").is_some() {
        return accepted("poll", members);
    }
    if let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) {
        put_over(&mut body, members.get("mailbox").unwrap_or(members));
        response.body = body.to_string().into_bytes();
        response
            .headers
            .retain(|(name, _)| name != "content-length");
    }
    response
}

/// Objects member by member, everything else whole.
fn put_over(body: &mut Value, members: &Value) {
    match (body, members) {
        (Value::Object(body), Value::Object(members)) => {
            for (name, value) in members {
                put_over(body.entry(name).or_insert(Value::Object(Map::new())), value);
            }
        }
        (body, other) => *body = other.clone(),
    }
}
