//! Abstract messages as HTTP requests, and responses as outcomes: chapter 7 of the specification.
//!
//! The kit keeps a table of its own. Sharing the server's would hide a wrong route behind the same
//! wrong route.

use serde_json::{Map, Value, json};

use super::{Request, Response};

/// What came of a message, without the binding.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was accepted; the reply's name and members.
    Reply(String, Value),
    /// It was refused; the refusal's members.
    Refusal(Value),
    /// The response is neither, for this reason.
    Neither(String),
}

/// Stands for any conversation: what a request that was given part by part means.
pub const ANY: &str = "any";

/// One conversation's place in HTTP.
struct Place {
    conversation: &'static str,
    method: &'static str,
    path: &'static str,
    /// The name of the reply, as abstract messages call it.
    reply: &'static str,
    body: Body,
}

/// Where a message's members travel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    /// In the body.
    Json,
    /// In the query.
    Query,
    /// Nowhere, but for those that the path or headers hold.
    None,
}

/// The request that carries this message. `None` for a conversation that version 1 does not have.
#[must_use]
pub fn request(conversation: &str, message: &Value, credential: Option<&str>) -> Option<Request> {
    let place = PLACES
        .iter()
        .find(|place| place.conversation == conversation)?;
    let mut members = message.as_object().cloned().unwrap_or_default();
    let mut path = path(place.path, &mut members);
    let mut headers = Vec::new();
    if conversation == "poll" {
        headers.extend(poll_headers(&members));
    } else if place.body == Body::Query {
        path.push_str(&query(&members));
    }
    if let Some(credential) = credential {
        headers.push((
            "authorization".into(),
            authorization(conversation, credential),
        ));
    }
    let body = (place.body == Body::Json).then(|| {
        headers.push(("content-type".into(), "application/json".into()));
        let message = if message.is_object() {
            Value::Object(members)
        } else {
            message.clone()
        };
        message.to_string().into_bytes()
    });
    Some(Request {
        method: place.method.into(),
        path,
        headers,
        body,
    })
}

/// The conversation at this place, if there is one.
#[must_use]
pub fn conversation(method: &str, path: &str) -> Option<&'static str> {
    let mut places = PLACES.iter();
    let found = places.find(|place| place.method == method && place.path == path);
    found.map(|place| place.conversation)
}

/// The conversation at this place, with the members that stand in path and query.
#[must_use]
pub fn addressed(method: &str, target: &str) -> Option<(&'static str, Map<String, Value>)> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut places = PLACES.iter().filter(|place| place.method == method);
    places.find_map(|place| {
        let mut members = in_path(place.path, path)?;
        if place.body == Body::Query {
            for pair in query.split('&').filter(|pair| !pair.is_empty()) {
                let (name, value) = pair.split_once('=')?;
                members.insert(name.to_owned(), json!(unescaped(value)?));
            }
        } else if !query.is_empty() {
            return None;
        }
        Some((place.conversation, members))
    })
}

/// The parameters of a path, if it is one of this template.
fn in_path(template: &str, path: &str) -> Option<Map<String, Value>> {
    let mut members = Map::new();
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        let (wanted, given) = match (wanted.next(), given.next()) {
            (None, None) => return Some(members),
            (wanted, given) => (wanted?, given?),
        };
        let name = wanted.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
        match name {
            Some(name) if !given.is_empty() => {
                members.insert(name.to_owned(), json!(unescaped(given)?));
            }
            None if wanted == given => {}
            _ => return None,
        }
    }
}

/// What a response to this conversation's message means.
#[must_use]
pub fn outcome(conversation: &str, response: &Response) -> Outcome {
    let known = PLACES
        .iter()
        .find(|place| place.conversation == conversation);
    let place = known.unwrap_or(&ANYWHERE);
    match response.status {
        304 if conversation == "poll" => unchanged(response),
        204 => Outcome::Reply(place.reply.into(), json!({})),
        200..=299 => accepted(place, response),
        400..=599 => refused(response),
        other => Outcome::Neither(format!(
            "HTTP status {other} is neither success nor refusal"
        )),
    }
}

/// Path parameters filled in; they are no members of the body.
fn path(template: &str, members: &mut Map<String, Value>) -> String {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        path.push_str(before);
        path.push_str(&escaped(&text(members.remove(name).as_ref())));
        rest = after;
    }
    path.push_str(rest);
    path
}

