//! A provider with a server of its own, as the center sees it: what is handed over to it, the codes
//! that it gives, the devices that it reports.

use restante_core::Seconds;
use restante_core::center::Credential;
use restante_core::id::{ApplicationId, DeviceId, HandoverId};
use restante_core::record::Kind;
use restante_core::wire::people::{PeopleReply, PeopleRequest, Role};
use restante_core::wire::provider::{
    EntitledOutcome, GiveCodes, GiveOutcome, GivenCode, HandoverRow, HandoverState, ListHandovers,
    ProviderReply, ProviderRequest, ReportEntitlements, SettleHandovers,
};
use restante_core::wire::services::{
    ApplicationState, Collator, DefineService, Devices, Selection, ServicesRequest, StopUse,
    TargetState,
};
use restante_core::wire::{RefusalCode, ServiceUrl};

use crate::trial::{Trial, id};

/// The trial's customers, and a provider of `service-x` with a server of its own.
struct Provider {
    trial: Trial,
    token: Credential,
}

impl Provider {
    fn new() -> Self {
        let mut trial = Trial::new();
        let token = trial.world.token(Role::Provider, "scan", None);
        let define = PeopleRequest::Services(ServicesRequest::Define(DefineService {
            service: id("only"),
            title: None,
            url: ServiceUrl::new("https://only.a.com/regist").expect("a URL"),
            models: Vec::new(),
            collator: Collator::Provider,
        }));
        trial.world.people(token.clone(), define).expect("defined");
        Self { trial, token }
    }

    fn ask(&mut self, request: ProviderRequest) -> Result<ProviderReply, RefusalCode> {
        let request = PeopleRequest::Provider(request);
        match self.trial.world.people(self.token.clone(), request)? {
            PeopleReply::Provider(reply) => Ok(reply),
            other => panic!("a provider was answered by {other:?}"),
        }
    }

    fn list(&mut self) -> Vec<HandoverRow> {
        match self.ask(list()) {
            Ok(ProviderReply::Handovers(page)) => page.rows,
            other => panic!("no handovers: {other:?}"),
        }
    }

