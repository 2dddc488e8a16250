//! A small world for the tests of those who decide: a clock that the test moves, a store in memory
//! that checks revisions as real ones do, and, where a center decides, devices, dealers and
//! operators as a few short calls.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use restante_core::center::{
    Call, Center, Credential, Decide, Decision, Keys, Message, Policy, Refused, Reply, Source,
    Ticked,
};
use restante_core::code::{FormalCode, ProvisionalCode};
use restante_core::id::{
    AccountName, CorrelationId, CustomerId, DeviceId, GrantId, Model, RegistrationId, RequestId,
    Serial, UserName, Vendor,
};
use restante_core::record::{
    Change, Expect, Grant, Key, Kind, Loaded, Need, Pause, Range, Record, Records, Registration,
    RegistrationLocator, Revision, Row, Written,
};
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::people::{
    CodeIssued, IssueCode, IssueToken, PeopleReply, PeopleRequest, RevokeCode, Role,
};
use restante_core::wire::{
    AddDevices, Contacts, Counted, Counter, Counters, DeviceEntry, DeviceReply, DeviceRequest,
    DeviceState, Enrol, Enrolled, Function, FunctionSet, Identification, Leave, Poll, PollReply,
    RefusalCode, RemoveDevices, ReportStatus, Rotate, StatusReport,
};
use restante_core::{Seconds, Seed, Timestamp};
use restante_crypto::RingCrypto;

/// Who decides (a center unless it is said otherwise), its store and the time.
#[derive(Clone)]
pub(crate) struct World<D = Center<RingCrypto>> {
    pub(crate) center: Arc<D>,
    pub(crate) rows: BTreeMap<Key, Arc<Row>>,
    pub(crate) now: Timestamp,
    pub(crate) source: Option<IpAddr>,
    seed: u64,
}

/// One decision, with how it came about.
pub(crate) struct Decided {
    pub(crate) decision: Decision,
    /// What was asked for in each round.
    pub(crate) rounds: Vec<Vec<Need>>,
}

/// Something had moved before the writes came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Conflict;

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Policy::default())
    }

    pub(crate) fn with(policy: Policy) -> Self {
        let keys = Keys::new([1; 32], vec![(1, [2; 32])]).expect("one master key");
        Self::of(Center::new(RingCrypto, keys, policy))
    }

    pub(crate) fn keys(&self) -> &Keys {
        self.center.keys()
    }
}

impl<D: Decide> World<D> {
    pub(crate) fn of(decides: D) -> Self {
        let mut world = Self {
            center: Arc::new(decides),
            rows: BTreeMap::new(),
            now: Timestamp::from_millis(1_800_000_000_000),
            source: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
            seed: 0,
        };
        world.tick();
        world
    }

    /// Lets time pass; a day at a time, with a tick in between, as a running center sees it.
    pub(crate) fn pass(&mut self, span: Seconds) {
        let end = self.now.after(span);
        while self.now < end {
            self.now = end.min(self.now.after(Seconds::DAY));
            self.tick();
        }
    }

    /// Lets time pass without a tick.
    pub(crate) fn pass_unnoticed(&mut self, span: Seconds) {
        self.now = self.now.after(span);
    }

    pub(crate) fn tick(&mut self) -> Ticked {
        loop {
            match self.call(Credential::None, Message::Tick) {
                Ok(Reply::Ticked(ticked)) if ticked.more => {}
                Ok(Reply::Ticked(ticked)) => return ticked,
                other => panic!("a tick answers with what it did, not {other:?}"),
            }
        }
    }

