//! The kit's end of sealed envelopes, where a device or a gateway dials it over a line without TLS.
//!
//! What comes is opened under the codes that the case knows, and its message goes to the case like
//! any other; what the case answers is sealed in return. So the cases of devices know nothing of
//! envelopes. Whatever a case is about, a message in the clear fails it, and so do two messages
//! that bear one counter. Serves spec chapter 14.

use std::collections::BTreeMap;

use restante_core::Seed;
use restante_core::code::{FormalCode, ProvisionalCode};
use restante_core::crypto::Tag;
use restante_core::limits::MESSAGE_BYTES;
use restante_core::seal::{self, EnrolmentRequest, Envelope, SealingKey};
use restante_crypto::RingCrypto;
use serde_json::{Value, json};

use crate::line::render::{self, Outcome};
use crate::line::{Request, Response};
use crate::run::{Asked, PartyError};

/// What has come in envelopes in one case.
#[derive(Debug, Default)]
pub(super) struct Envelopes {
    /// The tag that came with each sender, epoch, lane and counter.
    places: BTreeMap<([u8; 16], u32, u8, u64), Tag>,
    /// What the request that waits came in.
    waits: Option<Opened>,
}

/// An envelope that has opened.
#[derive(Debug)]
enum Opened {
    Request(seal::Request),
    Enrolment(EnrolmentRequest),
}

impl Envelopes {
    /// The message in what has come, under one of these codes.
    ///
    /// # Errors
    /// [`PartyError::Broke`] if it is not sealed, or not as it should be.
    pub(super) fn take(
        &mut self,
        request: &Request,
        codes: &[String],
    ) -> Result<Asked, PartyError> {
        let broke = |why: String| PartyError::Broke(why);
        let (method, path) = (&request.method, &request.path);
        let mut headers = request.headers.iter();
        let media_type = headers.find(|(name, _)| name == "content-type");
        let media_type = media_type.map(|(_, value)| value.as_str());
        if (method.as_str(), path.as_str(), media_type) != ("POST", "/v1/sealed", Some(MEDIA_TYPE))
        {
            return Err(broke(format!("got {method} {path}, which is not sealed")));
        }
        let bytes = request.body.as_deref().unwrap_or_default();
        let envelope = Envelope::parse(bytes).map_err(|why| broke(format!("got {why}")))?;
        let opened = codes.iter().find_map(|code| open(&envelope, code));
        let (code, opened) = opened
            .ok_or_else(|| broke("got an envelope that no code of the case opens".to_owned()))?;
        self.one_message_at_a_place(&envelope)?;
        let message = match &opened {
            Opened::Request(request) => request.message(),
            Opened::Enrolment(request) => request.message(),
        };
        let unread = || broke("got an envelope that holds no message of one member".to_owned());
        let message: BTreeMap<String, Value> =
            serde_json::from_slice(message).map_err(|_| unread())?;
        let (conversation, message) = message.into_iter().next().ok_or_else(unread)?;
        self.waits = Some(opened);
        Ok(Asked {
            conversation,
            message,
            credential: Some(code),
            http: None,
        })
    }

    /// Seals what the case answers, if the request came in an envelope. What no envelope holds goes
    /// as it is, and is no answer.
    pub(super) fn seal(&mut self, conversation: &str, response: Response) -> Response {
        let Some(opened) = self.waits.take() else {
            return response;
        };
        let message = match render::outcome(conversation, &response) {
            _ if response.body.len() > MESSAGE_BYTES => response.body,
            Outcome::Reply(name, members) => json!({ "reply": { name: members } })
                .to_string()
                .into_bytes(),
            Outcome::Refusal(members) => json!({ "refusal": members }).to_string().into_bytes(),
            Outcome::Neither(_) => response.body,
        };
        let sealed = match opened {
            Opened::Request(request) => request.reply(&RingCrypto, &FRESH, &message),
            Opened::Enrolment(request) => request.reply(&RingCrypto, &FRESH, &message),
        };
        Response {
            status: 200,
            headers: vec![("content-type".into(), MEDIA_TYPE.into())],
            body: sealed.unwrap_or(message),
        }
    }

    /// No two messages bear one counter; an enrolment bears none.
    fn one_message_at_a_place(&mut self, envelope: &Envelope<'_>) -> Result<(), PartyError> {
        let header = envelope.header();
        let (epoch, counter) = (header.epoch.get(), header.counter);
        let place = (header.sender, epoch, header.lane as u8, counter);
        let first = self.places.entry(place).or_insert(*envelope.tag());
        if counter > 0 && first != envelope.tag() {
            let why = format!("got two messages with the counter {counter} of epoch {epoch}");
            return Err(PartyError::Broke(why));
        }
        Ok(())
    }
}