    /// The devices in this state, in the order of their serial numbers.
    fn handed(&mut self, state: HandoverState, serials: &[&'static str]) -> Vec<&'static str> {
        let rows = self.list();
        let is = |serial: &&&str| {
            let device = self.trial.device(serial);
            rows.iter()
                .any(|row| row.device == device && row.state == state)
        };
        serials.iter().filter(is).copied().collect()
    }

    fn give(&mut self, of: ApplicationId, codes: &[(&str, &str)]) -> Vec<GiveOutcome> {
        let request = give(&self.trial, of, codes);
        match self.ask(request) {
            Ok(ProviderReply::Given(given)) => given.results.iter().map(|it| it.result).collect(),
            other => panic!("not given: {other:?}"),
        }
    }

    fn report(&mut self, of: ApplicationId, serial: &str) -> EntitledOutcome {
        match self.ask(report(of, self.trial.device(serial))) {
            Ok(ProviderReply::Reported(reported)) => reported.results[0].result,
            other => panic!("not reported: {other:?}"),
        }
    }

    fn settle(&mut self, handovers: Vec<HandoverId>) -> u32 {
        let service = id("only");
        match self.ask(ProviderRequest::Settle(SettleHandovers {
            service,
            handovers,
        })) {
            Ok(ProviderReply::Settled(settled)) => settled.settled,
            other => panic!("not settled: {other:?}"),
        }
    }
}

fn list() -> ProviderRequest {
    ProviderRequest::List(ListHandovers {
        service: id("only"),
        after: None,
    })
}

fn give(trial: &Trial, application: ApplicationId, codes: &[(&str, &str)]) -> ProviderRequest {
    let code = |(serial, code): &(&str, &str)| GivenCode {
        device: trial.device(serial),
        code: code.parse().expect("a code"),
    };
    ProviderRequest::Give(GiveCodes {
        service: id("only"),
        application,
        url: ServiceUrl::new("https://only.a.com/start").expect("a URL"),
        codes: codes.iter().map(code).collect(),
    })
}

fn report(application: ApplicationId, device: DeviceId) -> ProviderRequest {
    ProviderRequest::Report(ReportEntitlements {
        service: id("only"),
        application,
        devices: Devices(vec![device]),
    })
}

const ALL: [&str; 3] = ["D10010101", "D10020102", "D10020103"];

#[test]
fn a_provider_gives_codes_and_its_report_alone_entitles() {
    let mut it = Provider::new();
    let of = it.trial.applied("C001", "only", Selection::All);
    assert_eq!(it.handed(HandoverState::Wanted, &ALL), ALL);
    let row = it.trial.counted("C001", of);
    assert_eq!((row.state, row.tally.waiting), (ApplicationState::Open, 3));
    assert_eq!(
        it.trial.targets("C001", of)[ALL[0]],
        TargetState::HandedOver
    );
    assert!(it.trial.invitations(ALL[0]).is_empty(), "no code yet");
    let codes = [(ALL[0], "163abc45"), (ALL[1], "rjew582s")];
    assert_eq!(it.give(of, &codes), [GiveOutcome::Given; 2]);
    assert_eq!(it.handed(HandoverState::Wanted, &ALL), [ALL[2]]);
    let shown = it.trial.invitations(ALL[0]).remove(0);
    assert_eq!(shown.url, "https://only.a.com/start");
    assert_eq!(shown.code, "163abc45");
    assert_eq!(it.trial.invitations(ALL[1])[0].code, "rjew582s");
    let at_the_center = it.trial.register(ALL[0], "only", Some("163abc45"));
    let word = at_the_center.expect_err("another server's").reason.word;
    assert_eq!(word, "registration-device-mismatch");
    assert_eq!(it.report(of, ALL[2]), EntitledOutcome::Refused, "no code");
    assert_eq!(it.report(of, ALL[0]), EntitledOutcome::Entitled);
    let rows = it.trial.world.durable();
    assert_eq!(it.report(of, ALL[0]), EntitledOutcome::Entitled);
    assert_eq!(it.trial.world.durable(), rows, "no second effect");
    let tally = it.trial.counted("C001", of).tally;
    assert_eq!((tally.entitled, tally.waiting), (1, 2));
    assert!(!it.trial.unused("C001").contains(&"only".into()));
}

#[test]
fn a_device_keeps_the_first_code_that_it_is_given_and_nobody_reads_it_in_the_store() {
    let mut it = Provider::new();
    let of = it.trial.applied("C001", "only", Selection::All);
    assert_eq!(it.give(of, &[(ALL[0], "163abc45")]), [GiveOutcome::Given]);
    let rows = it.trial.world.durable();
    assert_eq!(it.give(of, &[(ALL[0], "163abc45")]), [GiveOutcome::Given]);
    assert_eq!(it.give(of, &[(ALL[0], "9302c1rj")]), [GiveOutcome::Differs]);
    assert_eq!(it.trial.world.durable(), rows);
    assert_eq!(it.trial.invitations(ALL[0])[0].code, "163abc45");
    for row in it.trial.world.durable().into_values() {
        let body = String::from_utf8_lossy(&row.body).into_owned();
        assert!(!body.contains("163abc45"), "{body}");
    }
}

#[test]
fn what_is_called_off_is_taken_back_and_stays_on_the_list_until_it_is_settled() {
    let mut it = Provider::new();
    let of = it.trial.applied("C001", "only", Selection::All);
    let codes = [(ALL[0], "163abc45"), (ALL[1], "rjew582s")];
    assert_eq!(it.give(of, &codes), [GiveOutcome::Given; 2]);
    it.trial.calls_off("C001", of, &[ALL[1], ALL[2]]);
    assert!(it.handed(HandoverState::Wanted, &ALL).is_empty());
    assert_eq!(it.handed(HandoverState::Ended, &ALL), [ALL[1]]);
    assert_eq!(it.give(of, &[(ALL[2], "x")]), [GiveOutcome::Refused]);
    assert_eq!(it.report(of, ALL[1]), EntitledOutcome::Refused);
    assert_eq!(it.report(of, ALL[0]), EntitledOutcome::Entitled);
    it.trial.calls_off("C001", of, &[]);
    it.trial.world.tick();
    let ended = it.list();
    assert_eq!(ended.len(), 1, "who can use it goes on");
    let handovers: Vec<HandoverId> = ended.iter().map(|row| row.handover).collect();
    assert_eq!(it.settle(handovers.clone()), 1);
    assert_eq!(it.settle(handovers), 0);
    assert!(it.list().is_empty());
}

#[test]
fn what_is_wanted_cannot_be_settled_and_is_over_with_its_time() {
    let mut it = Provider::new();
    let of = it.trial.applied("C001", "only", Selection::All);
    assert_eq!(it.give(of, &[(ALL[0], "163abc45")]), [GiveOutcome::Given]);
    let wanted = it.list();
    assert_eq!(
        it.settle(wanted.iter().map(|row| row.handover).collect()),
        0
    );
    assert_eq!(it.list(), wanted);
    it.trial.world.pass(Seconds::new(30 * 86_400 - 3_600));
    it.trial.world.pass_unnoticed(Seconds::HOUR);
    assert!(it.list().is_empty(), "before any tick");
    assert_eq!(it.give(of, &[(ALL[1], "x")]), [GiveOutcome::Refused]);
    assert_eq!(it.report(of, ALL[0]), EntitledOutcome::Refused);
    it.trial.world.pass(Seconds::new(4));
    assert_eq!(it.handed(HandoverState::Ended, &ALL), [ALL[0]]);
    let withdrawn = it.trial.targets("C001", of);
    assert!(
        withdrawn
            .values()
            .all(|state| *state == TargetState::Withdrawn)
    );
}

#[test]
fn a_use_that_was_stopped_is_told_and_a_late_report_does_not_bring_it_back() {
    let mut it = Provider::new();
    let of = it.trial.applied("C001", "only", Selection::All);
    it.give(of, &[(ALL[0], "163abc45")]);
    it.report(of, ALL[0]);
    let stop = ServicesRequest::StopUse(StopUse {
        service: id("only"),
        customer: Some(it.trial.customer("C001")),
        devices: Devices(vec![it.trial.device(ALL[0])]),
    });
    it.trial.ask(stop).expect("stopped");
    assert_eq!(it.handed(HandoverState::Ended, &ALL), [ALL[0]]);
    assert_eq!(it.report(of, ALL[0]), EntitledOutcome::Refused);
    it.trial.calls_off("C001", of, &[]);
    it.trial.world.tick();
    let again = it.trial.applied("C001", "only", Selection::All);
    assert_eq!(it.give(again, &[(ALL[0], "second")]), [GiveOutcome::Given]);
    assert_eq!(it.report(of, ALL[0]), EntitledOutcome::Refused);
    assert_eq!(it.report(again, ALL[0]), EntitledOutcome::Entitled);
}

#[test]
fn another_provider_finds_nothing_and_other_people_may_not_ask() {
    let mut it = Provider::new();
    let of = it.trial.applied("C001", "only", Selection::All);
    it.give(of, &[(ALL[0], "163abc45")]);
    let device = it.trial.device(ALL[0]);
    let settle = ProviderRequest::Settle(SettleHandovers {
        service: id("only"),
        handovers: vec![HandoverId::from_bytes([7; 16])],
    });
    let asked = [
        list(),
        give(&it.trial, of, &[(ALL[1], "theirs")]),
        report(of, device),
        settle,
    ];
    let rows = it.trial.world.count(Kind::Handover);
    let other = it.trial.world.token(Role::Provider, "other", None);
    let dealer = it.trial.world.token(Role::Dealer, "acme", None);
    for request in asked {
        for (token, code) in [
            (&other, RefusalCode::NotFound),
            (&dealer, RefusalCode::RoleForbidden),
            (&Credential::Console, RefusalCode::RoleForbidden),
        ] {
            let request = PeopleRequest::Provider(request.clone());
            assert_eq!(it.trial.world.people(token.clone(), request), Err(code));
        }
    }
    assert_eq!(it.trial.world.count(Kind::Handover), rows);
    let foreign = it.trial.device("D10010201");
    assert_eq!(it.ask(report(of, foreign)), Err(RefusalCode::NotFound));
    let nobodys = ApplicationId::from_bytes([9; 16]);
    assert_eq!(it.ask(report(nobodys, device)), Err(RefusalCode::NotFound));
    let centers = it.trial.applied("C001", "service-x", Selection::All);
    assert_eq!(it.ask(report(centers, device)), Err(RefusalCode::NotFound));
}
