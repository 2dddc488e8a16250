//! Provisional codes: what a refused one tells an outsider, and how wrong ones are counted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use restante_core::center::{Credential, Message, Refused};
use restante_core::code::ProvisionalCode;
use restante_core::id::CorrelationId;
use restante_core::record::{Kind, Need};
use restante_core::wire::people::{
    CodeState, IssueCode, ListCodes, PeopleReply, PeopleRequest, RevokeCode, Role,
};
use restante_core::wire::{DeviceRequest, RefusalCode};
use restante_core::{Seconds, Seed};
use restante_crypto::RingCrypto;

use crate::world::{Code, World, add, enrol, formal};

/// A right code that no dealer was ever issued.
fn stranger(number: u8) -> Credential {
    let seed = Seed::new([number; 32]);
    Credential::Provisional(ProvisionalCode::draw(&RingCrypto, &seed))
}

/// A world with one code for each reason to refuse it.
fn refused_codes() -> (World, Vec<(&'static str, Credential)>) {
    let mut world = World::new();
    let revoked = world.issue("Miller", Some(3));
    world.revoke(&revoked);
    let exhausted = world.issue("Miller", Some(1));
    world.enrol(&exhausted, 1, &["X"]).expect("enrolled");
    let expired = world.issue_for("Miller", None, Some(Seconds::MINUTE));
    world.pass_unnoticed(Seconds::MINUTE);
    let codes = vec![
        ("code-unknown", stranger(1)),
        ("code-revoked", revoked.shown()),
        ("code-exhausted", exhausted.shown()),
        ("code-expired", expired.shown()),
    ];
    (world, codes)
}

/// How many records of each kind were asked for, round by round.
fn shape(rounds: &[Vec<Need>]) -> Vec<Vec<Kind>> {
    let kind = |need: &Need| match need {
        Need::Record(key) => key.kind,
        Need::Range(range) => range.kind,
    };
    let kinds = |round: &Vec<Need>| {
        let mut kinds: Vec<Kind> = round.iter().map(kind).collect();
        kinds.sort();
        kinds
    };
    rounds.iter().map(kinds).collect()
}

#[test]
fn every_refused_code_gets_the_same_words_and_the_same_loads() {
    let (mut world, codes) = refused_codes();
    let mut seen = Vec::new();
    for (word, code) in codes {
        let decided = world.decide(code, Message::Device(enrol(2, &["A", "B"])));
        let Refused { refusal, reason } = decided.decision.outcome.expect_err("refused");
        assert_eq!(reason.word, word, "the operator is told which it was");
        assert_eq!(refusal.code, RefusalCode::CodeRefused);
        assert_eq!(
            refusal.correlation,
            Some(CorrelationId::from_bytes([9; 16]))
        );
        seen.push((word, refusal, shape(&decided.rounds)));
    }
    for (word, refusal, rounds) in &seen {
        assert_eq!(refusal, &seen[0].1, "{word}");
        assert_eq!(rounds, &seen[0].2, "{word}");
    }
    assert_eq!(seen[0].2.len(), 2, "two rounds of loading");
}

#[test]
fn a_code_that_does_not_read_right_is_refused_in_the_same_words_and_not_counted() {
    let mut world = World::new();
    let message = Message::Device(enrol(1, &["A"]));
    let unread = world.decide(Credential::BadProvisional, message.clone());
    let unknown = world.decide(stranger(1), message);
    assert!(unread.decision.written.is_empty());
    assert_eq!(
        unread.decision.outcome.expect_err("refused").refusal,
        unknown.decision.outcome.expect_err("refused").refusal
    );
}

#[test]
fn ten_different_wrong_codes_hold_a_source_up_and_a_right_one_with_it() {
    let mut world = World::new();
    let right = world.issue("Miller", None);
    for number in 0..10 {
        let refused = world.device(stranger(number), enrol(1, &["A"]));
        assert_eq!(refused, Err(RefusalCode::CodeRefused), "number {number}");
        let again = world.device(stranger(0), enrol(1, &["A"]));
        if number < 9 {
            assert_eq!(
                again,
                Err(RefusalCode::CodeRefused),
                "a known one counts once"
            );
        }
        world.now = world.now.after(Seconds::MINUTE);
    }
    let held = world.decide(right.shown(), Message::Device(enrol(1, &["A"])));
    let refusal = held.decision.outcome.expect_err("held up").refusal;
    assert_eq!(refusal.code, RefusalCode::Throttled);
    assert_eq!(
        refusal.retry_after,
        Some(Seconds::new(50 * 60)),
        "the oldest is ten minutes old"
    );
    assert_eq!(
        held.rounds.len(),
        1,
        "nothing of the code is evaluated, so no grant is looked up"
    );
    assert!(held.decision.written.is_empty());

    let elsewhere = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)));
    let here = std::mem::replace(&mut world.source, elsewhere);
    assert!(world.enrol(&right, 2, &["B"]).is_ok(), "another source");
    world.source = here;
    world.now = world.now.after(Seconds::new(50 * 60));
    assert!(
        world.enrol(&right, 1, &["A"]).is_ok(),
        "the oldest has left"
    );
}

