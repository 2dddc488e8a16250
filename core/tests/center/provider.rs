//! A provider's own server by itself: the codes that it makes, the devices that it collates, and
//! what it says after what it is told.

use std::net::{IpAddr, Ipv4Addr};

use restante_core::center::{Credential, Keys, Message, Refused, Reply};
use restante_core::code::RegistrationCode;
use restante_core::decision::{Heard, ToSay};
use restante_core::id::{ApplicationId, DeviceId, HandoverId};
use restante_core::provider::{Pair, PairState, Provider};
use restante_core::record::Kind;
use restante_core::wire::people::{
    AcceptClock, DateTime, ListTokens, Page, PeopleReply, PeopleRequest, Role,
};
use restante_core::wire::provider::{
    CodesGiven, EntitledOutcome, EntitledResult, EntitlementsReported, GiveCodes, GiveOutcome,
    GiveResult, HandoverRow, HandoverState, HandoversSettled, ProviderReply, ProviderRequest,
    ReportEntitlements,
};
use restante_core::wire::{Refusal, RefusalCode, Register, Registered, ServiceUrl};
use restante_core::{Seconds, Timestamp};
use restante_crypto::RingCrypto;

use crate::trial::id;
use crate::world::{World, poll};

/// A provider, its store and the time.
pub(crate) type Shop = World<Provider<RingCrypto>>;

/// A provider of this service, with these master keys.
pub(crate) fn provider(service: &str, masters: Vec<(u32, [u8; 32])>) -> Provider<RingCrypto> {
    let keys = Keys::new([5; 32], masters).expect("keys");
    let url = format!("https://{service}.a.com/start");
    let url = ServiceUrl::new(url).expect("a URL");
    Provider::new(RingCrypto, keys, [(id(service), url)].into())
}

pub(crate) fn shop(service: &str) -> Shop {
    World::of(provider(service, vec![(1, [6; 32])]))
}

/// What the provider says after what it has heard, with nothing that it passes over.
pub(crate) fn hears(shop: &mut Shop, service: &str, heard: Heard) -> Vec<ProviderRequest> {
    let said = hears_with_damage(shop, service, heard);
    assert_eq!(said.damage, None);
    said.messages
}

fn hears_with_damage(shop: &mut Shop, service: &str, heard: Heard) -> ToSay {
    match shop.call(Credential::None, Message::Heard(id(service), heard)) {
        Ok(Reply::ToSay(said)) => said,
        other => panic!("nothing is said: {other:?}"),
    }
}

/// A device registers at the provider.
pub(crate) fn registers(
    shop: &mut Shop,
    service: &str,
    device: DeviceId,
    code: Option<&RegistrationCode>,
) -> Result<Registered, Box<Refused>> {
    let code = code.cloned();
    let message = Message::Register(id(service), Register { device, code });
    match shop.call(Credential::None, message)? {
        Reply::Registered(registered) => Ok(registered),
        other => panic!("a registration was answered by {other:?}"),
    }
}

pub(crate) fn state(shop: &Shop, service: &str, device: DeviceId) -> Option<PairState> {
    let pair: Option<Pair> = shop.stored(&Pair::key(device, &id(service)));
    pair.map(|pair| pair.state)
}

fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 16])
}

fn application(number: u8) -> ApplicationId {
    ApplicationId::from_bytes([number; 16])
}

/// A device of an application, whose time is over in a day.
fn row(shop: &Shop, of: u8, number: u8, state: HandoverState) -> HandoverRow {
    HandoverRow {
        handover: HandoverId::from_bytes([number; 16]),
        application: application(of),
        device: device(number),
        state,
        expires: DateTime(shop.now.after(Seconds::DAY)),
    }
}

/// The list is answered with these.
fn page(shop: &mut Shop, rows: Vec<HandoverRow>) -> Vec<ProviderRequest> {
    let heard = Heard::Answer(
        lists(shop),
        ProviderReply::Handovers(Page { rows, next: None }),
    );
    hears(shop, "only", heard)
}

