//! Many simulated devices in one process, on a real center over TLS.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use restante_center::{Running, Setup};
use restante_core::center::{Call, Center, Credential, Keys, Message, Policy, Reply, Source};
use restante_core::code::ProvisionalCode;
use restante_core::id::{ApplicationId, CorrelationId, CustomerId, RequestId, UserName};
use restante_core::wire::RefusalCode;
use restante_core::wire::people::{CodeIssued, IssueCode, ListDevices, PeopleReply, PeopleRequest};
use restante_core::wire::plan::{PlanFirst, PlanOf, PlanPolls, PlanShape};
use restante_core::wire::services::{
    Apply, Collator, DefineService, ListEntitlements, Selection, ServicesReply, ServicesRequest,
};
use restante_core::wire::{Contacts, DeviceEntry, Function, FunctionSet, Hosts, Identification};
use restante_core::{Seconds, Seed};
use restante_crypto::RingCrypto;
use restante_device::fleet::{
    Entry, Fleet, FleetFolder, Goal, Limits, Member, Mix, Settings, Tally,
};
use restante_device::line::HttpLine;
use restante_device::{Ended, trial};
use restante_http::client::Trust;
use restante_http::server::{Line as ServerLine, PollingListener, Tls};
use restante_store::{Driver, MemoryStore};

/// A center on loopback, and the certificate that it shows.
struct Place {
    running: Running<Center<RingCrypto>, MemoryStore>,
    pem: String,
    tls: Tls,
}

