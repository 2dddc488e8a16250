//! Services: applying, filling the mailboxes, collating the codes, counting, stopping; with the
//! holdings and services of the trial.

use restante_core::center::{Credential, EffectKind};
use restante_core::id::DeviceId;
use restante_core::record::{Kind, Outbox};
use restante_core::wire::instruct::{CancelInstruction, ListInstructions};
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::services::{
    ApplicationState, Apply, CancelApplication, Choose, Devices, ListApplications,
    ListEntitlements, ListServices, ListTargets, Models, Selection, ServicesReply, ServicesRequest,
    StopUse, TargetState,
};
use restante_core::wire::{
    Acknowledge, Acknowledgement, ActResult, DeviceRequest, Outcome, PollReply, Progress,
    RefusalCode,
};
use restante_core::{Seconds, Timestamp, id};

use crate::trial::{Trial, id as service_id};

#[test]
fn an_application_reaches_the_chosen_devices_and_collation_entitles_them() {
    let mut trial = Trial::new();
    let row = trial
        .apply("C001", &["service-x"], Selection::Chosen)
        .expect("applied")
        .remove(0);
    assert_eq!(row.state, ApplicationState::Choosing);
    let all = ["D10010101", "D10020102", "D10020103"];
    let candidates = trial.targets("C001", row.application);
    assert_eq!(
        candidates,
        all.map(|it| (it, TargetState::Candidate)).into()
    );
    let choose = ServicesRequest::Choose(Choose {
        application: row.application,
        customer: Some(trial.customer("C001")),
        on: trial.named(&["D10020102", "D10010101"]),
    });
    trial.ask(choose).expect("chosen");
    trial.world.tick();
    assert!(trial.invitations("D10020103").is_empty(), "not chosen");
    let invitations = trial.invitations("D10020102");
    assert_eq!(invitations.len(), 1);
    assert_eq!(invitations[0].url, "https://service-x.a.com/regist");
    assert_ne!(
        invitations[0].code,
        trial.invitations("D10010101")[0].code,
        "each device has its own code"
    );
    trial.starts("D10010101", "service-x");
    let tally = trial.counted("C001", row.application).tally;
    assert_eq!((tally.entitled, tally.waiting), (1, 1));
    trial.starts("D10020102", "service-x");
    let row = trial.counted("C001", row.application);
    assert_eq!(row.state, ApplicationState::Complete);
    assert_eq!((row.tally.entitled, row.tally.waiting), (2, 0));
    assert_eq!(told(&trial), ["waiting 2", "complete 2"]);
    assert_eq!(trial.unused("C001"), ["service-y", "service-z"]);
}

#[test]
fn a_pair_that_is_not_right_in_every_part_changes_nothing() {
    let mut trial = Trial::new();
    trial.applied("C001", "service-x", Selection::All);
    let own = trial.invitations("D10020102")[0].code.clone();
    let neighbours = trial.invitations("D10010101")[0].code.clone();
    let rows = trial.world.durable();
    for (serial, service, code, word) in [
        (
            "D10020102",
            "service-x",
            Some(neighbours.as_str()),
            "registration-code-wrong",
        ),
        ("D10020102", "service-x", None, "registration-code-missing"),
        (
            "D10020102",
            "service-x",
            Some("guess"),
            "registration-code-wrong",
        ),
        (
            "D10010201",
            "service-x",
            Some(own.as_str()),
            "registration-device-mismatch",
        ),
        (
            "D10020102",
            "service-y",
            Some(own.as_str()),
            "registration-device-mismatch",
        ),
    ] {
        let refused = trial.register(serial, service, code).expect_err(word);
        assert_eq!(refused.reason.word, word);
        assert_eq!(refused.refusal.code, RefusalCode::RegistrationRefused);
        assert_eq!(
            refused.refusal.detail,
            RefusalCode::RegistrationRefused.title(),
            "an outsider is told the same"
        );
    }
    assert_eq!(trial.world.durable(), rows);
    trial
        .register("D10020102", "service-x", Some(&own))
        .expect("the twin that is right");
}

