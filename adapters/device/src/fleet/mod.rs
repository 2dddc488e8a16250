//! A fleet of simulated devices in one process, for trials and for load.
//!
//! Each device is the machine of the core with a state of its own; one loop gives all of them what
//! happened and sleeps until the next of their deadlines, so that a device that waits costs its own
//! state and nothing else. They share one line, and so one pool of connections. What is kept is
//! written before what depends on it is sent, as in the loop for one machine (`driver`).

mod folder;
mod hurry;
pub mod list;
mod member;
mod mix;
mod tally;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use restante_core::device::{Input, InputError, Output};
use restante_core::machine::Machine;
use restante_core::registrant::{self, Exchange, PeerCall};
use restante_core::wire::PollRequest;
use restante_core::{Seconds, Seed, Uptime};
use restante_http::client::Served;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::act::Outgoing;
use crate::driver::Ended;
use crate::line::{Answer, Line};
use crate::memory::MemoryError;

pub use folder::{FleetFolder, Found};
pub use member::{Entry, Member, wants_code};
pub use mix::{Mix, MixError};
pub use tally::{Goal, Tally};

/// Simulated devices and what they share.
#[derive(Debug)]
pub struct Fleet<L> {
    members: Vec<Member>,
    folder: Option<FleetFolder>,
    line: Arc<L>,
    settings: Settings,
    begun: Instant,
    alarms: BTreeSet<(Uptime, usize)>,
    inputs: mpsc::Receiver<Happening>,
    inbox: mpsc::Sender<Happening>,
    tasks: JoinSet<()>,
    messages: Arc<Semaphore>,
    errands: Arc<Semaphore>,
    tally: Tally,
    news: Vec<String>,
    told: BTreeSet<String>,
}

/// How a fleet behaves as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many devices are switched on in each second.
    pub per_second: u32,
    /// No device waits longer than this for its next poll, whatever the center says: for trials
    /// alone.
    pub poll_every: Option<Seconds>,
}

/// When the fleet ends by itself.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// What it runs for.
    pub goal: Goal,
    /// How long it runs at most.
    pub lasts: Option<Duration>,
}

/// Why a fleet cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// A machine does not take an input.
    #[error("{serial}: {why}")]
    Input {
        /// The device's serial number.
        serial: String,
        /// What the machine says.
        #[source]
        why: InputError,
    },
    /// What a device has to keep cannot be kept.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

/// What happened to one device.
#[derive(Debug)]
struct Happening {
    member: usize,
    what: What,
}

#[derive(Debug)]
enum What {
    Answered(Exchange, Answer),
    Served(Exchange, Served),
    Called(Exchange, bool),
    Asked(PollRequest),
}

impl<L: Line> Fleet<L> {
    /// Puts a fleet together. Its devices are switched on by [`Fleet::run`], one after the other;
    /// their time begins here.
    /// Without a folder nothing outlives the process.
    pub fn new(
        members: Vec<Member>,
        folder: Option<FleetFolder>,
        line: L,
        settings: Settings,
    ) -> Self {
        let (inbox, inputs) = mpsc::channel(INBOX);
        let pace = u64::from(settings.per_second.max(1));
        let on = |number: usize| Uptime::from_millis(number as u64 * 1_000 / pace);
        Self {
            alarms: (0..members.len())
                .map(|number| (on(number), number))
                .collect(),
            tally: Tally::new(members.len()),
            members,
            folder,
            line: Arc::new(line),
            settings,
            begun: Instant::now(),
            inputs,
            inbox,
            tasks: JoinSet::new(),
            messages: Arc::new(Semaphore::new(AT_ONCE)),
            errands: Arc::new(Semaphore::new(AT_ONCE)),
            news: Vec::new(),
            told: BTreeSet::new(),
        }
    }

    /// The devices, in their order.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// How far they are.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Runs within `limits` or until `stop`; `show` is told several times a second how far things
    /// are, with sentences that are new.
    ///
    /// # Errors
    /// [`FleetError`] if something that has to be kept cannot be kept.
    pub async fn run(
        &mut self,
        limits: Limits,
        stop: impl Future<Output = ()>,
        mut show: impl FnMut(&Tally, Vec<String>),
    ) -> Result<Ended, FleetError> {
        tokio::pin!(stop);
        let over = limits.lasts.map(|lasts| Instant::now() + lasts);
        let mut beat = Instant::now() + BEAT;
        loop {
            if let Some(ended) = self.tally.ended(limits.goal) {
                show(&self.tally, std::mem::take(&mut self.news));
                return Ok(ended);
            }
            if Instant::now() >= beat {
                show(&self.tally, std::mem::take(&mut self.news));
                beat = Instant::now() + BEAT;
            }
            let alarm = self.alarms.first().map(|(at, _)| self.instant(*at));
            tokio::select! {
                biased;
                () = &mut stop => return Ok(Ended::Stopped),
                () = sleep(over) => return Ok(Ended::OutOfTime),
                Some(happening) = self.inputs.recv() => self.take(happening)?,
                () = sleep(alarm) => self.pass()?,
                () = tokio::time::sleep_until(beat) => {}
                // Those that are over leave the set.
                Some(_) = self.tasks.join_next() => {}
            }
        }
    }

