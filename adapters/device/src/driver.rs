//! The loop: give the machine what happened, carry out what it answers, sleep until its deadline.
//!
//! Outputs are carried out in order and a failed write ends the loop, so that nothing is ever sent
//! that depends on what was not kept. Messages travel in a task of their own; a newer one makes an
//! older one's answer worthless, and the machine knows it by its number.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use restante_core::duty::Duty;
use restante_core::machine::Machine;
use restante_core::registrant::{InputError, PeerCall};
use restante_core::wire::Progress;
use restante_core::{Seed, Uptime, device, registrant};
use restante_http::client::Served;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::act::{Act, Errand, FromWorld, Instructed, Milestone, Outgoing, ToAct};
use crate::line::{Answer, Line};
use crate::memory::{Memory, MemoryError};
use crate::say;

/// A machine, its memory, its line and its neighbours.
#[derive(Debug)]
pub struct Driver<M: Machine, K, L, N> {
    machine: M,
    memory: K,
    line: Arc<L>,
    neighbours: N,
    boot: Instant,
    inputs: mpsc::Receiver<M::Input>,
    inbox: mpsc::Sender<M::Input>,
    message: Option<JoinHandle<()>>,
    errand: Option<JoinHandle<()>>,
    calls: JoinSet<()>,
    told: Arc<Mutex<String>>,
    reached: Vec<Milestone>,
    noted: String,
}

/// Who runs errands on the LAN.
pub trait Neighbours<I> {
    /// Runs this errand; what comes of it goes into `inbox`.
    fn run(&mut self, errand: Errand, inbox: &mpsc::Sender<I>);
}

/// A device has no LAN to look after.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Neighbours<device::Input> for Nobody {
    fn run(&mut self, _: Errand, _: &mpsc::Sender<device::Input>) {}
}

/// When the loop ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Only when nothing goes on without a person.
    Forever,
    /// When this has happened.
    Reached(Milestone),
}

/// Why the loop has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// What it ran for has happened.
    Reached,
    /// Nothing goes on before a person has done something.
    NeedsPerson,
    /// What a person asked for was refused.
    Refused,
    /// The time that it was given is over; what is under way goes on at the next start.
    OutOfTime,
    /// It was told to stop.
    Stopped,
}

