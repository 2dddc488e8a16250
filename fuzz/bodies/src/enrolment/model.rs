//! What should happen, as plainly as it can be said: sets and numbers, no hashes, no records.
//!
//! Two customers, one per user. Time is the number of seconds since the beginning, and the center's
//! clock is always believed, because it never jumps here.

use std::collections::{BTreeMap, BTreeSet};

use restante_core::limits::REGISTRATIONS_PER_READING;
use restante_core::wire::{EnrolResult, RefusalCode};

use super::act::Say;

/// A registration: the code and the request id that made it.
pub(super) type Name = (usize, usize);

/// A registration and the (boot, seq) of the last report that it made of a device.
type Reached = (Name, (u32, u32));

/// What is expected of the center.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Enrolled(Vec<EnrolResult>),
    Polled,
    Reported { accepted: bool },
    Rotated { epoch: u32 },
    Added(Vec<EnrolResult>),
    Removed { remaining: usize },
    Left,
    Refused(RefusalCode, Option<u32>),
}

/// Everything that there is.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) now: u64,
    pub(super) grants: Vec<Grant>,
    pub(super) registrations: BTreeMap<Name, Registration>,
    held: BTreeSet<(usize, usize)>,
    /// How far registrations have come with their reports of a device, the latest to report last.
    reached: BTreeMap<(usize, usize), Vec<Reached>>,
}

#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) user: usize,
    pub(super) limit: u32,
    pub(super) pending: u32,
    pub(super) used: u32,
    pub(super) expires: u64,
    pub(super) revoked: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Registration {
    content: Vec<usize>,
    devices: BTreeSet<usize>,
    /// Whether an addition or removal was accepted: none that comes late has an effect then.
    changed: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    Active { epoch: u32, next: Option<u32> },
    Ended,
}

type Refused = (RefusalCode, Option<u32>);

impl Model {
    pub(super) fn issue(&mut self, user: usize, limit: u32, validity: u32) {
        self.grants.push(Grant {
            user,
            limit,
            pending: 0,
            used: 0,
            expires: self.now + u64::from(validity),
            revoked: false,
        });
    }

    pub(super) fn is_over(&self, grant: usize) -> bool {
        self.now >= self.grants[grant].expires
    }

    pub(super) fn enrol(&mut self, name: Name, devices: &[usize]) -> Class {
        let (grant, _) = name;
        let results = |model: &Self| {
            let user = model.grants[grant].user;
            devices
                .iter()
                .map(|device| model.known(user, *device))
                .collect()
        };
        if let Some(made) = self.registrations.get(&name) {
            let same = made.content == devices;
            let in_time = self.now < self.gives_back(grant);
            if same && made.state == State::Pending && in_time && !self.grants[grant].revoked {
                // What was said of the devices is said again, whatever has become of them
                // meanwhile.
                return Class::Enrolled(Vec::new());
            }
            return match self.closed(grant) {
                Err(refused) => refused.into(),
                Ok(()) if same => Class::Refused(RefusalCode::RequestRedeemed, None),
                Ok(()) => Class::Refused(RefusalCode::RequestMismatch, None),
            };
        }
        if let Err(refused) = self.take(grant, devices.len()) {
            return refused.into();
        }
        let made = Registration {
            content: devices.to_vec(),
            devices: devices.iter().copied().collect(),
            changed: false,
            state: State::Pending,
        };
        self.registrations.insert(name, made);
        Class::Enrolled(results(self))
    }

    /// A registered sender says something; what is refused changes nothing.
    pub(super) fn say(&mut self, name: Name, epoch: u32, what: &Say) -> Class {
        let mut after = self.clone();
        match after.try_say(name, epoch, what) {
            Ok(class) => {
                *self = after;
                class
            }
            Err(refused) => refused.into(),
        }
    }

    /// Slots that were never used are free again a day after their code has run out.
    pub(super) fn tick(&mut self) {
        let over: Vec<Name> = self
            .registrations
            .iter()
            .filter(|(name, it)| it.state == State::Pending && self.now >= self.gives_back(name.0))
            .map(|(name, _)| *name)
            .collect();
        for name in over {
            if let Some(it) = self.registrations.get_mut(&name) {
                it.state = State::Ended;
                self.grants[name.0].pending -= count(it.content.len());
            }
        }
    }

    fn try_say(&mut self, name: Name, epoch: u32, what: &Say) -> Result<Class, Refused> {
        self.present(name, epoch)?;
        match what {
            Say::Poll => Ok(Class::Polled),
            Say::Report { device, boot, seq } => self.report(name, *device, (*boot, *seq)),
            Say::Rotate => Ok(self.rotate(name)),
            Say::Add {
                devices,
                pays,
                late,
            } => self.add(name, devices, *pays, *late),
            Say::Remove { devices, late } => {
                let it = self.at(name);
                let none_left = !devices.iter().any(|device| it.devices.contains(device));
                it.in_turn(*late, none_left)?;
                it.devices.retain(|device| !devices.contains(device));
                let remaining = it.devices.len();
                if remaining == 0 {
                    it.state = State::Ended;
                }
                Ok(Class::Removed { remaining })
            }
            Say::Leave => {
                self.at(name).state = State::Ended;
                Ok(Class::Left)
            }
        }
    }

