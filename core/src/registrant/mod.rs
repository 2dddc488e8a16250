//! What a device and a gateway have in common: holding a registration with a center.
//!
//! A registrant enrols with a code that a person entered, keeps what it is given before it uses it,
//! polls, rotates its code, leaves, and is patient. It decides what to ask next; the machine around
//! it (`device`, `gateway`) writes the message and knows the devices. Nothing here knows how many
//! there are. Serves spec chapters ENR (enrolment), STA (running status) and POL (poll requests).

mod answer;
mod asking;
mod calls;
mod challenged;
mod diary;
mod kept;
mod line;
mod notice;
mod service;
mod task;
mod word;

use alloc::vec::Vec;

use crate::code::{FormalCode, Presented, ProvisionalCode};
use crate::crypto::Crypto;
use crate::duty::Duties;
use crate::entropy::Seed;
use crate::id::{CenterAddress, DeviceId, RegistrationId, RequestId};
use crate::limits::BOOT_SPREAD;
use crate::time::Uptime;
use crate::wire::enrol::{DeviceList, MaxMessage};
use crate::wire::{
    DeviceRequest, DevicesAdded, DevicesRemoved, Enrol, Leave, Poll, Rotate, StatusReported,
};

use asking::Gate;
use diary::{Diary, Due};
use line::Line;
use service::Services;

pub use calls::PeerCall;
pub use challenged::Challenged;
pub use kept::{Attempt, Holding, KeptError, Member, Standing};
pub(crate) use kept::{FORMAT, read, write};
pub use line::Exchange;
pub use notice::{Need, Notice, Trouble};
pub use service::{Errand, ServiceAnswer};
pub use word::{Asked, InputError, Phase};

/// The part of a machine that holds a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registrant<C> {
    crypto: C,
    max_message: Option<MaxMessage>,
    stage: Stage,
    line: Line,
    services: Services,
    gate: Gate,
    challenged: Option<Challenged>,
}

/// ```text
///  Off ── booted ──▶ any of these, as kept
///
///         code entered             formal code, kept           first use accepted
///  Blank ─────────────▶ Enrolling ─────────────────▶ Enrolled ───────────────────▶ in use
///    ▲                    │   ▲ ▲                      │ │ ▲                        │ ▲ │
///    │            refused │   │ └── refused at its ────┘ │ └── refused, and an      │ │ │
///    │                    ▼   │     first use (twice)    │     older one is held ◀──┘ │ │
///    │                 NeedsPerson ◀──── refused ────────┴─────── code entered        │ │
///    │                        ▲                                                       │ │
///    │                        └── both codes refused ── Rotating ── either accepted ──┘ │
///    │                                                     ▲                            │
///    └──────── left ─────── Leaving ◀── leave now          └──────── rotate now ────────┘
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Off,
    Blank,
    Enrolling {
        attempt: Attempt,
        fallback: Option<Holding>,
    },
    Enrolled {
        holding: Holding,
        diary: Diary,
    },
    Rotating {
        holding: Holding,
        next: Next,
        diary: Diary,
    },
    Leaving {
        holding: Holding,
    },
    NeedsPerson {
        need: Need,
        attempt: Option<Attempt>,
    },
}

impl Stage {
    /// The timetable, where a registration is in force.
    const fn diary(&self) -> Option<&Diary> {
        match self {
            Self::Enrolled { diary, .. } | Self::Rotating { diary, .. } => Some(diary),
            _ => None,
        }
    }

    const fn diary_mut(&mut self) -> Option<&mut Diary> {
        match self {
            Self::Enrolled { diary, .. } | Self::Rotating { diary, .. } => Some(diary),
            _ => None,
        }
    }
}

/// How far a rotation is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Next {
    /// The new code has been asked for, or will be.
    Wanted,
    /// It has come, is kept beside the former one, and is being used for the first time.
    // spec: ENR-028
    Trying(FormalCode),
    /// It was refused; the former one is being tried again.
    Refused(FormalCode),
}

/// What a step has brought forth besides messages.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// What is to be kept has changed.
    pub(crate) keep: bool,
    /// What people are told.
    pub(crate) notices: Vec<Notice>,
}

