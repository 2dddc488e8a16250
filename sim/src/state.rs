//! The durable state as the world sees it: every record that a commit wrote, read and kept beside
//! the store.
//!
//! It is folded from the commits in the order in which they were applied. What the store itself
//! holds is compared with it whenever a node has crashed and at the end of every history. Records
//! are read with the core's own types, so that what cannot be read is found at once.

use std::collections::BTreeMap;

use restante_core::id::{CustomerId, DeviceId, GrantId, RegistrationId};
use restante_core::provider::Pair;
use restante_core::record::{
    Change, Clock, Device, Entitlement, Grant, Instruction, Key, Kind, Mailbox, Reading, Record,
    Registration, Token, Write,
};
use restante_core::time::Timestamp;

/// All records.
#[derive(Clone, Debug, Default)]
pub struct State {
    rows: BTreeMap<Key, Kept>,
    /// Where the record with this id is: registrations, grants and devices.
    places: BTreeMap<(Kind, [u8; 16]), Key>,
}

/// One record: its bytes and what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The body as it was written.
    pub body: Vec<u8>,
    /// What it says.
    pub entry: Entry,
}

/// A record that can be read, or one that need not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The highest time seen.
    Clock(Clock),
    /// A grant.
    Grant(Grant),
    /// A registration.
    Registration(Registration),
    /// A device.
    Device(Device),
    /// A device's latest reading.
    Latest(Box<Reading>),
    /// A token.
    Token(Token),
    /// What waits for a device, or what it has done with.
    Mailbox(Box<Mailbox>),
    /// A device's registration code for a service.
    Pair(Pair),
    /// A device's use of a service.
    Entitlement(Entitlement),
    /// Anything else.
    Other,
    /// A record that should be one of these and cannot be read.
    Unreadable(String),
}

/// What one commit did to one record.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Which record.
    pub key: Key,
    /// What it was.
    pub before: Option<Kept>,
    /// What it is.
    pub after: Option<Kept>,
}

impl State {
    /// Applies one commit; says what it changed.
    pub fn apply(&mut self, writes: &[Write]) -> Vec<Changed> {
        writes.iter().map(|write| self.write(write)).collect()
    }

    fn write(&mut self, write: &Write) -> Changed {
        let key = write.key.clone();
        let after = match &write.change {
            Change::Delete => None,
            Change::Put { format, body } => Some(Kept {
                body: body.clone(),
                entry: Entry::read(&key, *format, body),
            }),
        };
        let before = match &after {
            None => self.rows.remove(&key),
            Some(kept) => self.rows.insert(key.clone(), kept.clone()),
        };
        if before.is_none()
            && let Some(id) = id_of(&key)
        {
            self.places.insert((key.kind, id), key.clone());
        }
        Changed { key, before, after }
    }

    /// Every record, in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Kept)> {
        self.rows.iter()
    }

    /// The highest time that is written down.
    #[must_use]
    pub fn highest(&self) -> Option<Timestamp> {
        match self.entry(&Clock::key())? {
            Entry::Clock(clock) => Some(clock.highest),
            _ => None,
        }
    }

    /// All grants.
    pub fn grants(&self) -> impl Iterator<Item = (GrantId, &Grant)> {
        self.of(Kind::Grant)
            .filter_map(|(key, kept)| match &kept.entry {
                Entry::Grant(grant) => Some((Grant::id(key)?, grant)),
                _ => None,
            })
    }

    /// One grant.
    #[must_use]
    pub fn grant(&self, id: GrantId) -> Option<&Grant> {
        match self.placed(Kind::Grant, id.as_bytes())? {
            Entry::Grant(grant) => Some(grant),
            _ => None,
        }
    }

    /// Whether a customer holds this device.
    #[must_use]
    pub fn holds(&self, device: DeviceId) -> bool {
        self.placed(Kind::Device, device.as_bytes()).is_some()
    }

    /// All registrations.
    pub fn registrations(&self) -> impl Iterator<Item = (RegistrationId, &Registration)> {
        self.of(Kind::Registration)
            .filter_map(|(key, kept)| match &kept.entry {
                Entry::Registration(registration) => Some((registration_id(key)?, registration)),
                _ => None,
            })
    }

    /// One registration.
    #[must_use]
    pub fn registration(&self, id: RegistrationId) -> Option<&Registration> {
        match self.placed(Kind::Registration, id.as_bytes())? {
            Entry::Registration(registration) => Some(registration),
            _ => None,
        }
    }

    /// All devices that customers hold.
    pub fn devices(&self) -> impl Iterator<Item = (CustomerId, DeviceId)> {
        let owned = |key: &Key| Some((CustomerId::from_bytes(key.owner.0), Device::id(key)?));
        self.of(Kind::Device).filter_map(move |(key, _)| owned(key))
    }

    /// What waits for a device, in its order.
    #[must_use]
    pub fn open(&self, device: DeviceId) -> &[Instruction] {
        self.instructions(&Mailbox::key(device))
    }

    /// What a device has done with lately.
    #[must_use]
    pub fn finished(&self, device: DeviceId) -> &[Instruction] {
        self.instructions(&Mailbox::finished_key(device))
    }

    fn instructions(&self, key: &Key) -> &[Instruction] {
        match self.entry(key) {
            Some(Entry::Mailbox(mailbox)) => &mailbox.instructions,
            _ => &[],
        }
    }

    /// The latest reading of a device.
    #[must_use]
    pub fn latest(&self, device: DeviceId) -> Option<&Reading> {
        match self.entry(&Reading::latest_key(device))? {
            Entry::Latest(reading) => Some(reading),
            _ => None,
        }
    }

    /// The record at `key`.
    #[must_use]
    pub fn entry(&self, key: &Key) -> Option<&Entry> {
        self.rows.get(key).map(|kept| &kept.entry)
    }

    fn placed(&self, kind: Kind, id: &[u8; 16]) -> Option<&Entry> {
        self.entry(self.places.get(&(kind, *id))?)
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = (&Key, &Kept)> {
        let first = Key::unowned(kind, &[]);
        self.rows
            .range(first..)
            .take_while(move |(key, _)| key.kind == kind)
    }
}

impl Entry {
    fn read(key: &Key, format: u16, body: &[u8]) -> Self {
        match key.kind {
            Kind::Clock => read(format, body, Self::Clock),
            Kind::Grant => read(format, body, Self::Grant),
            Kind::Registration => read(format, body, Self::Registration),
            Kind::Device => read(format, body, Self::Device),
            Kind::Status => read(format, body, |it| Self::Latest(Box::new(it))),
            Kind::Token => read(format, body, Self::Token),
            Kind::Mailbox => read(format, body, |it| Self::Mailbox(Box::new(it))),
            Kind::Pair => read(format, body, Self::Pair),
            Kind::Entitlement => read(format, body, Self::Entitlement),
            _ => Self::Other,
        }
    }
}

fn read<R: Record>(format: u16, body: &[u8], entry: impl Fn(R) -> Entry) -> Entry {
    R::read(format, body).map_or_else(Entry::Unreadable, entry)
}

/// Which registration a key names.
#[must_use]
pub fn registration_id(key: &Key) -> Option<RegistrationId> {
    id_of(key).map(RegistrationId::from_bytes)
}

fn id_of(key: &Key) -> Option<[u8; 16]> {
    key.key.as_slice().try_into().ok()
}
