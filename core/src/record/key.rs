//! Keys: ordered bytes, led by the kind, then the owner, then what tells records of one kind and
//! owner apart.
//!
//! The owner is the customer, the dealer's account, the service or the device that a record belongs
//! to, so that a store can be divided by owner. Credentials are the exception: whoever presents one
//! does not say whose it is, so that a small locator row without an owner points to the record that
//! has one.

use alloc::vec::Vec;

use crate::id::{CustomerId, DeviceId};

/// What kind of record a row is. The number is part of the stored key and never changes its
/// meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Kind {
    /// The highest time that the center has seen; one row.
    Clock = 1,
    /// An access token; no owner, keyed by its id.
    Token = 2,
    /// A customer; no owner, keyed by its id.
    Customer = 3,
    /// A grant; owned by the dealer's account, keyed by its id.
    Grant = 4,
    /// Where a grant is; no owner, keyed by the keyed hash of the enrol id, and by the grant's id.
    GrantLocator = 5,
    /// A registration; owned by the customer, keyed by its id.
    Registration = 6,
    /// Where a registration is; no owner, keyed by its id.
    RegistrationLocator = 7,
    /// A device; owned by the customer, keyed by its id.
    Device = 8,
    /// Which customers hold a device of this vendor, model and serial number; no owner.
    Sighting = 9,
    /// The latest status of a device; owned by the device.
    Status = 10,
    /// One of the latest readings of a device; owned by the device, keyed by its slot.
    Reading = 11,
    /// What has to happen at a time; no owner, keyed by time, then what.
    Due = 12,
    /// What has to be told to somebody; no owner, keyed by time, then id.
    Outbox = 13,
    /// Wrong codes from one source. Kept in the memory of one node, never on disk.
    Throttle = 14,
    /// Counts the insertions and deletions of a range; the range's kind is the key.
    Head = 15,
    /// What waits for a device, and what it has done with lately; owned by the device, keyed by
    /// which of the two.
    Mailbox = 16,
    /// A service that can be applied for; no owner, keyed by its id.
    Service = 17,
    /// One device's use of a service; owned by the customer, keyed by service, then device.
    Entitlement = 18,
    /// An administrator's application for a service; owned by the customer, keyed by its id.
    Application = 19,
    /// One device of an application; owned by the customer, keyed by application, then device.
    Target = 20,
    /// A device's registration code for a service; owned by the device, keyed by the service.
    Pair = 21,
    /// That an entitlement is in force; owned by the customer, keyed by service, then device.
    InForce = 22,
    /// A plan of poll requests; no owner, keyed by its tag.
    Plan = 23,
    /// A part of a plan's list of devices; no owner, keyed by the tag, then the part's number.
    PlanPart = 24,
    /// A device of an application that a provider has to act upon; owned by the service, keyed by
    /// its id.
    Handover = 25,
    /// Whose application it is that a provider names; owned by the service, keyed by its id.
    ApplicationLocator = 26,
    /// A device that a provider has entitled and has not reported yet; owned by the service, keyed
    /// by application, then device.
    Unreported = 27,
    /// What was received in a lane of a registration's sealed envelopes; owned by the customer,
    /// keyed by registration, then lane.
    Lane = 28,
    /// When the store was restored last; one row.
    Generation = 29,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 29] = [
        Self::Clock,
        Self::Token,
        Self::Customer,
        Self::Grant,
        Self::GrantLocator,
        Self::Registration,
        Self::RegistrationLocator,
        Self::Device,
        Self::Sighting,
        Self::Status,
        Self::Reading,
        Self::Due,
        Self::Outbox,
        Self::Throttle,
        Self::Head,
        Self::Mailbox,
        Self::Service,
        Self::Entitlement,
        Self::Application,
        Self::Target,
        Self::Pair,
        Self::InForce,
        Self::Plan,
        Self::PlanPart,
        Self::Handover,
        Self::ApplicationLocator,
        Self::Unreported,
        Self::Lane,
        Self::Generation,
    ];

    /// The number in the stored key.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Whether rows of this kind live in the memory of one node instead of the store.
    #[must_use]
    pub const fn is_volatile(self) -> bool {
        matches!(self, Self::Throttle)
    }

    /// Whether a range of this kind has a head row, which every insertion and deletion moves and
    /// every decision that has read the range expects unmoved. Sweeps and logs need none.
    #[must_use]
    pub const fn has_head(self) -> bool {
        matches!(self, Self::Grant | Self::Device | Self::Service)
    }
}

/// Whose record it is: 16 bytes, or nobody's (all zero).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(pub [u8; 16]);

impl Owner {
    /// Nobody's.
    pub const NONE: Self = Self([0; 16]);

    /// A customer's.
    #[must_use]
    pub const fn customer(id: CustomerId) -> Self {
        Self(*id.as_bytes())
    }

    /// A device's.
    #[must_use]
    pub const fn device(id: DeviceId) -> Self {
        Self(*id.as_bytes())
    }
}

/// Where a record is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is.
    pub kind: Kind,
    /// Whose it is.
    pub owner: Owner,
    /// Which one it is: at most 64 bytes.
    pub key: Vec<u8>,
}

impl Key {
    /// The key of a record that belongs to `owner`.
    #[must_use]
    pub fn owned(kind: Kind, owner: Owner, key: &[u8]) -> Self {
        Self {
            kind,
            owner,
            key: key.to_vec(),
        }
    }

    /// The key of a record that belongs to nobody.
    #[must_use]
    pub fn unowned(kind: Kind, key: &[u8]) -> Self {
        Self::owned(kind, Owner::NONE, key)
    }

    /// The key of the head of the range that this key belongs to, if such ranges have one.
    #[must_use]
    pub fn head(&self) -> Option<Self> {
        self.kind
            .has_head()
            .then(|| Self::owned(Kind::Head, self.owner, &[self.kind.number()]))
    }
}

/// Some neighbouring records of one kind and owner, in key order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// What they are.
    pub kind: Kind,
    /// Whose they are.
    pub owner: Owner,
    /// Only keys above this one.
    pub after: Vec<u8>,
    /// Only keys up to and including this one; empty means no bound.
    pub through: Vec<u8>,
    /// How many of them at the most.
    pub limit: u32,
}
