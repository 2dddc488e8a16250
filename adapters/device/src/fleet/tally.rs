//! How far a fleet is, in numbers, and whether it has reached what it runs for.

use super::member::Facts;
use crate::driver::Ended;

/// What a fleet runs for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Every device's formal code is in use.
    Enrolled,
    /// Every device has registered for a service since the start.
    Registered,
    /// Nothing: it goes on until it is told to stop.
    Forever,
}

/// The numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Devices.
    pub devices: usize,
    /// Of them, those whose formal code is in use.
    pub enrolled: usize,
    /// Of them, those that have registered for a service since the start.
    pub registered: usize,
    /// Of them, those with which nothing goes on before a person has done something.
    pub stuck: usize,
    /// Messages sent, to the center and to services.
    pub sent: u64,
    /// Replies of the center.
    pub answered: u64,
    /// Refusals of the center.
    pub refused: u64,
    /// Messages that nothing came of.
    pub unanswered: u64,
    /// Of them, those that were not sent, since the center's certificate is not trusted.
    pub untrusted: u64,
    /// Poll requests that devices were asked.
    pub asked: u64,
}

impl Tally {
    pub(super) const fn new(devices: usize) -> Self {
        Self {
            devices,
            enrolled: 0,
            registered: 0,
            stuck: 0,
            sent: 0,
            answered: 0,
            refused: 0,
            unanswered: 0,
            untrusted: 0,
            asked: 0,
        }
    }

    /// How many devices are where the goal wants them.
    #[must_use]
    pub const fn reached(&self, goal: Goal) -> usize {
        match goal {
            Goal::Enrolled | Goal::Forever => self.enrolled,
            Goal::Registered => self.registered,
        }
    }

    /// Whether there is nothing more to wait for.
    pub(super) fn ended(&self, goal: Goal) -> Option<Ended> {
        let reached = match goal {
            Goal::Forever => 0,
            _ => self.reached(goal),
        };
        if reached == self.devices {
            Some(Ended::Reached)
        } else if reached + self.stuck == self.devices
            || (goal != Goal::Forever && self.is_nobody_trusted())
        {
            Some(Ended::NeedsPerson)
        } else {
            None
        }
    }

    /// Whether each device has had the time to meet a certificate that is not trusted, and nobody
    /// has met another: that does not mend itself.
    const fn is_nobody_trusted(&self) -> bool {
        let met = self.answered + self.refused;
        met == 0 && self.untrusted == self.unanswered && self.untrusted >= self.devices as u64
    }

    /// A device was there and is here now.
    pub(super) fn moved(&mut self, before: Facts, after: Facts) {
        let count = |number: &mut usize, before: bool, after: bool| {
            *number = (*number + usize::from(after)).saturating_sub(usize::from(before));
        };
        count(&mut self.enrolled, before.enrolled, after.enrolled);
        count(&mut self.registered, before.registered, after.registered);
        count(&mut self.stuck, before.stuck, after.stuck);
    }
}