fn lists(shop: &mut Shop) -> ProviderRequest {
    let mut said = hears(shop, "only", Heard::Nothing);
    assert_eq!(said.len(), 1, "a round begins with the list");
    said.remove(0)
}

/// Devices of application 1 are wanted; what is given.
fn wants(shop: &mut Shop, devices: &[u8]) -> GiveCodes {
    let rows = devices
        .iter()
        .map(|it| row(shop, 1, *it, HandoverState::Wanted));
    let rows = rows.collect();
    match page(shop, rows).first() {
        Some(ProviderRequest::Give(give)) => give.clone(),
        other => panic!("no codes are given: {other:?}"),
    }
}

fn answer(said: &GiveCodes, results: &[GiveOutcome]) -> Heard {
    let results = said
        .codes
        .iter()
        .zip(results)
        .map(|(code, result)| GiveResult {
            device: code.device,
            result: *result,
        });
    let results = results.collect();
    let said = ProviderRequest::Give(said.clone());
    Heard::Answer(said, ProviderReply::Given(CodesGiven { results }))
}

fn reports(devices: &[u8]) -> ProviderRequest {
    reports_of(1, devices)
}

fn reports_of(of: u8, devices: &[u8]) -> ProviderRequest {
    let devices = devices.iter().map(|it| device(*it)).collect();
    ProviderRequest::Report(ReportEntitlements {
        service: id("only"),
        application: application(of),
        devices: restante_core::wire::services::Devices(devices),
    })
}

fn not_found(devices: &[u8]) -> Refusal {
    let mut refusal = Refusal::plain(RefusalCode::NotFound);
    refusal.devices = devices.iter().map(|it| device(*it)).collect();
    refusal
}

#[test]
fn a_code_opens_before_the_center_hears_of_it_and_once() {
    let mut shop = shop("only");
    let give = wants(&mut shop, &[1, 2]);
    assert_eq!(give.url.as_str(), "https://only.a.com/start");
    assert_ne!(give.codes[0].code, give.codes[1].code);
    let code = give.codes[0].code.clone();
    let registered = registers(&mut shop, "only", device(1), Some(&code)).expect("right");
    assert_eq!(
        (registered.device, registered.service.clone()),
        (device(1), id("only"))
    );
    assert_eq!(shop.count(Kind::Unreported), 1);
    let before = shop.durable();
    let again = registers(&mut shop, "only", device(1), Some(&code)).expect("right again");
    assert_eq!((again, shop.durable()), (registered, before));
    let said = page(&mut shop, Vec::new());
    assert_eq!(said, [reports(&[1])]);
}

#[test]
fn whatever_is_wrong_is_refused_in_the_same_words_and_changes_nothing() {
    let mut shop = shop("only");
    let give = wants(&mut shop, &[1, 2, 3, 4]);
    let code = |at: usize| Some(&give.codes[at].code);
    hears(
        &mut shop,
        "only",
        answer(&give, &[GiveOutcome::Given, GiveOutcome::Refused]),
    );
    let other: RegistrationCode = "163abc45".parse().expect("a code");
    let before = shop.durable();
    let tried = [
        (device(9), code(0), "registration-device-mismatch"),
        (device(1), None, "registration-code-missing"),
        (device(1), Some(&other), "registration-code-wrong"),
        (device(1), code(2), "registration-code-wrong"),
        (device(2), code(1), "registration-code-withdrawn"),
    ];
    let mut texts = Vec::new();
    for (device, code, word) in tried {
        let refused = registers(&mut shop, "only", device, code).expect_err("wrong");
        assert_eq!(refused.reason.word, word);
        texts.push((refused.refusal.code, refused.refusal.detail.clone()));
    }
    shop.pass_unnoticed(Seconds::DAY);
    let late = registers(&mut shop, "only", device(3), code(2)).expect_err("too late");
    assert_eq!(late.reason.word, "registration-code-expired");
    texts.push((late.refusal.code, late.refusal.detail));
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(texts[0].0, RefusalCode::RegistrationRefused);
    assert_eq!(shop.durable(), before);
}

