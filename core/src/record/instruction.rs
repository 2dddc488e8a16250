//! One instruction in a mailbox, and everything that can happen to it: one pure function.
//!
//! Time comes first: what has run out by the center's time is judged before anything else that
//! happens. What is finished stays finished; only a device's word that it was done after all can
//! take the place of a judgement that the center made without one. Serves spec chapter MBX.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationId, CustomerId, DeviceId, InstructionId};
use crate::limits::{DELIVERIES, DELIVERY_LEASE, WORK_LEASE, WRAPPED_CODE};
use crate::time::Timestamp;
use crate::wire::instruct::{self, InstructionRow};
use crate::wire::people::DateTime;
use crate::wire::{ActResult, Acts, Progress};

use super::bytes::Bytes;

/// An instruction as the center keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instruction {
    /// Which one it is.
    pub id: InstructionId,
    /// What to do.
    pub acts: Acts,
    /// When it was made.
    pub made: Timestamp,
    /// Not delivered before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Not begun from this time on.
    pub expires: Timestamp,
    /// What became of it so far.
    pub state: InstructionState,
    /// When the device first said that it has it or is at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Timestamp>,
    /// The application that it came with, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
}

/// What an instruction to register for a service came of. A registration code of the center's own
/// is not kept: it is made again from this whenever the instruction is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// Whose application it is.
    pub customer: CustomerId,
    /// Which one.
    pub application: ApplicationId,
    /// The version of the master key that the code is made or wrapped with.
    pub master: u32,
    /// The code that the service's provider gave, wrapped; none where the center makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Bytes<WRAPPED_CODE>>,
}

/// What became of an instruction so far. Time can expire what waits or was delivered, and sets
/// aside what was delivered [`DELIVERIES`] times; whatever is not drawn changes nothing.
///
/// ```text
///            shown             taken          proceeding
///  Waiting ────────▶ Delivered ──────▶ Taken ────────────▶ Proceeding
///     │               │  ▲  ▲           │ │                   │ │
///     │               │  └──┴─ shown, after the delivery is over ┘
///     │ cancel, time  │ done, failed, rejected, time          │
///     └───────────────┴───────────▶ Finished ◀────────────────┘
///                                     └─▲ done, after time alone had ended it
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum InstructionState {
    /// It has not been delivered yet.
    Waiting,
    /// It has been delivered, and nothing was heard of it.
    Delivered(Delivery),
    /// The device has it and will carry it out.
    Taken(Delivery),
    /// The device is at it.
    Proceeding(Delivery),
    /// It is over.
    Finished(Finished),
}

/// The present delivery of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Which delivery it is, counted from 1.
    pub attempt: u32,
    /// Until when it stays this delivery without further word.
    pub until: Timestamp,
    /// The instruction is called off.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub cancel: bool,
}

/// How an instruction ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finished {
    /// In which way.
    pub end: End,
    /// When.
    pub at: Timestamp,
    /// How often it had been delivered; 0 if never.
    pub attempt: u32,
    /// What became of each act, as the device said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ActResult>,
}

/// In which way an instruction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The device says that every act is done.
    Done,
    /// The device says that an act failed.
    Failed,
    /// The device says that it does not do this.
    Rejected,
    /// It was called off in time.
    Cancelled,
    /// Its time ran out before it was begun.
    Expired,
    /// It was delivered again and again without a final word.
    SetAside,
}

/// Something that happens to an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'e> {
    /// Time has passed.
    Time,
    /// A poll shows it.
    Shown,
    /// The device says what became of it.
    Word(Word<'e>),
    /// A person calls it off.
    Cancel,
}

/// What a device says of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'e> {
    /// Of which delivery.
    pub attempt: u32,
    /// How far it is.
    pub progress: Progress,
    /// What became of each act.
    pub results: &'e [ActResult],
}

/// What an event does to an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It becomes this.
    Becomes(InstructionState),
    /// It says or wants what is so already.
    Stays,
    /// It comes too late, or too early: nothing changes.
    Superseded,
    /// It speaks of a delivery that there never was: nothing changes.
    NeverDelivered,
}

impl Instruction {
    /// Whether a poll shows it.
    // spec: MBX-014
    #[must_use]
    pub fn is_shown(&self, now: Timestamp) -> bool {
        match &self.state {
            InstructionState::Waiting => self.not_before.is_none_or(|at| at <= now),
            InstructionState::Finished(_) => false,
            _ => true,
        }
    }

