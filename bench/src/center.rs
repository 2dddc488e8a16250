//! A center with the embedded store in a folder of its own, as the program would put it together,
//! and the devices that are enrolled there.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use restante_core::center::{
    Call, Center, Credential, Decide, Keys, Message, Policy, Refused, Reply, Source,
};
use restante_core::code::{FormalCode, ProvisionalCode};
use restante_core::entropy::Seed;
use restante_core::id::{CorrelationId, CustomerId, Model, RequestId, Serial, UserName, Vendor};
use restante_core::record::{Change, Pause, Records, Write};
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::people::{CodeIssued, IssueCode, PeopleReply, PeopleRequest};
use restante_core::wire::{
    Contacts, DeviceEntry, DeviceReply, DeviceRequest, Enrol, Enrolled, Function, FunctionSet,
    Hosts, Identification, Poll,
};
use restante_crypto::RingCrypto;
use restante_http::server::{Answer, Bounds, Line, Listener, Proxies, router};
use restante_store::sqlite::{Options, SqliteStore};
use restante_store::{Clock, Driver, Store, SystemClock};
use tempfile::TempDir;

use crate::Failure;
use crate::services::HOST;

/// The keys of a trial center: what they are does not matter for speed.
pub(crate) fn keys() -> Result<Keys, Failure> {
    Ok(Keys::new([1; 32], vec![(1, [2; 32])])?)
}

/// Core's center on SQLite, as the program runs it.
pub(crate) type TrialDriver = Driver<Center<RingCrypto>, SqliteStore>;

/// A center and the folder that its store lies in.
pub(crate) struct Bench {
    pub(crate) driver: Arc<TrialDriver>,
    pub(crate) folder: TempDir,
}

/// What the routes stand on.
struct Driven(Arc<TrialDriver>);

impl Answer for Driven {
    async fn answer(&self, call: Call) -> Result<Reply, Refused> {
        match self.0.call(call).await {
            Ok(answer) => answer.outcome,
            Err(error) => panic!("the trial center failed: {error}"),
        }
    }
}

impl Bench {
    /// A center with an empty store.
    pub(crate) fn new() -> Result<Self, Failure> {
        let folder = TempDir::new()?;
        let driver = Self::open(folder.path())?;
        Ok(Self { driver, folder })
    }

    /// The same, whose devices may register for services.
    pub(crate) fn with_services() -> Result<Self, Failure> {
        let folder = TempDir::new()?;
        let policy = Policy {
            service_hosts: Hosts::new([HOST.parse()?])?,
            ..Policy::default()
        };
        let driver = Self::deciding(folder.path(), policy)?;
        Ok(Self { driver, folder })
    }

    /// What decides on the store in `folder`.
    pub(crate) fn open(folder: &Path) -> Result<Arc<TrialDriver>, Failure> {
        Self::deciding(folder, Policy::default())
    }

    fn deciding(folder: &Path, policy: Policy) -> Result<Arc<TrialDriver>, Failure> {
        let store = SqliteStore::open(&folder.join("bench.db"), "bench", Options::default())?;
        let center = Center::new(RingCrypto, keys()?, policy);
        Ok(Arc::new(Driver::new(center, store)))
    }

    /// Its routes.
    pub(crate) fn router(&self) -> Router {
        Self::routes(&self.driver)
    }

    /// The routes that lead to this driver.
    pub(crate) fn routes(driver: &Arc<TrialDriver>) -> Router {
        let answer = Arc::new(Driven(Arc::clone(driver)));
        router(answer, Duration::from_secs(30))
    }

    /// What a person at the console asks.
    pub(crate) async fn people(&self, request: PeopleRequest) -> Result<PeopleReply, Failure> {
        match self
            .ask(Credential::Console, Message::People(request))
            .await?
        {
            Reply::People(reply) => Ok(reply),
            other => Err(format!("not for people: {other:?}").into()),
        }
    }

    /// The customer that is `user`.
    pub(crate) async fn customer(&self, user: &str) -> Result<CustomerId, Failure> {
        Ok(self.issued(user).await?.row.customer)
    }

    /// A provisional code for `user`.
    pub(crate) async fn code(&self, user: &str) -> Result<ProvisionalCode, Failure> {
        Ok(self.issued(user).await?.code.parse()?)
    }