#[test]
fn what_has_run_out_once_never_comes_back() {
    let mut shop = shop("only");
    let give = wants(&mut shop, &[1]);
    let code = give.codes[0].code.clone();
    let in_time = shop.now;
    shop.now = shop.now.after(Seconds::DAY);
    registers(&mut shop, "only", device(1), Some(&code)).expect_err("too late");
    shop.now = in_time;
    let refused = registers(&mut shop, "only", device(1), Some(&code)).expect_err("still");
    assert_eq!(refused.reason.word, "registration-code-expired");
}

#[test]
fn no_code_is_made_for_a_device_whose_time_is_over() {
    let mut shop = shop("only");
    let mut late = row(&shop, 1, 1, HandoverState::Wanted);
    late.expires = DateTime(Timestamp::from_millis(shop.now.as_millis()));
    assert_eq!(page(&mut shop, vec![late]), []);
    assert_eq!(shop.count(Kind::Pair), 0);
}

#[test]
fn a_source_that_tries_ten_wrong_codes_has_to_wait() {
    let mut shop = shop("only");
    let give = wants(&mut shop, &[1]);
    for number in 10..20 {
        let refused = registers(&mut shop, "only", device(number), Some(&give.codes[0].code));
        let refused = refused.expect_err("nobody's code");
        assert_eq!(refused.refusal.code, RefusalCode::RegistrationRefused);
    }
    let refused = registers(&mut shop, "only", device(1), Some(&give.codes[0].code));
    let refused = refused.expect_err("it has to wait");
    assert_eq!(refused.refusal.code, RefusalCode::Throttled);
    shop.source = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)));
    registers(&mut shop, "only", device(1), Some(&give.codes[0].code)).expect("not from there");
}

#[test]
fn a_device_that_is_wanted_again_is_given_the_same_code() {
    let mut shop = shop("only");
    let give = wants(&mut shop, &[1]);
    let before = shop.durable();
    assert_eq!(wants(&mut shop, &[1]), give);
    assert_eq!(shop.durable(), before, "a repeated page changes nothing");
    let masters = vec![(1, [6; 32]), (2, [7; 32])];
    shop.center = provider("only", masters).into();
    assert_eq!(wants(&mut shop, &[1]), give, "whichever master key made it");
    assert_ne!(wants(&mut shop, &[2]).codes[0].code, give.codes[0].code);
}

#[test]
fn another_application_has_another_code_and_the_one_before_opens_nothing() {
    let mut shop = shop("only");
    let first = wants(&mut shop, &[1]).codes.remove(0).code;
    let wanted = row(&shop, 2, 1, HandoverState::Wanted);
    let ended = row(&shop, 1, 1, HandoverState::Ended);
    let said = page(&mut shop, vec![wanted, ended]);
    let Some(ProviderRequest::Give(give)) = said.first() else {
        panic!("no codes are given: {said:?}");
    };
    assert_eq!(give.application, application(2));
    registers(&mut shop, "only", device(1), Some(&first)).expect_err("over");
    registers(&mut shop, "only", device(1), Some(&give.codes[0].code)).expect("right");
}

#[test]
fn what_has_ended_opens_nothing_before_it_is_settled() {
    let mut shop = shop("only");
    let give = wants(&mut shop, &[1, 2]);
    registers(&mut shop, "only", device(1), Some(&give.codes[0].code)).expect("right");
    let rows = [1, 2].map(|it| row(&shop, 1, it, HandoverState::Ended));
    let said = page(&mut shop, rows.into());
    let [ProviderRequest::Settle(settle)] = &said[..] else {
        panic!("it is settled and nothing else said: {said:?}");
    };
    assert_eq!(settle.handovers.len(), 2);
    for (number, code) in [(1, 0), (2, 1)] {
        let code = &give.codes[code].code;
        registers(&mut shop, "only", device(number), Some(code)).expect_err("over");
    }
    assert_eq!(shop.count(Kind::Unreported), 0, "nothing of it is reported");
    let settled = ProviderReply::Settled(HandoversSettled { settled: 2 });
    let heard = Heard::Answer(said[0].clone(), settled);
    assert_eq!(hears(&mut shop, "only", heard), []);
}

