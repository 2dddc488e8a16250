//! A provider's server against a center that answers by a script: when it dials, and what it says.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use restante_center::provider::{ProviderConfig, Serving, init, prepare};
use restante_core::center::{Call, Credential, Message, Reason, Refused, Reply};
use restante_core::code::AccessToken;
use restante_core::id::{ApplicationId, DeviceId, HandoverId, TokenId};
use restante_core::wire::people::{DateTime, Page, PeopleReply, PeopleRequest};
use restante_core::wire::provider::{
    CodesGiven, EntitledOutcome, EntitledResult, EntitlementsReported, GiveOutcome, GiveResult,
    HandoverRow, HandoverState, ProviderReply, ProviderRequest,
};
use restante_core::wire::{Refusal, RefusalCode};
use restante_core::{Seconds, Timestamp};
use restante_http::server::{Answer, Bounds, Line, Listener, Proxies, router};
use restante_store::{Clock, SystemClock};

#[path = "receiver/mod.rs"]
mod receiver;

use receiver::{Receiver, SECRET, free};

/// What the script says to a message; the number counts from 0.
type Script = fn(usize, &ProviderRequest) -> Result<ProviderReply, Refusal>;

/// A center that answers by a script and keeps what it was asked, and when.
struct Scripted {
    script: Script,
    asked: Mutex<Vec<(Instant, ProviderRequest)>>,
}

impl Answer for Scripted {
    async fn answer(&self, call: Call) -> Result<Reply, Refused> {
        assert!(matches!(call.presented, Credential::Token(_)), "{call:?}");
        let Message::People(PeopleRequest::Provider(request)) = call.message else {
            panic!("it is asked {:?}", call.message);
        };
        let mut asked = self.asked.lock().expect("not poisoned");
        let answer = (self.script)(asked.len(), &request);
        asked.push((Instant::now(), request));
        let reply = answer.map(|reply| Reply::People(PeopleReply::Provider(reply)));
        reply.map_err(|refusal| Refused {
            refusal,
            reason: Reason {
                word: "script",
                detail: String::new(),
            },
        })
    }
}

/// Both servers; the provider without TLS, as behind a proxy.
struct Stand {
    center: Arc<Scripted>,
    provider: Serving,
    config: ProviderConfig,
    folder: tempfile::TempDir,
}

impl Stand {
    async fn start(script: Script, every: &str) -> Self {
        Self::with(script, every, "", "").await
    }

    /// With these services besides `scan-cloud`, and this webhook.
    async fn with(script: Script, every: &str, services: &str, notify: &str) -> Self {
        let center = Arc::new(Scripted {
            script,
            asked: Mutex::default(),
        });
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let bounds = Bounds::default();
        let listener = Listener::bind(here, Line::Plain, Proxies::none(), bounds).await;
        let listener = listener.expect("a free port");
        let url = format!("http://{}", listener.local_addr());
        let routes = router(Arc::clone(&center), bounds.body);
        tokio::spawn(listener.serve(routes, std::future::pending()));
        let folder = tempfile::tempdir().expect("a folder");
        let config = configured(folder.path(), &url, every, (services, notify));
        let provider = prepare(&config).expect("right").start().await;
        Self {
            center,
            provider: provider.expect("it serves"),
            config,
            folder,
        }
    }