    pub(crate) fn next_seed(&mut self) -> Seed {
        self.seed += 1;
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&self.seed.to_be_bytes());
        Seed::new(bytes)
    }

    /// Decides without writing anything.
    pub(crate) fn decide(&mut self, presented: Credential, message: Message) -> Decided {
        let seed = self.next_seed();
        let call = Call {
            source: Source {
                address: self.source,
                correlation: CorrelationId::from_bytes([9; 16]),
            },
            presented,
            message,
        };
        let mut records = Records::new();
        let mut rounds = Vec::new();
        loop {
            match self.center.decide(self.now, &seed, &call, &records) {
                Ok(decision) => return Decided { decision, rounds },
                Err(Pause::Read(needs)) => {
                    for need in &needs {
                        records.add(need.clone(), self.load(need));
                    }
                    rounds.push(needs);
                }
                Err(other) => panic!("{other}"),
            }
        }
    }

    pub(crate) fn load(&self, need: &Need) -> Loaded {
        match need {
            Need::Record(key) => Loaded::Record(self.rows.get(key).cloned()),
            Need::Range(range) => self.load_range(range),
        }
    }

    fn load_range(&self, range: &Range) -> Loaded {
        let within = |key: &Key| {
            (key.kind, key.owner) == (range.kind, range.owner)
                && key.key > range.after
                && (range.through.is_empty() || key.key <= range.through)
        };
        let rows: Vec<Arc<Row>> = self
            .rows
            .values()
            .filter(|row| within(&row.key))
            .take(range.limit as usize)
            .cloned()
            .collect();
        let head = Key::owned(range.kind, range.owner, &[]).head();
        let head = head.map_or(Revision::ABSENT, |head| self.revision(&head));
        Loaded::Range { rows, head }
    }

    fn revision(&self, key: &Key) -> Revision {
        self.rows
            .get(key)
            .map_or(Revision::ABSENT, |row| row.revision)
    }

    /// Writes what a decision wants, if nothing has moved since.
    pub(crate) fn commit(&mut self, written: &Written) -> Result<(), Conflict> {
        if written.is_empty() {
            return Ok(());
        }
        let moved = |expect: &Expect| self.revision(&expect.key) != expect.revision;
        if written.expects.iter().any(moved) {
            return Err(Conflict);
        }
        for write in &written.writes {
            let revision = self.revision(&write.key).next();
            match &write.change {
                Change::Delete => {
                    self.rows.remove(&write.key);
                }
                Change::Put { format, body } => {
                    let row = Row {
                        key: write.key.clone(),
                        revision,
                        format: *format,
                        body: body.clone(),
                    };
                    self.rows.insert(write.key.clone(), Arc::new(row));
                }
            }
        }
        Ok(())
    }

    /// Decides and writes.
    pub(crate) fn call(
        &mut self,
        presented: Credential,
        message: Message,
    ) -> Result<Reply, Box<Refused>> {
        let decided = self.decide(presented, message);
        self.commit(&decided.decision.written)
            .expect("nobody else writes");
        decided.decision.outcome.map_err(Box::new)
    }

    /// What is stored at `key`.
    pub(crate) fn stored<R: Record>(&self, key: &Key) -> Option<R> {
        let row = self.rows.get(key)?;
        Some(R::read(row.format, &row.body).expect("a readable record"))
    }

    /// Makes what is stored at `key` unreadable.
    pub(crate) fn damage(&mut self, key: &Key) {
        let row = self.rows.get_mut(key).expect("a record");
        Arc::make_mut(row).body = b"{".to_vec();
    }

    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.rows.keys().filter(|key| key.kind == kind).count()
    }

    /// Rows other than throttles and the clock: what a refusal must leave alone.
    pub(crate) fn durable(&self) -> BTreeMap<Key, Arc<Row>> {
        let mut rows = self.rows.clone();
        rows.retain(|key, _| !matches!(key.kind, Kind::Throttle | Kind::Clock));
        rows
    }
}

/// What devices and people ask of a center, and what dealers and operators do.
impl World {
    pub(crate) fn device(
        &mut self,
        presented: Credential,
        request: DeviceRequest,
    ) -> Result<DeviceReply, RefusalCode> {
        match self.call(presented, Message::Device(request)) {
            Ok(Reply::Device(reply)) => Ok(reply),
            Ok(other) => panic!("a device's request was answered by {other:?}"),
            Err(refused) => Err(refused.refusal.code),
        }
    }

    pub(crate) fn people(
        &mut self,
        presented: Credential,
        request: PeopleRequest,
    ) -> Result<PeopleReply, RefusalCode> {
        match self.call(presented, Message::People(request)) {
            Ok(Reply::People(reply)) => Ok(reply),
            Ok(other) => panic!("a person's request was answered by {other:?}"),
            Err(refused) => Err(refused.refusal.code),
        }
    }

    pub(crate) fn issue(&mut self, user: &str, limit: Option<u32>) -> Code {
        self.issue_for(user, limit, None)
    }

    pub(crate) fn issue_for(
        &mut self,
        user: &str,
        limit: Option<u32>,
        validity: Option<Seconds>,
    ) -> Code {
        let request = PeopleRequest::IssueCode(IssueCode {
            user: UserName::new(user).expect("a name"),
            validity,
            limit,
            note: None,
        });
        match self.people(Credential::Console, request) {
            Ok(PeopleReply::CodeIssued(CodeIssued { code, row })) => Code {
                text: code.parse().expect("a right code"),
                grant: row.grant,
                customer: row.customer,
            },
            other => panic!("no code: {other:?}"),
        }
    }

    pub(crate) fn revoke(&mut self, code: &Code) {
        let request = PeopleRequest::RevokeCode(RevokeCode { grant: code.grant });
        self.people(Credential::Console, request)
            .expect("the console revokes any code");
    }

    pub(crate) fn token(
        &mut self,
        role: Role,
        account: &str,
        customer: Option<CustomerId>,
    ) -> Credential {
        let request = PeopleRequest::IssueToken(IssueToken {
            role,
            account: AccountName::new(account).expect("a name"),
            customer,
            validity: None,
        });
        match self.people(Credential::Console, request) {
            Ok(PeopleReply::TokenIssued(issued)) => Credential::Token(issued.token),
            other => panic!("no token: {other:?}"),
        }
    }

    pub(crate) fn grant(&self, code: &Code) -> Option<Grant> {
        let account = AccountName::new("console").expect("a name");
        let owner = self.keys().account(&RingCrypto, &account);
        self.stored(&Grant::key(owner, code.grant))
    }