    /// Whether it is over.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        matches!(self.state, InstructionState::Finished(_))
    }

    /// Whether this is what the other one orders too, whenever either was made.
    #[must_use]
    pub fn is_same_order(&self, other: &Self) -> bool {
        let spans = |it: &Self| {
            (
                it.not_before.map(|at| at.since(it.made)),
                it.expires.since(it.made),
            )
        };
        self.acts == other.acts && spans(self) == spans(other)
    }

    /// Has this event happen to it.
    // spec: MBX-066
    pub fn apply(&mut self, event: Event<'_>, now: Timestamp) -> Verdict {
        let verdict = self.verdict(event, now);
        if let Verdict::Becomes(state) = &verdict {
            let goes_on = matches!(
                state,
                InstructionState::Taken(_) | InstructionState::Proceeding(_)
            );
            if goes_on && matches!(event, Event::Word(_)) {
                self.taken.get_or_insert(now);
            }
            self.state = state.clone();
        }
        verdict
    }

    /// The table: what an event does at this time.
    // spec: MBX-018, MBX-019, MBX-032, MBX-033, MBX-035
    #[must_use]
    pub fn verdict(&self, event: Event<'_>, now: Timestamp) -> Verdict {
        use {Event as E, InstructionState as S};
        match (&self.state, event) {
            (_, E::Time) => self.run_out(now),
            (state, E::Word(word)) => state.told(word, now),
            (S::Waiting, E::Shown) if self.is_shown(now) => delivered(1, false, now),
            (S::Waiting, E::Cancel) => finished(End::Cancelled, 0, &[], now),
            (S::Delivered(it) | S::Taken(it) | S::Proceeding(it), E::Shown)
                if it.is_over(now) && it.attempt < DELIVERIES =>
            {
                delivered(it.attempt.saturating_add(1), it.cancel, now)
            }
            (S::Delivered(it) | S::Taken(it) | S::Proceeding(it), E::Cancel) if !it.cancel => {
                let cancel = true;
                Verdict::Becomes(self.state.with(Delivery { cancel, ..*it }))
            }
            (_, E::Shown | E::Cancel) => Verdict::Stays,
        }
    }

    /// What time alone does.
    // spec: MBX-020, MBX-036
    fn run_out(&self, now: Timestamp) -> Verdict {
        let attempt = self.state.attempt();
        let expired = self.expires <= now;
        let is_over = self.state.delivery().is_some_and(|it| it.is_over(now));
        let (end, ends) = match &self.state {
            InstructionState::Finished(_) => return Verdict::Stays,
            InstructionState::Waiting | InstructionState::Delivered(_) if expired => {
                (End::Expired, true)
            }
            _ if expired => (End::Expired, is_over),
            _ => (End::SetAside, is_over && attempt >= DELIVERIES),
        };
        if ends {
            finished(end, attempt, &[], now)
        } else {
            Verdict::Stays
        }
    }

    /// What people are shown of it.
    // spec: MBX-031
    #[must_use]
    pub fn row(&self, customer: CustomerId, device: DeviceId) -> InstructionRow {
        let finished = match &self.state {
            InstructionState::Finished(it) => Some(it),
            _ => None,
        };
        let attempt = self.state.attempt();
        InstructionRow {
            instruction: self.id,
            device,
            customer,
            state: self.state.shown(),
            cancel: self.state.delivery().is_some_and(|it| it.cancel),
            attempt: (attempt > 0).then_some(attempt),
            acts: self.acts.clone(),
            made: DateTime(self.made),
            not_before: self.not_before.map(DateTime),
            expires: DateTime(self.expires),
            taken: self.taken.map(DateTime),
            finished: finished.map(|it| DateTime(it.at)),
            results: finished.map_or(Vec::new(), |it| it.results.clone()),
        }
    }
}

impl InstructionState {
    /// The present delivery, if it is under way.
    #[must_use]
    pub const fn delivery(&self) -> Option<&Delivery> {
        match self {
            Self::Delivered(it) | Self::Taken(it) | Self::Proceeding(it) => Some(it),
            Self::Waiting | Self::Finished(_) => None,
        }
    }