impl Place {
    async fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let made = made.expect("a certificate");
        let pem = made.cert.pem();
        let key = made.signing_key.serialize_pem();
        let tls = Tls::from_pem(pem.as_bytes(), key.as_bytes()).expect("a pair");
        let policy = Policy {
            service_hosts: Hosts::new(["localhost".parse().expect("a host")]).expect("one"),
            ..Policy::default()
        };
        let keys = Keys::new([1; 32], vec![(1, [2; 32])]).expect("one master key");
        let center = Center::new(RingCrypto, keys, policy);
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let setup = Setup::new(Driver::new(center, MemoryStore::new()));
        let running = setup
            .listen(address, ServerLine::Tls(tls.clone()))
            .start()
            .await;
        let running = running.expect("started");
        Self { running, pem, tls }
    }

    fn url(&self) -> String {
        format!(
            "https://localhost:{}",
            self.running.addresses()[0].socket.port()
        )
    }

    async fn ask(&self, request: PeopleRequest) -> PeopleReply {
        self.try_to_ask(request).await.expect("accepted")
    }

    async fn try_to_ask(&self, request: PeopleRequest) -> Result<PeopleReply, RefusalCode> {
        let source = Source {
            address: None,
            correlation: CorrelationId::from_bytes([0; 16]),
        };
        let answer = self.running.driver().call(Call {
            source,
            presented: Credential::Console,
            message: Message::People(request),
        });
        match answer.await.expect("an answer").outcome {
            Ok(Reply::People(reply)) => Ok(reply),
            Ok(other) => panic!("{other:?}"),
            Err(refused) => Err(refused.refusal.code),
        }
    }

    async fn about_services(&self, request: ServicesRequest) -> ServicesReply {
        match self.ask(PeopleRequest::Services(request)).await {
            PeopleReply::Services(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    async fn issue(&self, user: &str, limit: Option<u32>) -> CodeIssued {
        let issue = IssueCode {
            user: UserName::new(user).expect("a name"),
            validity: None,
            limit,
            note: None,
        };
        match self.ask(PeopleRequest::IssueCode(issue)).await {
            PeopleReply::CodeIssued(issued) => issued,
            other => panic!("{other:?}"),
        }
    }

    fn entry(&self, issued: &CodeIssued) -> Arc<Entry> {
        self.entry_of(issued.code.parse().expect("a code"))
    }

    fn entry_of(&self, code: ProvisionalCode) -> Arc<Entry> {
        let center = self.url().parse().expect("an address");
        Arc::new(Entry { code, center })
    }

    fn line(&self) -> HttpLine {
        // It is installed already where another test came first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        HttpLine::new(Trust::only(self.pem.as_bytes()).expect("a certificate"))
    }

    /// How many devices this customer holds.
    async fn held(&self, customer: CustomerId) -> usize {
        let list = ListDevices {
            customer: Some(customer),
            user: None,
            after: None,
        };
        match self.ask(PeopleRequest::ListDevices(list)).await {
            PeopleReply::Devices(page) => page.rows.len(),
            other => panic!("{other:?}"),
        }
    }

    /// The link by which all devices poll for which an instruction of this application waits.
    async fn link(&self, customer: CustomerId, application: ApplicationId) -> String {
        let plan = PlanPolls {
            request: RequestId::from_bytes([3; 16]),
            customer: Some(customer),
            of: PlanOf::Application(application),
            shape: PlanShape::Roots(1),
            first: PlanFirst::default(),
            widths: vec![8],
            per_minute: None,
        };
        loop {
            match self
                .try_to_ask(PeopleRequest::PlanPolls(plan.clone()))
                .await
            {
                Ok(PeopleReply::PollsPlanned(plan)) => break plan.links[0].link.clone(),
                Ok(other) => panic!("{other:?}"),
                // Its instructions are not made yet.
                Err(code) => assert_eq!(code, RefusalCode::NoEligibleDevice),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Makes a service and applies for it on all devices of this customer.
    async fn apply(&self, customer: CustomerId) -> ApplicationId {
        let url = format!("{}/v1/services/print/registrations", self.url());
        let define = DefineService {
            service: "print".parse().expect("an id"),
            title: None,
            url: url.parse().expect("a URL"),
            models: Vec::new(),
            collator: Collator::Center,
        };
        self.about_services(ServicesRequest::Define(define)).await;
        let apply = Apply {
            request: RequestId::from_bytes(*customer.as_bytes()),
            customer: Some(customer),
            services: Vec::new(),
            on: Selection::All,
            validity: None,
        };
        match self.about_services(ServicesRequest::Apply(apply)).await {
            ServicesReply::Applied(applied) => applied.applications[0].application,
            other => panic!("{other:?}"),
        }
    }

    async fn entitled(&self, customer: CustomerId) -> usize {
        let list = ListEntitlements {
            service: "print".parse().expect("an id"),
            customer: Some(customer),
            after: None,
        };
        match self
            .about_services(ServicesRequest::ListEntitlements(list))
            .await
        {
            ServicesReply::Entitlements(page) => page.rows.len(),
            other => panic!("{other:?}"),
        }
    }
}

/// New devices of three models, the first half with the first code.
fn members(count: usize, entries: &[Arc<Entry>]) -> Vec<Member> {
    devices(count, entries, |_| None)
}

/// The same, with the addresses at which they can be asked to poll.
fn devices(
    count: usize,
    entries: &[Arc<Entry>],
    at: impl Fn(usize) -> Option<String>,
) -> Vec<Member> {
    let mix: Mix = "M1001,M1002,M1003".parse().expect("three models");
    let models = mix.deal(count).into_iter().enumerate();
    let member = |(place, model): (usize, _)| {
        let me = Identification {
            vendor: "ACME".parse().expect("a vendor"),
            model,
            serial: format!("F{place:05}").parse().expect("a serial number"),
            functions: FunctionSet::new([Function::Printer]).expect("a function"),
        };
        let entry = entries[place * entries.len() / count].clone();
        let me = DeviceEntry {
            identification: me,
            contacts: Contacts {
                address: at(place).map(|at| at.parse().expect("an address")),
                ..Contacts::default()
            },
        };
        Member::new(me, trial::status(Some(100)).expect("a count"), Some(entry))
    };
    models.map(member).collect()
}

const HURRIED: Settings = Settings {
    per_second: 1_000,
    poll_every: Some(Seconds::new(1)),
};

async fn run(fleet: &mut Fleet<HttpLine>, goal: Goal, seconds: u64) -> (Ended, Vec<String>) {
    let limits = Limits {
        goal,
        lasts: Some(Duration::from_secs(seconds)),
    };
    let mut said = Vec::new();
    let shown = |_: &Tally, news: Vec<String>| said.extend(news);
    let ended = fleet.run(limits, std::future::pending(), shown).await;
    (ended.expect("it runs"), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_enrols_starts_a_service_and_goes_on_from_its_folder() {
    let place = Place::start().await;
    let (one, other) = (
        place.issue("C001", None).await,
        place.issue("C002", None).await,
    );
    let entries = [place.entry(&one), place.entry(&other)];
    let temporary = tempfile::tempdir().expect("a folder");
    let path = temporary.path().join("fleet");
    let found = FleetFolder::open(&path).expect("a new folder");
    assert!(found.devices.is_empty());
    let fleet = members(6, &entries);
    let mut fleet = Fleet::new(fleet, Some(found.folder), place.line(), HURRIED);
    let (ended, said) = run(&mut fleet, Goal::Enrolled, 60).await;
    assert_eq!((ended, said.as_slice()), (Ended::Reached, &[][..]));
    for issued in [&one, &other] {
        assert_eq!(place.held(issued.row.customer).await, 3);
        place.apply(issued.row.customer).await;
    }
    let (ended, said) = run(&mut fleet, Goal::Registered, 60).await;
    assert_eq!((ended, said.as_slice()), (Ended::Reached, &[][..]));
    for issued in [&one, &other] {
        assert_eq!(place.entitled(issued.row.customer).await, 3);
    }
    assert!(fleet.members().iter().all(Member::is_registered));

    let taken = FleetFolder::open(&path).expect_err("it is in use");
    assert!(
        taken.to_string().contains("another process uses"),
        "{taken}"
    );
    drop(fleet);
    let found = FleetFolder::open(&path).expect("free again");
    let status = || trial::status(Some(100)).expect("a count");
    let resumed = |kept| {
        let contacts = Contacts::default();
        Member::resumed(kept, contacts, status(), Some(Arc::clone(&entries[0])))
    };
    let members: Vec<Member> = found.devices.into_iter().map(resumed).collect();
    let models: Vec<&str> = members.iter().map(Member::model).collect();
    assert_eq!(
        models,
        ["M1001", "M1002", "M1003", "M1001", "M1002", "M1003"]
    );
    let mut fleet = Fleet::new(members, Some(found.folder), place.line(), HURRIED);
    let (ended, _) = run(&mut fleet, Goal::Enrolled, 60).await;
    assert_eq!(ended, Ended::Reached);
    assert_eq!(fleet.tally().sent, 0, "nobody enrols again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_a_person_is_said_once_and_ends_a_run_that_waits_for_it() {
    let place = Place::start().await;
    let entries = [
        place.entry(&place.issue("C001", Some(2)).await),
        place.entry_of(code()),
    ];
    let fleet = members(4, &entries);
    let mut fleet = Fleet::new(fleet, None, place.line(), HURRIED);
    let (ended, said) = run(&mut fleet, Goal::Enrolled, 60).await;
    assert_eq!(ended, Ended::NeedsPerson);
    let tally = fleet.tally();
    assert_eq!((tally.enrolled, tally.stuck, tally.refused), (2, 2, 2));
    let of_the_code = said.iter().filter(|it| it.contains("code-refused"));
    assert_eq!(of_the_code.count(), 1, "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_not_trusted_ends_a_run_that_waits_for_something() {
    let (place, other) = (Place::start().await, Place::start().await);
    let entries = [place.entry(&place.issue("C001", None).await)];
    let mut fleet = Fleet::new(members(3, &entries), None, other.line(), HURRIED);
    let (ended, said) = run(&mut fleet, Goal::Enrolled, 60).await;
    assert_eq!(ended, Ended::NeedsPerson);
    assert!(fleet.tally().untrusted >= 3, "{:?}", fleet.tally());
    let of_it = said
        .iter()
        .filter(|it| it.contains("names a certificate to trust"));
    assert_eq!(of_it.count(), 1, "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_link_has_a_whole_fleet_poll_and_start_a_service() {
    let place = Place::start().await;
    let issued = place.issue("C001", None).await;
    let customer = issued.row.customer;
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let listener = PollingListener::bind(everywhere, &place.tls).await;
    let listener = listener.expect("a port");
    let port = listener.local_addr().port();
    let entry = [place.entry(&issued)];
    let at = |number: usize| format!("127.1.0.{}:{port}", number + 1);
    let fleet = devices(9, &entry, |number| Some(at(number)));
    let daily = Settings {
        per_second: 1_000,
        poll_every: None,
    };
    let mut fleet = Fleet::new(fleet, None, place.line(), daily);
    let hear = fleet.hearing();
    let heard = move |at: IpAddr, request| match at {
        IpAddr::V4(at) => hear(usize::from(at.octets()[3]) - 1, request),
        IpAddr::V6(at) => panic!("{at}"),
    };
    tokio::spawn(listener.serve_many(heard, std::future::pending()));
    let (ended, _) = run(&mut fleet, Goal::Enrolled, 60).await;
    assert_eq!(ended, Ended::Reached);
    let application = place.apply(customer).await;
    let person = async {
        let link = place.link(customer, application).await;
        let anybody = reqwest::Client::builder().danger_accept_invalid_certs(true);
        let got = anybody.build().expect("a client").get(link).send().await;
        got.expect("an answer").status().as_u16()
    };
    let ((ended, _), status) = tokio::join!(run(&mut fleet, Goal::Registered, 60), person);
    assert_eq!((ended, status), (Ended::Reached, 204));
    assert_eq!(place.entitled(customer).await, 9);
    assert_eq!(fleet.tally().asked, 9, "each is asked once");
}

fn code() -> ProvisionalCode {
    ProvisionalCode::draw(&RingCrypto, &Seed::new([5; 32]))
}

fn program(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_restante-device"));
    command
        .env_remove("RESTANTE_CODE")
        .env_remove("RESTANTE_TRUST")
        .current_dir(folder);
    let output = command.arg("fleet").args(arguments).output();
    output.expect("the program runs")
}

#[test]
fn what_cannot_be_is_said_with_what_would_be_right() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |arguments: &[&str]| {
        let output = program(arguments, folder.path());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).expect("text")
    };
    let text = refused(&[]);
    assert!(text.contains("how many devices? give --count"), "{text}");
    let text = refused(&["--count", "10001"]);
    assert!(text.contains("10001 is not in 1..=10000"), "{text}");
    let text = refused(&["--count", "3"]);
    assert!(
        text.contains("3 of 3 devices have no registration"),
        "{text}"
    );
    let code = code().to_text();
    let text = refused(&["--count", "3", "--code", &code]);
    assert!(text.contains("give --center"), "{text}");
    let last = if code.ends_with('7') { '8' } else { '7' };
    let wrong = format!("{}{last}", &code[..code.len() - 1]);
    let center = ["--center", "https://center.example"];
    let text = refused(&[&["--count", "3", "--code", &wrong], &center[..]].concat());
    assert!(
        !text.contains(&wrong),
        "what was typed is not repeated: {text}"
    );
    let text = refused(&["--count", "3", "--models", "M1001=0"]);
    assert!(text.contains("the share of M1001"), "{text}");
    let text = refused(&["--count", "3", "--poll-every", "5"]);
    assert!(text.contains("such as 90s"), "{text}");
    let list = "M1001 D10010101 192.0.2.1\nM1001 D10010201 123.456.789.1\n";
    std::fs::write(folder.path().join("list"), list).expect("written");
    let text = refused(&["--devices", "list", "--code", &code, center[0], center[1]]);
    assert!(
        text.ends_with("list:\n  line 2: 123.456.789.1 is no IPv4 address\n  nothing was done\n"),
        "{text}"
    );
}

#[test]
fn a_fleet_without_an_answer_ends_in_time_and_keeps_what_it_began() {
    let folder = tempfile::tempdir().expect("a folder");
    let code = code().to_text();
    let nobody = ["--center", "http://127.0.0.1:9", "--code", &code];
    let arguments = [
        "--count", "3", "--state", "fleet", "--for", "1s", "--until", "enrolled",
    ];
    let output = program(&[&arguments[..], &nobody[..]].concat(), folder.path());
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8(output.stdout).expect("text");
    let why = "no answer: no connection to http://127.0.0.1:9: ";
    assert_eq!(said.matches(why).count(), 1, "{said}");
    assert!(said.contains("the time is over after "), "{said}");
    let output = program(&["--state", "fleet", "--for", "1s"], folder.path());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(
        said.contains(" M1001        3         0           0\n"),
        "{said}"
    );
    let output = program(&["--state", "fleet", "--count", "2"], folder.path());
    let text = String::from_utf8(output.stderr).expect("text");
    assert!(text.contains("the folder holds 3 devices"), "{text}");
}