#[test]
fn the_same_pair_again_gets_the_same_answer_and_has_no_second_effect() {
    let mut trial = Trial::new();
    trial.applied("C001", "service-x", Selection::All);
    let code = trial.invitations("D10020102")[0].code.clone();
    let first = trial.register("D10020102", "service-x", Some(&code));
    let rows = trial.world.durable();
    let again = trial.register("D10020102", "service-x", Some(&code));
    assert_eq!(again, first);
    assert_eq!(trial.world.durable(), rows);
}

#[test]
fn services_find_the_devices_of_their_models() {
    let mut trial = Trial::new();
    let mut reached = |user: &str, serials: &[&str]| {
        let id = trial.applied(user, "service-y", Selection::All);
        let targets = trial.targets(user, id);
        assert_eq!(targets.into_keys().collect::<Vec<_>>(), serials, "{user}");
    };
    reached("C001", &["D10020102", "D10020103"]);
    reached("C003", &["D10040301", "D10040302"]);
    reached("C004", &["D10020402", "D10030403"]);
    let none = trial.apply("C002", &["service-y"], Selection::All);
    assert_eq!(none, Err(RefusalCode::NoEligibleDevice));
}

#[test]
fn what_was_named_and_left_out_is_listed_with_the_reason() {
    let mut trial = Trial::new();
    let models = Models(vec![id::Model::new("M1002").expect("a model")]);
    let first = trial.applied("C001", "service-z", Selection::Models(models));
    let targets = trial.targets("C001", first);
    assert_eq!(
        targets.keys().copied().collect::<Vec<_>>(),
        ["D10020102", "D10020103"]
    );
    trial.starts("D10020103", "service-z");
    let on = trial.named(&["D10010101", "D10020102", "D10020103"]);
    let second = trial.applied("C001", "service-z", on);
    assert_eq!(
        trial.targets("C001", second),
        [
            ("D10010101", TargetState::Waiting),
            ("D10020102", TargetState::AlreadyApplied),
            ("D10020103", TargetState::AlreadyEntitled),
        ]
        .into()
    );
    let on = trial.named(&["D10010101", "D10020102"]);
    let third = trial.applied("C001", "service-y", on);
    assert_eq!(
        trial.targets("C001", third)["D10010101"],
        TargetState::NotApplicable
    );
}

#[test]
fn the_same_application_sent_again_makes_nothing_twice() {
    let mut trial = Trial::new();
    let apply = Apply {
        request: trial.request(),
        customer: Some(trial.customer("C001")),
        services: vec![service_id("service-x"), service_id("service-y")],
        on: Selection::All,
        validity: None,
    };
    let first = trial.send(apply.clone()).expect("applied");
    assert_eq!(first.len(), 2, "several services are several applications");
    trial.world.tick();
    let rows = trial.world.durable();
    let again = trial.send(apply).expect("the same");
    let ids = |rows: &[restante_core::wire::services::ApplicationRow]| {
        rows.iter().map(|row| row.application).collect::<Vec<_>>()
    };
    assert_eq!(ids(&again), ids(&first));
    assert_eq!(trial.world.durable(), rows);
    assert_eq!(trial.invitations("D10020102").len(), 2);
}

#[test]
fn a_center_with_one_service_needs_none_named() {
    let mut trial = Trial::without_services();
    trial.define("only", &[]);
    let rows = trial.apply("C002", &[], Selection::All).expect("applied");
    assert_eq!(rows[0].service, service_id("only"));
}

#[test]
fn what_is_called_off_entitles_nobody_from_that_moment_on() {
    let mut trial = Trial::new();
    let id = trial.applied("C001", "service-x", Selection::All);
    let code = trial.invitations("D10020102")[0].code.clone();
    trial.calls_off("C001", id, &[]);
    let refused = trial.register("D10020102", "service-x", Some(&code));
    let word = refused.expect_err("before any tick").reason.word;
    assert_eq!(word, "registration-code-withdrawn");
    let row = trial.counted("C001", id);
    assert_eq!(row.state, ApplicationState::Cancelled);
    assert_eq!((row.tally.withdrawn, row.tally.waiting), (3, 0));
    assert!(trial.invitations("D10020103").is_empty(), "never delivered");
    assert!(trial.apply("C001", &["service-x"], Selection::All).is_ok());
}