    fn present(&mut self, name: Name, epoch: u32) -> Result<(), Refused> {
        let refused = Err((RefusalCode::FormalCodeRefused, None));
        match self.at(name).state {
            State::Pending if epoch == 1 => {
                if self.grants[name.0].revoked || self.now >= self.gives_back(name.0) {
                    return refused;
                }
                let content = self.at(name).content.clone();
                let grant = &mut self.grants[name.0];
                grant.pending -= count(content.len());
                grant.used += count(content.len());
                self.at(name).state = State::Active { epoch, next: None };
                self.take_over(name, &content);
                Ok(())
            }
            State::Active { epoch: now, .. } if now == epoch => Ok(()),
            State::Active {
                next: Some(next), ..
            } if next == epoch => {
                self.at(name).state = State::Active { epoch, next: None };
                Ok(())
            }
            _ => refused,
        }
    }

    fn report(&mut self, name: Name, device: usize, number: (u32, u32)) -> Result<Class, Refused> {
        if !self.at(name).devices.contains(&device) {
            return Err((RefusalCode::DeviceNotCovered, None));
        }
        let user = self.grants[name.0].user;
        let reached = self.reached.entry((user, device)).or_default();
        let held = reached.iter().find(|(by, _)| *by == name);
        let accepted = held.is_none_or(|(_, held)| number > *held);
        if accepted {
            reached.retain(|(by, _)| *by != name);
            let forgotten = reached.len().saturating_sub(REGISTRATIONS_PER_READING);
            reached.drain(..forgotten);
            reached.push((name, number));
        }
        Ok(Class::Reported { accepted })
    }

    fn rotate(&mut self, name: Name) -> Class {
        let it = self.at(name);
        let State::Active { epoch, next } = it.state else {
            unreachable!("who speaks is active");
        };
        let next = next.unwrap_or(epoch + 1);
        it.state = State::Active {
            epoch,
            next: Some(next),
        };
        Class::Rotated { epoch: next }
    }

    fn add(
        &mut self,
        name: Name,
        devices: &[usize],
        pays: Option<usize>,
        late: bool,
    ) -> Result<Class, Refused> {
        let user = self.grants[name.0].user;
        let has = self.at(name).devices.clone();
        let result = |device: &usize| {
            if has.contains(device) {
                EnrolResult::Already
            } else {
                self.known(user, *device)
            }
        };
        let results = devices.iter().map(result).collect();
        let new: Vec<usize> = devices
            .iter()
            .copied()
            .filter(|it| !has.contains(it))
            .collect();
        self.at(name).in_turn(late, new.is_empty())?;
        if !new.is_empty() {
            self.pay(name.0, new.len()).or_else(|unpaid| match pays {
                None => Err(unpaid),
                Some(other) if self.grants[other].user != user => {
                    Err((RefusalCode::CodeRefused, None))
                }
                Some(other) => self.pay(other, new.len()),
            })?;
            self.take_over(name, &new);
        }
        Ok(Class::Added(results))
    }

    /// The registration speaks for these devices from now on, and no other of the customer does.
    fn take_over(&mut self, name: Name, devices: &[usize]) {
        let user = self.grants[name.0].user;
        for (other, it) in &mut self.registrations {
            let same_customer = self.grants[other.0].user == user;
            if *other == name {
                it.devices.extend(devices);
            } else if same_customer && matches!(it.state, State::Active { .. }) {
                it.devices.retain(|device| !devices.contains(device));
                if it.devices.is_empty() {
                    it.state = State::Ended;
                }
            }
        }
        self.held
            .extend(devices.iter().map(|device| (user, *device)));
    }

    fn pay(&mut self, grant: usize, devices: usize) -> Result<(), Refused> {
        self.take(grant, devices)?;
        self.grants[grant].pending -= count(devices);
        self.grants[grant].used += count(devices);
        Ok(())
    }

    fn take(&mut self, grant: usize, devices: usize) -> Result<(), Refused> {
        self.closed(grant)?;
        let grant = &mut self.grants[grant];
        let free = grant.limit - grant.pending - grant.used;
        match count(devices) {
            _ if free == 0 => Err((RefusalCode::CodeRefused, None)),
            devices if devices > free => Err((RefusalCode::TooFewSlots, Some(free))),
            devices => {
                grant.pending += devices;
                Ok(())
            }
        }
    }

    fn closed(&self, grant: usize) -> Result<(), Refused> {
        if self.grants[grant].revoked || self.is_over(grant) {
            return Err((RefusalCode::CodeRefused, None));
        }
        Ok(())
    }

    fn gives_back(&self, grant: usize) -> u64 {
        self.grants[grant].expires + 86_400
    }

    fn known(&self, user: usize, device: usize) -> EnrolResult {
        if self.held.contains(&(user, device)) {
            EnrolResult::Known
        } else {
            EnrolResult::New
        }
    }

    fn at(&mut self, name: Name) -> &mut Registration {
        self.registrations
            .get_mut(&name)
            .expect("who speaks is registered")
    }
}

impl Registration {
    /// Whether an addition or removal is taken.
    fn in_turn(&mut self, late: bool, as_things_stand: bool) -> Result<(), Refused> {
        if late && self.changed && !as_things_stand {
            return Err((RefusalCode::ChangeSuperseded, None));
        }
        self.changed = true;
        Ok(())
    }
}

impl From<Refused> for Class {
    fn from((code, free): Refused) -> Self {
        Self::Refused(code, free)
    }
}

fn count(devices: usize) -> u32 {
    u32::try_from(devices).expect("four at the most")
}
