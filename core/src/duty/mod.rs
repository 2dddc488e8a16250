//! What a device or a gateway has been told to do, and what it still has to say about it.
//!
//! Duties come with a mailbox, in the order in which it shows them, and go when the center has
//! answered the final word. They live in RAM only: after a power cut the mailbox shows them again,
//! and an act that is carried out twice does no harm. Each device of a registration has an order of
//! its own, so that none waits for another. Serves spec chapter MBX.

mod course;
mod registering;
mod word;

use alloc::vec::Vec;

use crate::id::{DeviceId, InstructionId};
use crate::limits::{DUTIES, DUTIES_PER_DEVICE};
use crate::time::Uptime;
use crate::wire::{Act, ActResult, Instruction, Outcome, Progress};

use course::{Course, Step};

/// An instruction that was taken in, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    key: Key,
    attempt: u32,
    /// The center knows that it was taken, of this delivery.
    told: bool,
    /// People have been told what became of it.
    announced: bool,
    course: Course,
}

/// Which instruction of which device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) device: DeviceId,
    pub(crate) instruction: InstructionId,
}

/// All that was taken in and has not been answered finally, oldest first for each device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Duties {
    list: Vec<Duty>,
    said: Vec<Said>,
    /// The mailbox holds more than was taken in.
    more: bool,
}

/// What the outstanding acknowledgement says of one duty.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    key: Key,
    last: bool,
}

/// The next thing to do: the acts that are left of an instruction, of which `from` are over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) key: Key,
    pub(crate) from: usize,
    pub(crate) acts: Vec<Act>,
}

impl Duty {
    /// Which instruction it is.
    #[must_use]
    pub const fn instruction(&self) -> InstructionId {
        self.key.instruction
    }

    /// For which device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.key.device
    }

    /// How far it is: `taken` while it waits for its turn, `proceeding` while it is carried out,
    /// and what came of it until the center has answered that.
    #[must_use]
    pub fn progress(&self) -> Progress {
        match &self.course {
            Course::Doing { .. } => Progress::Proceeding,
            course => course.word().0,
        }
    }

    /// The act that is being carried out.
    #[must_use]
    pub fn act(&self) -> Option<&Act> {
        let (left, _) = self.course.under_way()?;
        left.first()
    }
}

impl Duties {
    /// Takes in what a mailbox shows; whether all of it could be taken in. What is held already is
    /// not begun anew, whatever its attempt.
    // spec: MBX-055, MBX-057
    pub(crate) fn take_in(
        &mut self,
        now: Uptime,
        shown: Vec<Instruction>,
        more: bool,
        speaks_for: &dyn Fn(DeviceId) -> bool,
    ) -> bool {
        let mut whole = true;
        for instruction in shown {
            if !speaks_for(instruction.device) {
                continue;
            }
            let until = now.after(instruction.expires);
            let key = Key {
                device: instruction.device,
                instruction: instruction.id,
            };
            let at = match self.list.iter().position(|it| it.key == key) {
                Some(at) => at,
                None if self.is_full_for(key.device) => {
                    whole = false;
                    continue;
                }
                None => {
                    self.list.push(Duty {
                        key,
                        attempt: instruction.attempt,
                        told: false,
                        announced: false,
                        course: Course::Waiting {
                            acts: instruction.acts,
                            until,
                        },
                    });
                    self.list.len().saturating_sub(1)
                }
            };
            if let Some(duty) = self.list.get_mut(at) {
                duty.told &= duty.attempt == instruction.attempt;
                duty.attempt = instruction.attempt;
                duty.course.begin_by(until);
                if instruction.cancel {
                    duty.course.call_off();
                }
            }
        }
        self.more = more || !whole;
        whole
    }

    fn is_full_for(&self, device: DeviceId) -> bool {
        let of_device = self.list.iter().filter(|it| it.key.device == device);
        self.list.len() >= DUTIES || of_device.count() >= DUTIES_PER_DEVICE
    }

    /// The next act to begin. What is returned has to be begun, handed over or over before the next
    /// call, or it is returned again.
    // spec: MBX-050
    pub(crate) fn order(&mut self, now: Uptime) -> Option<Order> {
        for at in 0..self.list.len() {
            let (earlier, rest) = self.list.split_at_mut_checked(at)?;
            let duty = rest.first_mut()?;
            let same = |it: &Duty| it.key.device == duty.key.device && !it.course.is_over();
            if earlier.iter().any(same) {
                continue;
            }
            if let Some(acts) = duty.course.turn(now) {
                return Some(Order {
                    key: duty.key,
                    from: duty.course.done(),
                    acts,
                });
            }
        }
        None
    }

