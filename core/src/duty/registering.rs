//! Which duties are registrations for services that have been begun.
//!
//! Whoever carries them out asks for the next in turn, so that one server that does not answer
//! keeps no other device from being registered. Serves spec chapter SVC.

use crate::time::Uptime;
use crate::wire::{Act, ActResult, RegisterService};

use super::{Duties, Duty, Key, Step};

impl Duties {
    /// The registration that has its turn after this one, the first of all after the last.
    pub(crate) fn registration_after(&self, last: Option<Key>) -> Option<(Key, &RegisterService)> {
        let place = last.and_then(|last| self.list.iter().position(|it| it.key == last));
        let begun = |it| Duty::registration(it).map(|(act, _)| (it.key, act));
        let behind = self
            .list
            .iter()
            .skip(place.map_or(0, |at| at.saturating_add(1)));
        let mut in_turn = behind.chain(&self.list);
        in_turn.find_map(begun)
    }

    /// A registration is over, if it is still one that has been begun.
    pub(crate) fn registration_over(&mut self, key: Key, result: &ActResult) {
        let begun = |it: &&mut Duty| it.key == key && it.registration().is_some();
        if let Some(duty) = self.list.iter_mut().find(begun) {
            duty.course.over(core::slice::from_ref(result));
        }
    }

    /// Ends the registrations for which `end` has a result; it is told which, since when, whether
    /// it is called off, and what it is.
    pub(crate) fn end_registrations(
        &mut self,
        end: impl Fn(Key, Uptime, bool, &RegisterService) -> Option<ActResult>,
    ) {
        for duty in &mut self.list {
            let called_off = duty.course.is_called_off();
            let result = duty
                .registration()
                .and_then(|(act, begun)| end(duty.key, begun, called_off, act));
            if let Some(result) = result {
                duty.course.over(core::slice::from_ref(&result));
            }
        }
    }
}

impl Duty {
    /// The registration that is being carried out, and since when.
    fn registration(&self) -> Option<(&RegisterService, Uptime)> {
        match self.course.under_way()? {
            ([Act::RegisterService(act), ..], Step::Here { since }) => Some((act, since)),
            _ => None,
        }
    }
}