    /// (free, pending, used) of a grant that is there.
    pub(crate) fn slots(&self, code: &Code) -> (u32, u32, u32) {
        let slots = self.grant(code).expect("the grant is there").slots;
        assert_eq!(slots.free() + slots.pending() + slots.used(), slots.limit());
        (slots.free(), slots.pending(), slots.used())
    }

    pub(crate) fn registration(&self, id: RegistrationId) -> Registration {
        let located: RegistrationLocator =
            self.stored(&RegistrationLocator::key(id)).expect("located");
        self.stored(&Registration::key(located.customer, id))
            .expect("a registration")
    }
}

/// A code as its dealer knows it.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) text: ProvisionalCode,
    pub(crate) grant: GrantId,
    pub(crate) customer: CustomerId,
}

impl Code {
    pub(crate) fn shown(&self) -> Credential {
        Credential::Provisional(self.text.clone())
    }
}

/// What devices do.
impl World {
    pub(crate) fn enrol(
        &mut self,
        code: &Code,
        request: u8,
        serials: &[&str],
    ) -> Result<Enrolled, RefusalCode> {
        match self.device(code.shown(), enrol(request, serials))? {
            DeviceReply::Enrolled(enrolled) => Ok(enrolled),
            other => panic!("an enrolment was answered by {other:?}"),
        }
    }

    /// Enrols and uses the formal code.
    pub(crate) fn activate(&mut self, code: &Code, request: u8, serials: &[&str]) -> Enrolled {
        let enrolled = self.enrol(code, request, serials).expect("enrolled");
        self.poll(&enrolled.formal_code).expect("active");
        enrolled
    }

    pub(crate) fn poll(&mut self, code: &FormalCode) -> Result<PollReply, RefusalCode> {
        match self.device(formal(code), poll())? {
            DeviceReply::Polled(reply) => Ok(reply),
            other => panic!("a poll was answered by {other:?}"),
        }
    }

    pub(crate) fn rotate(&mut self, code: &FormalCode) -> Result<FormalCode, RefusalCode> {
        match self.device(formal(code), DeviceRequest::Rotate(Rotate {}))? {
            DeviceReply::Rotated(rotated) => Ok(rotated.formal_code),
            other => panic!("a rotation was answered by {other:?}"),
        }
    }
}

pub(crate) fn formal(code: &FormalCode) -> Credential {
    Credential::Formal(code.clone())
}

pub(crate) fn poll() -> DeviceRequest {
    DeviceRequest::Poll(Poll::default())
}

pub(crate) fn leave() -> DeviceRequest {
    DeviceRequest::Leave(Leave {})
}

pub(crate) fn entry(serial: &str) -> DeviceEntry {
    DeviceEntry {
        identification: Identification {
            vendor: Vendor::new("Acme").expect("a vendor"),
            model: Model::new("MX-5").expect("a model"),
            serial: Serial::new(serial).expect("a serial number"),
            functions: FunctionSet::new([Function::Printer, Function::Scanner]).expect("two"),
        },
        contacts: Contacts::default(),
    }
}

pub(crate) fn list(serials: &[&str]) -> DeviceList {
    DeviceList::new(serials.iter().map(|serial| entry(serial)).collect()).expect("a list")
}

pub(crate) fn enrol(request: u8, serials: &[&str]) -> DeviceRequest {
    DeviceRequest::Enrol(Enrol {
        request: RequestId::from_bytes([request; 16]),
        devices: list(serials),
        max_message: None,
    })
}

pub(crate) fn add(serials: &[&str], code: Option<&Code>) -> DeviceRequest {
    DeviceRequest::AddDevices(AddDevices {
        change: next_change(),
        devices: list(serials),
        code: code.map(|code| code.text.to_text()),
    })
}

pub(crate) fn remove(devices: &[DeviceId]) -> DeviceRequest {
    DeviceRequest::RemoveDevices(RemoveDevices {
        change: next_change(),
        devices: devices.to_vec(),
    })
}

/// The number of an addition or removal that is made now: above those of all that were made before.
/// A copy of one has the same.
fn next_change() -> NonZeroU32 {
    static LAST: AtomicU32 = AtomicU32::new(0);
    NonZeroU32::MIN.saturating_add(LAST.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn report(device: DeviceId, boot: u32, seq: u32, sheets: u64) -> StatusReport {
    let mut counters = Counters::default();
    counters.services.copy = Some(Counted {
        media_sheets_completed: Some(Counter::new(sheets).expect("a count")),
        ..Counted::default()
    });
    StatusReport {
        device,
        boot,
        seq,
        age: Seconds::ZERO,
        state: DeviceState::Idle,
        reasons: Vec::new(),
        counters,
        address: None,
    }
}

pub(crate) fn reports(reports: Vec<StatusReport>) -> DeviceRequest {
    DeviceRequest::ReportStatus(ReportStatus { reports })
}
