//! Calls at the center: begun, carried on by one store operation at a time, answered or cut off.
//!
//! After each store operation the checks see what has become durable; after each answer they see
//! what was said. When a node crashes, and when it comes back, what lies on the disk is compared
//! with what was committed.

use std::collections::BTreeMap;

use restante_core::center::{Call, Credential, Message, Reply, Source};
use restante_core::id::CorrelationId;
use restante_core::wire::{Refusal, RefusalCode};
use restante_store::{Answer, DriverError};

use crate::center::{Node, Running};
use crate::disk::Fault;
use crate::parcel::Letter;
use crate::step::{By, Step};
use crate::world::{Event, World};

impl World {
    pub(crate) fn begin_call(&mut self, node: usize, mail: Option<usize>, call: Call) {
        let Some(calling) = self.nodes[node].call(call) else {
            return;
        };
        let (steps, highest, wall) = (self.steps, self.state.highest(), self.wall.read());
        let running = calling.begin(node, mail, steps, highest, wall);
        self.tickets += 1;
        let number = self.tickets;
        self.calls.insert(number, running);
        self.go(number);
    }

    /// A call goes on by one store operation.
    pub(crate) fn go(&mut self, number: u64) {
        let Some(mut running) = self.calls.remove(&number) else {
            return;
        };
        let answer = running.poll(self.wall.read());
        running.looked = self.shared.looked().unwrap_or(running.looked);
        let struck = self.nodes[running.node].struck();
        if let Some(fault) = struck {
            self.coverage.note(fault.word());
            self.tell(|| format!("node {}: {}", running.node, fault.word()));
        }
        self.observe(Some(&running), answer.as_ref());
        match answer {
            Some(answer) => self.answered(&running, answer),
            None if struck.is_some_and(is_crash) => {
                let node = running.node;
                self.calls.insert(number, running);
                self.crash(node);
            }
            None if self.is_twin() => {
                self.calls.insert(number, running);
                self.go(number);
            }
            None => {
                self.calls.insert(number, running);
                let after = self.own.rng.u64(0..4);
                self.schedule(after, Event::Go(number));
            }
        }
        if struck == Some(Fault::DelayedUnknown) {
            let after = self.own.rng.u64(0..60_000);
            let node = self.own.rng.usize(0..self.nodes.len());
            self.schedule(after, Event::Deliver(node));
        }
    }

    fn answered(&mut self, running: &Running, answer: Result<Answer, DriverError>) {
        if let Ok(answer) = &answer {
            self.coverage
                .effort(answer.effort.attempts, answer.effort.unknown);
        }
        let outcome = match answer {
            Ok(answer) => answer.outcome.map_err(|refused| {
                self.tell(|| format!("refused: {} {}", refused.reason.word, refused.reason.detail));
                self.coverage.note(refused.reason.word);
                refused.refusal
            }),
            Err(error) => {
                self.coverage.note("driver: no answer");
                self.tell(|| format!("no answer: {error}"));
                Err(Refusal::plain(RefusalCode::Internal))
            }
        };
        self.tell(|| format!("answer to {:?}: {}", running.mail, brief(&outcome)));
        if let Ok(Reply::Ticked(ticked)) = &outcome
            && ticked.more
            && self.is_twin()
        {
            self.job(running.node);
        }
        if let Some(mail) = running.mail {
            self.answer(mail, Letter::of(outcome));
        }
    }

    /// A node is gone, in the middle of whatever it did.
    pub(crate) fn crash(&mut self, node: usize) {
        let (gone, left): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.calls)
            .into_iter()
            .partition(|(_, it)| it.node == node);
        self.calls = left;
        self.nodes[node].stop();
        for mail in gone.into_values().filter_map(|running| running.mail) {
            self.coverage.note("center: crash in the middle of a call");
            self.no_answer(mail);
        }
        let after = self.own.rng.u64(5..30_000);
        self.schedule(after, Event::Restart(node));
        self.look_at_disk();
    }

    pub(crate) fn restart(&mut self, node: usize) {
        if !self.nodes[node].is_up() {
            self.nodes[node] = Node::start(&self.shared, &self.disk, &self.wall, &self.dice);
            self.tell(|| format!("node {node} is up"));
            self.look_at_disk();
        }
    }

    pub(crate) fn tick(&mut self, node: usize) {
        self.job(node);
        self.schedule(self.scenario.tick, Event::Tick(node));
    }

    /// The center does what is due, whether or not it is time for that.
    pub(crate) fn job(&mut self, node: usize) {
        let call = Call {
            source: Source {
                address: None,
                correlation: CorrelationId::from_bytes(u128::from(self.tickets).to_be_bytes()),
            },
            presented: Credential::None,
            message: Message::Tick,
        };
        self.begin_call(node, None, call);
    }

    pub(crate) fn deliver(&mut self, node: usize) {
        self.nodes[node].deliver();
        self.observe(None, None);
    }

    /// Looks at what has become durable and at what was answered.
    fn observe(&mut self, running: Option<&Running>, answer: Option<&Result<Answer, DriverError>>) {
        let commits = self.disk.fresh();
        let mut changed = Vec::new();
        for commit in &commits {
            changed.append(&mut self.state.apply(commit));
        }
        let step = Step {
            number: self.steps,
            changed,
            by: running.map(|running| By {
                running,
                parcel: running.mail.map(|mail| &self.mail[mail].parcel),
            }),
            answer,
        };
        self.coverage.saw(&step);
        self.found.after(&step, &self.state, &self.witness);
        self.witness.absorb(&step, &self.state);
    }

    /// Compares what lies on the disk with what was committed.
    pub(crate) fn look_at_disk(&mut self) {
        self.observe(None, None);
        self.found
            .on_disk(&self.disk.held(), &self.state, &self.witness);
    }
}

const fn is_crash(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::CrashAtLoad | Fault::CrashBefore | Fault::CrashAfter
    )
}

fn brief(outcome: &Result<Reply, Refusal>) -> String {
    match outcome {
        Ok(reply) => {
            let mut text = format!("{reply:?}");
            text.truncate(160);
            text
        }
        Err(refusal) => format!("{}: {}", refusal.code, refusal.detail),
    }
}
