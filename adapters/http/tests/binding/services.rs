//! Services over real sockets: what people ask, and what a device presents at a service's URL.

use restante_core::center::{Call, Credential, Message, Reply};
use restante_core::id::{
    AccountName, ApplicationId, CustomerId, DeviceId, Model, Note, RequestId, ServiceId,
};
use restante_core::time::{Seconds, Timestamp};
use restante_core::wire::people::{DateTime, Page, PeopleReply, PeopleRequest};
use restante_core::wire::services::{
    ApplicationRow, ApplicationState, Applied, Apply, CancelApplication, Choose, Collator,
    DefineService, Devices, EntitlementRow, ListApplications, ListEntitlements, ListServices,
    ListTargets, Models, Selection, ServiceRow, ServicesReply, ServicesRequest, StopUse, Tally,
    TargetRow, TargetState, UseStopped,
};
use restante_core::wire::url::ServiceUrl;
use restante_core::wire::{Refusal, RefusalCode, Register, Registered};
use restante_http::client::SendError;

use crate::stand::{Outcome, Plan, formal, token};

fn service() -> ServiceId {
    "pull-print".parse().expect("an id")
}

fn customer() -> Option<CustomerId> {
    Some(CustomerId::from_bytes([8; 16]))
}

fn application() -> ApplicationId {
    ApplicationId::from_bytes([6; 16])
}

fn device() -> DeviceId {
    DeviceId::from_bytes([9; 16])
}

fn time() -> DateTime {
    DateTime(Timestamp::from_millis(1_800_000_000_000))
}

fn model() -> Model {
    Model::new("C 5000 „Größe“").expect("a model")
}

fn url() -> ServiceUrl {
    ServiceUrl::new("https://service-x.example/register?s=x").expect("a URL")
}

fn application_row() -> ApplicationRow {
    ApplicationRow {
        application: application(),
        service: service(),
        state: ApplicationState::Filling,
        made: time(),
        expires: time(),
        tally: Tally {
            waiting: 3,
            left_out: 1,
            ..Tally::default()
        },
    }
}

fn catalogue() -> Vec<(ServicesRequest, ServicesReply)> {
    use {ServicesReply as Reply, ServicesRequest as Request};
    let title = Note::new("Pull printing").expect("a title");
    let define = DefineService {
        service: service(),
        title: Some(title.clone()),
        url: url(),
        models: vec![model()],
        collator: Collator::Center,
    };
    let row = ServiceRow {
        service: service(),
        title,
        url: url(),
        models: vec![model()],
        collator: Collator::Provider,
        account: Some(AccountName::new("print-shop").expect("an account")),
        used: Some(true),
    };
    let unused = ListServices {
        customer: customer(),
        unused: true,
        after: Some(service()),
    };
    let rows = vec![row.clone()];
    let services = Page {
        rows,
        next: Some(service()),
    };
    vec![
        (Request::Define(define), Reply::Defined(row)),
        (Request::List(unused), Reply::Services(services.clone())),
        (
            Request::List(ListServices::default()),
            Reply::Services(services),
        ),
    ]
}

fn applying() -> Vec<(ServicesRequest, ServicesReply)> {
    use {ServicesReply as Reply, ServicesRequest as Request};
    let apply = Apply {
        request: RequestId::from_bytes([3; 16]),
        customer: customer(),
        services: vec![service()],
        on: Selection::Models(Models(vec![model()])),
        validity: Some(Seconds::DAY),
    };
    let choose = Choose {
        application: application(),
        customer: None,
        on: Selection::All,
    };
    let list = ListApplications {
        customer: customer(),
        after: Some(application()),
    };
    let cancel = CancelApplication {
        application: application(),
        customer: customer(),
        devices: Some(Devices(vec![device()])),
    };
    let row = application_row();
    let page = Page {
        rows: vec![row.clone()],
        next: None,
    };
    let applications = vec![row.clone()];
    vec![
        (
            Request::Apply(apply),
            Reply::Applied(Applied { applications }),
        ),
        (Request::Choose(choose), Reply::Application(row.clone())),
        (Request::ListApplications(list), Reply::Applications(page)),
        (Request::CancelApplication(cancel), Reply::Application(row)),
    ]
}

