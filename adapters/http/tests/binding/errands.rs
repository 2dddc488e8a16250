//! A device at a service's server: to whom it shows its registration code, and what it makes of
//! answers that no good server gives.

use restante_core::center::{Call, Message, Reply};
use restante_core::id::{DeviceId, ServiceId};
use restante_core::registrant::{Errand, Exchange, ServiceAnswer};
use restante_core::wire::url::ServiceUrl;
use restante_core::wire::{Register, Registered};
use restante_http::client::{ServiceClient, Trust};

use crate::stand::{LOOPBACK, Outcome, Plan, Stand, certificates};

fn service() -> ServiceId {
    "pull-print".parse().expect("an id")
}

fn pair() -> Register {
    Register {
        device: DeviceId::from_bytes([9; 16]),
        code: Some("07en-w3ah-rz6d".parse().expect("a code")),
    }
}

fn registered() -> Registered {
    Registered {
        device: pair().device,
        service: service(),
    }
}

fn accepting(_: &Call) -> Outcome {
    Ok(Reply::Registered(registered()))
}

/// To this stand, by the name that its certificate has to bear.
fn errand(stand: &Stand) -> Errand {
    let port = stand.address.port();
    let url = format!("https://localhost:{port}/v1/services/pull-print/registrations");
    Errand {
        exchange: Exchange::default(),
        url: ServiceUrl::new(url).expect("a URL"),
        message: pair(),
    }
}

fn believing(root: &str) -> ServiceClient {
    let trust = Trust::only(root.as_bytes()).expect("a root");
    ServiceClient::new(&trust).expect("a client")
}

#[tokio::test]
async fn a_pair_is_presented_to_a_server_that_is_trusted() {
    let stand = Plan::default().start(accepting).await;
    let served = believing(&stand.root).register(&errand(&stand)).await;
    assert_eq!(served.answer, ServiceAnswer::Registered(registered()));
    assert_eq!(served.why, None);
    let [call] = stand.calls().try_into().expect("one call");
    assert_eq!(call.message, Message::Register(service(), pair()));
}

/// Nothing is presented, and a person reads why.
async fn distrusts(stand: &Stand, client: ServiceClient) {
    let served = client.register(&errand(stand)).await;
    assert_eq!(served.answer, ServiceAnswer::Nothing);
    let why = served.why.expect("a reason");
    let begins = "the certificate of the service's server is not trusted here (";
    assert!(why.starts_with(begins), "{why}");
    assert!(!why.contains("07en"), "{why}");
    assert!(stand.calls().is_empty(), "nothing was presented");
}

#[tokio::test]
async fn nothing_is_presented_to_a_server_whose_certificate_nobody_here_has_issued() {
    let stand = Plan::default().start(accepting).await;
    let (foreign, _) = certificates(&LOOPBACK);
    distrusts(&stand, believing(&foreign)).await;
}

#[tokio::test]
async fn nothing_is_presented_to_a_server_with_the_certificate_of_another_host() {
    let plan = Plan {
        names: &["service.example"],
        ..Plan::default()
    };
    let stand = plan.start(accepting).await;
    let client = believing(&stand.root);
    distrusts(&stand, client).await;
}

#[tokio::test]
async fn nothing_is_presented_without_tls() {
    let stand = Plan::plain().start(accepting).await;
    let served = believing(&stand.root).register(&errand(&stand)).await;
    assert_eq!(served.answer, ServiceAnswer::Nothing);
    assert!(served.why.is_some());
    assert!(stand.calls().is_empty(), "nothing was presented");
}
