//! What a fault at the decision's seam has in hand: the call, the loaded records, and the core's
//! decision for these or for altered ones.
//!
//! Everything here gives the same result for the same arguments, as the core's own decisions do, so
//! that the driver may ask again after each load.

use std::sync::Arc;

use restante_core::center::{
    Call, Center, Credential, Decide, Decision, Message, Reason, Refused, Reply,
};
use restante_core::code::FormalCode;
use restante_core::id::Epoch;
use restante_core::record::{
    Change, Clock, Expect, Grant, Key, Kind, Loaded, Need, Owner, Pause, Record, Records,
    Registration, Revision, Row, Secret, State, Token, Write,
};
use restante_core::wire::people::{PeopleRequest, Role};
use restante_core::wire::{DeviceReply, DeviceRequest, Enrol, Refusal, RefusalCode, Schedule};
use restante_core::{Seconds, Seed, Timestamp};
use restante_crypto::RingCrypto;

/// What a decision comes to.
pub type Decided = Result<Decision, Pause>;

/// One call that a faulty center has to decide.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The core's center.
    pub center: &'a Center<RingCrypto>,
    /// The time on the wall.
    pub now: Timestamp,
    /// This attempt's randomness.
    pub seed: &'a Seed,
    /// The call.
    pub call: &'a Call,
    /// What has been loaded so far.
    pub records: &'a Records<'a>,
}

/// The core's decision, rightly or for something altered.
impl Scene<'_> {
    /// As it should be.
    pub(super) fn decide(&self) -> Decided {
        self.center
            .decide(self.now, self.seed, self.call, self.records)
    }

    /// For another call.
    pub(super) fn calling(&self, call: &Call) -> Decided {
        self.center.decide(self.now, self.seed, call, self.records)
    }

    /// For the same message from somebody who presents something else.
    pub(super) fn presenting(&self, presented: Credential) -> Decided {
        let call = self.call.clone();
        self.calling(&Call { presented, ..call })
    }

    /// For another message of a device.
    pub(super) fn asked(&self, request: DeviceRequest) -> Decided {
        let message = Message::Device(request);
        let call = self.call.clone();
        self.calling(&Call { message, ..call })
    }

    /// For another message of a person.
    pub(super) fn told(&self, request: PeopleRequest) -> Decided {
        let message = Message::People(request);
        let call = self.call.clone();
        self.calling(&Call { message, ..call })
    }

    /// For an enrolment that is altered; any other message is decided rightly.
    pub(super) fn enrolling(&self, change: impl FnOnce(&mut Enrol)) -> Decided {
        match self.enrol() {
            Some(enrol) => {
                let mut enrol = enrol.clone();
                change(&mut enrol);
                self.asked(DeviceRequest::Enrol(enrol))
            }
            None => self.decide(),
        }
    }

    /// For records of this kind that are altered.
    pub(super) fn seeing<R: Record>(&self, kind: Kind, change: impl Fn(&mut R)) -> Decided {
        let records = altered(self.records, kind, change);
        self.center.decide(self.now, self.seed, self.call, &records)
    }

    /// By a clock that is so many seconds ahead, or behind where negative; what was written down of
    /// the time is moved along.
    pub(super) fn shifted(&self, seconds: i64) -> Decided {
        let millis = seconds.saturating_mul(1_000);
        let moved =
            |at: Timestamp| Timestamp::from_millis(at.as_millis().saturating_add_signed(millis));
        let records = altered(self.records, Kind::Clock, |clock: &mut Clock| {
            clock.highest = moved(clock.highest);
        });
        self.center
            .decide(moved(self.now), self.seed, self.call, &records)
    }

    /// A record that the fault needs for itself.
    pub(super) fn load<R: Record>(&self, key: &Key) -> Result<Option<(R, Revision)>, Pause> {
        let need = Need::Record(key.clone());
        match self.records.get(&need) {
            Some(Loaded::Record(row)) => Ok(row.as_deref().and_then(|row| {
                let record = R::read(row.format, &row.body).ok()?;
                Some((record, row.revision))
            })),
            _ => Err(Pause::Read(vec![need])),
        }
    }

    /// The first loaded record of this kind.
    pub(super) fn any<R: Record>(&self, kind: Kind) -> Option<(Key, R, Revision)> {
        self.records.iter().find_map(|(need, loaded)| {
            let (Need::Record(key), Loaded::Record(Some(row))) = (need, loaded) else {
                return None;
            };
            let record = (key.kind == kind).then(|| R::read(row.format, &row.body).ok())??;
            Some((key.clone(), record, row.revision))
        })
    }

    /// All loaded records of this kind.
    pub(super) fn all<R: Record>(&self, kind: Kind) -> impl Iterator<Item = R> {
        self.records.iter().filter_map(move |(need, loaded)| {
            let (Need::Record(key), Loaded::Record(Some(row))) = (need, loaded) else {
                return None;
            };
            (key.kind == kind).then(|| R::read(row.format, &row.body).ok())?
        })
    }

    /// The role of the token that was presented, once it has been loaded.
    pub(super) fn role(&self) -> Option<Role> {
        self.any::<Token>(Kind::Token)
            .map(|(_, token, _)| token.role)
    }

    /// Where a registration's grant is.
    pub(super) fn grant_of(&self, registration: &Registration) -> Key {
        let facts = &registration.facts;
        let owner: Owner = self.center.keys().account(&RingCrypto, &facts.account);
        Grant::key(owner, facts.grant)
    }

    /// The formal code of a registration at this epoch.
    pub(super) fn formal_code(
        &self,
        of: restante_core::id::RegistrationId,
        secret: Secret,
    ) -> Option<FormalCode> {
        self.center.keys().formal_code(&RingCrypto, of, secret)
    }
}