impl News {
    fn tell(&mut self, notice: Notice) {
        self.notices.push(notice);
    }
}

/// What an answer means for the machine around the registrant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The registration has begun, and its members are set.
    Enrolled,
    /// A report was taken.
    Reported(StatusReported),
    /// A message named devices that the registration does not speak for.
    NotCovered(Asked, Vec<DeviceId>, Need),
    /// Devices were added.
    Added(DevicesAdded),
    /// Devices were removed.
    Removed(DevicesRemoved),
    /// An act was refused and is not repeated by itself.
    Refused(Asked, Need),
    /// An addition or removal had no effect; this is the highest number that was accepted.
    ChangeSuperseded(u32),
    /// The registration is gone; these were its members.
    Ended(Vec<Member>),
}

/// What the machine around the registrant has ready to say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ready {
    /// Devices to remove.
    pub(crate) remove: bool,
    /// Devices to add.
    pub(crate) add: bool,
    /// A report, and when it may go.
    pub(crate) report: Option<Uptime>,
}

/// A request that may go now: the machine around the registrant writes the message.
#[derive(Debug)]
pub(crate) struct Slip {
    pub(crate) exchange: Exchange,
    pub(crate) asked: Asked,
    pub(crate) center: CenterAddress,
    pub(crate) presented: Presented,
}

impl<C: Crypto> Registrant<C> {
    /// One that is switched off.
    pub(crate) fn new(crypto: C, max_message: Option<MaxMessage>) -> Self {
        Self {
            crypto,
            max_message,
            stage: Stage::Off,
            line: Line::default(),
            services: Services::default(),
            gate: Gate::default(),
            challenged: None,
        }
    }

    /// Whether the machine may take anything but [`Registrant::boot`].
    pub(crate) const fn on(&self) -> Result<(), InputError> {
        match self.stage {
            Stage::Off => Err(InputError::Off),
            _ => Ok(()),
        }
    }

    /// Begins where the machine stood. Where power returns to many at once, each says its first
    /// word at a time of its own, whatever it says; a person who does something is not kept
    /// waiting.
    // spec: ENR-042
    pub(crate) fn boot(&mut self, now: Uptime, seed: &Seed, kept: Standing) {
        let window = BOOT_SPREAD.as_millis();
        let poll_at = now.after_millis(seed.draw_below(&self.crypto, "boot", window));
        self.line.rest_until(poll_at);
        self.stage = match kept {
            Standing::Blank {} => Stage::Blank,
            Standing::Enrolling { attempt, fallback } => Stage::Enrolling { attempt, fallback },
            Standing::Enrolled { holding } => self.resumed(poll_at, holding),
            Standing::Rotating { holding, next } => Stage::Rotating {
                diary: self.diary(&holding, poll_at),
                holding,
                next: next.map_or(Next::Wanted, Next::Trying),
            },
            Standing::Leaving { holding } => Stage::Leaving { holding },
            Standing::NeedsPerson { need, attempt } => Stage::NeedsPerson { need, attempt },
        };
    }

    /// Where the machine stands, to be kept.
    pub(crate) fn standing(&self) -> Standing {
        match &self.stage {
            Stage::Off | Stage::Blank => Standing::Blank {},
            Stage::Enrolling { attempt, fallback } => Standing::Enrolling {
                attempt: attempt.clone(),
                fallback: fallback.clone(),
            },
            Stage::Enrolled { holding, .. } => Standing::Enrolled {
                holding: holding.clone(),
            },
            Stage::Rotating { holding, next, .. } => Standing::Rotating {
                holding: holding.clone(),
                next: match next {
                    Next::Wanted => None,
                    Next::Trying(code) | Next::Refused(code) => Some(code.clone()),
                },
            },
            Stage::Leaving { holding } => Standing::Leaving {
                holding: holding.clone(),
            },
            Stage::NeedsPerson { need, attempt } => Standing::NeedsPerson {
                need: *need,
                attempt: attempt.clone(),
            },
        }
    }