#[test]
fn one_device_can_be_taken_out_while_the_others_go_on() {
    let mut trial = Trial::new();
    let id = trial.applied("C001", "service-x", Selection::All);
    let code = trial.invitations("D10020102")[0].code.clone();
    trial.calls_off("C001", id, &["D10020102"]);
    assert!(
        trial
            .register("D10020102", "service-x", Some(&code))
            .is_err()
    );
    trial.starts("D10010101", "service-x");
    trial.starts("D10020103", "service-x");
    let row = trial.counted("C001", id);
    assert_eq!(row.state, ApplicationState::Complete);
    assert_eq!((row.tally.withdrawn, row.tally.entitled), (1, 2));
}

#[test]
fn a_use_that_was_stopped_can_be_applied_for_again_with_another_code() {
    let mut trial = Trial::new();
    trial.applied("C002", "service-x", Selection::All);
    let old = trial.invitations("D10010201")[0].code.clone();
    trial.starts("D10010201", "service-x");
    assert_eq!(trial.unused("C002"), ["service-y", "service-z"]);
    let stop = ServicesRequest::StopUse(StopUse {
        service: service_id("service-x"),
        customer: Some(trial.customer("C002")),
        devices: Devices(vec![trial.device("D10010201")]),
    });
    let Ok(ServicesReply::UseStopped(stopped)) = trial.ask(stop.clone()) else {
        panic!("not stopped");
    };
    assert_eq!(stopped.stopped, 1);
    let Ok(ServicesReply::UseStopped(stopped)) = trial.ask(stop) else {
        panic!("not stopped");
    };
    assert_eq!(stopped.stopped, 0, "it is stopped already");
    assert_eq!(trial.unused("C002").len(), 3, "stopped is not used");
    assert!(
        trial
            .register("D10010201", "service-x", Some(&old))
            .is_err()
    );
    trial.applied("C002", "service-x", Selection::All);
    let new = trial.invitations("D10010201");
    let new = new.last().expect("a new invitation").code.clone();
    assert_ne!(new, old);
    trial
        .register("D10010201", "service-x", Some(&new))
        .expect("entitled again");
}

#[test]
fn a_device_that_says_it_is_done_is_not_entitled_by_that() {
    let mut trial = Trial::new();
    let id = trial.applied("C002", "service-x", Selection::All);
    let word = acknowledge(&mut trial, "D10010201", Progress::Done);
    trial.say("D10010201", word);
    assert_eq!(trial.targets("C002", id)["D10010201"], TargetState::Taken);
    assert_eq!(trial.unused("C002").len(), 3);
}

#[test]
fn a_device_that_cannot_is_counted_as_failed_and_the_application_ends() {
    let mut trial = Trial::new();
    let id = trial.applied("C002", "service-x", Selection::All);
    let word = acknowledge(&mut trial, "D10010201", Progress::Rejected);
    trial.say("D10010201", word);
    let row = trial.counted("C002", id);
    assert_eq!(row.state, ApplicationState::Complete);
    assert_eq!(row.tally.failed, 1);
}

#[test]
fn what_is_not_started_in_time_is_withdrawn() {
    let mut trial = Trial::new();
    let id = trial.applied("C001", "service-x", Selection::All);
    let code = trial.invitations("D10020102")[0].code.clone();
    trial.starts("D10010101", "service-x");
    trial.world.pass(Seconds::new(30 * 86_400));
    let late = trial.register("D10020102", "service-x", Some(&code));
    assert!(late.is_err());
    let row = trial.counted("C001", id);
    assert_eq!(row.state, ApplicationState::Complete);
    assert_eq!((row.tally.entitled, row.tally.withdrawn), (1, 2));
}

#[test]
fn a_thousand_devices_are_reached_in_chunks_and_told_of_once() {
    let mut trial = Trial::new();
    let (devices, _) = trial.crowd("C005", 300);
    let id = trial.applied("C005", "service-x", Selection::All);
    let row = trial.counted("C005", id);
    assert_eq!(row.tally.waiting, 300);
    assert_eq!(trial.world.count(Kind::Mailbox), devices.len());
    assert_eq!(told(&trial), ["waiting 300"]);
}