fn query(members: &Map<String, Value>) -> String {
    let pairs: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(&text(Some(value)))))
        .collect();
    if pairs.is_empty() {
        String::new()
    } else {
        format!("?{}", pairs.join("&"))
    }
}

fn poll_headers(members: &Map<String, Value>) -> Vec<(String, String)> {
    let have = members
        .get("have")
        .map(|tag| ("if-none-match".into(), format!("\"{}\"", text(Some(tag)))));
    let max = members
        .get("maxMessage")
        .map(|bytes| ("restante-max-message".into(), text(Some(bytes))));
    let tag = members
        .get("tag")
        .map(|tag| ("restante-poll-tag".into(), text(Some(tag))));
    have.into_iter().chain(max).chain(tag).collect()
}

fn authorization(conversation: &str, credential: &str) -> String {
    let scheme = if conversation == "enrol" {
        "Restante-Provisional"
    } else {
        "Bearer"
    };
    format!("{scheme} {credential}")
}

fn unchanged(response: &Response) -> Outcome {
    let seconds = response
        .header("restante-next-poll")
        .and_then(|text| text.parse::<u32>().ok());
    match seconds {
        Some(seconds) => Outcome::Reply("polled".into(), json!({ "unchanged": seconds })),
        None => Outcome::Neither("304 without the seconds in Restante-Next-Poll".into()),
    }
}

fn accepted(place: &Place, response: &Response) -> Outcome {
    match serde_json::from_slice::<Value>(&response.body) {
        Err(why) => Outcome::Neither(format!("the body of the reply is not JSON: {why}")),
        Ok(body) if place.conversation == "poll" => {
            Outcome::Reply(place.reply.into(), json!({ "mailbox": body }))
        }
        Ok(body) => Outcome::Reply(place.reply.into(), body),
    }
}