    /// Where the machine stands, as a word.
    pub(crate) const fn phase(&self) -> Phase {
        match &self.stage {
            Stage::Off => Phase::Off,
            Stage::Blank => Phase::Blank,
            Stage::Enrolling { .. } => Phase::Enrolling,
            Stage::Enrolled { holding, .. } if holding.unused.is_some() => Phase::Enrolled,
            Stage::Enrolled { .. } => Phase::InUse,
            Stage::Rotating { .. } => Phase::Rotating,
            Stage::Leaving { .. } => Phase::Leaving,
            Stage::NeedsPerson { .. } => Phase::NeedsPerson,
        }
    }

    /// A person has entered a code. The request id is drawn here and nowhere else; a code that is
    /// being tried already keeps the one that it has.
    // spec: ENR-001, ENR-002
    pub(crate) fn enter(
        &mut self,
        now: Uptime,
        seed: &Seed,
        entered: (ProvisionalCode, CenterAddress),
        devices: DeviceList,
        news: &mut News,
    ) {
        let (code, center) = entered;
        if self.center() == Some(&center) {
            self.line.drop_outstanding(now);
            self.line.hurry(now);
        } else {
            self.line.reset(now);
        }
        let (earlier, fallback) = self.set_aside();
        let fits = |it: &Attempt| {
            it.code == code && it.center == center && same_content(&it.devices, &devices)
        };
        let attempt = earlier.filter(fits).unwrap_or_else(|| Attempt {
            center: center.clone(),
            code,
            request: RequestId::from_bytes(seed.draw_id(&self.crypto, "request id")),
            devices,
            refused: 0,
        });
        self.stage = Stage::Enrolling { attempt, fallback };
        news.keep = true;
        news.tell(Notice::Enrolling { center });
    }

    /// Takes the stage apart: an enrolment that may be repeated, and a registration to fall back
    /// on.
    fn set_aside(&mut self) -> (Option<Attempt>, Option<Holding>) {
        match core::mem::replace(&mut self.stage, Stage::Blank) {
            Stage::Enrolling { attempt, fallback } => (Some(attempt), fallback),
            Stage::NeedsPerson { attempt, .. } => (attempt, None),
            Stage::Enrolled { holding, .. } => (holding.unused.clone(), Some(holding)),
            Stage::Rotating { holding, next, .. } => (None, Some(newest(holding, next))),
            Stage::Off | Stage::Blank | Stage::Leaving { .. } => (None, None),
        }
    }

    /// A person wants a new formal code.
    pub(crate) fn rotate(&mut self, news: &mut News) -> Result<(), InputError> {
        self.on()?;
        match &self.stage {
            Stage::Rotating { .. } => Ok(()),
            Stage::Enrolled { holding, diary } if holding.unused.is_none() => {
                let (holding, diary) = (holding.clone(), diary.clone());
                self.stage = Stage::Rotating {
                    holding,
                    next: Next::Wanted,
                    diary,
                };
                news.keep = true;
                Ok(())
            }
            _ => Err(InputError::NotEnrolled),
        }
    }

    /// A person wants the registration to end, or the enrolment to be given up.
    pub(crate) fn leave(&mut self, now: Uptime, news: &mut News) -> Result<(), InputError> {
        match &self.stage {
            Stage::Off => return Err(InputError::Off),
            Stage::Blank => return Err(InputError::NotEnrolled),
            Stage::Leaving { .. } => return Ok(()),
            _ => {}
        }
        self.line.drop_outstanding(now);
        self.line.hurry(now);
        self.stage = match core::mem::replace(&mut self.stage, Stage::Blank) {
            Stage::Enrolled { holding, .. } => Stage::Leaving { holding },
            Stage::Rotating { holding, next, .. } => Stage::Leaving {
                holding: newest(holding, next),
            },
            Stage::Enrolling {
                fallback: Some(holding),
                ..
            } => self.resumed(now, holding),
            _ => Stage::Blank,
        };
        news.keep = true;
        Ok(())
    }