#[test]
fn what_the_center_makes_of_codes_decides_what_becomes_of_them() {
    for (result, opens) in [
        (GiveOutcome::Given, true),
        (GiveOutcome::Later, true),
        (GiveOutcome::Differs, false),
        (GiveOutcome::Refused, false),
    ] {
        let mut shop = shop("only");
        let give = wants(&mut shop, &[1]);
        assert_eq!(hears(&mut shop, "only", answer(&give, &[result])), []);
        let registered = registers(&mut shop, "only", device(1), Some(&give.codes[0].code));
        assert_eq!(registered.is_ok(), opens, "{result:?}");
    }
}

#[test]
fn a_report_stands_until_the_center_takes_or_refuses_it() {
    for (result, entitled) in [
        (EntitledOutcome::Entitled, true),
        (EntitledOutcome::Refused, false),
    ] {
        let mut shop = shop("only");
        let give = wants(&mut shop, &[1]);
        registers(&mut shop, "only", device(1), Some(&give.codes[0].code)).expect("right");
        let said = page(&mut shop, Vec::new());
        assert_eq!(said, [reports(&[1])]);
        for code in [RefusalCode::Busy, RefusalCode::RoleForbidden] {
            let heard = Heard::Refused(said[0].clone(), Refusal::plain(code));
            assert_eq!(hears(&mut shop, "only", heard), []);
            assert_eq!(page(&mut shop, Vec::new()), said, "it is said again");
        }
        let device = device(1);
        let results = vec![EntitledResult { device, result }];
        let reported = ProviderReply::Reported(EntitlementsReported { results });
        let heard = Heard::Answer(said[0].clone(), reported);
        assert_eq!(hears(&mut shop, "only", heard), []);
        assert_eq!(page(&mut shop, Vec::new()), []);
        let is = matches!(
            state(&shop, "only", device),
            Some(PairState::Entitled { .. })
        );
        assert_eq!(is, entitled, "{result:?}");
    }
}

#[test]
fn what_the_center_does_not_know_is_given_up_and_the_rest_said_again() {
    let mut shop = shop("only");
    let give = wants(&mut shop, &[1, 2, 3]);
    let heard = Heard::Refused(ProviderRequest::Give(give.clone()), not_found(&[2, 9]));
    let said = hears(&mut shop, "only", heard);
    let [ProviderRequest::Give(again)] = &said[..] else {
        panic!("the rest is given: {said:?}");
    };
    assert_eq!(again.codes, [give.codes[0].clone(), give.codes[2].clone()]);
    let codes = [0, 1, 2].map(|at| give.codes[at].code.clone());
    registers(&mut shop, "only", device(2), Some(&codes[1])).expect_err("given up");
    registers(&mut shop, "only", device(1), Some(&codes[0])).expect("right");
    registers(&mut shop, "only", device(3), Some(&codes[2])).expect("right");
    let heard = Heard::Refused(reports(&[1, 3]), not_found(&[3]));
    assert_eq!(hears(&mut shop, "only", heard), [reports(&[1])]);
    let heard = Heard::Refused(reports(&[1]), not_found(&[]));
    assert_eq!(hears(&mut shop, "only", heard), []);
    assert_eq!(shop.count(Kind::Unreported), 0);
    registers(&mut shop, "only", device(1), Some(&codes[0])).expect_err("given up");
}