/// What the call is.
impl<'a> Scene<'a> {
    /// The enrolment, if it is one.
    pub(super) fn enrol(&self) -> Option<&'a Enrol> {
        match &self.call.message {
            Message::Device(DeviceRequest::Enrol(enrol)) => Some(enrol),
            _ => None,
        }
    }

    /// The message of a device, if it is one.
    pub(super) fn device(&self) -> Option<&'a DeviceRequest> {
        match &self.call.message {
            Message::Device(request) => Some(request),
            _ => None,
        }
    }

    /// The message of a person, if it is one.
    pub(super) fn people(&self) -> Option<&'a PeopleRequest> {
        match &self.call.message {
            Message::People(request) => Some(request),
            _ => None,
        }
    }

    /// The formal code that was presented, if one was.
    pub(super) fn formal(&self) -> Option<&'a FormalCode> {
        match &self.call.presented {
            Credential::Formal(code) => Some(code),
            _ => None,
        }
    }

    /// A formal code for this registration and epoch that nobody derived from a key.
    pub(super) fn made_up(&self, code: &FormalCode) -> FormalCode {
        let secret = self.seed.draw(&RingCrypto, "fault", 0);
        FormalCode::new(code.registration(), code.epoch(), secret)
    }
}

/// Altering a decision.
pub(super) trait Alter {
    /// Alters what a device is answered.
    fn answering(self, change: impl FnOnce(&mut DeviceReply)) -> Self;
    /// Alters a refusal, where it is one for this reason of the operator's.
    fn refusing(self, word: &str, change: impl FnOnce(&mut Refusal)) -> Self;
    /// Writes nothing of this kind.
    fn unwriting(self, kind: Kind) -> Self;
    /// Alters what is written of this kind.
    fn writing<R: Record>(self, kind: Kind, change: impl Fn(&mut R)) -> Self;
}

impl Alter for Decided {
    fn answering(mut self, change: impl FnOnce(&mut DeviceReply)) -> Self {
        if let Ok(Decision {
            outcome: Ok(Reply::Device(reply)),
            ..
        }) = &mut self
        {
            change(reply);
        }
        self
    }

    fn refusing(mut self, word: &str, change: impl FnOnce(&mut Refusal)) -> Self {
        if let Ok(Decision {
            outcome: Err(refused),
            ..
        }) = &mut self
            && refused.reason.word == word
        {
            change(&mut refused.refusal);
        }
        self
    }

    fn unwriting(mut self, kind: Kind) -> Self {
        if let Ok(decision) = &mut self {
            decision.written.writes.retain(|it| it.key.kind != kind);
        }
        self
    }

    fn writing<R: Record>(mut self, kind: Kind, change: impl Fn(&mut R)) -> Self {
        if let Ok(decision) = &mut self {
            for write in &mut decision.written.writes {
                if let Change::Put { format, body } = &mut write.change
                    && write.key.kind == kind
                    && let Ok(mut record) = R::read(*format, body)
                {
                    change(&mut record);
                    *body = bytes(&record);
                }
            }
        }
        self
    }
}

/// Whether a decision refuses with this word of the registry.
pub(super) fn refused_as(decided: &Decided, code: RefusalCode) -> bool {
    matches!(decided, Ok(Decision { outcome: Err(refused), .. }) if refused.refusal.code == code)
}

