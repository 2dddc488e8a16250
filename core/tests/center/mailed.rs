//! Registrations that come by mail: the pair is collated as at the URL, and what is wrong changes
//! nothing but the count of wrong pairs about the device that they name.

use restante_core::Seconds;
use restante_core::center::{Credential, Message, Refused, Reply};
use restante_core::id::DeviceId;
use restante_core::record::Kind;
use restante_core::wire::services::{Collator, DefineService, Selection, ServicesRequest};
use restante_core::wire::{Mailed, RefusalCode, RegisterAt, Registered};

use crate::trial::{Trial, id};

/// A mail in the name of a device.
fn mail(
    trial: &mut Trial,
    serial: &str,
    url: &str,
    code: Option<&str>,
) -> Result<Registered, Box<Refused>> {
    let device = trial.device(serial);
    mail_about(trial, device, url, code)
}

fn mail_about(
    trial: &mut Trial,
    device: DeviceId,
    url: &str,
    code: Option<&str>,
) -> Result<Registered, Box<Refused>> {
    let register = RegisterAt {
        url: url.parse().expect("a URL"),
        device,
        code: code.map(|code| code.parse().expect("a code")),
    };
    let from = trial.world.source.take();
    let message = Message::Mailed(Mailed::Register(register));
    let outcome = trial.world.call(Credential::None, message);
    trial.world.source = from;
    match outcome? {
        Reply::Registered(registered) => Ok(registered),
        other => panic!("a mail was answered by {other:?}"),
    }
}

/// The code of a device's only instruction.
fn code(trial: &mut Trial, serial: &str) -> String {
    trial.invitations(serial)[0].code.clone()
}

const X: &str = "https://service-x.a.com/regist";
const Y: &str = "https://service-y.a.com/regist";

#[test]
fn a_pair_that_a_mail_brings_entitles_as_it_does_at_the_url() {
    let mut trial = Trial::new();
    trial.applied("C001", "service-y", Selection::All);
    let own = code(&mut trial, "D10020102");
    let registered = mail(&mut trial, "D10020102", Y, Some(&own)).expect("right");
    assert_eq!(registered.service, id("service-y"));
    assert_eq!(trial.world.count(Kind::Entitlement), 1);
    let rows = trial.world.durable();
    mail(&mut trial, "D10020102", Y, Some(&own)).expect("the same once more");
    trial
        .register("D10020102", "service-y", Some(&own))
        .expect("and at the URL");
    assert_eq!(trial.world.durable(), rows, "no second effect");
}

#[test]
fn a_mail_that_is_not_right_in_every_part_changes_nothing() {
    let mut trial = Trial::new();
    trial.applied("C001", "service-x", Selection::All);
    trial.applied("C001", "service-y", Selection::All);
    let invited = trial.invitations("D10020102");
    let of = |url: &str| {
        let found = invited.iter().find(|it| it.url == url);
        found.expect("invited").code.clone()
    };
    let (own, other) = (of(X), of(Y));
    let rows = trial.world.durable();
    for (serial, url, code, word) in [
        ("D10020102", X, Some(&other), "registration-code-wrong"),
        ("D10020103", X, Some(&own), "registration-code-wrong"),
        ("D10020102", X, None, "registration-code-missing"),
        ("D10010201", X, Some(&own), "registration-device-mismatch"),
        (
            "D10020102",
            "https://service-x.a.com/regist/",
            Some(&own),
            "registration-url-mismatch",
        ),
    ] {
        let code = code.map(String::as_str);
        let refused = mail(&mut trial, serial, url, code).expect_err(word);
        assert_eq!(refused.reason.word, word);
        assert_eq!(refused.refusal.code, RefusalCode::RegistrationRefused);
    }
    assert_eq!(trial.world.durable(), rows);
    mail(&mut trial, "D10020102", X, Some(&own)).expect("the twin that is right");
}

#[test]
fn an_instruction_s_url_leads_to_its_service_after_the_service_has_moved() {
    let mut trial = Trial::new();
    trial.applied("C001", "service-x", Selection::All);
    let own = code(&mut trial, "D10010101");
    let moved = "https://only.a.com/regist";
    let define = ServicesRequest::Define(DefineService {
        service: id("service-x"),
        title: None,
        url: moved.parse().expect("a URL"),
        models: Vec::new(),
        collator: Collator::Center,
    });
    trial.ask(define).expect("moved");
    let refused = mail(&mut trial, "D10010101", moved, Some(&own)).expect_err("never told");
    assert_eq!(refused.reason.word, "registration-url-mismatch");
    mail(&mut trial, "D10010101", X, Some(&own)).expect("as it was told");
}

#[test]
fn ten_wrong_mails_about_a_device_throttle_mails_about_it_alone() {
    let mut trial = Trial::new();
    trial.applied("C001", "service-x", Selection::All);
    let own = code(&mut trial, "D10010101");
    let neighbours = code(&mut trial, "D10020102");
    for number in 0..10 {
        let guess = format!("guess-{number}");
        mail(&mut trial, "D10010101", X, Some(&guess)).expect_err("wrong");
        mail(&mut trial, "D10010101", X, Some(&guess)).expect_err("counted once");
    }
    let refused = mail(&mut trial, "D10010101", X, Some(&own)).expect_err("not evaluated");
    assert_eq!(refused.reason.word, "throttled");
    assert_eq!(trial.world.count(Kind::Entitlement), 0);
    mail(&mut trial, "D10020102", X, Some(&neighbours)).expect("another device");
    trial.world.pass(Seconds::HOUR);
    mail(&mut trial, "D10010101", X, Some(&own)).expect("an hour later");
}

#[test]
fn wrong_mails_do_not_keep_a_device_from_its_url() {
    let mut trial = Trial::new();
    trial.applied("C001", "service-x", Selection::All);
    let own = code(&mut trial, "D10010101");
    for number in 0..11 {
        let guess = format!("guess-{number}");
        mail(&mut trial, "D10010101", X, Some(&guess)).expect_err("wrong");
    }
    trial
        .register("D10010101", "service-x", Some(&own))
        .expect("the URL is another way");
}

#[test]
fn mails_about_devices_without_a_code_leave_no_trace() {
    let mut trial = Trial::new();
    let before = trial.world.count(Kind::Throttle);
    for number in 0..20 {
        let device = DeviceId::from_bytes([number; 16]);
        let refused = mail_about(&mut trial, device, X, Some("guess")).expect_err("nobody");
        assert_eq!(refused.reason.word, "registration-device-mismatch");
    }
    assert_eq!(trial.world.count(Kind::Throttle), before);
}