    /// How often it has been delivered.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        match self {
            Self::Waiting => 0,
            Self::Delivered(it) | Self::Taken(it) | Self::Proceeding(it) => it.attempt,
            Self::Finished(it) => it.attempt,
        }
    }

    /// The state as people and devices are told of it.
    #[must_use]
    pub const fn shown(&self) -> instruct::InstructionState {
        use instruct::InstructionState as Shown;
        match self {
            Self::Waiting => Shown::Waiting,
            Self::Delivered(_) => Shown::Delivered,
            Self::Taken(_) => Shown::Taken,
            Self::Proceeding(_) => Shown::Proceeding,
            Self::Finished(it) => match it.end {
                End::Done => Shown::Done,
                End::Failed => Shown::Failed,
                End::Rejected => Shown::Rejected,
                End::Cancelled => Shown::Cancelled,
                End::Expired => Shown::Expired,
                End::SetAside => Shown::SetAside,
            },
        }
    }

    /// The same state with this delivery.
    fn with(&self, delivery: Delivery) -> Self {
        match self {
            Self::Taken(_) => Self::Taken(delivery),
            Self::Proceeding(_) => Self::Proceeding(delivery),
            _ => Self::Delivered(delivery),
        }
    }

    /// What the device's word does. It speaks of a delivery that there was.
    // spec: MBX-026, MBX-028
    fn told(&self, word: Word<'_>, now: Timestamp) -> Verdict {
        let last = self.attempt();
        if last == 0 {
            return Verdict::Superseded;
        }
        if !(1..=last).contains(&word.attempt) {
            return Verdict::NeverDelivered;
        }
        match self {
            Self::Finished(it) => it.told(word, now),
            Self::Waiting => Verdict::Superseded,
            Self::Delivered(it) | Self::Taken(it) | Self::Proceeding(it) => {
                self.told_under_way(*it, word, now)
            }
        }
    }

    /// What the device's word does to what is under way. A final word counts whatever delivery it
    /// is of: the effect is there.
    // spec: MBX-024, MBX-025, MBX-027, MBX-034
    fn told_under_way(&self, delivery: Delivery, word: Word<'_>, now: Timestamp) -> Verdict {
        let end = match word.progress {
            Progress::Done => End::Done,
            Progress::Failed => End::Failed,
            Progress::Rejected if delivery.cancel => End::Cancelled,
            Progress::Rejected => End::Rejected,
            _ if word.attempt < delivery.attempt => return Verdict::Superseded,
            Progress::Taken | Progress::Proceeding => return self.gone_on(delivery, word, now),
        };
        finished(end, delivery.attempt, word.results, now)
    }

    /// What a word does that more follows upon.
    fn gone_on(&self, delivery: Delivery, word: Word<'_>, now: Timestamp) -> Verdict {
        let until = now.after(WORK_LEASE);
        let renewed = Delivery { until, ..delivery };
        match (self, word.progress) {
            (Self::Delivered(_), Progress::Taken) => Verdict::Becomes(Self::Taken(renewed)),
            (Self::Delivered(_) | Self::Taken(_), Progress::Proceeding) => {
                Verdict::Becomes(Self::Proceeding(renewed))
            }
            (Self::Taken(_), Progress::Taken) | (Self::Proceeding(_), Progress::Proceeding) => {
                Verdict::Stays
            }
            _ => Verdict::Superseded,
        }
    }
}

impl Delivery {
    /// Whether it is over: the next showing is another delivery.
    fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

impl Finished {
    /// What the device's word does to what is over.
    // spec: MBX-025, MBX-026, MBX-027
    fn told(&self, word: Word<'_>, now: Timestamp) -> Verdict {
        let same = match self.end {
            End::Done => Progress::Done,
            End::Failed => Progress::Failed,
            End::Rejected | End::Cancelled => Progress::Rejected,
            End::Expired | End::SetAside if word.progress == Progress::Done => {
                return finished(End::Done, self.attempt, word.results, now);
            }
            End::Expired | End::SetAside => return Verdict::Superseded,
        };
        if word.progress == same && word.results == self.results {
            Verdict::Stays
        } else {
            Verdict::Superseded
        }
    }
}

fn delivered(attempt: u32, cancel: bool, now: Timestamp) -> Verdict {
    Verdict::Becomes(InstructionState::Delivered(Delivery {
        attempt,
        until: now.after(DELIVERY_LEASE),
        cancel,
    }))
}

fn finished(end: End, attempt: u32, results: &[ActResult], at: Timestamp) -> Verdict {
    Verdict::Becomes(InstructionState::Finished(Finished {
        end,
        at,
        attempt,
        results: results.to_vec(),
    }))
}