    /// Gives a device what came for it.
    fn take(&mut self, Happening { member, what }: Happening) -> Result<(), FleetError> {
        let input = match what {
            What::Answered(exchange, Answer::Reply(mut reply)) => {
                if let Some(most) = self.settings.poll_every {
                    hurry::hurry(&mut reply, most);
                }
                self.tally.answered += 1;
                Input::Replied { exchange, reply }
            }
            What::Answered(exchange, Answer::Refusal(refusal)) => {
                self.tally.refused += 1;
                self.tell(member, &refusal.code.to_string());
                Input::Refused { exchange, refusal }
            }
            What::Answered(exchange, Answer::Nothing(why)) => {
                self.unanswered(member, &why);
                Input::LinkFailed { exchange }
            }
            What::Answered(exchange, Answer::Untrusted(why)) => {
                self.tally.untrusted += 1;
                self.unanswered(member, &why);
                Input::LinkFailed { exchange }
            }
            What::Served(exchange, Served { answer, why }) => {
                if let Some(why) = why {
                    self.unanswered(member, &why);
                }
                if let Some(member) = self.members.get_mut(member) {
                    member.was_served(&answer);
                }
                Input::ServiceAnswered { exchange, answer }
            }
            What::Called(exchange, answered) => Input::PeerCalled { exchange, answered },
            What::Asked(request) if self.is_on(member) => {
                self.tally.asked += 1;
                Input::PollRequested(request)
            }
            // A device that is off hears nothing.
            What::Asked(_) => return Ok(()),
        };
        self.give(member, input)
    }

    fn unanswered(&mut self, member: usize, why: &str) {
        self.tally.unanswered += 1;
        self.tell(member, &format!("no answer: {why}"));
    }

    fn is_on(&self, number: usize) -> bool {
        self.members
            .get(number)
            .is_some_and(|member| !member.is_off())
    }