/// Whether a decision refuses for this reason of the operator's.
pub(super) fn refused_for(decided: &Decided, word: &str) -> bool {
    matches!(decided, Ok(Decision { outcome: Err(refused), .. }) if refused.reason.word == word)
}

/// Whether a decision accepts without writing anything that lasts.
pub(super) fn is_repetition(decided: &Decided) -> bool {
    matches!(decided, Ok(decision) if decision.outcome.is_ok() && decision.written.is_empty())
}

/// The same decision with another outcome: an acceptance.
pub(super) fn instead(decided: Decided, reply: Reply) -> Decided {
    decided.map(|decision| Decision {
        outcome: Ok(reply),
        ..decision
    })
}

/// A refusal that writes nothing.
pub(super) fn refusal(scene: &Scene<'_>, code: RefusalCode) -> Decided {
    let mut refusal = Refusal::plain(code);
    refusal.correlation = Some(scene.call.source.correlation);
    Ok(Decision {
        outcome: Err(Refused {
            refusal,
            reason: Reason {
                word: "fault",
                detail: String::new(),
            },
        }),
        written: restante_core::record::Written::default(),
        effects: Vec::new(),
    })
}

/// Has a decision store this too, where the record was read at this revision.
pub(super) fn store<R: Record>(decision: &mut Decision, key: Key, at: Revision, record: &R) {
    let written = &mut decision.written;
    written.writes.retain(|write| write.key != key);
    if !written.expects.iter().any(|expect| expect.key == key) {
        written.expects.push(Expect {
            key: key.clone(),
            revision: at,
        });
    }
    if let Some(head) = key.head()
        && at == Revision::ABSENT
        && !written.writes.iter().any(|write| write.key == head)
    {
        let body = b"{}".to_vec();
        let change = Change::Put { format: 1, body };
        written.writes.push(Write { key: head, change });
    }
    let (format, body) = (R::FORMAT, bytes(record));
    let change = Change::Put { format, body };
    written.writes.push(Write { key, change });
}

/// The secret of a registration's formal code in use, or handed out first.
pub(super) fn secret(state: &State) -> Option<Secret> {
    match state {
        State::Pending(pending) => Some(pending.secret),
        State::Active(active) => Some(active.secret),
        State::Ended(_) => None,
    }
}

/// The epoch so many generations on.
pub(super) const fn epoch(of: Epoch, by: i32) -> Epoch {
    Epoch::new(of.get().saturating_add_signed(by))
}

/// The point so many seconds before `at`.
pub(super) const fn before(at: Timestamp, span: Seconds) -> Timestamp {
    Timestamp::from_millis(at.as_millis().saturating_sub(span.as_millis()))
}

fn bytes<R: Record>(record: &R) -> Vec<u8> {
    serde_json::to_vec(record).unwrap_or_default()
}

/// These records with those of one kind altered.
pub(super) fn altered<R: Record>(
    records: &Records,
    kind: Kind,
    change: impl Fn(&mut R),
) -> Records<'static> {
    let alter = |row: &Arc<Row>| match R::read(row.format, &row.body) {
        Ok(mut record) if row.key.kind == kind => {
            change(&mut record);
            let (format, body) = (R::FORMAT, bytes(&record));
            Arc::new(Row {
                format,
                body,
                ..Row::clone(row)
            })
        }
        _ => Arc::clone(row),
    };
    let mut seen = Records::new();
    for (need, loaded) in records.iter() {
        let loaded = match loaded {
            Loaded::Record(row) => Loaded::Record(row.as_ref().map(&alter)),
            Loaded::Range { rows, head } => Loaded::Range {
                rows: rows.iter().map(&alter).collect(),
                head: *head,
            },
        };
        seen.add(need.clone(), loaded);
    }
    seen
}

/// How many slots a refusal for want of them says are free.
pub(super) fn free(decided: &Decided) -> Option<usize> {
    match decided {
        Ok(Decision {
            outcome: Err(refused),
            ..
        }) => refused
            .refusal
            .free
            .and_then(|free| usize::try_from(free).ok()),
        _ => None,
    }
}

/// The schedule that the center gives.
pub(super) fn schedule(scene: &Scene<'_>) -> Schedule {
    scene.center.policy().schedule(scene.now)
}

/// A decision that sweeps no grant away.
pub(super) fn unswept(decided: Decided) -> Decided {
    let swept = |write: &Write| {
        let kinds = [Kind::Grant, Kind::GrantLocator];
        kinds.contains(&write.key.kind) && write.change == Change::Delete
    };
    decided.map(|mut decision| {
        decision.written.writes.retain(|write| !swept(write));
        decision
    })
}
