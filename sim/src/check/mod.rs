//! The invariants, each as a check that looks at one step: at what has become durable, and at what
//! was answered beside what had been answered before.
//!
//! | file | invariants |
//! |---|---|
//! | `codes` | 1 one active and one pending formal code · 3 one registration · 4 the same answer |
//! | `slots` | 2 free, pending and used slots add up |
//! | `kept` | 5 what was acknowledged is there · 6 the store is what was committed |
//! | `duties` | 8 instructions are delivered, carried out and recorded |
//! | `pairs` | 9 a pair has its effect once |
//! | `time` | 11 expiry and revocation never go back |
//! | `replay` | 12 what comes again changes nothing |
//! | `bounds` | 15 strangers cost little, and work is bounded |
//!
//! Invariant 7, that everybody gets through once faults end, is about a whole history (`quiet`).
//! Invariant 10, that customers see nothing of each other, is about two of them (`twin`). Invariant
//! 13, that poll requests stay within bounds, is about a world of its own (`lan`).

mod bounds;
mod codes;
pub(crate) mod duties;
mod kept;
mod pairs;
mod replay;
mod slots;
mod time;

use std::fmt;

use restante_core::id::DeviceId;
use restante_core::record::{State as Standing, Why};
use restante_core::wire::RefusalCode;
use restante_store::memory::Held;

use crate::machine::Send;
use crate::posted::Effect;
use crate::state::State;
use crate::step::Step;
use crate::unit::Unit;
use crate::witness::Witness;

/// An invariant, by its number in the security design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// 1: one active and one pending formal code, and a former one is never accepted again.
    OneCode,
    /// 2: free, pending and ever-active slots add up to the limit.
    Slots,
    /// 3: a code and a request id name at most one registration, for ever.
    OneRegistration,
    /// 4: the same device hears the same formal code until its first use, and nobody else does.
    SameAnswer,
    /// 5: what was acknowledged survives every crash.
    Acknowledged,
    /// 6: the store is a prefix of what was committed.
    Prefix,
    /// 7: once faults end, everybody with a valid code gets through.
    GetsThrough,
    /// 8: an instruction is delivered until acknowledged, its end is recorded once, in order.
    Instructions,
    /// 9: a device and its registration code have their effect once, and for nobody else.
    OnePair,
    /// 10: what one customer can observe does not depend on whether another exists.
    Apart,
    /// 11: expiry and revocation never go back.
    NeverBack,
    /// 12: what comes again changes nothing.
    Replay,
    /// 13: one trigger causes at most one poll per device, reaches only the roster, and ends.
    OnePoll,
    /// 15: what a stranger costs is bounded, and no input panics.
    Bounded,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::OneCode,
        Self::Slots,
        Self::OneRegistration,
        Self::SameAnswer,
        Self::Acknowledged,
        Self::Prefix,
        Self::GetsThrough,
        Self::Instructions,
        Self::OnePair,
        Self::Apart,
        Self::NeverBack,
        Self::Replay,
        Self::OnePoll,
        Self::Bounded,
    ];

    /// Its number in the security design.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::OneCode => 1,
            Self::Slots => 2,
            Self::OneRegistration => 3,
            Self::SameAnswer => 4,
            Self::Acknowledged => 5,
            Self::Prefix => 6,
            Self::GetsThrough => 7,
            Self::Instructions => 8,
            Self::OnePair => 9,
            Self::Apart => 10,
            Self::NeverBack => 11,
            Self::Replay => 12,
            Self::OnePoll => 13,
            Self::Bounded => 15,
        }
    }

    /// What it says, in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::OneCode => "one active and one pending formal code",
            Self::Slots => "free + pending + used slots = limit",
            Self::OneRegistration => "(code, R) names one registration",
            Self::SameAnswer => "the same answer until first use",
            Self::Acknowledged => "what was acknowledged is there",
            Self::Prefix => "the store is what was committed",
            Self::GetsThrough => "active within three exchanges",
            Self::Instructions => "instructions: delivered, in order, recorded once",
            Self::OnePair => "(device, registration code) has its effect once",
            Self::Apart => "nobody sees whether another customer exists",
            Self::NeverBack => "expiry and revocation never go back",
            Self::Replay => "what comes again changes nothing",
            Self::OnePoll => "one poll per device and trigger, to the roster alone",
            Self::Bounded => "strangers cost little, nothing panics",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant {} ({})", self.number(), self.title())
    }
}

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub invariant: Invariant,
    /// In which step.
    pub step: u64,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, step {}: {}", self.invariant, self.step, self.what)
    }
}

