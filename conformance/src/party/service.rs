//! The kit as a service's server: what it hears of a device, and what it answers.
//!
//! It is no center: it hears a device and a registration code at whatever URL the device was told,
//! and a case says what it answers. Where the case does not care, the device is registered.

use restante_core::registrant::Errand;
use restante_http::client::{Served, served};
use serde_json::json;

use crate::line::Response;
use crate::run::{Asked, Reaction};

use super::behind::{Answered, played};

/// What the conversation is called in cases.
pub(super) const REGISTER: &str = "register";
/// Where cases send a device that has no network.
pub(super) const SERVICE: &str = "https://service-x.a.com";

/// What a device presents, as cases see it: with the URL beside the pair.
pub(super) fn presented(errand: &Errand) -> Asked {
    let mut message = serde_json::to_value(&errand.message).unwrap_or_default();
    message["url"] = json!(errand.url.as_str());
    Asked {
        conversation: REGISTER.to_owned(),
        message,
        credential: None,
        http: None,
    }
}

/// What goes back, and what was decided if the kit decided it.
pub(super) fn serve(asked: &Asked, reaction: Reaction) -> Answered {
    let members = json!({ "device": asked.message.get("device"), "service": "kit-x" });
    played(REGISTER, &members, reaction)
}

/// What a client makes of a response; nothing came where there is none.
pub(super) fn heard(response: Option<&Response>) -> Served {
    match response {
        Some(it) => served(
            it.status,
            (it.header("retry-after"), it.header("content-type")),
            &it.body,
        ),
        None => Served::nothing("no answer came".to_owned()),
    }
}
