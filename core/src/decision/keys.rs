//! A server's keys, and everything that is derived from them.
//!
//! The pepper makes look-up keys that mean nothing without it; the master keys make secrets that
//! need not be stored. Both live outside the store. Each derivation has its own label, and every
//! variable part but the last is preceded by its length, so that no two inputs meet in one value.

use alloc::vec::Vec;
use core::fmt;

use crate::code::{EnrolId, FormalCode, RegistrationCode};
use crate::crypto::{Crypto, Digest, NONCE_LEN, OpenError};
use crate::id::{
    AccountName, ApplicationId, CustomerId, DeviceId, GrantId, HandoverId, InstructionId,
    RegistrationId, RequestId, ServiceId, UserName,
};
use crate::limits::{REGISTRATION_CODE_CHARS, WRAPPED_CODE};
use crate::record::{Bytes, Owner, Secret};
use crate::wire::{Identification, PollTag};

/// The pepper and the master keys.
#[derive(Clone)]
pub struct Keys {
    pepper: Digest,
    masters: Vec<(u32, Digest)>,
    current: u32,
}

/// Why keys cannot serve a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// There is no master key at all.
    #[error("a server needs at least one master key")]
    NoMaster,
    /// Two master keys of one version.
    #[error("there are two master keys of version {version}; each version has one")]
    MasterTwice {
        /// The version.
        version: u32,
    },
}

impl Keys {
    /// The pepper, and the master keys by version. The last one is for new secrets, the others are
    /// for those that were handed out before.
    ///
    /// # Errors
    /// [`KeysError`] if there is no master key, or two of one version.
    pub fn new(pepper: Digest, masters: Vec<(u32, Digest)>) -> Result<Self, KeysError> {
        let (current, _) = *masters.last().ok_or(KeysError::NoMaster)?;
        let mut versions: Vec<u32> = masters.iter().map(|(version, _)| *version).collect();
        versions.sort_unstable();
        let twice = versions.windows(2).find_map(|pair| match pair {
            [a, b] if a == b => Some(*a),
            _ => None,
        });
        match twice {
            Some(version) => Err(KeysError::MasterTwice { version }),
            None => Ok(Self {
                pepper,
                masters,
                current,
            }),
        }
    }

    /// The version of the master key that new secrets are derived from.
    #[must_use]
    pub const fn current(&self) -> u32 {
        self.current
    }

