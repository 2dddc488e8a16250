//! How far a device is with one instruction.
//!
//! A course is a value that owns what is left to do, what came of the rest, and by when somebody
//! has to have answered. It knows neither which instruction it belongs to nor who carries an act
//! out. Serves spec chapter MBX.

use alloc::vec;
use alloc::vec::Vec;

use crate::time::Uptime;
use crate::wire::{Act, ActResult, Acts, Outcome, Progress};

/// ```text
///              its turn                          last act over
///  Waiting ───────────────▶ Doing ────────────────────────────────────▶ Over
///     │                     │  ▲ │                                       ▲
///     │       act over,     └──┘ └─ act over, and it is called off: ─────┤
///     │       another follows       the rest omitted                     │
///     └── called off, or its turn comes too late: every act omitted ─────┘
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// Nothing has been begun, and nothing is to be begun after `until`.
    Waiting { acts: Acts, until: Uptime },
    /// The acts are carried out in order; as many as there are results are over.
    Doing {
        acts: Acts,
        results: Vec<ActResult>,
        step: Step,
        called_off: bool,
    },
    /// Nothing more follows.
    Over {
        progress: Progress,
        results: Vec<ActResult>,
    },
}

/// ```text
///           begun here
///  Next ─────────────────▶ Here ──── over ──▶ Next (of the following act)
///   │ ▲                                        ▲
///   │ └── no answer in time ──┐                │
///   └──── handed over ─────▶ Handed ── over ───┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The next act is to be begun; it was handed over in vain so many times.
    Next { in_vain: u8 },
    /// The machine itself is at it, since then.
    Here { since: Uptime },
    /// Somebody else is at it and at as many more as make `acts`, and has time until then.
    Handed {
        until: Uptime,
        acts: usize,
        in_vain: u8,
    },
}

impl Course {
    /// What its turn brings: the acts that are left, of which the first is to be begun now.
    // spec: MBX-051, MBX-053, MBX-054
    pub(super) fn turn(&mut self, now: Uptime) -> Option<Vec<Act>> {
        if let Self::Waiting { acts, until } = self {
            if *until < now {
                self.omit();
                return None;
            }
            *self = Self::Doing {
                acts: acts.clone(),
                results: Vec::new(),
                step: Step::Next { in_vain: 0 },
                called_off: false,
            };
        }
        match self {
            Self::Doing {
                acts,
                results,
                step: Step::Next { .. },
                ..
            } => Some(left(acts, results).to_vec()),
            _ => None,
        }
    }

    /// The machine itself is at the next act, from now on.
    pub(super) const fn begin_here(&mut self, now: Uptime) {
        if let Self::Doing { step, .. } = self {
            *step = Step::Here { since: now };
        }
    }

    /// The next `acts` acts were handed to somebody who has time until then.
    pub(super) const fn hand(&mut self, until: Uptime, acts: usize) {
        if let Self::Doing { step, .. } = self
            && let Step::Next { in_vain } = *step
        {
            *step = Step::Handed {
                until,
                acts,
                in_vain,
            };
        }
    }

    /// Nobody has answered in time: it is handed over once more, or given up as a whole once that
    /// was tried `tries` times.
    pub(super) fn pass(&mut self, now: Uptime, tries: u8, given_up: &ActResult) {
        let Self::Doing { step, .. } = self else {
            return;
        };
        if let Step::Handed {
            until,
            acts,
            in_vain,
        } = *step
            && until <= now
        {
            let in_vain = in_vain.saturating_add(1);
            *step = Step::Next { in_vain };
            if in_vain >= tries {
                self.over(&vec![given_up.clone(); acts]);
            }
        }
    }

    /// So many acts are over, with these results.
    pub(super) fn over(&mut self, came: &[ActResult]) {
        let Self::Doing {
            acts,
            results,
            step,
            called_off,
        } = self
        else {
            return;
        };
        let room = left(acts, results).len();
        results.extend(came.iter().take(room).cloned());
        *step = Step::Next { in_vain: 0 };
        if *called_off || left(acts, results).is_empty() {
            self.omit();
        }
    }

    /// It is called off: what has not been begun is not begun any more.
    // spec: MBX-053
    pub(super) fn call_off(&mut self) {
        match self {
            Self::Waiting { .. } => self.omit(),
            Self::Doing { called_off, .. } => *called_off = true,
            Self::Over { .. } => {}
        }
    }

    /// Whether what has not been begun is not to be begun any more.
    pub(super) const fn is_called_off(&self) -> bool {
        matches!(
            self,
            Self::Doing {
                called_off: true,
                ..
            }
        )
    }

    /// The center says anew by when it is to be begun.
    pub(super) const fn begin_by(&mut self, at: Uptime) {
        if let Self::Waiting { until, .. } = self {
            *until = at;
        }
    }

    /// The acts that are left, and who is at the first of them.
    pub(super) fn under_way(&self) -> Option<(&[Act], Step)> {
        match self {
            Self::Doing {
                acts,
                results,
                step,
                ..
            } => Some((left(acts, results), *step)),
            _ => None,
        }
    }

    /// How many acts are over.
    pub(super) const fn done(&self) -> usize {
        match self {
            Self::Waiting { .. } => 0,
            Self::Doing { results, .. } | Self::Over { results, .. } => results.len(),
        }
    }

    /// When somebody has to have answered.
    pub(super) const fn deadline(&self) -> Option<Uptime> {
        match self {
            Self::Doing {
                step: Step::Handed { until, .. },
                ..
            } => Some(*until),
            _ => None,
        }
    }

    /// What a center is to be told.
    pub(super) fn word(&self) -> (Progress, &[ActResult]) {
        match self {
            Self::Waiting { .. } | Self::Doing { .. } => (Progress::Taken, &[]),
            Self::Over { progress, results } => (*progress, results),
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Self::Over { .. })
    }

    /// Ends it: whatever has no result is omitted.
    fn omit(&mut self) {
        let (acts, mut results) = match self {
            Self::Waiting { acts, .. } => (acts, Vec::new()),
            Self::Doing { acts, results, .. } => (acts, core::mem::take(results)),
            Self::Over { .. } => return,
        };
        results.resize(acts.as_slice().len(), ActResult::OMITTED);
        let progress = progress(&results);
        *self = Self::Over { progress, results };
    }
}

fn left<'a>(acts: &'a Acts, results: &[ActResult]) -> &'a [Act] {
    acts.as_slice().get(results.len()..).unwrap_or_default()
}

/// What the results of all acts come to.
// spec: MBX-051
fn progress(results: &[ActResult]) -> Progress {
    if results.iter().all(|it| it.outcome == Outcome::Done) {
        Progress::Done
    } else if results.iter().any(|it| it.outcome == Outcome::Failed) {
        Progress::Failed
    } else {
        Progress::Rejected
    }
}
