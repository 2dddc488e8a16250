//! The real center over the store in memory, as a few plain calls.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll as Polled, Waker};

use restante_core::Timestamp;
use restante_core::center::{Call, Center, Credential, Keys, Message, Policy, Reply, Source};
use restante_core::code::{FormalCode, ProvisionalCode};
use restante_core::id::{
    CorrelationId, CustomerId, DeviceId, GrantId, Model, RequestId, Serial, UserName, Vendor,
};
use restante_core::time::Seconds;
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::people::{
    CodeRow, IssueCode, ListCodes, PeopleReply, PeopleRequest, RevokeCode,
};
use restante_core::wire::{
    AddDevices, Contacts, Counters, DeviceEntry, DeviceReply, DeviceRequest, DeviceState, Enrol,
    Function, FunctionSet, Identification, Leave, Poll, Refusal, RefusalCode, RemoveDevices,
    ReportStatus, Rotate, StatusReport,
};
use restante_crypto::RingCrypto;
use restante_store::system::NoEntropy;
use restante_store::{Clock, Driver, Entropy, MemoryStore};

use super::act::Say;
use super::model::Name;

/// The center, its clock, and the codes that it has handed out.
pub(super) struct Site {
    driver: Driver<Center<RingCrypto>, MemoryStore>,
    clock: Arc<Dial>,
    codes: Vec<Issued>,
    changes: Cell<NonZeroU32>,
}

struct Issued {
    code: ProvisionalCode,
    grant: GrantId,
    customer: CustomerId,
    user: usize,
}

impl Default for Site {
    fn default() -> Self {
        let keys = Keys::new([1; 32], vec![(1, [2; 32])]).expect("one master key");
        let center = Center::new(RingCrypto, keys, Policy::default());
        let clock = Arc::new(Dial::default());
        let driver = Driver::new(center, MemoryStore::new())
            .clock(Arc::clone(&clock))
            .entropy(Count::default());
        let site = Self {
            driver,
            clock,
            codes: Vec::new(),
            changes: Cell::new(NonZeroU32::MIN),
        };
        site.show(0);
        site.tick();
        site
    }
}

impl Site {
    /// The clock shows so many seconds since the beginning.
    pub(super) fn show(&self, seconds: u64) {
        let millis = BEGINNING + seconds * 1_000;
        self.clock.0.store(millis, Ordering::Relaxed);
    }

    pub(super) fn tick(&self) {
        loop {
            match self.ask(Credential::None, Message::Tick) {
                Ok(Reply::Ticked(ticked)) if ticked.more => {}
                Ok(Reply::Ticked(ticked)) => return assert!(!ticked.suspended, "no clock jumps"),
                other => panic!("a tick says what it did, not {other:?}"),
            }
        }
    }

    pub(super) fn issue(&mut self, user: usize, limit: u32, validity: u32) {
        let request = PeopleRequest::IssueCode(IssueCode {
            user: UserName::new(format!("user {user}")).expect("a name"),
            validity: Some(Seconds::new(validity)),
            limit: Some(limit),
            note: None,
        });
        let Ok(PeopleReply::CodeIssued(issued)) = self.people(request) else {
            panic!("a dealer gets a code");
        };
        self.codes.push(Issued {
            code: issued.code.parse().expect("a code that reads right"),
            grant: issued.row.grant,
            customer: issued.row.customer,
            user,
        });
    }

    /// Whether the grant was still there.
    pub(super) fn revoke(&self, grant: usize) -> bool {
        let grant = self.codes[grant].grant;
        match self.people(PeopleRequest::RevokeCode(RevokeCode { grant })) {
            Ok(PeopleReply::CodeRevoked(_)) => true,
            Err(refusal) if refusal.code == RefusalCode::NotFound => false,
            other => panic!("a code is revoked or not there, not {other:?}"),
        }
    }

    /// The codes that the dealer is shown, by their numbers.
    pub(super) fn list(&self) -> BTreeMap<usize, CodeRow> {
        let request = PeopleRequest::ListCodes(ListCodes::default());
        let Ok(PeopleReply::Codes(page)) = self.people(request) else {
            panic!("a dealer sees the codes");
        };
        let number = |row: &CodeRow| self.codes.iter().position(|it| it.grant == row.grant);
        let rows = page.rows.into_iter();
        rows.filter_map(|row| Some((number(&row)?, row))).collect()
    }

    pub(super) fn enrol(&self, name: Name, devices: &[usize]) -> Result<DeviceReply, Refusal> {
        let (grant, request) = name;
        let request = u8::try_from(request).expect("a few request ids");
        let enrol = Enrol {
            request: RequestId::from_bytes([request; 16]),
            devices: list(devices),
            max_message: None,
        };
        let code = self.codes[grant].code.clone();
        self.device(Credential::Provisional(code), DeviceRequest::Enrol(enrol))
    }

