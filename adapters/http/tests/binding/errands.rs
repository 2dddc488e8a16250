//! A device at a service's server: to whom it shows its registration code, and what it makes of
//! answers that no good server gives.

use std::net::SocketAddr;
use std::sync::Arc;

use restante_core::center::{Call, Message, Reply};
use restante_core::id::{DeviceId, ServiceId};
use restante_core::registrant::{Errand, Exchange, ServiceAnswer};
use restante_core::wire::url::ServiceUrl;
use restante_core::wire::{Register, Registered};
use restante_http::client::{ServiceClient, Trust};

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::stand::{LOOPBACK, Outcome, Plan, Stand, certificates, pem};

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
    errand_at(stand.address)
}

fn errand_at(server: SocketAddr) -> Errand {
    let port = server.port();
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

/// A trusted server that reads a request, answers with these bytes, and says nothing more; its
/// root, its address, and the word that it has done so.
async fn stalling(answer: &'static str) -> (String, SocketAddr, oneshot::Receiver<()>) {
    let [root, chain, key] = pem(&LOOPBACK);
    let chain = CertificateDer::from_pem_slice(chain.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .expect("a pair");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (tell, stalled) = oneshot::channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let mut stream = acceptor.accept(stream).await.expect("a handshake");
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            stream.read_buf(&mut request).await.expect("a request");
        }
        stream.write_all(answer.as_bytes()).await.expect("written");
        stream.flush().await.expect("sent");
        tell.send(()).expect("somebody waits");
        std::future::pending::<()>().await;
    });
    (root, address, stalled)
}

/// The client gives up, at a clock that jumps ahead as soon as the server stalls.
async fn gives_up(answer: &'static str) {
    let (root, address, stalled) = stalling(answer).await;
    let client = believing(&root);
    let errand = errand_at(address);
    let (served, ()) = tokio::join!(client.register(&errand), async {
        stalled.await.expect("a server that stalls");
        tokio::time::pause();
    });
    assert_eq!(served.answer, ServiceAnswer::Nothing);
    assert_eq!(served.why.as_deref(), Some("it took too long"));
}

// spec: SVC-055
#[tokio::test]
async fn a_server_that_takes_the_pair_and_never_answers_is_given_up_without_an_answer() {
    gives_up("").await;
}

// spec: SVC-055
#[tokio::test]
async fn a_server_that_stops_in_the_middle_of_its_answer_is_given_up_without_an_answer() {
    gives_up("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
        .await;
}
