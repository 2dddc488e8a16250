//! The gateway's book of children: found, registered, gone.
//!
//! A child is found when it answers a general call, registered when the registration names it, and
//! gone when a person removed it or the center says that it is registered elsewhere. A gone child
//! stays gone until a person enters a code, so that two gateways never pull one device to and fro.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::DeviceId;
use crate::limits::CHILDREN;
use crate::registrant::Member;
use crate::wire::{DeviceEntry, EnrolDeviceResult, Identification};

use super::Gateway;
use super::kept::Gone;
use super::notice::Notice;

/// A child, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Which device it is.
    pub identification: Identification,
    /// Where it stands.
    pub state: ChildState,
}

/// Where a child stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChildState {
    /// It answered a general call and is not registered.
    Found,
    /// The gateway's registration names it.
    Registered(DeviceId),
    /// The gateway does not speak for it any more.
    Gone,
}

impl<C: Crypto> Gateway<C> {
    /// All children: registered, found, gone.
    #[must_use]
    pub fn children(&self) -> Vec<Child> {
        let child = |identification: &Identification, state| Child {
            identification: identification.clone(),
            state,
        };
        let members = self.members().iter();
        let members =
            members.map(|it| child(&it.identification, ChildState::Registered(it.device)));
        let found = self.unregistered();
        let found = found.map(|it| child(&it.identification, ChildState::Found));
        let gone = self.ledger.gone.iter();
        let gone = gone.map(|it| child(&it.identification, ChildState::Gone));
        members.chain(found).chain(gone).collect()
    }

    pub(super) fn members(&self) -> &[Member] {
        let held = self.registrant.holding();
        held.map_or(&[], |holding| holding.members.as_slice())
    }

    pub(super) fn member(&self, device: DeviceId) -> Option<&Member> {
        self.members().iter().find(|member| member.device == device)
    }

    /// Children that are found and that the registration does not name.
    pub(super) fn unregistered(&self) -> impl Iterator<Item = &DeviceEntry> {
        let found = self.ledger.found.iter();
        found.filter(|entry| !self.is_member(&entry.identification))
    }

    fn is_member(&self, child: &Identification) -> bool {
        let mut members = self.members().iter();
        members.any(|member| member.identification.is_same_device(child))
    }

    fn is_gone(&self, child: &Identification) -> bool {
        let mut gone = self.ledger.gone.iter();
        gone.any(|it| it.identification.is_same_device(child))
    }

    /// Compares those that answered with those that are known; how many were new.
    pub(super) fn meet(&mut self, answered: Vec<DeviceEntry>, news: &mut super::News) -> usize {
        let mut new: usize = 0;
        for child in answered {
            self.locate(&child);
            if self.is_new(&child.identification) {
                if self.children_known() >= CHILDREN {
                    news.tell(Notice::TooMany);
                    break;
                }
                self.ledger.found.push(child);
                news.keep = true;
                new = new.saturating_add(1);
            }
        }
        new
    }

    fn is_new(&self, child: &Identification) -> bool {
        let mut found = self.ledger.found.iter();
        !self.is_member(child)
            && !self.is_gone(child)
            && !found.any(|it| it.identification.is_same_device(child))
    }

    fn children_known(&self) -> usize {
        self.members()
            .len()
            .saturating_add(self.ledger.found.len())
            .saturating_add(self.ledger.gone.len())
    }

    /// Notes where a known child answered from. That is not kept for its own sake: whoever can
    /// speak on the LAN could wear the memory out, and after a power cut the call that comes first
    /// finds the child again.
    fn locate(&mut self, child: &DeviceEntry) {
        let same = |it: &Identification| it.is_same_device(&child.identification);
        let members = self.registrant.members_mut();
        let member = members.and_then(|all| all.iter_mut().find(|it| same(&it.identification)));
        let found = &mut self.ledger.found;
        let found = found.iter_mut().find(|it| same(&it.identification));
        let known = member.map(|it| &mut it.contacts);
        for contacts in known.into_iter().chain(found.map(|it| &mut it.contacts)) {
            contacts.clone_from(&child.contacts);
        }
    }

    /// The registration names these now.
    pub(super) fn joined(&mut self, added: &[DeviceEntry], results: &[EnrolDeviceResult]) {
        let Some(members) = self.registrant.members_mut() else {
            return;
        };
        for (entry, result) in added.iter().zip(results) {
            members.retain(|it| !it.identification.is_same_device(&entry.identification));
            members.push(Member {
                device: result.device,
                identification: entry.identification.clone(),
                contacts: entry.contacts.clone(),
            });
        }
        self.forget_found();
    }

    /// Members are no longer merely found.
    pub(super) fn forget_found(&mut self) {
        let found = core::mem::take(&mut self.ledger.found);
        let unregistered = found
            .into_iter()
            .filter(|it| !self.is_member(&it.identification));
        self.ledger.found = unregistered.collect();
    }

    /// The registration does not name this child any more; the center is told if it does not know.
    /// A call may have found it for an enrolment that came to nothing: it is not found any more
    /// either.
    pub(super) fn part_with(&mut self, device: DeviceId, tell: bool) -> Option<Identification> {
        let members = self.registrant.members_mut()?;
        let at = members.iter().position(|it| it.device == device)?;
        let identification = members.remove(at).identification;
        let found = &mut self.ledger.found;
        found.retain(|it| !it.identification.is_same_device(&identification));
        self.ledger.gone.push(Gone {
            identification: identification.clone(),
            untold: tell.then_some(device),
        });
        self.round.told(|it| it == device);
        if let Some(duties) = self.registrant.duties_mut() {
            duties.forget(&[device]);
        }
        Some(identification)
    }

    /// A removal that was wished for while the enrolment was under way outlives it: the
    /// registration has just named these children, and the center is told that it is not to.
    pub(super) fn part_with_removed(&mut self) {
        let Some(members) = self.registrant.members_mut() else {
            return;
        };
        for gone in &mut self.ledger.gone {
            let same = |it: &Member| it.identification.is_same_device(&gone.identification);
            if let Some(at) = members.iter().position(same) {
                gone.untold = Some(members.remove(at).device);
            }
        }
    }

    /// Notes that a child of the enrolment that is under way is not wanted any more; whether there
    /// is such a child.
    pub(super) fn withdraw(&mut self, child: &Identification) -> bool {
        let attempt = self.registrant.attempt();
        let mut named = attempt.into_iter().flat_map(|it| it.devices.as_slice());
        let is_named = named.any(|it| it.identification.is_same_device(child));
        if is_named && !self.is_gone(child) {
            self.ledger.gone.push(Gone {
                identification: child.clone(),
                untold: None,
            });
        }
        is_named
    }

    /// Ids that the center still has to be told of.
    pub(super) fn untold(&self) -> impl Iterator<Item = DeviceId> {
        self.ledger.gone.iter().filter_map(|gone| gone.untold)
    }
}