    /// The versions of all master keys that are here, the one for new secrets last.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.masters.iter().map(|(version, _)| *version)
    }

    /// Who owns the records of a dealer's account.
    #[must_use]
    pub fn account(&self, crypto: &impl Crypto, account: &AccountName) -> Owner {
        Owner(self.id(crypto, "account", &[account.as_str().as_bytes()]))
    }

    /// The customer that a dealer's user name makes.
    // spec: MOD-001
    #[must_use]
    pub fn customer(
        &self,
        crypto: &impl Crypto,
        account: &AccountName,
        user: &UserName,
    ) -> CustomerId {
        let parts = [account.as_str().as_bytes(), user.as_str().as_bytes()];
        CustomerId::from_bytes(self.id(crypto, "customer", &parts))
    }

    /// The device that this identification is at this customer.
    #[must_use]
    pub fn device(
        &self,
        crypto: &impl Crypto,
        customer: CustomerId,
        device: &Identification,
    ) -> DeviceId {
        let [vendor, model, serial] = same_device(device);
        let parts = [customer.as_bytes(), vendor, model, serial];
        DeviceId::from_bytes(self.id(crypto, "device", &parts))
    }

    /// The instruction that this request makes for this device.
    // spec: MBX-039
    #[must_use]
    pub fn instruction(
        &self,
        crypto: &impl Crypto,
        customer: CustomerId,
        request: RequestId,
        device: DeviceId,
    ) -> InstructionId {
        let parts = [customer.as_bytes(), request.as_bytes(), device.as_bytes()];
        InstructionId::from_bytes(self.id(crypto, "instruction", &parts.map(|part| &part[..])))
    }

    /// What finds the customers that hold this device.
    #[must_use]
    pub fn sighting(&self, crypto: &impl Crypto, device: &Identification) -> [u8; 16] {
        self.id(crypto, "sighting", &same_device(device))
    }

    /// What finds the grant of a provisional code.
    // spec: COD-009
    #[must_use]
    pub fn enrol_id(&self, crypto: &impl Crypto, id: EnrolId) -> Digest {
        crypto.hmac_sha256(&self.pepper, &[b"enrol id", id.as_bytes()])
    }

    /// The registration that this request makes with this grant: there is one for ever.
    #[must_use]
    pub fn registration(
        &self,
        crypto: &impl Crypto,
        grant: GrantId,
        request: RequestId,
    ) -> RegistrationId {
        let parts = [grant.as_bytes(), request.as_bytes()];
        RegistrationId::from_bytes(self.id(crypto, "registration", &parts.map(|part| &part[..])))
    }

    /// What nonces of challenges are made from.
    #[cfg(feature = "center")]
    #[must_use]
    pub fn challenges(&self, crypto: &impl Crypto) -> Digest {
        self.hash(crypto, "challenge", &[])
    }

    /// What is kept of a request id.
    #[must_use]
    pub fn request(&self, crypto: &impl Crypto, request: RequestId) -> Bytes<32> {
        Bytes(self.hash(crypto, "request", &[request.as_bytes()]))
    }

    /// What is kept of an access token's secret.
    #[must_use]
    pub fn token(&self, crypto: &impl Crypto, secret: &Digest) -> Bytes<32> {
        Bytes(self.hash(crypto, "token", &[secret]))
    }

    /// The application that this request makes for this service: there is one for ever.
    #[must_use]
    pub fn application(
        &self,
        crypto: &impl Crypto,
        customer: CustomerId,
        request: RequestId,
        service: &ServiceId,
    ) -> ApplicationId {
        let parts: [&[u8]; 3] = [
            customer.as_bytes(),
            request.as_bytes(),
            service.as_str().as_bytes(),
        ];
        ApplicationId::from_bytes(self.id(crypto, "application", &parts))
    }

    /// The instruction by which this application reaches this device: there is one for ever.
    #[must_use]
    pub fn invitation(
        &self,
        crypto: &impl Crypto,
        application: ApplicationId,
        device: DeviceId,
    ) -> InstructionId {
        let parts: [&[u8]; 2] = [application.as_bytes(), device.as_bytes()];
        InstructionId::from_bytes(self.id(crypto, "invitation", &parts))
    }

    /// The tag of the plan of poll requests that this request makes: there is one for ever, and
    /// nobody computes it who lacks the pepper.
    // spec: POL-009, POL-014
    #[must_use]
    pub fn poll_tag(
        &self,
        crypto: &impl Crypto,
        customer: CustomerId,
        request: RequestId,
    ) -> PollTag {
        let parts: [&[u8]; 2] = [customer.as_bytes(), request.as_bytes()];
        PollTag::from_bytes(&self.id(crypto, "poll plan", &parts))
    }

    /// The registration code of this device in this application; `None` if the master key of that
    /// version is not here. It is made again whenever it is delivered, and stored nowhere.
    #[must_use]
    pub fn registration_code(
        &self,
        crypto: &impl Crypto,
        application: ApplicationId,
        device: DeviceId,
        master: u32,
    ) -> Option<RegistrationCode> {
        let master = self.master(master)?;
        let info: [&[u8]; 2] = [application.as_bytes(), device.as_bytes()];
        let bytes = crypto.hkdf(b"restante registration code 1", master, &info);
        Some(RegistrationCode::of(&bytes))
    }

    /// Who owns what is handed over of a service.
    #[must_use]
    pub fn service(&self, crypto: &impl Crypto, service: &ServiceId) -> Owner {
        Owner(self.id(crypto, "service", &[service.as_str().as_bytes()]))
    }

    /// What this device of this application is to its service's provider: there is one for ever.
    #[must_use]
    pub fn handover(
        &self,
        crypto: &impl Crypto,
        application: ApplicationId,
        device: DeviceId,
    ) -> HandoverId {
        let parts: [&[u8]; 2] = [application.as_bytes(), device.as_bytes()];
        HandoverId::from_bytes(self.id(crypto, "handover", &parts))
    }

    /// Wraps the code that a provider gave to this device, under the current master key.
    // spec: PRV-016
    #[must_use]
    pub fn wrap_code(
        &self,
        crypto: &impl Crypto,
        application: ApplicationId,
        device: DeviceId,
        code: &RegistrationCode,
    ) -> Bytes<WRAPPED_CODE> {
        let mut wrapped = [0; WRAPPED_CODE];
        let mut text = [0; REGISTRATION_CODE_CHARS];
        for (to, from) in text.iter_mut().zip(code.as_str().bytes()) {
            *to = from;
        }
        if let Some(key) = self.code_key(crypto, application, device, self.current) {
            let sealed = crypto.seal(&key, &ONE_USE, device.as_bytes(), &text);
            for (to, from) in wrapped.iter_mut().zip(sealed) {
                *to = from;
            }
        }
        Bytes(wrapped)
    }

    /// Unwraps what [`Keys::wrap_code`] wrapped when `master` was the current master key; `None` if
    /// it is another device's, was altered, or the master key is not here.
    #[must_use]
    pub fn unwrap_code(
        &self,
        crypto: &impl Crypto,
        application: ApplicationId,
        device: DeviceId,
        (master, wrapped): (u32, &Bytes<WRAPPED_CODE>),
    ) -> Option<RegistrationCode> {
        let key = self.code_key(crypto, application, device, master)?;
        let opened = crypto.open(&key, &ONE_USE, device.as_bytes(), &wrapped.0);
        let text = opened.ok()?;
        let text = core::str::from_utf8(&text).ok()?;
        text.trim_end_matches('\0').parse().ok()
    }

    /// A key for one code alone: a device keeps the first that it is given.
    fn code_key(
        &self,
        crypto: &impl Crypto,
        application: ApplicationId,
        device: DeviceId,
        master: u32,
    ) -> Option<Digest> {
        let master = self.master(master)?;
        let info: [&[u8]; 2] = [application.as_bytes(), device.as_bytes()];
        Some(crypto.hkdf(b"restante given code 1", master, &info))
    }

    /// What is kept of a device's registration code for a service.
    #[must_use]
    pub fn pair(
        &self,
        crypto: &impl Crypto,
        device: DeviceId,
        service: &ServiceId,
        code: &str,
    ) -> Bytes<32> {
        let parts: [&[u8]; 3] = [
            device.as_bytes(),
            service.as_str().as_bytes(),
            code.as_bytes(),
        ];
        Bytes(self.hash(crypto, "registration code", &parts))
    }

    /// Something of 16 bytes that stands in for an id that does not exist, so that looking up what
    /// is unknown takes the same steps as looking up what is known.
    #[must_use]
    pub fn decoy(&self, crypto: &impl Crypto, purpose: &str, of: &Digest) -> [u8; 16] {
        self.id(crypto, "decoy", &[purpose.as_bytes(), of])
    }

    /// The formal code of this registration and generation; `None` if its master key is not here.
    // spec: COD-024, COD-027
    #[must_use]
    pub fn formal_code(
        &self,
        crypto: &impl Crypto,
        registration: RegistrationId,
        secret: Secret,
    ) -> Option<FormalCode> {
        let master = self.master(secret.master)?;
        let info: [&[u8]; 2] = [registration.as_bytes(), &secret.epoch.get().to_be_bytes()];
        let key = crypto.hkdf(b"restante formal code 1", master, &info);
        Some(FormalCode::new(registration, secret.epoch, key))
    }

    /// Wraps a provisional code's enrol key for its grant, under the current master key.
    #[must_use]
    pub fn wrap(&self, crypto: &impl Crypto, grant: GrantId, enrol_key: &Digest) -> Bytes<48> {
        let mut wrapped = [0; 48];
        if let Some(key) = self.wrapping_key(crypto, grant, self.current) {
            let sealed = crypto.seal(&key, &ONE_USE, grant.as_bytes(), enrol_key);
            for (to, from) in wrapped.iter_mut().zip(sealed) {
                *to = from;
            }
        }
        Bytes(wrapped)
    }

    /// Unwraps what [`Keys::wrap`] wrapped when `master` was the current master key.
    ///
    /// # Errors
    /// [`OpenError`] if it is another grant's, was altered, or the master key is not here.
    pub fn unwrap(
        &self,
        crypto: &impl Crypto,
        grant: GrantId,
        master: u32,
        wrapped: &Bytes<48>,
    ) -> Result<Digest, OpenError> {
        let key = self.wrapping_key(crypto, grant, master).ok_or(OpenError)?;
        let opened = crypto.open(&key, &ONE_USE, grant.as_bytes(), &wrapped.0)?;
        opened.try_into().map_err(|_| OpenError)
    }

    /// A key for one grant alone, so that its one nonce is used once.
    fn wrapping_key(&self, crypto: &impl Crypto, grant: GrantId, master: u32) -> Option<Digest> {
        let master = self.master(master)?;
        Some(crypto.hkdf(b"restante enrol key 1", master, &[grant.as_bytes()]))
    }

    fn master(&self, version: u32) -> Option<&Digest> {
        let mut masters = self.masters.iter();
        masters
            .find(|(of, _)| *of == version)
            .map(|(_, master)| master)
    }

    /// HMAC-SHA-256 under the pepper over the label and the parts, each preceded by its length.
    fn hash(&self, crypto: &impl Crypto, label: &str, parts: &[&[u8]]) -> Digest {
        let lengths: [[u8; 2]; MOST_PARTS] = core::array::from_fn(|place| {
            let length = parts.get(place).map_or(0, |part| part.len());
            u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
        });
        let mut all: Vec<&[u8]> = Vec::with_capacity(MOST_PARTS.saturating_mul(2));
        all.push(label.as_bytes());
        all.push(&[0]);
        for (part, length) in parts.iter().zip(&lengths) {
            all.push(length);
            all.push(part);
        }
        crypto.hmac_sha256(&self.pepper, &all)
    }

    /// The first 16 bytes of [`Keys::hash`].
    fn id(&self, crypto: &impl Crypto, label: &str, parts: &[&[u8]]) -> [u8; 16] {
        let hash = self.hash(crypto, label, parts);
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(hash) {
            *to = from;
        }
        id
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions = self.masters.iter().map(|(version, _)| version);
        f.write_str("Keys(master keys ")?;
        f.debug_list().entries(versions).finish()?;
        f.write_str(", …)")
    }
}

/// What makes two identifications the same device.
fn same_device(device: &Identification) -> [&[u8]; 3] {
    let texts = [
        device.vendor.as_str(),
        device.model.as_str(),
        device.serial.as_str(),
    ];
    texts.map(str::as_bytes)
}

/// The nonce of a key that seals one message.
const ONE_USE: [u8; NONCE_LEN] = [0; NONCE_LEN];
/// Parts of one keyed hash at the most: a device's.
const MOST_PARTS: usize = 4;
