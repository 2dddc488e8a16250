//! Counting an application's targets, and what follows from the count: it is complete, its time has
//! run out, or what was called off has to be withdrawn.
//!
//! Devices never write to the application they belong to: each writes its own target and asks for a
//! count. Many such wishes within a short while are one due record, so that ten thousand devices
//! that start a service within a minute cause a few counts, each in chunks.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{ApplicationId, CustomerId, DeviceId};
use crate::limits::TARGETS_PER_TICK;
use crate::provider::{Pair, PairState};
use crate::record::{Application, Counting, Due, Key, Pause, Phase, Target};
use crate::wire::services::{Tally, TargetState};

use super::EffectKind;
use super::tick::Part;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Counts the next chunk of an application's targets.
    // spec: SVC-036, SVC-038
    pub(super) fn count_targets(
        &mut self,
        customer: CustomerId,
        id: ApplicationId,
    ) -> Result<Part, Stop> {
        let key = Application::key(customer, id);
        let Some(mut made) = self.desk.get::<Application>(&key)? else {
            return Ok(Part::Last);
        };
        if matches!(made.phase, Phase::Choosing | Phase::Filling { .. }) {
            return Ok(Part::Last);
        }
        let counting = made.counting.take();
        let after = counting.map(|it| it.after);
        let mut tally = counting.map_or_else(Tally::default, |it| it.tally);
        let limit = u32::try_from(TARGETS_PER_TICK).unwrap_or(u32::MAX);
        let chunk = self
            .desk
            .range::<Target>(&Target::of(customer, id, after, limit))?;
        let mut chunk: Vec<(Key, DeviceId, Target)> = chunk
            .into_iter()
            .filter_map(|(key, target)| Some((key.clone(), Target::device(&key)?, target)))
            .collect();
        let over = made.phase == Phase::Cancelled || self.has_passed(made.expires)?;
        if over {
            self.withdraw(id, &made, &mut chunk)?;
        }
        for (_, _, target) in &chunk {
            tally.add(target.state);
        }
        let part = match chunk.last() {
            Some((_, last, _)) if chunk.len() >= TARGETS_PER_TICK => {
                made.counting = Some(Counting {
                    after: *last,
                    tally,
                });
                Part::More
            }
            _ => {
                self.counted(customer, id, &mut made, tally)?;
                Part::Last
            }
        };
        self.desk.put(key, &made);
        Ok(part)
    }

    /// Has an application's targets counted at the end of a short while.
    pub(super) fn count_soon(
        &mut self,
        customer: CustomerId,
        application: ApplicationId,
    ) -> Result<(), Pause> {
        let due = Due::Count {
            customer,
            application,
        };
        let at = Due::counted_after(self.time()?);
        self.desk.put(due.key(at), &due);
        Ok(())
    }

    /// All targets are counted.
    // spec: SVC-037, SVC-039
    fn counted(
        &mut self,
        customer: CustomerId,
        id: ApplicationId,
        made: &mut Application,
        tally: Tally,
    ) -> Result<(), Stop> {
        made.tally = tally;
        if made.phase == Phase::Open && tally.waiting == 0 {
            made.phase = Phase::Complete;
            self.tell(EffectKind::ApplicationComplete {
                customer,
                application: id,
                service: made.service.clone(),
                tally,
            })?;
        }
        Ok(())
    }

    /// Ends what is open among these targets: their codes open nothing, their instructions are
    /// called off. The code of a device that failed would still open, and does not either.
    // spec: SVC-041, SVC-042, SVC-043
    pub(super) fn withdraw(
        &mut self,
        id: ApplicationId,
        made: &Application,
        targets: &mut [(Key, DeviceId, Target)],
    ) -> Result<(), Stop> {
        let opens = |(_, _, target): &&mut (Key, DeviceId, Target)| {
            target.state.is_open() || target.state == TargetState::Failed
        };
        let open: Vec<&mut (Key, DeviceId, Target)> = targets.iter_mut().filter(opens).collect();
        let devices: Vec<DeviceId> = open.iter().map(|it| it.1).collect();
        let pair = |device: &DeviceId| Pair::key(*device, &made.service);
        let pairs: Vec<Key> = devices.iter().map(pair).collect();
        self.load(&pairs)?;
        self.load_mailboxes(devices.into_iter())?;
        let now = self.time()?;
        for ((key, device, target), pair) in open.into_iter().zip(pairs) {
            if self.pair_is(pair, id, PairState::Withdrawn { at: now })? {
                self.take_back(id, made, *device, target.given.is_some());
            }
            if let Some(instruction) = target.instruction {
                self.call_off(*device, instruction)?;
            }
            if let Some(moved) = target.moved(TargetState::Withdrawn, now, None) {
                self.desk.put(key.clone(), &moved);
                *target = moved;
            }
        }
        Ok(())
    }

    /// A device's code by this application is not waited for any more, unless it has had its
    /// effect, or a later application has made another. Whether that is news.
    pub(super) fn pair_is(
        &mut self,
        key: Key,
        application: ApplicationId,
        state: PairState,
    ) -> Result<bool, Pause> {
        let ends = matches!(state, PairState::Withdrawn { .. });
        let opens = |pair: &Pair| {
            let is_open = pair.state == PairState::Open || (ends && pair.opens());
            pair.application == application && is_open
        };
        let pair = self.desk.get::<Pair>(&key)?.filter(opens);
        let is_news = pair.is_some();
        if let Some(pair) = pair {
            self.desk.put(key, &Pair { state, ..pair });
        }
        Ok(is_news)
    }
}