/// The envelope opened under this code, if it is sealed under it; and the code as it is written.
fn open(envelope: &Envelope<'_>, code: &str) -> Option<(String, Opened)> {
    if let Ok(code) = code.parse::<FormalCode>() {
        let key = SealingKey::formal(&code);
        let request = seal::Request::open(&RingCrypto, &key, envelope).ok()?;
        return Some((code.to_text(), Opened::Request(request)));
    }
    let code: ProvisionalCode = code.parse().ok()?;
    let id = code.enrol_id(&RingCrypto);
    let key = SealingKey::enrolment(id, code.enrol_key(&RingCrypto));
    let request = EnrolmentRequest::open(&RingCrypto, &key, envelope).ok()?;
    Some((code.to_text(), Opened::Enrolment(request)))
}

/// The media type of a sealed envelope; the kit does not ask the device's code for it.
const MEDIA_TYPE: &str = "application/vnd.restante.sealed";
/// Two replies to one request differ in what they say, and with it in their keys.
const FRESH: Seed = Seed::new([0; 32]);

#[cfg(test)]
mod tests {
    use restante_core::code::FormalCode;
    use restante_core::id::{Epoch, RegistrationId};
    use restante_core::seal::{Answer, Kept, Lane, Sender};

    use super::*;

    fn code() -> FormalCode {
        FormalCode::new(RegistrationId::from_bytes([1; 16]), Epoch::FIRST, [2; 32])
    }

    /// A sender that begins with this counter.
    fn sender(until: u64) -> Sender {
        let challenged = None;
        let mut sender = Sender::restore(&code(), Lane::Conversation, Kept { until, challenged });
        sender.reserved(sender.reserve().expect("counters"));
        sender
    }

    fn request(sender: &mut Sender, message: &str) -> Request {
        let body = sender.seal(&RingCrypto, &FRESH, message.as_bytes());
        Request {
            method: "POST".into(),
            path: "/v1/sealed".into(),
            headers: vec![("content-type".into(), MEDIA_TYPE.into())],
            body: Some(body.expect("nothing waits")),
        }
    }

    fn broke(taken: Result<Asked, PartyError>) -> String {
        match taken {
            Err(PartyError::Broke(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_goes_to_the_case_and_its_answer_comes_back_sealed() {
        let mut envelopes = Envelopes::default();
        let mut sender = sender(1);
        let codes = [code().to_text()];
        let request = request(&mut sender, r#"{"rotate":{}}"#);
        let asked = envelopes.take(&request, &codes).expect("it opens");
        assert_eq!(asked.conversation, "rotate");
        assert_eq!(asked.credential, Some(codes[0].clone()));
        let refused = Response {
            status: 403,
            headers: vec![("content-type".into(), "application/problem+json".into())],
            body: br#"{"code":"malformed","detail":"no"}"#.to_vec(),
        };
        let sealed = envelopes.seal("rotate", refused);
        let envelope = Envelope::parse(&sealed.body).expect("an envelope");
        let opened = sender.open(&RingCrypto, &envelope).expect("its reply");
        let Answer::Reply(message) = opened else {
            panic!("{opened:?}");
        };
        let message: Value = serde_json::from_slice(&message).expect("JSON");
        assert_eq!(message["refusal"]["code"], "malformed");
    }

    #[test]
    fn what_is_not_sealed_or_by_nobody_or_twice_at_one_place_fails() {
        let mut envelopes = Envelopes::default();
        let codes = [code().to_text()];
        let mut plain = request(&mut sender(1), r#"{"poll":{}}"#);
        plain.path = "/v1/mailbox".into();
        let why = broke(envelopes.take(&plain, &codes));
        assert_eq!(why, "got POST /v1/mailbox, which is not sealed");
        let sealed = request(&mut sender(1), r#"{"poll":{}}"#);
        let why = broke(envelopes.take(&sealed, &[]));
        assert_eq!(why, "got an envelope that no code of the case opens");
        assert!(envelopes.take(&sealed, &codes).is_ok());
        assert!(envelopes.take(&sealed, &codes).is_ok(), "the same again");
        let other = request(&mut sender(1), r#"{"rotate":{}}"#);
        let why = broke(envelopes.take(&other, &codes));
        assert_eq!(why, "got two messages with the counter 1 of epoch 1");
    }
}
