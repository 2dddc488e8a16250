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
use crate::record::{Application, Counting, Key, Phase, Target};
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
        let chunk: Vec<(Key, DeviceId, Target)> = chunk
            .into_iter()
            .filter_map(|(key, target)| Some((key.clone(), Target::device(&key)?, target)))
            .collect();
        let over = made.phase == Phase::Cancelled || self.has_passed(made.expires)?;
        let withdrawn = if over {
            self.withdraw(&made, &chunk)?
        } else {
            Vec::new()
        };
        for (_, device, target) in &chunk {
            match withdrawn.iter().find(|(of, _)| of == device) {
                Some((_, target)) => target.count(&mut tally),
                None => target.count(&mut tally),
            }
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
    /// called off.
    // spec: SVC-042, SVC-043
    pub(super) fn withdraw(
        &mut self,
        made: &Application,
        targets: &[(Key, DeviceId, Target)],
    ) -> Result<Vec<(DeviceId, Target)>, Stop> {
        let open: Vec<&(Key, DeviceId, Target)> = targets
            .iter()
            .filter(|(_, _, target)| target.state.is_open())
            .collect();
        let pair = |(_, device, _): &&(Key, DeviceId, Target)| Pair::key(*device, &made.service);
        let pairs: Vec<Key> = open.iter().map(pair).collect();
        self.load(&pairs)?;
        self.load_mailboxes(open.iter().map(|(_, device, _)| *device))?;
        let now = self.time()?;
        let mut withdrawn = Vec::with_capacity(open.len());
        for ((key, device, target), pair) in open.into_iter().zip(pairs) {
            if let Some(kept) = self.desk.get::<Pair>(&pair)?
                && kept.state == PairState::Open
                && Target::application(key).is_some_and(|(_, of)| of == kept.application)
            {
                let state = PairState::Withdrawn { at: now };
                self.desk.put(pair, &Pair { state, ..kept });
            }
            if let Some(instruction) = target.instruction {
                self.call_off(*device, instruction)?;
            }
            if let Some(moved) = target.moved(TargetState::Withdrawn, now, None) {
                self.desk.put(key.clone(), &moved);
                withdrawn.push((*device, moved));
            }
        }
        Ok(withdrawn)
    }
}