    /// What the center was asked, once it is so much.
    async fn asked(&self, at_least: usize) -> Vec<(Instant, ProviderRequest)> {
        for _ in 0..600 {
            let asked = self.center.asked.lock().expect("not poisoned").clone();
            if asked.len() >= at_least {
                return asked;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the center is not asked");
    }
}

fn configured(
    folder: &Path,
    url: &str,
    every: &str,
    (services, notify): (&str, &str),
) -> ProviderConfig {
    init(folder, "localhost", Timestamp::EPOCH).expect("made");
    let path = folder.join("restante-provider.toml");
    let text = fs::read_to_string(&path).expect("made by init");
    let (before, after) = text.split_once("[http.tls]").expect("made by init");
    let (_, after) = after.split_once("[metrics]").expect("made by init");
    let text = format!("{before}[metrics]{after}")
        .replace("https://center.example:8443", url)
        .replace("[services]", &format!("[services]\n{services}"))
        .replace("[notify]", &format!("[notify]\n{notify}"))
        .replace("127.0.0.1:8444\"]", "127.0.0.1:0\"]")
        .replace("# every = \"10s\"", &format!("every = \"{every}\""));
    let token = AccessToken::new(TokenId::from_bytes([2; 16]), [0x5A; 32]).to_text();
    for (name, text) in [("center-token", token.as_str()), ("secret", SECRET)] {
        let mut private = fs::OpenOptions::new();
        let private = private.write(true).create_new(true).mode(0o600);
        let mut file = private.open(folder.join(name)).expect("made");
        file.write_all(text.as_bytes()).expect("written");
    }
    ProviderConfig::from_text(&path, &text).expect("right")
}

fn busy(_: usize, _: &ProviderRequest) -> Result<ProviderReply, Refusal> {
    let mut refusal = Refusal::plain(RefusalCode::Busy);
    refusal.retry_after = Some(Seconds::new(3));
    Err(refusal)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_center_is_not_asked_before_the_time_that_it_names() {
    let stand = Stand::start(busy, "1s").await;
    let asked = stand.asked(2).await;
    let apart = asked[1].0 - asked[0].0;
    assert!(apart >= Duration::from_secs(3), "after {apart:?}");
    stand.provider.stop().await;
}

fn fails_for_another(_: usize, request: &ProviderRequest) -> Result<ProviderReply, Refusal> {
    match request {
        ProviderRequest::List(list) if list.service.as_str() == "another" => {
            Err(Refusal::plain(RefusalCode::Internal))
        }
        _ => Ok(ProviderReply::Handovers(Page {
            rows: Vec::new(),
            next: None,
        })),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_for_which_the_center_fails_keeps_no_other_back() {
    let another = "another = \"https://localhost:8444/another\"";
    let stand = Stand::with(fails_for_another, "1h", another, "").await;
    let asked = stand.asked(2).await;
    let services = asked.iter().map(|(_, request)| match request {
        ProviderRequest::List(list) => list.service.as_str(),
        other => panic!("nothing is handed over: {other:?}"),
    });
    assert_eq!(services.collect::<Vec<_>>(), ["another", "scan-cloud"]);
    stand.provider.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_dropped_dials_no_more_and_leaves_its_store_to_the_next() {
    let stand = Stand::start(busy, "1s").await;
    stand.asked(1).await;
    drop(stand.provider);
    for _ in 0..600 {
        if prepare(&stand.config).is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!(
        "the store is still held: {:?}",
        prepare(&stand.config).err()
    );
}

fn one_device(number: usize, request: &ProviderRequest) -> Result<ProviderReply, Refusal> {
    let device = DeviceId::from_bytes([7; 16]);
    let wanted = HandoverRow {
        handover: HandoverId::from_bytes([1; 16]),
        application: ApplicationId::from_bytes([2; 16]),
        device,
        state: HandoverState::Wanted,
        expires: DateTime(SystemClock.now().after(Seconds::HOUR)),
    };
    let result = GiveOutcome::Given;
    let entitled = EntitledOutcome::Entitled;
    Ok(match request {
        ProviderRequest::Give(_) => ProviderReply::Given(CodesGiven {
            results: vec![GiveResult { device, result }],
        }),
        ProviderRequest::Report(_) => ProviderReply::Reported(EntitlementsReported {
            results: vec![EntitledResult {
                device,
                result: entitled,
            }],
        }),
        _ => ProviderReply::Handovers(Page {
            rows: if number == 0 {
                vec![wanted]
            } else {
                Vec::new()
            },
            next: None,
        }),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_registers_is_reported_at_once() {
    let stand = Stand::start(one_device, "1h").await;
    let device = register(&stand).await;
    let asked = stand.asked(4).await;
    let ProviderRequest::Report(report) = &asked[3].1 else {
        panic!("nothing is reported: {asked:?}");
    };
    assert_eq!(report.devices.0, [device]);
    stand.provider.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_told_which_devices_have_codes_and_which_use_the_service() {
    let address = free();
    let notify = format!(
        "webhook = \"https://{address}/hook\"\nsecret = \"secret\"\n\
         ca = \"tls/certificate.pem\"\nwithin = \"1s\""
    );
    let stand = Stand::with(one_device, "1h", "", &notify).await;
    // Nobody listens at first: what cannot be told is told later.
    stand.asked(2).await;
    let tls = stand.folder.path().join("tls");
    let receiver = Receiver::start(address, &tls, Vec::new()).await;
    let told = receiver.messages(1).await;
    let device = register(&stand).await;
    assert_eq!(told[0].1["type"], "codes-given");
    assert_eq!(told[0].1["data"]["devices"][0], device.to_string());
    let told = receiver.messages(2).await;
    assert_eq!(told[1].1["type"], "devices-entitled");
    assert_eq!(told[1].1["data"]["devices"][0], device.to_string());
    assert_eq!(told[1].1["data"]["service"], "scan-cloud");
    stand.provider.stop().await;
}

/// The device that was given a code registers with it.
async fn register(stand: &Stand) -> DeviceId {
    let asked = stand.asked(2).await;
    let ProviderRequest::Give(give) = &asked[1].1 else {
        panic!("no code is given: {asked:?}");
    };
    let (device, code) = (give.codes[0].device, give.codes[0].code.as_str().to_owned());
    let address = stand.provider.addresses()[0].socket;
    let body = format!("{{\"device\":\"{device}\",\"code\":\"{code}\"}}");
    let answer = tokio::task::spawn_blocking(move || post(address, &body)).await;
    let answer = answer.expect("it ends");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    device
}

fn post(address: SocketAddr, body: &str) -> String {
    let mut line = TcpStream::connect(address).expect("it listens");
    let head = format!(
        "POST /start HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    line.write_all((head + body).as_bytes()).expect("sent");
    let mut response = String::new();
    line.read_to_string(&mut response).expect("received");
    response
}
