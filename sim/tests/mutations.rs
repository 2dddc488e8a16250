//! Each invariant is shown able to fail: somebody stands before the center and breaks one thing,
//! and exactly that invariant is reported.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use restante_core::center::{
    Call, Center, Credential, Decide, Decision, Message, Reason, Refused, Reply,
};
use restante_core::code::FormalCode;
use restante_core::record::{
    Change, Key, Kind, Loaded, Need, Pause, Records, Registration, Row, State, Write,
};
use restante_core::time::Seconds;
use restante_core::wire::{
    DeviceReply, DeviceRequest, Mailbox, NoteResult, PollReply, Refusal, RefusalCode, Registered,
};
use restante_core::{Seed, Timestamp};
use restante_crypto::RingCrypto;
use restante_sim::history::{Play, play_with};
use restante_sim::world::center;
use restante_sim::{Invariant, Scenario, World};
use serde_json::{Value, json};

/// One question to the center.
struct Question<'a> {
    center: &'a Center<RingCrypto>,
    now: Timestamp,
    seed: &'a Seed,
    call: &'a Call,
    records: &'a Records<'a>,
}

type Asked = Result<Decision, Pause>;

impl Question<'_> {
    fn ask(&self) -> Asked {
        self.center
            .decide(self.now, self.seed, self.call, self.records)
    }

    fn ask_about(&self, call: &Call, records: &Records) -> Asked {
        self.center.decide(self.now, self.seed, call, records)
    }

    fn is_enrolment(&self) -> bool {
        matches!(self.call.message, Message::Device(DeviceRequest::Enrol(_)))
    }
}

struct Meddler<F> {
    center: Center<RingCrypto>,
    meddle: F,
}

impl<F: Fn(&Question<'_>) -> Asked + Send + Sync> Decide for Meddler<F> {
    fn decide(&self, now: Timestamp, seed: &Seed, call: &Call, records: &Records) -> Asked {
        let center = &self.center;
        let question = Question {
            center,
            now,
            seed,
            call,
            records,
        };
        (self.meddle)(&question)
    }
}

/// What is reported of the first history that somebody's meddling makes fail.
fn reported(meddle: impl Fn(&Question<'_>) -> Asked + Send + Sync + Copy + 'static) -> Reported {
    for seed in 0..HISTORIES {
        let outcome = play_with(seed, Play::default(), |scenario: &Scenario| {
            let center = center(scenario);
            Arc::new(Meddler { center, meddle })
        });
        let violations = &outcome.found.violations;
        if !violations.is_empty() {
            return Reported(violations.iter().map(|it| it.invariant).collect());
        }
    }
    Reported(BTreeSet::new())
}

#[derive(Debug, PartialEq, Eq)]
struct Reported(BTreeSet<Invariant>);

fn only(invariant: Invariant) -> Reported {
    Reported(BTreeSet::from([invariant]))
}

/// Changes the JSON body of each written record of this kind.
fn rewrite(decision: &mut Decision, kind: Kind, change: impl Fn(&mut Value)) {
    for write in &mut decision.written.writes {
        if let Change::Put { body, .. } = &mut write.change
            && write.key.kind == kind
        {
            let mut value = serde_json::from_slice(body).expect("a record");
            change(&mut value);
            *body = serde_json::to_vec(&value).expect("a record");
        }
    }
}

/// The same records, those of this kind with another body.
fn with(records: &Records, kind: Kind, change: impl Fn(&mut Value)) -> Records<'static> {
    let mut altered = Records::new();
    for (need, found) in records.iter() {
        let mut found = found.clone();
        if let Loaded::Record(Some(row)) = &mut found
            && row.key.kind == kind
        {
            let mut value = serde_json::from_slice(&row.body).expect("a record");
            change(&mut value);
            let body = serde_json::to_vec(&value).expect("a record");
            *row = Arc::new(Row {
                body,
                ..row.as_ref().clone()
            });
        }
        altered.add(need.clone(), found);
    }
    altered
}

fn was_refused(decision: &Decision, word: &str) -> bool {
    matches!(&decision.outcome, Err(refused) if refused.reason.word == word)
}

fn note(decision: &mut Decision, question: &Question<'_>) {
    let id = question.seed.draw_id(&RingCrypto, "a note");
    decision.written.writes.push(Write {
        key: Key::unowned(Kind::Customer, &id),
        change: Change::Put {
            format: 1,
            body: b"{}".to_vec(),
        },
    });
}