fn using() -> Vec<(ServicesRequest, ServicesReply)> {
    use {ServicesReply as Reply, ServicesRequest as Request};
    let targets = ListTargets {
        application: application(),
        customer: customer(),
        after: Some(device()),
    };
    let target = TargetRow {
        device: device(),
        state: TargetState::AlreadyApplied,
        since: Some(time()),
        detail: Some(Note::new("kein Platz").expect("a note")),
    };
    let stop = StopUse {
        service: service(),
        customer: customer(),
        devices: Devices(vec![device()]),
    };
    let entitlements = ListEntitlements {
        service: service(),
        customer: customer(),
        after: Some(device()),
    };
    let entitlement = EntitlementRow {
        device: device(),
        since: time(),
        stopped: None,
    };
    vec![
        (
            Request::ListTargets(targets),
            Reply::Targets(Page {
                rows: vec![target],
                next: Some(device()),
            }),
        ),
        (
            Request::StopUse(stop),
            Reply::UseStopped(UseStopped { stopped: 1 }),
        ),
        (
            Request::ListEntitlements(entitlements),
            Reply::Entitlements(Page {
                rows: vec![entitlement],
                next: None,
            }),
        ),
    ]
}

fn exchanges() -> impl Iterator<Item = (PeopleRequest, PeopleReply)> {
    let all = catalogue().into_iter().chain(applying()).chain(using());
    all.map(|(request, reply)| {
        (
            PeopleRequest::Services(request),
            PeopleReply::Services(reply),
        )
    })
}

#[tokio::test]
async fn every_question_about_services_and_its_reply_travel_unchanged() {
    let stand = Plan::default()
        .start(|call: &Call| {
            let fits = |(request, _): &(PeopleRequest, _)| {
                call.message == Message::People(request.clone())
            };
            let (_, reply) = exchanges().find(fits).expect("a question");
            Ok(Reply::People(reply))
        })
        .await;
    let client = stand.client();
    for (request, reply) in exchanges() {
        let got = client.ask(&token(), &request).await;
        assert_eq!(got.as_ref(), Ok(&reply), "{request:?}");
        let call = stand.calls().pop().expect("a call");
        assert_eq!(call.presented, Credential::Token(token()));
        assert_eq!(call.message, Message::People(request));
    }
}

fn pairs() -> [Register; 2] {
    let code = Some("07en-w3ah-rz6d".parse().expect("a code"));
    let device = device();
    [Register { device, code }, Register { device, code: None }]
}

fn registered() -> Outcome {
    Ok(Reply::Registered(Registered {
        device: device(),
        service: service(),
    }))
}

#[tokio::test]
async fn a_pair_of_device_and_code_travels_without_a_credential() {
    let stand = Plan::default().start(|_: &Call| registered()).await;
    for pair in pairs() {
        let got = stand.client().register(&service(), &pair).await;
        assert_eq!(got.map(Reply::Registered).ok(), registered().ok());
        let call = stand.calls().pop().expect("a call");
        assert_eq!(call.presented, Credential::None);
        assert_eq!(call.message, Message::Register(service(), pair));
        assert_eq!(call.source.address, Some(stand.address.ip()));
    }
}

