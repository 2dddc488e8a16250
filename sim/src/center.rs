//! The center in the world: one or two nodes, each the real driver, on one disk.
//!
//! A call is a future that the world polls by hand, one store operation at a time. A node that
//! crashes drops its calls in the middle and loses what lives in its memory; the disk stays.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use restante_core::center::{Call, Decide, Decision, Effect};
use restante_core::record::{Change, Kind, Pause, Record as _, Records, Throttle, Written};
use restante_core::{Seed, Timestamp};
use restante_store::{Answer, Driver, DriverError, Effects, Taken};

use crate::clock::{Dice, Wall};
use crate::disk::{Disk, Fault, Gate};

/// One node.
pub struct Node {
    driver: Option<Arc<Driver<Shared, Gate>>>,
}

/// What decides, shared by all nodes, and a look over its shoulder.
#[derive(Clone)]
pub struct Shared {
    decide: Arc<dyn Decide>,
    looked: Arc<Mutex<Option<Looked>>>,
}

/// What a decision took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// How many records and ranges it has asked for.
    pub needs: usize,
    /// How many wrong codes it has noted for one source.
    pub wrong_codes: usize,
}

impl Shared {
    /// Looks over the shoulder of `decide`.
    #[must_use]
    pub fn new(decide: Arc<dyn Decide>) -> Self {
        Self {
            decide,
            looked: Arc::default(),
        }
    }

    /// What the decision took that has been made since this was last asked.
    #[must_use]
    pub fn looked(&self) -> Option<Looked> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.take()
    }
}

/// A call under way.
pub struct Running {
    /// Which node carries it out.
    pub node: usize,
    /// The letter that it belongs to; none for a tick.
    pub mail: Option<usize>,
    /// What was asked.
    pub call: Call,
    /// The step in which it began.
    pub begun: u64,
    /// The highest time that was written down when it began.
    pub highest_then: Option<Timestamp>,
    /// The lowest time that the wall clock has shown meanwhile.
    pub lowest_wall: Timestamp,
    /// What its latest decision took.
    pub looked: Looked,
    future: Pin<Box<dyn Future<Output = Result<Answer, DriverError>> + Send>>,
}

impl Decide for Shared {
    fn decide(
        &self,
        now: Timestamp,
        seed: &Seed,
        call: &Call,
        records: &Records,
    ) -> Result<Decision, Pause> {
        let decision = self.decide.decide(now, seed, call, records)?;
        let looked = Looked {
            needs: records.len(),
            wrong_codes: wrong_codes(&decision.written),
        };
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(looked);
        Ok(decision)
    }
}

impl Node {
    /// A node that is up.
    #[must_use]
    pub fn start(decide: &Shared, disk: &Disk, wall: &Wall, dice: &Dice) -> Self {
        let driver = Driver::new(decide.clone(), disk.gate())
            .clock(wall.clone())
            .entropy(dice.clone())
            .effects(Nobody);
        Self {
            driver: Some(Arc::new(driver)),
        }
    }

    /// Whether it is up.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.driver.is_some()
    }

    /// It is gone, with all that lived in its memory.
    pub fn stop(&mut self) {
        self.driver = None;
    }

    /// Has something go wrong at one of its next store operations.
    pub fn expect(&self, skip: u32, fault: Fault) {
        if let Some(driver) = &self.driver {
            driver.store().expect(skip, fault);
        }
    }

    /// Nothing goes wrong any more.
    pub fn calm(&self) {
        if let Some(driver) = &self.driver {
            driver.store().calm();
        }
    }

    /// What has gone wrong since this was last asked.
    #[must_use]
    pub fn struck(&self) -> Option<Fault> {
        self.driver.as_ref()?.store().struck()
    }

    /// A commit that was on its way arrives, if there is one.
    pub fn deliver(&self) {
        if let Some(driver) = &self.driver {
            let mut delivery = Box::pin(driver.store().deliver());
            let polled = delivery
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            debug_assert!(polled.is_ready(), "a store in memory does not wait");
        }
    }

    /// A call to this node, not begun yet; `None` if it is down.
    #[must_use]
    pub fn call(&self, call: Call) -> Option<Calling> {
        let driver = Arc::clone(self.driver.as_ref()?);
        let asked = call.clone();
        Some(Calling {
            call,
            future: Box::pin(async move { driver.call(asked).await }),
        })
    }
}

/// A call that has not begun.
pub struct Calling {
    call: Call,
    future: Pin<Box<dyn Future<Output = Result<Answer, DriverError>> + Send>>,
}

impl Calling {
    /// Begins it.
    #[must_use]
    pub fn begin(
        self,
        node: usize,
        mail: Option<usize>,
        begun: u64,
        highest_then: Option<Timestamp>,
        wall: Timestamp,
    ) -> Running {
        Running {
            node,
            mail,
            call: self.call,
            begun,
            highest_then,
            lowest_wall: wall,
            looked: Looked::default(),
            future: self.future,
        }
    }
}

impl Running {
    /// Goes on up to the next store operation, or to the answer.
    pub fn poll(&mut self, wall: Timestamp) -> Option<Result<Answer, DriverError>> {
        self.lowest_wall = self.lowest_wall.min(wall);
        let mut context = Context::from_waker(Waker::noop());
        match self.future.as_mut().poll(&mut context) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        }
    }
}

fn wrong_codes(written: &Written) -> usize {
    let noted = written
        .writes
        .iter()
        .filter_map(|write| match &write.change {
            Change::Put { format, body } if write.key.kind == Kind::Throttle => {
                Throttle::read(*format, body).ok()
            }
            _ => None,
        });
    noted
        .map(|throttle| throttle.wrong.len())
        .max()
        .unwrap_or(0)
}

/// Where effects go: they lie in the outbox, which is enough for the world.
struct Nobody;

impl Effects for Nobody {
    fn take(&self, _: Effect) -> Taken {
        Taken::Told
    }
}