/// Device 1 of application 1 and device 2 of application 2 use the service; what is reported.
fn two_used(shop: &mut Shop) -> Vec<ProviderRequest> {
    let rows = [1, 2].map(|it| row(shop, it, it, HandoverState::Wanted));
    for said in page(shop, rows.into()) {
        if let ProviderRequest::Give(give) = said {
            let code = &give.codes[0];
            registers(shop, "only", code.device, Some(&code.code)).expect("right");
        }
    }
    page(shop, Vec::new())
}

#[test]
fn a_report_that_is_refused_keeps_back_none_behind_it() {
    let mut shop = shop("only");
    let said = two_used(&mut shop);
    assert_eq!(said, [reports_of(1, &[1])]);
    for code in [RefusalCode::Invalid, RefusalCode::Internal] {
        let heard = Heard::Refused(said[0].clone(), Refusal::plain(code));
        let next = hears(&mut shop, "only", heard);
        assert_eq!(next, [reports_of(2, &[2])], "{code}");
        let heard = Heard::Refused(next[0].clone(), Refusal::plain(code));
        assert_eq!(hears(&mut shop, "only", heard), []);
    }
    let heard = Heard::Refused(said[0].clone(), not_found(&[9]));
    assert_eq!(hears(&mut shop, "only", heard), [reports_of(2, &[2])]);
    for code in [RefusalCode::Busy, RefusalCode::TokenRefused] {
        let heard = Heard::Refused(said[0].clone(), Refusal::plain(code));
        assert_eq!(
            hears(&mut shop, "only", heard),
            [],
            "{code}: the round is over"
        );
    }
    assert_eq!(shop.count(Kind::Unreported), 2);
    assert_eq!(page(&mut shop, Vec::new()), said, "it is said again");
}

#[test]
fn a_refusal_that_names_foreign_devices_alone_gives_nothing_up() {
    let mut shop = shop("only");
    let give = wants(&mut shop, &[1]);
    let before = shop.durable();
    let heard = Heard::Refused(ProviderRequest::Give(give.clone()), not_found(&[9]));
    assert_eq!(hears(&mut shop, "only", heard), []);
    assert_eq!(shop.durable(), before);
    registers(&mut shop, "only", device(1), Some(&give.codes[0].code)).expect("right");
    let before = shop.durable();
    let heard = Heard::Refused(reports(&[1]), not_found(&[8, 9]));
    assert_eq!(hears(&mut shop, "only", heard), []);
    assert_eq!(shop.durable(), before);
}

#[test]
fn a_damaged_pair_is_passed_over_and_named_and_the_others_get_their_codes() {
    let mut shop = shop("only");
    let give = wants(&mut shop, &[1, 2]);
    shop.damage(&Pair::key(device(1), &id("only")));
    let mut rows: Vec<_> = [1, 2, 3]
        .map(|it| row(&shop, 1, it, HandoverState::Wanted))
        .into();
    rows.extend([1, 4].map(|it| row(&shop, 1, it, HandoverState::Ended)));
    let rows = Page { rows, next: None };
    let heard = Heard::Answer(lists(&mut shop), ProviderReply::Handovers(rows));
    let said = hears_with_damage(&mut shop, "only", heard);
    let damage = said.damage.expect("the operator is told");
    assert!(damage.starts_with("2 passed over; the first: "), "{damage}");
    let [
        ProviderRequest::Give(again),
        ProviderRequest::Settle(settled),
    ] = &said.messages[..]
    else {
        panic!("codes are given and handovers settled: {:?}", said.messages);
    };
    let given: Vec<_> = again.codes.iter().map(|it| it.device).collect();
    assert_eq!(given, [device(2), device(3)]);
    assert_eq!(again.codes[0], give.codes[1]);
    assert_eq!(settled.handovers, [HandoverId::from_bytes([4; 16])]);
}