    async fn issued(&self, user: &str) -> Result<CodeIssued, Failure> {
        let issue = IssueCode {
            user: UserName::new(user)?,
            validity: None,
            limit: None,
            note: None,
        };
        match self.people(PeopleRequest::IssueCode(issue)).await? {
            PeopleReply::CodeIssued(issued) => Ok(issued),
            other => Err(format!("not a code: {other:?}").into()),
        }
    }

    /// Enrols one device and uses its formal code for the first time.
    pub(crate) async fn device(
        &self,
        code: ProvisionalCode,
        number: u64,
    ) -> Result<FormalCode, Failure> {
        let message = Message::Device(DeviceRequest::Enrol(enrol(number)?));
        let reply = self.ask(Credential::Provisional(code), message).await?;
        let Reply::Device(DeviceReply::Enrolled(Enrolled { formal_code, .. })) = reply else {
            return Err(format!("not enrolled: {reply:?}").into());
        };
        let poll = Message::Device(DeviceRequest::Poll(Poll::default()));
        self.ask(Credential::Formal(formal_code.clone()), poll)
            .await?;
        Ok(formal_code)
    }

    /// How many rows this call would write and how large their bodies are: asked of the center
    /// itself, and not carried out.
    pub(crate) async fn writes_of(
        &self,
        presented: Credential,
        message: Message,
    ) -> Result<Vec<usize>, Failure> {
        let call = Call {
            source: nobody(),
            presented,
            message,
        };
        let (now, seed) = (SystemClock.now(), Seed::new([3; 32]));
        let mut records = Records::new();
        loop {
            match self.driver.decides().decide(now, &seed, &call, &records) {
                Ok(decision) => {
                    if let Err(refused) = decision.outcome {
                        return Err(refused.reason.word.into());
                    }
                    let size = |write: &Write| match &write.change {
                        Change::Put { body, .. } => body.len(),
                        Change::Delete => 0,
                    };
                    return Ok(decision.written.writes.iter().map(size).collect());
                }
                Err(Pause::Read(needs)) => {
                    let found = self.driver.store().load(&needs).await?;
                    let loaded = needs.into_iter().zip(found);
                    loaded.for_each(|(need, found)| records.add(need, found));
                }
                Err(other) => return Err(other.into()),
            }
        }
    }

    async fn ask(&self, presented: Credential, message: Message) -> Result<Reply, Failure> {
        let answer = self
            .driver
            .call(Call {
                source: nobody(),
                presented,
                message,
            })
            .await?;
        answer
            .outcome
            .map_err(|refused| format!("{}: {}", refused.reason.word, refused.reason.detail).into())
    }
}

fn nobody() -> Source {
    Source {
        address: None,
        correlation: CorrelationId::from_bytes([0; 16]),
    }
}

/// The poll of a device that has seen nothing yet.
pub(crate) fn first_poll(code: &FormalCode) -> Vec<u8> {
    let code = code.to_text();
    format!("GET /v1/mailbox HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {code}\r\n\r\n")
        .into_bytes()
}

/// An enrolment of one device, as a panel sends it.
pub(crate) fn enrol(number: u64) -> Result<Enrol, Failure> {
    let mut request = [0; 16];
    request[..8].copy_from_slice(&number.to_be_bytes());
    let identification = Identification {
        vendor: Vendor::new("ACME")?,
        model: Model::new("M1001")?,
        serial: Serial::new(format!("D{number:010}"))?,
        functions: FunctionSet::new([Function::Scanner, Function::Printer])?,
    };
    let entry = DeviceEntry {
        identification,
        contacts: Contacts::default(),
    };
    Ok(Enrol {
        request: RequestId::from_bytes(request),
        devices: DeviceList::new(vec![entry])?,
        max_message: None,
    })
}

/// Serves a router on loopback until the program ends; its address. All contestants are served by
/// the same listener.
pub(crate) async fn serve(router: Router) -> Result<SocketAddr, Failure> {
    let bounds = Bounds {
        per_source: 10_000,
        ..Bounds::default()
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = Listener::bind(address, Line::Plain, Proxies::none(), bounds).await?;
    let address = listener.local_addr();
    tokio::spawn(listener.serve(router, std::future::pending()));
    Ok(address)
}