/// Why the loop cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriverError {
    /// The machine does not take an input.
    #[error(transparent)]
    Input(#[from] InputError),
    /// What has to be kept cannot be kept.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl<M, K, L, N> Driver<M, K, L, N>
where
    M: Machine<Error = InputError> + Instructed,
    M::Input: FromWorld,
    M::Output: ToAct,
    K: Memory,
    L: Line,
    N: Neighbours<M::Input>,
{
    /// Puts the parts together. The machine is switched on by the first input that is given.
    pub fn new(machine: M, memory: K, line: L, neighbours: N) -> Self {
        let (inbox, inputs) = mpsc::channel(INBOX);
        Self {
            machine,
            memory,
            line: Arc::new(line),
            neighbours,
            boot: Instant::now(),
            inputs,
            inbox,
            message: None,
            errand: None,
            calls: JoinSet::new(),
            told: Arc::default(),
            reached: Vec::new(),
            noted: String::new(),
        }
    }

    /// The machine.
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// Where inputs can be put from outside the loop.
    pub fn inbox(&self) -> mpsc::Sender<M::Input> {
        self.inbox.clone()
    }

    /// Gives the machine one input and carries out what it answers.
    ///
    /// # Errors
    /// [`DriverError`] if the input does not fit, or what it leads to cannot be kept.
    pub fn give(&mut self, input: M::Input) -> Result<(), DriverError> {
        let mut bytes = [0; 32];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| DriverError::Random)?;
        let mut out = Vec::new();
        let now = self.now();
        self.machine
            .handle(now, &Seed::new(bytes), input, &mut out)?;
        out.into_iter()
            .try_for_each(|output| self.carry_out(output.act()))?;
        self.note();
        Ok(())
    }

    /// Leaves word for whoever asks from outside which instructions are under way.
    fn note(&mut self) {
        let duties = self.machine.duties().iter().map(under_way);
        let duties: String = duties.collect();
        if duties != self.noted {
            self.memory.note(&duties);
            self.noted = duties;
        }
    }

    /// Runs until `until`, at most for `patience`.
    ///
    /// # Errors
    /// [`DriverError`] if what has to be kept cannot be kept.
    pub async fn run(
        &mut self,
        until: Until,
        patience: Option<Duration>,
        stop: impl Future<Output = ()>,
    ) -> Result<Ended, DriverError> {
        tokio::pin!(stop);
        let over = patience.map(|patience| Instant::now() + patience);
        loop {
            if let Some(ended) = self.ended(until) {
                return Ok(ended);
            }
            let deadline = self.machine.deadline().map(|at| self.instant(at));
            let input = tokio::select! {
                biased;
                () = &mut stop => return Ok(Ended::Stopped),
                Some(input) = self.inputs.recv() => input,
                () = sleep(deadline) => M::Input::time_passed(),
                () = sleep(over) => return Ok(Ended::OutOfTime),
            };
            self.give(input)?;
        }
    }

    fn ended(&mut self, until: Until) -> Option<Ended> {
        let reached = std::mem::take(&mut self.reached);
        let wanted = |it: &Milestone| until == Until::Reached(*it);
        if reached.iter().any(wanted) {
            return Some(Ended::Reached);
        }
        reached.into_iter().find_map(|it| match it {
            Milestone::NeedsPerson => Some(Ended::NeedsPerson),
            Milestone::Refused if until != Until::Forever => Some(Ended::Refused),
            _ => None,
        })
    }

    fn carry_out(&mut self, act: Act) -> Result<(), DriverError> {
        match act {
            Act::Keep(bytes) => self.memory.keep(&bytes)?,
            Act::Send(outgoing) => self.send(*outgoing),
            Act::Register(errand) => self.register(*errand),
            Act::CallPeer(call) => self.call_peer(*call),
            Act::Errand(errand) => self.neighbours.run(errand, &self.inbox),
            Act::Show(text, milestone) => {
                say::line(text);
                self.reached.extend(milestone);
            }
        }
        Ok(())
    }

    fn send(&mut self, outgoing: Outgoing) {
        if let Some(older) = self.message.take() {
            older.abort();
        }
        let (line, inbox) = (Arc::clone(&self.line), self.inbox.clone());
        let told = Arc::clone(&self.told);
        self.message = Some(tokio::spawn(async move {
            let Outgoing {
                exchange,
                center,
                presented,
                request,
            } = outgoing;
            let input = match line.exchange(&center, &presented, &request).await {
                Answer::Reply(reply) => M::Input::replied(exchange, reply),
                Answer::Refusal(refusal) => {
                    let correlation = refusal.correlation;
                    tracing::info!(code = %refusal.code, ?correlation, "refused");
                    M::Input::refused(exchange, refusal)
                }
                Answer::Nothing(why) | Answer::Untrusted(why) => {
                    tell_once(&told, why);
                    M::Input::link_failed(exchange)
                }
            };
            // Nobody listens any more when the program ends.
            if let Some(challenged) = line.challenged() {
                let _ = inbox.send(M::Input::challenged(challenged)).await;
            }
            let _ = inbox.send(input).await;
        }));
    }

    /// Runs an errand beside whatever is said to the center. The machine has one under way at a
    /// time, and knows a late answer by its number.
    fn register(&mut self, errand: registrant::Errand) {
        if let Some(older) = self.errand.take() {
            older.abort();
        }
        let (line, inbox) = (Arc::clone(&self.line), self.inbox.clone());
        let told = Arc::clone(&self.told);
        self.errand = Some(tokio::spawn(async move {
            let Served { answer, why } = line.register(&errand).await;
            if let Some(why) = why {
                tell_once(&told, why);
            }
            // Nobody listens any more when the program ends.
            let _ = inbox
                .send(M::Input::service_answered(errand.exchange, answer))
                .await;
        }));
    }

    /// Calls a peer beside everything else. The machine has few such calls under way.
    fn call_peer(&mut self, call: PeerCall) {
        while self.calls.try_join_next().is_some() {}
        let (line, inbox) = (Arc::clone(&self.line), self.inbox.clone());
        self.calls.spawn(async move {
            let answered = line.call_peer(&call).await;
            // Nobody listens any more when the program ends.
            let _ = inbox
                .send(M::Input::peer_called(call.exchange, answered))
                .await;
        });
    }

    fn now(&self) -> Uptime {
        let millis = self.boot.elapsed().as_millis();
        Uptime::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    /// A moment of the machine's clock on the host's; what is centuries away never comes.
    fn instant(&self, at: Uptime) -> Instant {
        let far = Duration::from_secs(100 * 365 * 86_400);
        self.boot + Duration::from_millis(at.as_millis()).min(far)
    }
}

impl<M: Machine, K, L, N> Drop for Driver<M, K, L, N> {
    fn drop(&mut self) {
        for task in [self.message.take(), self.errand.take()] {
            task.inspect(JoinHandle::abort);
        }
    }
}

/// Says why nothing came, unless that was what was said last: attempts are many, and reasons few.
fn tell_once(told: &Mutex<String>, why: String) {
    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
    if *told != why {
        let printable: String = why.chars().filter(|c| !c.is_control()).collect();
        say::line(format!("no answer: {printable}"));
        *told = why;
    }
}

/// A line for people about one instruction.
fn under_way(duty: &Duty) -> String {
    let how = match (duty.progress(), duty.act()) {
        (Progress::Proceeding, Some(act)) => format!("carrying out {}", act.kind()),
        (Progress::Taken, _) => "waiting for the one before it".to_owned(),
        _ => "over; the center has not answered yet".to_owned(),
    };
    format!(
        "instruction   {} for {}: {how}\n",
        duty.instruction(),
        duty.device()
    )
}

async fn sleep(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Inputs that wait: answers of all the children that are asked at once, twice over.
const INBOX: usize = 2 * restante_core::limits::ASKED_AT_ONCE;