#[test]
fn a_report_is_made_and_ends_though_its_record_is_damaged() {
    let mut shop = shop("only");
    let said = two_used(&mut shop);
    let keys = shop.rows.keys();
    let unreported: Vec<_> = keys
        .filter(|key| key.kind == Kind::Unreported)
        .cloned()
        .collect();
    unreported.iter().for_each(|key| shop.damage(key));
    assert_eq!(page(&mut shop, Vec::new()), said);
    let results = vec![EntitledResult {
        device: device(1),
        result: EntitledOutcome::Entitled,
    }];
    let reported = ProviderReply::Reported(EntitlementsReported { results });
    let heard = Heard::Answer(said[0].clone(), reported);
    assert_eq!(hears(&mut shop, "only", heard), [reports_of(2, &[2])]);
    assert_eq!(shop.count(Kind::Unreported), 1);
}

#[test]
fn a_service_that_the_center_does_not_know_gives_nothing_up() {
    let mut shop = shop("only");
    let give = wants(&mut shop, &[1]);
    registers(&mut shop, "only", device(1), Some(&give.codes[0].code)).expect("right");
    let before = shop.durable();
    let list = lists(&mut shop);
    let heard = Heard::Refused(list, not_found(&[]));
    assert_eq!(hears(&mut shop, "only", heard), []);
    assert_eq!(shop.durable(), before);
}

#[test]
fn answers_about_devices_that_were_not_named_change_nothing() {
    let mut shop = shop("only");
    let give = wants(&mut shop, &[1, 2]);
    let mut only = give.clone();
    only.codes.truncate(1);
    let results = [1, 2].map(|it| GiveResult {
        device: device(it),
        result: GiveOutcome::Refused,
    });
    let results = results.into();
    let heard = Heard::Answer(
        ProviderRequest::Give(only),
        ProviderReply::Given(CodesGiven { results }),
    );
    hears(&mut shop, "only", heard);
    assert!(matches!(
        state(&shop, "only", device(1)),
        Some(PairState::Withdrawn { .. })
    ));
    assert_eq!(state(&shop, "only", device(2)), Some(PairState::Open));
}

#[test]
fn an_answer_to_something_else_is_refused_and_changes_nothing() {
    let mut shop = shop("only");
    let list = lists(&mut shop);
    let settled = ProviderReply::Settled(HandoversSettled { settled: 0 });
    let heard = Message::Heard(id("only"), Heard::Answer(list, settled));
    let refused = shop.call(Credential::None, heard).expect_err("no answer");
    assert_eq!(refused.reason.word, "wrong-answer");
}

#[test]
fn a_provider_and_a_center_have_their_own_conversations() {
    let mut shop = shop("only");
    let messages = [
        Message::Device(poll()),
        Message::People(PeopleRequest::ListTokens(ListTokens { after: None })),
    ];
    for message in messages {
        let refused = shop
            .call(Credential::Console, message)
            .expect_err("not here");
        assert_eq!(refused.refusal.code, RefusalCode::NotFound);
        assert_eq!(refused.reason.word, "no-such-conversation");
    }
    let mut center = World::new();
    let operator = center.token(Role::Operator, "op", None);
    let heard = Message::Heard(id("only"), Heard::Nothing);
    let refused = center.call(operator, heard).expect_err("not here");
    assert_eq!(refused.reason.word, "no-such-conversation");
}

#[test]
fn a_clock_that_jumped_ahead_is_accepted_by_the_operator_of_the_machine_alone() {
    let mut shop = shop("only");
    shop.pass_unnoticed(Seconds::new(3 * 86_400));
    assert!(shop.tick().suspended);
    let accept = || Message::People(PeopleRequest::AcceptClock(AcceptClock {}));
    shop.call(Credential::None, accept())
        .expect_err("a stranger");
    let accepted = shop.call(Credential::Console, accept());
    let Ok(Reply::People(PeopleReply::ClockAccepted(accepted))) = accepted else {
        panic!("it is accepted: {accepted:?}");
    };
    assert_eq!(accepted.now, DateTime(shop.now));
    assert!(!shop.tick().suspended);
}