#[test]
fn other_content_under_a_request_id_is_refused_and_a_choice_is_none() {
    let mut trial = Trial::new();
    let apply = Apply {
        request: trial.request(),
        customer: Some(trial.customer("C001")),
        services: vec![service_id("service-x")],
        on: Selection::Chosen,
        validity: None,
    };
    let made = trial.send(apply.clone()).expect("applied").remove(0);
    let choose = ServicesRequest::Choose(Choose {
        application: made.application,
        customer: Some(trial.customer("C001")),
        on: trial.named(&["D10020102"]),
    });
    trial.ask(choose.clone()).expect("chosen");
    trial.ask(choose).expect("the same choice again");
    let again = trial.send(apply.clone()).expect("the same application");
    assert_eq!(again[0].application, made.application);
    let rows = trial.world.durable();
    let all = Apply {
        on: Selection::All,
        ..apply.clone()
    };
    let shorter = Apply {
        validity: Some(Seconds::DAY),
        ..apply
    };
    for other in [all, shorter] {
        assert_eq!(trial.send(other), Err(RefusalCode::RequestMismatch));
    }
    assert_eq!(trial.world.durable(), rows);
}

#[test]
fn what_is_called_off_before_the_job_comes_to_it_is_never_sent() {
    let mut trial = Trial::new();
    let rows = trial
        .apply("C001", &["service-x"], Selection::All)
        .expect("applied");
    let id = rows[0].application;
    trial.calls_off("C001", id, &["D10020102"]);
    trial.world.tick();
    assert!(trial.invitations("D10020102").is_empty());
    let targets = trial.targets("C001", id);
    assert_eq!(targets["D10020102"], TargetState::Withdrawn);
    assert_eq!(targets["D10010101"], TargetState::Waiting);
}

#[test]
fn what_is_not_chosen_yet_is_called_off_as_a_whole_only() {
    let mut trial = Trial::new();
    let rows = trial
        .apply("C001", &["service-x"], Selection::Chosen)
        .expect("applied");
    let id = rows[0].application;
    let mut call_off = |devices| {
        let cancel = CancelApplication {
            application: id,
            customer: Some(trial.customer("C001")),
            devices,
        };
        let devices = ServicesRequest::CancelApplication(cancel);
        trial.ask(devices).map(drop)
    };
    let foreign = DeviceId::from_bytes([9; 16]);
    let foreign = call_off(Some(Devices(vec![foreign])));
    assert_eq!(foreign, Err(RefusalCode::NotFound));
    assert_eq!(call_off(None), Ok(()));
}

#[test]
fn a_device_that_failed_can_be_applied_for_again_and_may_come_after_all() {
    let mut trial = Trial::new();
    let first = trial.applied("C002", "service-x", Selection::All);
    let code = trial.invitations("D10010201")[0].code.clone();
    let word = acknowledge(&mut trial, "D10010201", Progress::Rejected);
    trial.say("D10010201", word);
    trial
        .register("D10010201", "service-x", Some(&code))
        .expect("the pair is right all the same");
    assert_eq!(
        trial.targets("C002", first)["D10010201"],
        TargetState::Entitled
    );
    let mut trial = Trial::new();
    trial.applied("C002", "service-x", Selection::All);
    let old = trial.invitations("D10010201")[0].code.clone();
    let word = acknowledge(&mut trial, "D10010201", Progress::Rejected);
    trial.say("D10010201", word);
    let second = trial.applied("C002", "service-x", Selection::All);
    assert_eq!(
        trial.targets("C002", second)["D10010201"],
        TargetState::Waiting
    );
    let late = trial.register("D10010201", "service-x", Some(&old));
    let word = late.expect_err("another code was made since").reason.word;
    assert_eq!(word, "registration-code-wrong");
}

#[test]
fn an_instruction_that_is_called_off_by_itself_withdraws_its_code() {
    let mut trial = Trial::new();
    let id = trial.applied("C002", "service-x", Selection::All);
    let (device, customer) = (trial.device("D10010201"), Some(trial.customer("C002")));
    let list = PeopleRequest::ListInstructions(ListInstructions {
        device,
        customer,
        after: None,
    });
    let Ok(PeopleReply::Instructions(page)) = trial.world.people(Credential::Console, list) else {
        panic!("not listed");
    };
    let text = serde_json::to_string(&page.rows[0].acts).expect("JSON");
    assert_eq!(
        text, r#"[{"register-service":{"url":"https://service-x.a.com/regist"}}]"#,
        "people are not shown the code"
    );
    let cancel = PeopleRequest::CancelInstruction(CancelInstruction {
        instruction: page.rows[0].instruction,
        device,
        customer,
    });
    trial
        .world
        .people(Credential::Console, cancel)
        .expect("called off");
    assert_eq!(
        trial.targets("C002", id)["D10010201"],
        TargetState::Withdrawn
    );
    trial.applied("C002", "service-x", Selection::All);
    assert_eq!(trial.invitations("D10010201").len(), 1);
}