    /// What is to be said next and when it is due, whether or not the line is free.
    fn next(&self, ready: Ready) -> Option<(Uptime, Asked)> {
        let at_once = |asked| Some((Uptime::BOOT, asked));
        match &self.stage {
            Stage::Off | Stage::Blank | Stage::NeedsPerson { .. } => None,
            Stage::Enrolling { .. } => at_once(Asked::Enrol),
            Stage::Leaving { .. } => at_once(Asked::Leave),
            // That a rotation was taken on is said before it begins.
            Stage::Rotating {
                next: Next::Wanted,
                diary,
                ..
            } if diary.duties.unsaid() => at_once(Asked::Acknowledge),
            Stage::Rotating {
                next: Next::Wanted, ..
            } => at_once(Asked::Rotate),
            Stage::Rotating { diary, .. } => Some((diary.poll_due(), Asked::Poll)),
            // spec: ENR-046
            Stage::Enrolled { holding, diary } if holding.unused.is_some() => {
                Some((diary.poll_due(), Asked::Poll))
            }
            Stage::Enrolled { .. } if ready.remove => at_once(Asked::RemoveDevices),
            Stage::Enrolled { .. } if ready.add => at_once(Asked::AddDevices),
            Stage::Enrolled { diary, .. } if diary.duties.unsaid() => at_once(Asked::Acknowledge),
            Stage::Enrolled { diary, .. } => match ready.report {
                Some(at) if at <= diary.poll_due() => Some((at, Asked::ReportStatus)),
                _ => Some((diary.poll_due(), Asked::Poll)),
            },
        }
    }

    /// Begins the next request if it is due and the line is free.
    // spec: MSG-010
    pub(crate) fn begin(&mut self, now: Uptime, ready: Ready) -> Option<Slip> {
        let (at, asked) = self.next(ready)?;
        if now < self.line.free_from()?.max(at) {
            return None;
        }
        let (center, presented) = self.presents()?;
        Some(Slip {
            exchange: self.line.ask(now, asked),
            asked,
            center,
            presented,
        })
    }

    /// The message for what any registrant asks; what names its devices, the machine around it
    /// writes. An enrolment is the same, byte for byte, however often it is sent.
    // spec: ENR-003
    pub(crate) fn message(&mut self, asked: Asked) -> Option<DeviceRequest> {
        let max_message = self.max_message;
        if asked == Asked::Acknowledge {
            let duties = self.duties_mut()?;
            return Some(DeviceRequest::Acknowledge(duties.say()));
        }
        match (asked, &self.stage) {
            (Asked::Enrol, Stage::Enrolling { attempt, .. }) => Some(DeviceRequest::Enrol(Enrol {
                request: attempt.request,
                devices: attempt.devices.clone(),
                max_message,
            })),
            (Asked::Poll, _) => {
                let (have, tag) = self.stage.diary_mut().map_or((None, None), Diary::poll);
                Some(DeviceRequest::Poll(Poll {
                    have,
                    max_message,
                    tag,
                }))
            }
            (Asked::Rotate, _) => Some(DeviceRequest::Rotate(Rotate {})),
            (Asked::Leave, _) => Some(DeviceRequest::Leave(Leave {})),
            _ => None,
        }
    }

    /// When something is to be done: a request sent, or one given up as lost.
    pub(crate) fn deadline(&self, ready: Ready) -> Option<Uptime> {
        let due = |free: Uptime| self.next(ready).map(|(at, _)| free.max(at));
        let line = match self.line.free_from() {
            Some(free) => due(free),
            None => self.line.waits_until(),
        };
        let duties = self.duties().and_then(Duties::deadline);
        let services = self.services_deadline();
        let asking = self.stage.diary().and_then(|diary| diary.asking.deadline());
        [line, duties, services, asking].into_iter().flatten().min()
    }

    fn presents(&self) -> Option<(CenterAddress, Presented)> {
        match &self.stage {
            Stage::Off | Stage::Blank | Stage::NeedsPerson { .. } => None,
            Stage::Enrolling { attempt, .. } => Some((
                attempt.center.clone(),
                Presented::Provisional(attempt.code.clone()),
            )),
            Stage::Rotating {
                holding,
                next: Next::Trying(code),
                ..
            } => Some((holding.center.clone(), Presented::Formal(code.clone()))),
            Stage::Enrolled { holding, .. }
            | Stage::Rotating { holding, .. }
            | Stage::Leaving { holding } => Some((
                holding.center.clone(),
                Presented::Formal(holding.code.clone()),
            )),
        }
    }