#[test]
fn a_center_that_takes_a_superseded_code_breaks_the_first() {
    let meddle = |question: &Question<'_>| {
        let decision = question.ask()?;
        if !was_refused(&decision, "formal-code-superseded") {
            return Ok(decision);
        }
        let present = question.records.iter().find_map(|(_, found)| match found {
            Loaded::Record(Some(row)) if row.key.kind == Kind::Registration => {
                let registration: Registration = serde_json::from_slice(&row.body).ok()?;
                let id = restante_sim::state::registration_id(&row.key)?;
                match registration.state {
                    State::Active(active) => {
                        let keys = question.center.keys();
                        keys.formal_code(&RingCrypto, id, active.secret)
                    }
                    _ => None,
                }
            }
            _ => None,
        });
        let mut call = question.call.clone();
        let Some(present) = present else {
            return Ok(decision);
        };
        call.presented = Credential::Formal(present);
        question.ask_about(&call, question.records)
    };
    // A late copy with the older code has its effect once more, too.
    let broken = BTreeSet::from([Invariant::OneCode, Invariant::Replay]);
    assert_eq!(reported(meddle), Reported(broken));
}

#[test]
fn a_center_that_forgets_a_pending_slot_breaks_the_second() {
    let meddle = |question: &Question<'_>| {
        let mut decision = question.ask()?;
        if question.is_enrolment() && decision.outcome.is_ok() {
            rewrite(&mut decision, Kind::Grant, |grant| {
                grant["slots"]["pending"] = json!(0)
            });
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::Slots));
}

#[test]
fn a_center_that_counts_a_used_slot_twice_breaks_the_second() {
    let meddle = |question: &Question<'_>| {
        let mut decision = question.ask()?;
        let first_use = matches!(
            question.call.message,
            Message::Device(DeviceRequest::Poll(_))
        );
        if first_use {
            rewrite(&mut decision, Kind::Grant, |grant| {
                let slots = &mut grant["slots"];
                if slots["used"] != slots["limit"] {
                    slots["used"] = json!(slots["used"].as_u64().unwrap_or(0) + 1);
                }
            });
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::Slots));
}

#[test]
fn a_center_that_makes_two_registrations_of_one_request_breaks_the_third() {
    let meddle = |question: &Question<'_>| {
        let mut decision = question.ask()?;
        let made = decision
            .written
            .writes
            .iter()
            .find(|write| question.is_enrolment() && write.key.kind == Kind::Registration);
        if let Some(mut second) = made.cloned() {
            second.key.key.reverse();
            if let Change::Put { body, .. } = &mut second.change {
                let mut value: Value = serde_json::from_slice(body).expect("a record");
                value["state"] = json!({"ended": {"at": 0, "why": "left"}});
                *body = serde_json::to_vec(&value).expect("a record");
            }
            decision.written.writes.push(second);
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::OneRegistration));
}

#[test]
fn a_center_that_answers_a_repetition_otherwise_breaks_the_fourth() {
    let meddle = |question: &Question<'_>| {
        let mut decision = question.ask()?;
        let repeated = decision.written.writes.is_empty();
        if let Ok(Reply::Device(DeviceReply::Enrolled(enrolled))) = &mut decision.outcome
            && repeated
        {
            let code = &enrolled.formal_code;
            enrolled.formal_code = FormalCode::new(code.registration(), code.epoch(), [5; 32]);
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::SameAnswer));
}

#[test]
fn a_center_that_refuses_a_repetition_breaks_the_fourth() {
    let meddle = |question: &Question<'_>| {
        let decision = question.ask()?;
        let repeated = decision.written.writes.is_empty() && question.is_enrolment();
        if repeated && decision.outcome.is_ok() {
            return Ok(refusing(decision, RefusalCode::RequestRedeemed));
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::SameAnswer));
}

#[test]
fn a_center_that_answers_without_keeping_breaks_the_fifth() {
    let meddle = |question: &Question<'_>| {
        let mut decision = question.ask()?;
        if let Ok(Reply::Device(DeviceReply::StatusReported(_))) = decision.outcome {
            let readings = |write: &Write| matches!(write.key.kind, Kind::Status | Kind::Reading);
            decision.written.writes.retain(|write| !readings(write));
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::Acknowledged));
}

#[test]
fn a_disk_that_forgets_breaks_the_sixth() {
    let mut world = World::new(Scenario::draw(1));
    world.run_script();
    assert_eq!(world.violations(), []);
    world.damage(|mut rows| {
        rows.pop();
        rows
    });
    let found = world.violations().iter().map(|it| it.invariant).collect();
    assert_eq!(Reported(found), only(Invariant::Prefix));
}

#[test]
fn a_disk_with_half_a_commit_breaks_the_sixth() {
    let mut world = World::new(Scenario::draw(1));
    world.run_script();
    world.damage(|mut rows| {
        let torn = rows
            .iter_mut()
            .find(|row| row.key.kind == Kind::Registration);
        torn.expect("somebody has enrolled").body.truncate(20);
        rows
    });
    let found = world.violations().iter().map(|it| it.invariant).collect();
    assert_eq!(Reported(found), only(Invariant::Prefix));
}