#[test]
fn a_code_whose_time_is_over_stays_over_when_the_clock_goes_back() {
    let mut trial = Trial::new();
    trial.applied("C001", "service-x", Selection::All);
    let code = trial.invitations("D10020102")[0].code.clone();
    let end = trial.world.now.after(Seconds::new(30 * 86_400));
    trial.world.pass(Seconds::new(30 * 86_400 - 60));
    for now in [end, Timestamp::from_millis(end.as_millis() - 30_000)] {
        trial.world.now = now;
        let refused = trial.register("D10020102", "service-x", Some(&code));
        let word = refused.expect_err("over").reason.word;
        assert_eq!(word, "registration-code-expired");
    }
}

// spec: SVC-021
#[test]
fn what_a_customer_sees_is_the_same_bytes_with_and_without_another() {
    let mut alone = Trial::new();
    let mut beside = Trial::new();
    beside.applied("C004", "service-x", Selection::All);
    beside.starts("D10040401", "service-x");
    let seen = |trial: &mut Trial| {
        let customer = Some(trial.customer("C001"));
        let apply = Apply {
            request: id::RequestId::from_bytes([200; 16]),
            customer,
            services: vec![service_id("service-x")],
            on: Selection::All,
            validity: None,
        };
        let application = trial.send(apply).expect("applied")[0].application;
        trial.world.tick();
        trial.starts("D10020102", "service-x");
        trial.counted("C001", application);
        let questions = [
            ServicesRequest::List(ListServices {
                customer,
                ..ListServices::default()
            }),
            ServicesRequest::ListApplications(ListApplications {
                customer,
                after: None,
            }),
            ServicesRequest::ListTargets(ListTargets {
                application,
                customer,
                after: None,
            }),
            ServicesRequest::ListEntitlements(ListEntitlements {
                service: service_id("service-x"),
                customer,
                after: None,
            }),
        ];
        let answers = questions.map(|question| {
            let answer = trial.ask(question).expect("answered");
            serde_json::to_string(&answer).expect("JSON")
        });
        let invitation = trial.invitations("D10010101").remove(0);
        (answers, invitation.code)
    };
    assert_eq!(seen(&mut alone), seen(&mut beside));
}

/// A word of a device about its only instruction.
pub(crate) fn acknowledge(trial: &mut Trial, serial: &str, progress: Progress) -> DeviceRequest {
    let code = trial.formal(serial);
    let PollReply::Mailbox(mailbox) = trial.world.poll(&code).expect("polled") else {
        panic!("something waits");
    };
    let shown = &mailbox.instructions[0];
    let outcome = match progress {
        Progress::Taken => None,
        Progress::Done => Some(Outcome::Done),
        _ => Some(Outcome::Rejected),
    };
    let result = |outcome| ActResult {
        outcome,
        detail: None,
    };
    DeviceRequest::Acknowledge(Acknowledge {
        acknowledgements: vec![Acknowledgement {
            instruction: shown.id,
            device: shown.device,
            attempt: shown.attempt,
            progress,
            results: outcome.into_iter().map(result).collect(),
        }],
    })
}

/// What the administrators were told so far.
fn told(trial: &Trial) -> Vec<String> {
    let outbox = trial.world.rows.values();
    let outbox = outbox.filter(|row| row.key.kind == Kind::Outbox);
    let mut told: Vec<(restante_core::Timestamp, String)> = outbox
        .filter_map(|row| {
            let kept: Outbox<EffectKind> = serde_json::from_slice(&row.body).ok()?;
            let text = match kept.what {
                EffectKind::InstructionsWaiting { devices, .. } => format!("waiting {devices}"),
                EffectKind::ApplicationComplete { tally, .. } => {
                    format!("complete {}", tally.entitled)
                }
                _ => return None,
            };
            Some((kept.at, text))
        })
        .collect();
    told.sort();
    told.into_iter().map(|(_, text)| text).collect()
}