/// What the checks have found, and how often each has had something to look at.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What did not hold.
    pub violations: Vec<Violation>,
    counts: [u64; Invariant::ALL.len()],
    step: u64,
}

/// One step with what stood before it.
pub(crate) struct View<'a> {
    /// The step.
    pub(crate) step: &'a Step<'a>,
    /// What is durable after it.
    pub(crate) state: &'a State,
    /// What had been said before it.
    pub(crate) witness: &'a Witness,
}

impl Found {
    /// Looks at one step.
    pub fn after(&mut self, step: &Step<'_>, state: &State, witness: &Witness) {
        self.step = step.number;
        let view = View {
            step,
            state,
            witness,
        };
        codes::one_code(&view, self);
        codes::one_registration(&view, self);
        codes::same_answer(&view, self);
        slots::add_up(&view, self);
        kept::acknowledged(&view, self);
        duties::recorded_once(&view, self);
        pairs::once(&view, self);
        time::never_back(&view, self);
        replay::changes_nothing(&view, self);
        bounds::bounded(&view, self);
    }

    /// Looks at the disk, after a crash or at the end.
    pub fn on_disk(&mut self, held: &Held, state: &State, witness: &Witness) {
        kept::prefix(held, state, self);
        kept::all_acknowledged(state, witness, self);
    }

    /// A machine is about to use a formal code: it has to be in its memory already.
    pub fn kept_before_use(&mut self, unit: &Unit, send: &Send) {
        kept::before_use(unit, send, self);
    }

    /// A device is about to do what it was told.
    pub fn carried_out(&mut self, effect: &Effect, witness: &Witness) {
        duties::carried_out(effect, witness, self);
    }

    /// How often this was put to the question.
    #[must_use]
    pub fn count(&self, invariant: Invariant) -> u64 {
        let place = Invariant::ALL.iter().position(|it| *it == invariant);
        place.map_or(0, |place| self.counts[place])
    }

    /// Adds what was found elsewhere.
    pub fn merge(&mut self, other: &Self) {
        self.violations.extend(other.violations.iter().cloned());
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
    }

    /// Puts one question; `what` says what was seen where the answer is no.
    pub fn that(&mut self, invariant: Invariant, holds: bool, what: impl FnOnce() -> String) {
        if let Some(place) = Invariant::ALL.iter().position(|it| *it == invariant) {
            self.counts[place] += 1;
        }
        if !holds {
            self.violations.push(Violation {
                invariant,
                step: self.step,
                what: what(),
            });
        }
    }
}

/// The devices that a registration speaks for: those of an active one.
#[must_use]
pub fn devices_of(state: &Standing) -> &[DeviceId] {
    match state {
        Standing::Active(active) => &active.devices,
        _ => &[],
    }
}

/// Whether the formal code of a registration has been used: it is active, or over for another
/// reason than that it never was.
fn is_used(state: &Standing) -> bool {
    match state {
        Standing::Pending(_) => false,
        Standing::Active(_) => true,
        Standing::Ended(ended) => ended.why != Why::NeverUsed,
    }
}

/// Whether the call was refused for want of a credential.
fn is_stranger(view: &View<'_>) -> bool {
    let strange = [
        RefusalCode::CredentialMissing,
        RefusalCode::CodeRefused,
        RefusalCode::FormalCodeRefused,
        RefusalCode::TokenRefused,
        RefusalCode::RegistrationRefused,
        RefusalCode::Throttled,
    ];
    let refused = view.step.refused();
    refused.is_some_and(|refused| strange.contains(&refused.refusal.code))
}