#[test]
fn an_ipv6_source_is_its_prefix_and_a_mapped_address_is_its_ipv4_address() {
    let mut world = World::new();
    let v6 = |low: u16| Some(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, low)));
    let mapped = Ipv4Addr::new(198, 51, 100, 7).to_ipv6_mapped();
    for (one, other) in [
        (v6(1), v6(2)),
        (
            Some(IpAddr::V6(mapped)),
            Some(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7))),
        ),
    ] {
        for number in 0..10 {
            world.source = if number % 2 == 0 { one } else { other };
            let refused = world.device(stranger(number), enrol(1, &["A"]));
            assert_eq!(refused, Err(RefusalCode::CodeRefused));
        }
        let refused = world.device(stranger(99), enrol(1, &["A"]));
        assert_eq!(refused, Err(RefusalCode::Throttled), "{one:?}");
    }
    world.source = Some(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1)));
    let refused = world.device(stranger(99), enrol(1, &["A"]));
    assert_eq!(refused, Err(RefusalCode::CodeRefused), "another prefix");
}

#[test]
fn a_source_without_an_address_is_not_counted() {
    let mut world = World::new();
    world.source = None;
    for number in 0..20 {
        let refused = world.device(stranger(number), enrol(1, &["A"]));
        assert_eq!(refused, Err(RefusalCode::CodeRefused));
    }
    assert_eq!(world.count(Kind::Throttle), 0);
}

#[test]
fn wrong_codes_of_an_addition_are_counted_too() {
    let mut world = World::new();
    let own = world.issue("Miller", Some(1));
    let foreign = world.issue("Smith", None);
    let enrolled = world.activate(&own, 1, &["A"]);
    let code = formal(&enrolled.formal_code);
    let refused = world.device(code.clone(), add(&["B"], Some(&foreign)));
    assert_eq!(refused, Err(RefusalCode::CodeRefused), "another customer's");
    for number in 1..10 {
        let Credential::Provisional(text) = stranger(number) else {
            unreachable!("a provisional code");
        };
        let wrong = Code {
            text,
            ..foreign.clone()
        };
        let refused = world.device(code.clone(), add(&["B"], Some(&wrong)));
        assert_eq!(refused, Err(RefusalCode::CodeRefused));
    }
    let refused = world.device(code.clone(), add(&["B"], Some(&own)));
    assert_eq!(refused, Err(RefusalCode::Throttled));
    assert!(
        world.poll(&enrolled.formal_code).is_ok(),
        "the formal code is not held up"
    );
}

#[test]
fn each_conversation_says_which_credential_it_takes() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let enrolled = world.activate(&code, 1, &["A"]);
    let token = world.token(Role::Dealer, "acme", None);
    let list = || Message::People(PeopleRequest::ListCodes(ListCodes::default()));
    let poll = || Message::Device(crate::world::poll());
    let first = || Message::Device(enrol(2, &["B"]));
    let provisional = "this conversation takes a provisional access code";
    let formal_text = "this conversation takes a formal access code (rfc1.…)";
    let token_text = "this conversation takes an access token (rtk1.…)";
    for (presented, message, says) in [
        (Credential::None, first(), provisional),
        (formal(&enrolled.formal_code), first(), provisional),
        (Credential::BadToken, first(), provisional),
        (Credential::None, poll(), formal_text),
        (code.shown(), poll(), formal_text),
        (token.clone(), poll(), formal_text),
        (Credential::Console, poll(), formal_text),
        (Credential::None, list(), token_text),
        (code.shown(), list(), token_text),
        (Credential::BadFormal, list(), token_text),
    ] {
        let decided = world.decide(presented.clone(), message);
        let refusal = decided.decision.outcome.expect_err("refused").refusal;
        assert_eq!(
            refusal.code,
            RefusalCode::CredentialMissing,
            "{presented:?}"
        );
        assert_eq!(refusal.detail, says);
    }
    for (presented, message, refused) in [
        (
            Credential::BadFormal,
            poll(),
            RefusalCode::FormalCodeRefused,
        ),
        (Credential::BadToken, list(), RefusalCode::TokenRefused),
    ] {
        let decided = world.decide(presented, message);
        let refusal = decided.decision.outcome.expect_err("refused").refusal;
        assert_eq!(refusal.code, refused);
    }
}