    fn center(&self) -> Option<&CenterAddress> {
        match &self.stage {
            Stage::Enrolling { attempt, .. } => Some(&attempt.center),
            Stage::NeedsPerson { attempt, .. } => attempt.as_ref().map(|attempt| &attempt.center),
            _ => self.holding().map(|holding| &holding.center),
        }
    }

    /// The registration that is in force.
    pub(crate) const fn holding(&self) -> Option<&Holding> {
        match &self.stage {
            Stage::Enrolled { holding, .. }
            | Stage::Rotating { holding, .. }
            | Stage::Leaving { holding } => Some(holding),
            Stage::Enrolling { fallback, .. } => fallback.as_ref(),
            Stage::Off | Stage::Blank | Stage::NeedsPerson { .. } => None,
        }
    }

    /// The members of the registration that is in force, to be changed by the gateway.
    #[cfg(feature = "gateway")]
    pub(crate) const fn members_mut(&mut self) -> Option<&mut Vec<Member>> {
        match &mut self.stage {
            Stage::Enrolled { holding, .. }
            | Stage::Rotating { holding, .. }
            | Stage::Leaving { holding }
            | Stage::Enrolling {
                fallback: Some(holding),
                ..
            } => Some(&mut holding.members),
            _ => None,
        }
    }

    /// This time's report was taken, or there is nothing to report.
    pub(crate) fn report_over(&mut self, now: Uptime) {
        if let Stage::Enrolled { diary, .. } = &mut self.stage {
            diary.report_over(now);
        }
    }

    /// The devices that a first message names, while the enrolment is under way.
    pub(crate) const fn attempt(&self) -> Option<&Attempt> {
        match &self.stage {
            Stage::Enrolling { attempt, .. } => Some(attempt),
            _ => None,
        }
    }

    /// What a person has to do, if anything waits for one.
    pub(crate) const fn need(&self) -> Option<Need> {
        match self.stage {
            Stage::NeedsPerson { need, .. } => Some(need),
            _ => None,
        }
    }

    /// When the schedule wants a report, once the formal code is in use.
    pub(crate) const fn report(&self) -> Option<Due> {
        match &self.stage {
            Stage::Enrolled { holding, diary } if holding.unused.is_none() => diary.report,
            _ => None,
        }
    }

    /// When a report may go at the earliest that has something to say before its time.
    pub(crate) fn report_early(&self) -> Option<Uptime> {
        match &self.stage {
            Stage::Enrolled { holding, diary } if holding.unused.is_none() => diary.report_early(),
            _ => None,
        }
    }

    /// What the mailbox has asked for.
    pub(crate) const fn duties(&self) -> Option<&Duties> {
        match self.stage.diary() {
            Some(diary) => Some(&diary.duties),
            None => None,
        }
    }

    /// The same, to be carried out by the machine around the registrant.
    pub(crate) const fn duties_mut(&mut self) -> Option<&mut Duties> {
        match self.stage.diary_mut() {
            Some(diary) => Some(&mut diary.duties),
            None => None,
        }
    }

    /// Tells people which instructions are over.
    pub(crate) fn announce(&mut self, news: &mut News) {
        while let Some((instruction, progress)) = self.duties_mut().and_then(Duties::announce) {
            news.tell(Notice::CarriedOut {
                instruction,
                progress,
            });
        }
    }

    fn resumed(&self, poll_at: Uptime, holding: Holding) -> Stage {
        Stage::Enrolled {
            diary: self.diary(&holding, poll_at),
            holding,
        }
    }

    fn diary(&self, holding: &Holding, poll_at: Uptime) -> Diary {
        let registration: RegistrationId = holding.code.registration();
        Diary::new(&self.crypto, registration, poll_at)
    }
}

/// The registration with the newest code that may be in use: a new one that has come is at the
/// center either pending or active, and works in both cases.
fn newest(mut holding: Holding, next: Next) -> Holding {
    if let Next::Trying(code) = next {
        holding.code = code;
    }
    holding
}

fn same_content(a: &DeviceList, b: &DeviceList) -> bool {
    let (a, b) = (a.as_slice(), b.as_slice());
    let same = |(a, b): (&crate::wire::DeviceEntry, &crate::wire::DeviceEntry)| {
        a.identification == b.identification
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}