#[tokio::test]
async fn a_refused_pair_is_told_so_in_the_center_s_words() {
    let refusal = Refusal::plain(RefusalCode::RegistrationRefused);
    let stand = Plan::default()
        .start(move |_: &Call| Err(refusal.clone()))
        .await;
    let [pair, _] = pairs();
    let error = stand.client().register(&service(), &pair).await;
    let Err(SendError::Refused(refusal)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(refusal.code, RefusalCode::RegistrationRefused);
    assert_eq!(refusal.detail, RefusalCode::RegistrationRefused.title());
}

fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    let text = format!(
        "POST {path} HTTP/1.1\r\nHost: center\r\nConnection: close\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    text.into()
}

#[tokio::test]
async fn whatever_credential_comes_with_a_pair_is_passed_over() {
    let stand = Plan::plain().start(|_: &Call| registered()).await;
    let one = format!("Authorization: Bearer {}\r\n", formal().to_text());
    let two = "Authorization: Bearer rfc1.a\r\nAuthorization: Basic eDp5\r\n";
    let body = format!(r#"{{"device":"{}"}}"#, device());
    for headers in ["", &one, two] {
        let path = "/v1/services/pull-print/registrations";
        let response = stand.raw(&post(path, headers, &body)).await;
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    }
    for call in stand.calls() {
        assert_eq!(call.presented, Credential::None);
    }
    assert_eq!(stand.calls().len(), 3);
}

#[tokio::test]
async fn what_stands_in_the_path_counts_and_not_what_stands_in_the_body() {
    let stand = Plan::plain()
        .start(|_: &Call| {
            let reply = ServicesReply::Application(application_row());
            Ok(Reply::People(PeopleReply::Services(reply)))
        })
        .await;
    let bearer = format!("Authorization: Bearer {}\r\n", token().to_text());
    let path = format!("/v1/applications/{}/choice", application());
    for body in [
        r#"{"on":"all"}"#,
        r#"{"on":"all","application":"app-x"}"#,
        r#"{"application":7,"on":"all"}"#,
    ] {
        let response = stand.raw(&post(&path, &bearer, body)).await;
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
        let choose = Choose {
            application: application(),
            customer: None,
            on: Selection::All,
        };
        let request = PeopleRequest::Services(ServicesRequest::Choose(choose));
        let call = stand.calls().pop().expect("a call");
        assert_eq!(call.message, Message::People(request));
    }
    let response = stand.raw(&post(&path, &bearer, "{}")).await;
    assert!(response.contains("missing field `on`"), "{response}");
}

#[tokio::test]
async fn a_calling_off_of_all_needs_no_body() {
    let stand = Plan::plain()
        .start(|_: &Call| {
            let reply = ServicesReply::Application(application_row());
            Ok(Reply::People(PeopleReply::Services(reply)))
        })
        .await;
    let request = format!(
        "POST /v1/applications/{}/cancellation HTTP/1.1\r\nHost: center\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\n\r\n",
        application(),
        token().to_text()
    );
    let response = stand.raw(request.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    let cancel = CancelApplication {
        application: application(),
        customer: None,
        devices: None,
    };
    let request = PeopleRequest::Services(ServicesRequest::CancelApplication(cancel));
    let call = stand.calls().pop().expect("a call");
    assert_eq!(call.message, Message::People(request));
}

#[tokio::test]
async fn an_id_that_cannot_be_one_names_nothing_whatever_the_body_is() {
    let stand = Plan::plain().start(|_: &Call| registered()).await;
    for path in [
        "/v1/services/Pull%20Print/registrations",
        "/v1/services/Pull-Print/stops",
        "/v1/applications/app-1/choice",
        "/v1/applications/pull-print/cancellation",
    ] {
        for body in ["{}", "{", ""] {
            let response = stand.raw(&post(path, "", body)).await;
            assert!(response.starts_with("HTTP/1.1 404 "), "{path} {response}");
            assert!(response.contains(r#""code":"not-found""#), "{response}");
        }
    }
    assert_eq!(stand.calls(), []);
}

#[tokio::test]
async fn entitlements_are_of_a_service_that_has_to_be_named() {
    let stand = Plan::plain().start(|_: &Call| registered()).await;
    let request = "GET /v1/entitlements HTTP/1.1\r\nHost: center\r\nConnection: close\r\n\r\n";
    let response = stand.raw(request.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 422 "), "{response}");
    assert!(response.contains("missing field `service`"), "{response}");
}
