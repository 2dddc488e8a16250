//! A sealed envelope: whose it is, whether it opens, whether it is new, and what becomes of the
//! message inside.
//!
//! Nothing of an envelope is looked at but its header before it has opened, and an envelope that
//! does not open is refused in the clear, as somebody's who may be anybody. What is new is decided
//! as if it had come with the formal code itself, and is written in one commit with the record of
//! its lane and the reply, which is sealed, a refusal too. Serves spec chapter 14.

use alloc::format;
use alloc::vec::Vec;

use crate::code::{EnrolId, FormalCode};
use crate::crypto::Crypto;
use crate::decision::Sealed;
use crate::id::RegistrationId;
use crate::record::{
    Generation, Grant, Key, Lane, LaneRecord, Pause, Registration, RegistrationLocator, Secret,
    State,
};
use crate::seal::{
    self, EnrolmentRequest, Envelope, Kind, Present, Received, Request, SealError, SealingKey,
    Verdict,
};
use crate::wire::{Answer, DeviceRequest, Refusal, RefusalCode, json};

use super::work::{Stop, Work};
use super::{Call, Credential, Decision, EffectKind, Message, Reason, Reply};

/// What came of an envelope that opened: what is said, and what the message inside has brought
/// about.
struct Opened {
    said: Sealed,
    inside: Option<Decision>,
}

/// A request whose sender is known, and where what is kept of its lane lies.
struct Located {
    id: RegistrationId,
    registration: Registration,
    code: FormalCode,
    request: Request,
    key: Key,
    lanes: LaneRecord,
}

