//! The kit as the center of a provider: what it is told as cases see it, and what it answers where
//! they leave that open, as a center that has nothing to hand over.

use std::collections::BTreeMap;

use restante_core::wire::people::{DateTime, Page};
use restante_core::wire::provider::{
    CodesGiven, EntitledOutcome, EntitledResult, EntitlementsReported, GiveOutcome, GiveResult,
    HandoversSettled, ProviderReply, ProviderRequest,
};
use restante_core::wire::{Refusal, RefusalCode};
use restante_core::{Seconds, Timestamp};
use serde_json::{Value, json};

use crate::case::single;
use crate::run::{Asked, PartyError};

/// A message to the center as cases see it.
pub(crate) fn asked(said: &ProviderRequest, token: &str) -> Result<Asked, PartyError> {
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
        credential: Some(token.to_owned()),
        http: None,
    })
}

/// A message of a conversation by its members; none where no provider begins the conversation.
///
/// # Errors
/// A sentence, where a center could not take it.
pub(super) fn said(conversation: &str, message: Value) -> Option<Result<ProviderRequest, String>> {
    use serde_json::from_value as read;
    let said = match conversation {
        "listHandovers" => read(message).map(ProviderRequest::List),
        "giveCodes" => read(message).map(ProviderRequest::Give),
        "reportEntitlements" => read(message).map(ProviderRequest::Report),
        "settleHandovers" => read(message).map(ProviderRequest::Settle),
        _ => return None,
    };
    Some(
        said.map_err(|why| {
            format!("got the request {conversation}, which breaks its bounds: {why}")
        }),
    )
}

/// What a center answers that has nothing to hand over and takes what it is told.
pub(super) fn neutral(said: &ProviderRequest) -> ProviderReply {
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

/// The members of a reply.
pub(super) fn reply_members(reply: &ProviderReply) -> Value {
    match reply {
        ProviderReply::Handovers(body) => json!(body),
        ProviderReply::Given(body) => json!(body),
        ProviderReply::Reported(body) => json!(body),
        ProviderReply::Settled(body) => json!(body),
        _ => Value::Null,
    }
}

/// A reply by its name and members.
///
/// # Errors
/// What no center answers with.
pub(crate) fn read_reply(reply: &BTreeMap<String, Value>) -> Result<ProviderReply, String> {
    let (name, members) = single(reply).ok_or("a reply")?;
    let wrong = |why: serde_json::Error| format!("{name} ({why})");
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
        other => return Err(other.to_owned()),
    })
}

/// A refusal by its members.
///
/// # Errors
/// What no center answers with.
pub(crate) fn read_refusal(mut refusal: Value) -> Result<Refusal, String> {
    let code: RefusalCode =
        serde_json::from_value(refusal["code"].clone()).map_err(|why| why.to_string())?;
    if let Some(members) = refusal.as_object_mut() {
        members.entry("detail").or_insert(json!(code.title()));
    }
    serde_json::from_value(refusal).map_err(|why| why.to_string())
}

/// The times by which cases say until when devices wait, given what time the provider has: one that
/// can be waited for, and one that cannot.
pub(super) fn moments(now: Timestamp, given: &mut Value) {
    given["soon"] = json!(DateTime(now.after(SOON)));
    given["later"] = json!(DateTime(now.after(Seconds::WEEK)));
}

/// No center does that.
pub(super) fn unreadable(what: impl core::fmt::Display) -> PartyError {
    PartyError::Center(format!("no center of a provider answers with {what}"))
}

/// Long enough for everything that a case does before, and no longer than it can wait.
const SOON: Seconds = Seconds::new(600);