#[test]
fn a_center_that_puts_a_device_off_for_ever_breaks_the_seventh() {
    let meddle = |question: &Question<'_>| {
        let decision = question.ask()?;
        if question.is_enrolment() && decision.outcome.is_ok() {
            return Ok(refusing(decision, RefusalCode::Busy));
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::GetsThrough));
}

#[test]
fn a_center_that_answers_an_acknowledgement_without_keeping_it_breaks_the_eighth() {
    let meddle = |question: &Question<'_>| {
        let mut decision = question.ask()?;
        if let Ok(Reply::Device(DeviceReply::Acknowledged(_))) = decision.outcome {
            decision.written = Default::default();
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::Instructions));
}

#[test]
fn a_center_that_records_an_end_twice_breaks_the_eighth() {
    let meddle = |question: &Question<'_>| {
        let mut decision = question.ask()?;
        if let Ok(Reply::Device(DeviceReply::Acknowledged(told))) = &mut decision.outcome {
            for noted in &mut told.acknowledgements {
                noted.result = NoteResult::Recorded;
            }
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::Instructions));
}

/// Has somebody change what a poll is shown.
fn showing(question: &Question<'_>, change: impl Fn(&mut Mailbox)) -> Asked {
    let mut decision = question.ask()?;
    if let Ok(Reply::Device(DeviceReply::Polled(PollReply::Mailbox(mailbox)))) =
        &mut decision.outcome
    {
        change(mailbox);
    }
    Ok(decision)
}

#[test]
fn a_center_that_shows_the_oldest_instruction_alone_breaks_the_eighth() {
    let meddle = |question: &Question<'_>| showing(question, |it| it.instructions.truncate(1));
    assert_eq!(reported(meddle), only(Invariant::Instructions));
}

#[test]
fn a_center_that_shows_the_newest_instruction_first_breaks_the_eighth() {
    let meddle = |question: &Question<'_>| showing(question, |it| it.instructions.reverse());
    assert_eq!(reported(meddle), only(Invariant::Instructions));
}

#[test]
fn a_center_that_takes_any_registration_code_breaks_the_ninth() {
    let meddle = |question: &Question<'_>| {
        let mut decision = question.ask()?;
        if let Message::Register(service, register) = &question.call.message
            && was_refused(&decision, "registration-code-wrong")
        {
            decision.outcome = Ok(Reply::Registered(Registered {
                device: register.device,
                service: service.clone(),
            }));
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::OnePair));
}

/// Asks about a pair as if its record stood otherwise.
fn as_if(question: &Question<'_>, is_it: impl Fn(&Value) -> bool, state: Value) -> Asked {
    if !matches!(question.call.message, Message::Register(..)) {
        return question.ask();
    }
    let records = with(question.records, Kind::Pair, |pair| {
        if is_it(&pair["state"]) {
            pair["state"] = state.clone();
        }
    });
    question.ask_about(question.call, &records)
}

#[test]
fn a_center_that_takes_a_pair_for_new_each_time_breaks_the_ninth() {
    let meddle = |question: &Question<'_>| {
        as_if(
            question,
            |state| state["entitled"].is_object(),
            json!("open"),
        )
    };
    assert_eq!(reported(meddle), only(Invariant::OnePair));
}

#[test]
fn a_center_that_refuses_a_pair_once_used_breaks_the_ninth() {
    let meddle = |question: &Question<'_>| {
        let used = |state: &Value| state["entitled"].is_object();
        as_if(question, used, json!({"withdrawn": {"at": 0}}))
    };
    assert_eq!(reported(meddle), only(Invariant::OnePair));
}

#[test]
fn a_center_that_lets_another_customer_use_a_service_breaks_the_ninth() {
    let meddle = |question: &Question<'_>| {
        let mut decision = question.ask()?;
        for write in &mut decision.written.writes {
            if write.key.kind == Kind::Entitlement
                && matches!(question.call.message, Message::Register(..))
            {
                write.key.owner.0[0] ^= 1;
            }
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::OnePair));
}

#[test]
fn a_center_that_lets_a_customer_see_another_breaks_the_tenth() {
    let meddle = |question: &Question<'_>| {
        let mut decision = question.ask()?;
        let seen_elsewhere = |write: &Write| match &write.change {
            Change::Put { body, .. } if write.key.kind == Kind::Sighting => {
                let value: Value = serde_json::from_slice(body).expect("a record");
                value["customers"].as_array().is_some_and(|it| it.len() > 1)
            }
            _ => false,
        };
        let seen_elsewhere = decision.written.writes.iter().any(seen_elsewhere);
        if let Ok(Reply::Device(DeviceReply::Polled(PollReply::Mailbox(mailbox)))) =
            &mut decision.outcome
            && seen_elsewhere
        {
            mailbox.schedule.poll = Seconds::new(mailbox.schedule.poll.get() + 1);
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::Apart));
}