    pub(super) fn say(
        &self,
        user: usize,
        code: &FormalCode,
        what: &Say,
    ) -> Result<DeviceReply, Refusal> {
        let request = match what {
            Say::Poll => DeviceRequest::Poll(Poll::default()),
            Say::Rotate => DeviceRequest::Rotate(Rotate {}),
            Say::Leave => DeviceRequest::Leave(Leave {}),
            Say::Report { device, boot, seq } => DeviceRequest::ReportStatus(ReportStatus {
                reports: vec![self.report(user, *device, *boot, *seq)],
            }),
            Say::Add {
                devices,
                pays,
                late,
            } => DeviceRequest::AddDevices(AddDevices {
                change: self.change(*late),
                devices: list(devices),
                code: pays.map(|grant| self.codes[grant].code.to_text()),
            }),
            Say::Remove { devices, late } => DeviceRequest::RemoveDevices(RemoveDevices {
                change: self.change(*late),
                devices: devices.iter().map(|it| self.device_id(user, *it)).collect(),
            }),
        };
        self.device(Credential::Formal(code.clone()), request)
    }

    /// The number of an addition or removal: the first of all if it comes late, otherwise the next.
    fn change(&self, late: bool) -> NonZeroU32 {
        if late {
            return NonZeroU32::MIN;
        }
        let last = self.changes.get().saturating_add(1);
        self.changes.set(last);
        last
    }

    fn report(&self, user: usize, device: usize, boot: u32, seq: u32) -> StatusReport {
        StatusReport {
            device: self.device_id(user, device),
            boot,
            seq,
            age: Seconds::ZERO,
            state: DeviceState::Idle,
            reasons: Vec::new(),
            counters: Counters::default(),
            address: None,
        }
    }

    fn device_id(&self, user: usize, device: usize) -> DeviceId {
        let customer = self
            .codes
            .iter()
            .find(|it| it.user == user)
            .map(|it| it.customer);
        let customer = customer.expect("who is registered had a code");
        let keys = self.driver.decides().keys();
        keys.device(&RingCrypto, customer, &entry(device).identification)
    }

    fn device(
        &self,
        presented: Credential,
        request: DeviceRequest,
    ) -> Result<DeviceReply, Refusal> {
        match self.ask(presented, Message::Device(request)) {
            Ok(Reply::Device(reply)) => Ok(reply),
            Ok(other) => panic!("a device is answered as one, not {other:?}"),
            Err(refusal) => Err(*refusal),
        }
    }

    fn people(&self, request: PeopleRequest) -> Result<PeopleReply, Refusal> {
        match self.ask(Credential::Console, Message::People(request)) {
            Ok(Reply::People(reply)) => Ok(reply),
            Ok(other) => panic!("a person is answered as one, not {other:?}"),
            Err(refusal) => Err(*refusal),
        }
    }

    fn ask(&self, presented: Credential, message: Message) -> Result<Reply, Box<Refusal>> {
        let call = Call {
            source: Source {
                address: None,
                correlation: CorrelationId::from_bytes([0; 16]),
            },
            presented,
            message,
        };
        let asked = pin!(self.driver.call(call));
        match asked.poll(&mut Context::from_waker(Waker::noop())) {
            Polled::Ready(Ok(answer)) => answer.outcome.map_err(|it| Box::new(it.refusal)),
            Polled::Ready(Err(error)) => panic!("the driver has no answer: {error}"),
            Polled::Pending => panic!("a store in memory does not wait"),
        }
    }
}

fn list(devices: &[usize]) -> DeviceList {
    let entries = devices.iter().map(|device| entry(*device)).collect();
    DeviceList::new(entries).expect("some devices, none twice")
}

fn entry(device: usize) -> DeviceEntry {
    DeviceEntry {
        identification: Identification {
            vendor: Vendor::new("Acme").expect("a name"),
            model: Model::new("C-100").expect("a name"),
            serial: Serial::new(format!("{device}")).expect("a name"),
            functions: FunctionSet::new([Function::Printer]).expect("a function"),
        },
        contacts: Contacts::default(),
    }
}

/// A clock that shows what it is set to.
#[derive(Default)]
struct Dial(AtomicU64);

impl Clock for Dial {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Randomness that never repeats and is the same every time.
#[derive(Default)]
struct Count(AtomicU64);

impl Entropy for Count {
    fn draw(&self) -> Result<[u8; 32], NoEntropy> {
        let mut bytes = [0; 32];
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Ok(bytes)
    }
}

/// What the clock shows at the beginning: 2026-01-01T00:00:00Z.
const BEGINNING: u64 = 1_767_225_600_000;