    /// Takes what is asked of the devices on their LAN, each by its place; where too much waits it
    /// is passed over, as the machines pass over most of it.
    pub fn hearing(&self) -> impl Fn(usize, PollRequest) + Send + Sync + 'static {
        let inbox = self.inbox.clone();
        move |member, request| {
            let what = What::Asked(request);
            if inbox.try_send(Happening { member, what }).is_err() {
                tracing::info!("a poll request is passed over: too much waits");
            }
        }
    }

    /// The time of some devices has come: they are switched on, or told that time has passed. Where
    /// the center is behind, no more are switched on: messages that wait here for their turn would
    /// count as lost in the end.
    fn pass(&mut self) -> Result<(), FleetError> {
        let now = self.now();
        while let Some((at, number)) = self.alarms.first().copied() {
            if at > now {
                break;
            }
            self.alarms.remove(&(at, number));
            let is_full = self.messages.available_permits() == 0;
            let Some(member) = self.members.get_mut(number) else {
                continue;
            };
            if member.is_off() && is_full {
                self.alarms.insert((now.after_millis(HOLD_UP), number));
                continue;
            }
            match member.switch_on() {
                None => self.give(number, Input::TimePassed)?,
                Some(first) => {
                    for input in first {
                        self.give(number, input)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Gives a device one input and carries out what it answers, in order.
    fn give(&mut self, number: usize, input: Input) -> Result<(), FleetError> {
        let (now, seed) = (self.now(), seed()?);
        let Some(member) = self.members.get_mut(number) else {
            return Ok(());
        };
        let before = member.facts();
        if let Some(at) = member.alarm.take() {
            self.alarms.remove(&(at, number));
        }
        let mut out = Vec::new();
        let taken = member.machine.handle(now, &seed, input, &mut out);
        taken.map_err(|why| FleetError::Input {
            serial: member.serial().to_owned(),
            why,
        })?;
        member.alarm = member.machine.deadline();
        self.alarms.extend(member.alarm.map(|at| (at, number)));
        self.tally.moved(before, member.facts());
        for output in out {
            self.carry_out(number, output)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, number: usize, output: Output) -> Result<(), FleetError> {
        match output {
            Output::Keep(kept) => {
                if let Some(folder) = &self.folder {
                    folder.keep(number, &kept.to_bytes())?;
                }
            }
            Output::Send {
                exchange,
                center,
                presented,
                request,
            } => self.send(
                number,
                Outgoing {
                    exchange,
                    center,
                    presented,
                    request,
                },
            ),
            Output::Register(errand) => self.register(number, *errand),
            Output::CallPeer(call) => self.call_peer(number, *call),
            Output::Show(notice) => {
                let serial = self.members.get(number).map_or("", Member::serial);
                tracing::info!(serial, %notice);
                if member::is_for_people(&notice) {
                    self.tell(number, &notice.to_string());
                }
            }
            _ => self.tell(number, UNKNOWN),
        }
        Ok(())
    }

    /// Sends a message; a newer one of the same device makes an older one's answer worthless.
    fn send(&mut self, number: usize, outgoing: Outgoing) {
        self.tally.sent += 1;
        let (line, inbox) = (Arc::clone(&self.line), self.inbox.clone());
        let turn = Arc::clone(&self.messages);
        let task = self.tasks.spawn(async move {
            // It is never closed, so that everybody has a turn.
            let _turn = turn.acquire_owned().await;
            let it = &outgoing;
            let answer = line.exchange(&it.center, &it.presented, &it.request);
            let what = What::Answered(outgoing.exchange, answer.await);
            // Nobody listens any more when the program ends.
            let member = number;
            let _ = inbox.send(Happening { member, what }).await;
        });
        self.replace(number, task, |member| &mut member.message);
    }

    /// Runs an errand beside whatever is said to the center.
    fn register(&mut self, number: usize, errand: registrant::Errand) {
        self.tally.sent += 1;
        let (line, inbox) = (Arc::clone(&self.line), self.inbox.clone());
        let turn = Arc::clone(&self.errands);
        let task = self.tasks.spawn(async move {
            // It is never closed, so that everybody has a turn.
            let _turn = turn.acquire_owned().await;
            let served = line.register(&errand).await;
            let what = What::Served(errand.exchange, served);
            // Nobody listens any more when the program ends.
            let member = number;
            let _ = inbox.send(Happening { member, what }).await;
        });
        self.replace(number, task, |member| &mut member.errand);
    }

    /// Calls a peer beside everything else. A machine has few such calls under way.
    fn call_peer(&mut self, number: usize, call: PeerCall) {
        let (line, inbox) = (Arc::clone(&self.line), self.inbox.clone());
        self.tasks.spawn(async move {
            let answered = line.call_peer(&call).await;
            let (member, what) = (number, What::Called(call.exchange, answered));
            // Nobody listens any more when the program ends.
            let _ = inbox.send(Happening { member, what }).await;
        });
    }

    fn replace(
        &mut self,
        number: usize,
        task: AbortHandle,
        of: fn(&mut Member) -> &mut Option<AbortHandle>,
    ) {
        if let Some(member) = self.members.get_mut(number)
            && let Some(older) = of(member).replace(task)
        {
            older.abort();
        }
    }

    /// Tells people something, unless another device has said the same: devices are many and
    /// sentences few.
    fn tell(&mut self, number: usize, what: &str) {
        let printable: String = what.chars().filter(|c| !c.is_control()).collect();
        if self.told.len() < SENTENCES && self.told.insert(printable.clone()) {
            let serial = self.members.get(number).map_or("", Member::serial);
            self.news.push(format!("{serial}: {printable}"));
        }
    }

    fn now(&self) -> Uptime {
        let millis = self.begun.elapsed().as_millis();
        Uptime::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    /// A moment of the machines' clock on the host's; what is centuries away never comes.
    fn instant(&self, at: Uptime) -> Instant {
        let far = Duration::from_secs(100 * 365 * 86_400);
        self.begun + Duration::from_millis(at.as_millis()).min(far)
    }
}

fn seed() -> Result<Seed, FleetError> {
    let mut bytes = [0; 32];
    let drawn = SystemRandom::new().fill(&mut bytes);
    drawn.map_err(|_| FleetError::Random)?;
    Ok(Seed::new(bytes))
}

async fn sleep(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Devices of one fleet: their states fit the memory of a small machine.
pub const DEVICES: u32 = 10_000;
/// Messages under way at a time, and as many errands: fewer than the connections that a center
/// grants one source.
const AT_ONCE: usize = 64;
/// Answers that wait.
const INBOX: usize = 2 * AT_ONCE;
/// Milliseconds for which a device stays off that meets a full line.
const HOLD_UP: u64 = 100;
/// Sentences that are told once each; the log has all.
const SENTENCES: usize = 64;
/// Between two looks at how far things are.
const BEAT: Duration = Duration::from_millis(250);
/// A machine of a later version may want more than this program can do.
const UNKNOWN: &str = "the machine wants something that this program does not know; update it";