#[test]
fn a_center_that_forgets_a_revocation_breaks_the_eleventh() {
    let meddle = |question: &Question<'_>| {
        let decision = question.ask()?;
        if !was_refused(&decision, "code-revoked") || !question.is_enrolment() {
            return Ok(decision);
        }
        let open = |grant: &mut Value| grant["state"] = json!("open");
        let records = with(question.records, Kind::Grant, open);
        let mut decision = question.ask_about(question.call, &records)?;
        let revoked = |grant: &mut Value| grant["state"] = json!({"revoked": {"at": 0}});
        rewrite(&mut decision, Kind::Grant, revoked);
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::NeverBack));
}

#[test]
fn a_center_that_revives_what_has_run_out_breaks_the_eleventh() {
    let meddle = |question: &Question<'_>| {
        let decision = question.ask()?;
        if !was_refused(&decision, "code-expired") || !question.is_enrolment() {
            return Ok(decision);
        }
        const LATER: u64 = 8_640_000_000;
        let move_by = |grant: &mut Value, by: i64| {
            let expires = grant["expires"].as_u64().unwrap_or(0);
            grant["expires"] = json!(expires.saturating_add_signed(by));
        };
        let later = LATER.cast_signed();
        let records = with(question.records, Kind::Grant, |grant| move_by(grant, later));
        let mut decision = question.ask_about(question.call, &records)?;
        rewrite(&mut decision, Kind::Grant, |grant| move_by(grant, -later));
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::NeverBack));
}

#[test]
fn a_center_that_writes_down_every_poll_breaks_the_twelfth() {
    let meddle = |question: &Question<'_>| {
        let mut decision = question.ask()?;
        if let Ok(Reply::Device(DeviceReply::Polled(_))) = decision.outcome {
            note(&mut decision, question);
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::Replay));
}

#[test]
fn a_center_that_writes_down_refusals_of_its_own_devices_breaks_the_twelfth() {
    let meddle = |question: &Question<'_>| {
        let mut decision = question.ask()?;
        let refused = matches!(&decision.outcome, Err(refused)
            if refused.refusal.code == RefusalCode::RequestRedeemed);
        if refused {
            note(&mut decision, question);
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::Replay));
}

#[test]
fn a_center_that_writes_down_wrong_codes_breaks_the_fifteenth() {
    let meddle = |question: &Question<'_>| {
        let mut decision = question.ask()?;
        if was_refused(&decision, "code-unknown") {
            note(&mut decision, question);
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::Bounded));
}

#[test]
fn a_center_that_reads_much_for_strangers_breaks_the_fifteenth() {
    let meddle = |question: &Question<'_>| {
        let decision = question.ask()?;
        if was_refused(&decision, "code-unknown") && question.records.len() < 50 {
            let more = |place: u8| Need::Record(Key::unowned(Kind::Customer, &[place]));
            return Err(Pause::Read((0..50).map(more).collect()));
        }
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::Bounded));
}

#[test]
fn a_center_that_panics_breaks_the_fifteenth() {
    let meddle = |question: &Question<'_>| {
        let decision = question.ask()?;
        assert!(!was_refused(&decision, "code-unknown"), "on purpose");
        Ok(decision)
    };
    assert_eq!(reported(meddle), only(Invariant::Bounded));
}

#[test]
fn a_late_addition_or_removal_that_has_its_effect_breaks_the_twelfth() {
    let meddle = |question: &Question<'_>| {
        let decision = question.ask()?;
        let mut call = question.call.clone();
        let highest = match &decision.outcome {
            Err(refused) => refused.refusal.change,
            Ok(_) => None,
        };
        let next = NonZeroU32::MIN.saturating_add(highest.unwrap_or_default());
        match (highest, &mut call.message) {
            (Some(_), Message::Device(DeviceRequest::AddDevices(add))) => add.change = next,
            (Some(_), Message::Device(DeviceRequest::RemoveDevices(gone))) => gone.change = next,
            _ => return Ok(decision),
        }
        question.ask_about(&call, question.records)
    };
    assert_eq!(reported(meddle), only(Invariant::Replay));
}

/// The decision turned into this refusal, with nothing written.
fn refusing(mut decision: Decision, code: RefusalCode) -> Decision {
    decision.written = Default::default();
    decision.outcome = Err(Refused {
        refusal: Refusal::plain(code),
        reason: Reason {
            word: "meddled with",
            detail: String::new(),
        },
    });
    decision
}

/// Histories in which a mutation has to be noticed.
const HISTORIES: u64 = 240;