fn refused(response: &Response) -> Outcome {
    match serde_json::from_slice::<Value>(&response.body) {
        Ok(body) if body.get("code").is_some_and(Value::is_string) => Outcome::Refusal(body),
        _ => Outcome::Neither(format!(
            "HTTP status {} without a word of the registry in `code`",
            response.status
        )),
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Percent-encoding of everything but the unreserved characters.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Percent-encoding undone.
fn unescaped(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        out.push(match first {
            b'%' => {
                let digits = core::str::from_utf8(rest.get(..2)?).ok()?;
                rest = rest.get(2..)?;
                u8::from_str_radix(digits, 16).ok()?
            }
            other => *other,
        });
    }
    String::from_utf8(out).ok()
}

/// Where a request goes that was given part by part.
const ANYWHERE: Place = Place {
    conversation: ANY,
    method: "",
    path: "",
    reply: ANY,
    body: Body::Json,
};

macro_rules! places {
    ($($conversation:literal $method:literal $path:literal $body:ident $reply:literal;)*) => {
        const PLACES: &[Place] = &[$(Place {
            conversation: $conversation,
            method: $method,
            path: $path,
            reply: $reply,
            body: Body::$body,
        },)*];
    };
}

places! {
    "enrol" "POST" "/v1/enrolments" Json "enrolled";
    "poll" "GET" "/v1/mailbox" None "polled";
    "acknowledge" "POST" "/v1/acknowledgements" Json "acknowledged";
    "reportStatus" "POST" "/v1/status-reports" Json "statusReported";
    "rotate" "POST" "/v1/rotations" Json "rotated";
    "addDevices" "POST" "/v1/devices" Json "devicesAdded";
    "removeDevices" "POST" "/v1/devices/removals" Json "devicesRemoved";
    "leave" "DELETE" "/v1/registration" None "left";
    "issueCode" "POST" "/v1/codes" Json "codeIssued";
    "listCodes" "GET" "/v1/codes" Query "codes";
    "revokeCode" "POST" "/v1/codes/{grant}/revocation" Json "codeRevoked";
    "issueToken" "POST" "/v1/tokens" Json "tokenIssued";
    "listTokens" "GET" "/v1/tokens" Query "tokens";
    "revokeToken" "POST" "/v1/tokens/{token}/revocation" Json "tokenRevoked";
    "instruct" "POST" "/v1/instructions" Json "instructed";
    "listInstructions" "GET" "/v1/devices/{device}/instructions" Query "instructions";
    "cancelInstruction" "POST" "/v1/instructions/{instruction}/cancellation" Query
        "instructionCancelled";
    "defineService" "POST" "/v1/services" Json "serviceDefined";
    "listServices" "GET" "/v1/services" Query "services";
    "apply" "POST" "/v1/applications" Json "applied";
    "choose" "POST" "/v1/applications/{application}/choice" Json "applicationChosen";
    "listApplications" "GET" "/v1/applications" Query "applications";
    "listTargets" "GET" "/v1/applications/{application}/targets" Query "targets";
    "cancelApplication" "POST" "/v1/applications/{application}/cancellation" Json
        "applicationCancelled";
    "stopUse" "POST" "/v1/services/{service}/stops" Json "useStopped";
    "listEntitlements" "GET" "/v1/entitlements" Query "entitlements";
    "register" "POST" "/v1/services/{service}/registrations" Json "registered";
    "planPolls" "POST" "/v1/poll-plans" Json "pollsPlanned";
    "listPollLinks" "GET" "/v1/poll-plans/{tag}/links" Query "pollLinks";
    "listHandovers" "GET" "/v1/services/{service}/handovers" Query "handovers";
    "giveCodes" "POST" "/v1/services/{service}/codes" Json "codesGiven";
    "reportEntitlements" "POST" "/v1/services/{service}/entitlements" Json "entitlementsReported";
    "settleHandovers" "POST" "/v1/services/{service}/settlements" Json "handoversSettled";
    "acceptClock" "POST" "/v1/clock/acceptance" Json "clockAccepted";
    "listDevices" "GET" "/v1/devices" Query "devices";
    "listReadings" "GET" "/v1/devices/{device}/readings" Query "readings";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_travel_in_path_query_headers_or_body() {
        let revoke = request("revokeCode", &json!({"grant": "grt-x"}), Some("rtk1.t"));
        let revoke = revoke.expect("a conversation");
        assert_eq!(revoke.path, "/v1/codes/grt-x/revocation");
        assert_eq!(revoke.body.as_deref(), Some(b"{}".as_slice()));
        let list = request("listDevices", &json!({"user": "A & B"}), None).expect("known");
        assert_eq!(list.path, "/v1/devices?user=A%20%26%20B");
        let poll = request("poll", &json!({"have": "tag"}), Some("rfc1.k")).expect("known");
        assert_eq!(poll.headers[0], ("if-none-match".into(), "\"tag\"".into()));
        assert_eq!(
            poll.headers[1],
            ("authorization".into(), "Bearer rfc1.k".into())
        );
    }

    #[test]
    fn what_is_rendered_is_found_at_its_place_again() {
        let list = json!({"service": "kit-x", "after": "hov-1"});
        let request = request("listHandovers", &list, None).expect("a conversation");
        let found = addressed(&request.method, &request.path);
        let (conversation, members) = found.expect("a place");
        assert_eq!((conversation, json!(members)), ("listHandovers", list));
        let odd = addressed("GET", "/v1/services/a%20b/handovers").expect("a place");
        assert_eq!(odd.1["service"], "a b");
        for (method, target) in [
            ("POST", "/v1/services/kit-x/handovers"),
            ("POST", "/v1/services/kit-x/codes?token=x"),
            ("GET", "/v1/services//handovers"),
            ("GET", "/elsewhere"),
        ] {
            assert_eq!(addressed(method, target), None, "{method} {target}");
        }
    }

    #[test]
    fn a_response_is_a_reply_a_refusal_or_neither() {
        let response = |status, body: &str| Response {
            status,
            headers: vec![("restante-next-poll".into(), "60".into())],
            body: body.as_bytes().to_vec(),
        };
        let means = |status, body| outcome("poll", &response(status, body));
        assert_eq!(
            means(304, ""),
            Outcome::Reply("polled".into(), json!({"unchanged": 60}))
        );
        assert_eq!(
            means(401, r#"{"code":"formal-code-refused"}"#),
            Outcome::Refusal(json!({"code": "formal-code-refused"}))
        );
        assert!(matches!(means(500, "oops"), Outcome::Neither(_)));
        assert!(matches!(means(302, ""), Outcome::Neither(_)));
    }
}