    fn course(&mut self, key: Key) -> Option<&mut Course> {
        let duty = self.list.iter_mut().find(|it| it.key == key)?;
        Some(&mut duty.course)
    }

    /// The machine itself is at the ordered act.
    pub(crate) fn begin_here(&mut self, now: Uptime, key: Key) {
        if let Some(course) = self.course(key) {
            course.begin_here(now);
        }
    }

    /// The next `acts` acts that were ordered were handed to somebody who has time until then.
    #[cfg_attr(
        not(feature = "gateway"),
        expect(dead_code, reason = "a gateway alone hands acts over")
    )]
    pub(crate) fn hand(&mut self, key: Key, until: Uptime, acts: usize) {
        if let Some(course) = self.course(key) {
            course.hand(until, acts);
        }
    }

    /// The next acts of this instruction are over, with these results.
    pub(crate) fn over(&mut self, key: Key, results: &[ActResult]) {
        if let Some(course) = self.course(key) {
            course.over(results);
        }
    }

    /// What the machine itself is at is over, wherever this act is begun for one of these devices.
    pub(crate) fn here_over(
        &mut self,
        act: &Act,
        devices: &dyn Fn(DeviceId) -> bool,
        result: &ActResult,
    ) {
        for duty in &mut self.list {
            if duty.is_here(act) && devices(duty.key.device) {
                duty.course.over(core::slice::from_ref(result));
            }
        }
    }

    /// The devices for which the machine itself is at this act.
    pub(crate) fn here(&self, act: &Act) -> impl Iterator<Item = DeviceId> {
        let begun = self.list.iter().filter(move |it| it.is_here(act));
        begun.map(|it| it.key.device)
    }

    /// What is handed over for this device: which instruction, how many of its acts are over, and
    /// which are left.
    #[cfg_attr(
        not(feature = "gateway"),
        expect(dead_code, reason = "a gateway alone hands acts over")
    )]
    pub(crate) fn handed(&self, device: DeviceId) -> Option<Order> {
        let of_device = |it: &&Duty| it.key.device == device;
        let mut handed = self.list.iter().filter(of_device).filter_map(|duty| {
            let (left, step) = duty.course.under_way()?;
            matches!(step, Step::Handed { .. }).then(|| Order {
                key: duty.key,
                from: duty.course.done(),
                acts: left.to_vec(),
            })
        });
        handed.next()
    }

    /// Time has passed: what nobody has answered in time is ordered again, and fails after so many
    /// tries.
    #[cfg_attr(
        not(feature = "gateway"),
        expect(dead_code, reason = "a gateway alone hands acts over")
    )]
    pub(crate) fn pass(&mut self, now: Uptime, tries: u8) {
        let given_up = ActResult::new(Outcome::Failed, "no answer came in time");
        for duty in &mut self.list {
            duty.course.pass(now, tries, &given_up);
        }
    }

    /// When somebody has to have answered.
    pub(crate) fn deadline(&self) -> Option<Uptime> {
        let deadlines = self.list.iter().filter_map(|it| it.course.deadline());
        deadlines.min()
    }

    /// What people have not been told yet of what is over.
    pub(crate) fn announce(&mut self) -> Option<(InstructionId, Progress)> {
        let new = |it: &&mut Duty| !it.announced && it.course.is_over();
        let duty = self.list.iter_mut().find(new)?;
        duty.announced = true;
        Some((duty.key.instruction, duty.course.word().0))
    }

    /// Nothing is to be done any more for these devices.
    pub(crate) fn forget(&mut self, devices: &[DeviceId]) {
        self.list.retain(|it| !devices.contains(&it.key.device));
    }

    /// What is held.
    pub(crate) fn as_slice(&self) -> &[Duty] {
        &self.list
    }
}

impl Duty {
    fn is_here(&self, act: &Act) -> bool {
        let under_way = self.course.under_way();
        under_way.is_some_and(|(left, step)| {
            matches!(step, Step::Here { .. }) && left.first() == Some(act)
        })
    }
}