impl<C: Crypto> Work<'_, C> {
    /// Decides what an envelope says, to the end or to the next pause.
    pub(super) fn decide_sealed(mut self, bytes: &[u8]) -> Result<Decision, Pause> {
        match self.open(bytes) {
            Ok(Opened { said, inside }) => {
                let decision = self.granted(Reply::Sealed(said))?;
                Ok(match inside {
                    Some(inside) => decision.and(inside),
                    None => decision,
                })
            }
            Err(Stop::Pause(pause)) => Err(pause),
            Err(Stop::Refused(refused)) => Ok(self.refused(*refused)),
        }
    }

    fn open(&mut self, bytes: &[u8]) -> Result<Opened, Stop> {
        let envelope = Envelope::parse(bytes)
            .map_err(|error| Stop::openly(RefusalCode::Malformed, format!("{error}")))?;
        match envelope.header().kind {
            Kind::Request | Kind::Answer => self.converse(&envelope),
            Kind::Enrolment => self.enrol_sealed(&envelope),
            Kind::Reply | Kind::Challenge | Kind::Enrolled => {
                let detail = "an envelope of this kind travels down";
                Err(Stop::openly(RefusalCode::Malformed, detail))
            }
        }
    }

    /// An enrolment: its sender is the enrol id, by which its grant is found. It has no order, and
    /// its reply is sealed anew each time.
    fn enrol_sealed(&mut self, envelope: &Envelope<'_>) -> Result<Opened, Stop> {
        let center = self.center;
        let (crypto, keys) = (&center.crypto, &center.keys);
        let id = EnrolId::from_bytes(envelope.header().sender);
        let collated = self.collate(id)?;
        let grant = self.desk.peek::<Grant>(&collated.key)?;
        let wrapped = grant.map(|grant| (grant.master, grant.enrol_key));
        let key = wrapped
            .and_then(|(master, key)| keys.unwrap(crypto, collated.grant, master, &key).ok());
        // Where there is no key, another one does not open it in the same time.
        let sealing = SealingKey::enrolment(id, key.unwrap_or_default());
        // spec: SEA-010
        let opened = EnrolmentRequest::open(crypto, &sealing, envelope);
        let Some(request) = opened.ok().filter(|_| key.is_some()) else {
            return Err(self.wrong(&collated, "enrolment-unopened"));
        };
        // spec: SEA-018
        let (answer, inside, reason) = self.inside(Credential::EnrolId(id), request.message())?;
        let envelope = request.reply(crypto, self.seed, &json::to_bytes(&answer));
        let said = Sealed {
            envelope: Some(envelope.map_err(too_long)?),
            reason,
        };
        Ok(Opened { said, inside })
    }

    /// A request or the answer to a challenge, in the order of its lane.
    fn converse(&mut self, envelope: &Envelope<'_>) -> Result<Opened, Stop> {
        let id = RegistrationId::from_bytes(envelope.header().sender);
        let epoch = envelope.header().epoch;
        let located = match self.registration(id)? {
            None => return self.superseded(envelope, id, "registration-unknown"),
            Some(registration) => match registration.state.secret(epoch) {
                None => return self.superseded(envelope, id, "formal-code-superseded"),
                Some(secret) => self.located(envelope, id, registration, secret)?,
            },
        };
        let center = self.center;
        let generation = self.generation()?;
        let present = Present {
            generation: generation.number,
            secret: center.keys.challenges(&center.crypto),
        };
        let lane = located.lanes.of(epoch);
        let handed_out = generation.of(epoch);
        let received = lane.map_or(Received::nothing(handed_out), |lane| {
            lane.received(handed_out)
        });
        let said = match received.judge(&center.crypto, &located.request, &present) {
            Verdict::Accept(received) => return self.accept(located, &received),
            // spec: SEA-011
            Verdict::Repeated => {
                let reply = lane.and_then(|lane| lane.reply.clone());
                Sealed {
                    envelope: reply.map(|it| it.0),
                    reason: None,
                }
            }
            Verdict::Clone => self.quarantine(&located)?,
            Verdict::Challenge(challenge) => {
                let request = &located.request;
                Sealed {
                    envelope: Some(request.challenge(&center.crypto, self.seed, &challenge)),
                    reason: Some(about(&located, "sealed-challenged")),
                }
            }
            Verdict::Late => Sealed {
                envelope: None,
                reason: Some(about(&located, "sealed-late")),
            },
        };
        let inside = None;
        Ok(Opened { said, inside })
    }

    fn registration(&mut self, id: RegistrationId) -> Result<Option<Registration>, Pause> {
        let locator = RegistrationLocator::key(id);
        self.load([&locator, &Generation::key()])?;
        let Some(located) = self.desk.peek::<RegistrationLocator>(&locator)? else {
            return Ok(None);
        };
        self.desk.peek(&Registration::key(located.customer, id))
    }

    /// Opens a request under the secret of its epoch. Its lane's record is read only then.
    fn located(
        &mut self,
        envelope: &Envelope<'_>,
        id: RegistrationId,
        registration: Registration,
        secret: Secret,
    ) -> Result<Located, Stop> {
        let center = self.center;
        let code = center.keys.formal_code(&center.crypto, id, secret);
        let code = code.ok_or_else(|| super::authenticate::no_master_key(id, secret.master))?;
        let key = SealingKey::formal(&code);
        // spec: SEA-010
        let request = Request::open(&center.crypto, &key, envelope)
            .map_err(|error| self.unopened(envelope, format!("{id}: {error}")))?;
        let key = LaneRecord::key(registration.facts.customer, id, request.lane());
        let lanes = self.desk.get::<LaneRecord>(&key)?.unwrap_or_default();
        Ok(Located {
            id,
            registration,
            code,
            request,
            key,
            lanes,
        })
    }

    /// Lets a new request act. Its lane moves on with whatever comes of it, a refusal too, so that
    /// who repeats it hears the same again.
    fn accept(&mut self, located: Located, received: &Received) -> Result<Opened, Stop> {
        let code = Credential::Formal(located.code.clone());
        let (answer, inside, reason) = self.inside(code, located.request.message())?;
        let envelope = self.answer(&located.request, &answer)?;
        let lane = Lane::new(located.code.epoch(), received, envelope.clone());
        let state = &located.registration.state;
        let lanes = located
            .lanes
            .with(lane, |epoch| state.secret(epoch).is_some());
        // The lanes of a registration that has ended by this message are gone.
        let writes = inside.iter().flat_map(|it| &it.written.writes);
        if !writes.into_iter().any(|write| write.key == located.key) {
            self.desk.put(located.key, &lanes);
        }
        let said = Sealed { envelope, reason };
        Ok(Opened { said, inside })
    }

    /// What goes back to a request, sealed; nothing to a mail.
    fn answer(&self, request: &Request, answer: &Answer) -> Result<Option<Vec<u8>>, Stop> {
        if request.lane() == seal::Lane::Mail {
            return Ok(None);
        }
        let sealed = request.reply(&self.center.crypto, self.seed, &json::to_bytes(answer));
        sealed.map(Some).map_err(too_long)
    }

    /// Decides the message inside, as if it had come with this credential: what is answered, what
    /// is to be written besides, and why it is refused, if it is.
    fn inside(
        &self,
        presented: Credential,
        message: &[u8],
    ) -> Result<(Answer, Option<Decision>, Option<Reason>), Pause> {
        let request = match json::parse::<DeviceRequest>(message) {
            Ok(request) => request,
            Err(error) => {
                let detail = format!("{error}");
                let mut refusal = Refusal::from(error);
                refusal.correlation = Some(self.call.source.correlation);
                let word = refusal.code.word();
                return Ok((
                    Answer::Refusal(refusal),
                    None,
                    Some(Reason { word, detail }),
                ));
            }
        };
        let call = Call {
            source: self.call.source,
            presented,
            message: Message::Device(request),
        };
        let mut work = self.again(&call);
        work.frame = FRAME;
        let decision = work.decide()?;
        let (answer, reason) = match decision.outcome.clone() {
            Ok(Reply::Device(reply)) => (Answer::Reply(reply), None),
            Ok(_) => (Answer::Refusal(Refusal::plain(RefusalCode::Internal)), None),
            Err(refused) => (Answer::Refusal(refused.refusal), Some(refused.reason)),
        };
        Ok((answer, Some(decision), reason))
    }

    /// Two senders have the registration's secret: nobody is let in with it any more, until a
    /// person enters a code anew.
    // spec: SEA-014
    fn quarantine(&mut self, located: &Located) -> Result<Sealed, Stop> {
        let (id, customer) = (located.id, located.registration.facts.customer);
        let key = Registration::key(customer, id);
        if let Some(Registration { facts, state }) = self.desk.get(&key)? {
            match state {
                State::Active(mut active) if active.quarantined.is_none() => {
                    active.quarantined = Some(self.time()?);
                    let state = State::Active(active);
                    self.put_registration(id, &Registration { facts, state });
                    self.alarm(located)?;
                }
                State::Pending(_) => {
                    self.give_back(customer, id)?;
                    self.alarm(located)?;
                }
                State::Active(_) | State::Ended(_) => {}
            }
        }
        Ok(Sealed {
            envelope: self.answer(&located.request, &self.no_longer())?,
            reason: Some(about(located, "registration-cloned")),
        })
    }

    fn alarm(&mut self, located: &Located) -> Result<(), Pause> {
        let detail = format!(
            "two senders hold the formal code of {}, epoch {}: each has sealed another message \
             with counter {}; the registration is in quarantine until a provisional code is \
             entered at the device",
            located.id,
            located.code.epoch().get(),
            located.request.counter(),
        );
        self.tell(EffectKind::Alarm {
            word: "registration-cloned".into(),
            detail,
        })
    }

    /// An epoch or a registration that is over. What it was sealed under can still be derived, and
    /// nobody else can say "no more" in a way that the sender believes.
    fn superseded(
        &mut self,
        envelope: &Envelope<'_>,
        id: RegistrationId,
        word: &'static str,
    ) -> Result<Opened, Stop> {
        let center = self.center;
        let epoch = envelope.header().epoch;
        let detail = format!("{id}, epoch {}", epoch.get());
        for master in center.keys.versions() {
            let secret = Secret { epoch, master };
            let code = center.keys.formal_code(&center.crypto, id, secret);
            let key = code.as_ref().map(SealingKey::formal);
            let opened = key.map(|key| Request::open(&center.crypto, &key, envelope));
            let Some(Ok(request)) = opened else { continue };
            let said = Sealed {
                envelope: self.answer(&request, &self.no_longer())?,
                reason: Some(Reason { word, detail }),
            };
            let inside = None;
            return Ok(Opened { said, inside });
        }
        Err(self.unopened(envelope, detail))
    }

    /// What the holder of a secret is told that opens nothing any more.
    fn no_longer(&self) -> Answer {
        let mut refusal = Refusal::plain(RefusalCode::FormalCodeRefused);
        refusal.correlation = Some(self.call.source.correlation);
        Answer::Refusal(refusal)
    }
}

/// Why a request was not let act, for the operator.
fn about(located: &Located, word: &'static str) -> Reason {
    let detail = format!(
        "{}, epoch {}, counter {}",
        located.id,
        located.code.epoch().get(),
        located.request.counter()
    );
    Reason { word, detail }
}

/// What a sealed reply has around a mailbox; around anything else it is less.
const FRAME: usize = br#"{"reply":{"polled":{"mailbox":}}}"#.len();

/// A reply that no envelope holds: a defect, since replies have the bounds of messages.
fn too_long(error: SealError) -> Stop {
    Stop::plain(RefusalCode::Internal, "reply-too-large", format!("{error}"))
}