#[test]
fn a_dealer_lists_and_revokes_own_codes_only_and_an_operator_any() {
    let mut world = World::new();
    let acme = world.token(Role::Dealer, "acme", None);
    let bolt = world.token(Role::Dealer, "bolt", None);
    let operator = world.token(Role::Operator, "root", None);
    let issued: Vec<_> = ["a", "b", "c"]
        .map(|user| {
            let request = PeopleRequest::IssueCode(IssueCode {
                user: user.parse().expect("a name"),
                validity: None,
                limit: Some(2),
                note: None,
            });
            world.now = world.now.after(Seconds::new(1));
            match world.people(acme.clone(), request) {
                Ok(PeopleReply::CodeIssued(issued)) => issued.row,
                other => panic!("no code: {other:?}"),
            }
        })
        .into();
    let list = || PeopleRequest::ListCodes(ListCodes::default());
    let Ok(PeopleReply::Codes(page)) = world.people(acme.clone(), list()) else {
        panic!("a list");
    };
    assert_eq!(page.rows, issued, "oldest first");
    assert_eq!(page.next, None);
    let Ok(PeopleReply::Codes(page)) = world.people(bolt.clone(), list()) else {
        panic!("a list");
    };
    assert_eq!(page.rows, []);
    assert_eq!(
        world.people(operator.clone(), list()),
        Err(RefusalCode::RoleForbidden)
    );
    let revoke = |n: usize| {
        PeopleRequest::RevokeCode(RevokeCode {
            grant: issued[n].grant,
        })
    };
    assert_eq!(world.people(bolt, revoke(0)), Err(RefusalCode::NotFound));
    for (who, n) in [(acme, 0), (operator, 1), (Credential::Console, 2)] {
        let Ok(PeopleReply::CodeRevoked(row)) = world.people(who.clone(), revoke(n)) else {
            panic!("revoked");
        };
        assert_eq!(row.state, CodeState::Revoked);
        let before = world.rows.clone();
        let again = world.people(who, revoke(n));
        assert_eq!(again, Ok(PeopleReply::CodeRevoked(row)));
        assert_eq!(world.rows, before, "a second time changes nothing");
    }
}

#[test]
fn pages_of_codes_follow_one_another() {
    let mut world = World::new();
    for n in 0..205 {
        world.now = world.now.after(Seconds::new(1));
        world.issue(&format!("user {n}"), None);
    }
    let (mut after, mut sizes, mut users) = (None, Vec::new(), Vec::new());
    loop {
        let request = PeopleRequest::ListCodes(ListCodes { after });
        let Ok(PeopleReply::Codes(page)) = world.people(Credential::Console, request) else {
            panic!("a list");
        };
        sizes.push(page.rows.len());
        users.extend(page.rows.iter().map(|row| row.user.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [100, 100, 5]);
    let expected: Vec<String> = (0..205).map(|n| format!("user {n}")).collect();
    assert_eq!(users, expected);
}

#[test]
fn validity_and_limit_stay_within_their_bounds() {
    let mut world = World::new();
    let mut says = |validity: Option<u32>, limit| {
        let request = PeopleRequest::IssueCode(IssueCode {
            user: "Miller".parse().expect("a name"),
            validity: validity.map(Seconds::new),
            limit,
            note: None,
        });
        let decided = world.decide(Credential::Console, Message::People(request));
        let outcome = decided.decision.outcome;
        outcome
            .map_err(|refused| refused.refusal.detail)
            .map(|_| ())
    };
    assert_eq!(
        says(Some(59), None),
        Err("validity is 59 seconds; it is 60 at least and 7776000 at most".into())
    );
    assert_eq!(says(Some(60), Some(1)), Ok(()));
    assert_eq!(says(Some(7_776_000), Some(1_000)), Ok(()));
    assert!(says(Some(7_776_001), None).is_err());
    assert_eq!(
        says(None, Some(1_001)),
        Err("limit is 1001 devices; it is 1 at least and 1000 at most".into())
    );
    assert!(says(None, Some(0)).is_err());
}

#[test]
fn nothing_that_opens_a_grant_is_stored() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let enrolled = world.activate(&code, 1, &["A"]);
    let text = code.text.to_text();
    let enrol_id = code.text.enrol_id(&RingCrypto);
    let enrol_key = code.text.enrol_key(&RingCrypto);
    let secrets: [&[u8]; 4] = [
        text.as_bytes(),
        enrol_id.as_bytes(),
        &enrol_key,
        enrolled.formal_code.secret(),
    ];
    for row in world.rows.values() {
        for secret in secrets {
            let within = |bytes: &[u8]| bytes.windows(secret.len()).any(|part| part == secret);
            assert!(!within(&row.body) && !within(&row.key.key), "{:?}", row.key);
        }
    }
    let grant = world.grant(&code).expect("the grant");
    let opened = world
        .keys()
        .unwrap(&RingCrypto, code.grant, grant.master, &grant.enrol_key);
    assert_eq!(opened, Ok(enrol_key));
}

#[test]
fn messages_of_devices_never_take_a_token() {
    let mut world = World::new();
    let operator = world.token(Role::Operator, "root", None);
    for request in [
        enrol(1, &["A"]),
        crate::world::poll(),
        crate::world::leave(),
        DeviceRequest::Rotate(restante_core::wire::Rotate {}),
    ] {
        assert_eq!(
            world.device(operator.clone(), request),
            Err(RefusalCode::CredentialMissing)
        );
    }
}
