//! What a fault at a machine's seam knows of what has gone before, since the power came on.
//!
//! It is written down for every fault alike, so that a fault is a sentence about it: "when the first
//! use was refused", "once a person has typed the code again". Devices and gateways have inputs and
//! outputs of their own; a seam tells which of them mean the same.

use std::collections::BTreeMap;

use restante_core::Uptime;
use restante_core::code::{FormalCode, Presented};
use restante_core::device;
use restante_core::gateway::{self, Ask};
use restante_core::id::DeviceId;
use restante_core::registrant::Standing;
use restante_core::time::Seconds;
use restante_core::wire::site::OwnStatus;
use restante_core::wire::{
    DeviceEntry, DeviceReply, DeviceRequest, Identification, PollRequest, Refusal,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::party::{Deed, DeviceKind, GatewayKind, Kind, Outgoing};

/// A kind of machine, as faults see it.
pub trait Seam: Kind<Output: Clone> {
    /// What an input means, where that is the same for all kinds.
    fn heard(input: &Self::Input) -> Heard<'_>;

    /// The message that an output sends, to be altered.
    fn sent(output: &mut Self::Output) -> Option<(&mut Presented, &mut DeviceRequest)>;

    /// The output that sends this.
    fn sends(outgoing: Outgoing) -> Self::Output;
}

/// What happened to a machine.
#[derive(Debug)]
pub enum Heard<'a> {
    /// It was switched on, with this in its memory.
    Booted(Option<&'a Standing>),
    /// A person has entered a code.
    Entered,
    /// A reply has come.
    Replied(&'a DeviceReply),
    /// A refusal has come.
    Refused(&'a Refusal),
    /// No answer will come.
    Failed,
    /// Somebody on the LAN asks for a poll.
    Asked(&'a PollRequest),
    /// Anything else.
    Else,
}

/// What has gone before.
pub struct Memo<K: Kind> {
    /// The time since the power came on.
    pub now: Uptime,
    /// Where it stood when the power came on.
    pub stood: Option<Standing>,
    /// How often a person has entered a code.
    pub entered: u32,
    /// The message that it wanted to send last.
    pub sent: Option<Outgoing>,
    /// Whether that waits for an answer.
    pub waits: bool,
    /// How many messages failed since the last reply: refused for a while, or not answered.
    pub failed: u32,
    /// How many of those were not answered.
    pub unanswered: u32,
    /// How often a formal code was refused before its first use.
    pub unused_refused: u32,
    /// The formal code that was accepted last.
    pub used: Option<FormalCode>,
    /// How it has been asked on its LAN to poll.
    pub requests: Vec<PollRequest>,
    /// A number that the fault needs for itself.
    pub number: u64,
    /// Something that the fault holds back.
    pub held: Vec<K::Output>,
    /// What only a gateway has.
    pub site: Site,
}

/// What a gateway has heard on its network.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// When the last general call went out.
    pub called: Option<Uptime>,
    /// Whether a person wanted it.
    pub by_person: bool,
    /// Who has answered calls, each as it answered last.
    pub answered: Vec<DeviceEntry>,
    /// Which children were asked last.
    pub asked: Vec<Ask>,
    /// An age that the fault remembers of each child.
    pub ages: BTreeMap<DeviceId, Seconds>,
    /// What each child has said first.
    pub said: BTreeMap<DeviceId, OwnStatus>,
    /// Children that the fault has an eye on.
    pub watched: Vec<Identification>,
}

impl<K: Seam> Memo<K> {
    pub(super) fn new() -> Self {
        Self {
            now: Uptime::BOOT,
            stood: None,
            entered: 0,
            sent: None,
            waits: false,
            failed: 0,
            unanswered: 0,
            unused_refused: 0,
            used: None,
            requests: Vec::new(),
            number: 0,
            held: Vec::new(),
            site: Site::default(),
        }
    }

    /// The message that waits for an answer.
    #[must_use]
    pub fn asked(&self) -> Option<&DeviceRequest> {
        self.sent.as_ref().map(|outgoing| &outgoing.request)
    }

    /// Whether the formal code that was presented last was accepted before.
    #[must_use]
    pub fn is_used(&self) -> bool {
        let presented = self.sent.as_ref().map(|outgoing| &outgoing.presented);
        matches!(presented, Some(Presented::Formal(code)) if Some(code) == self.used.as_ref())
    }

    /// Notes what happens before the fault hears of it.
    pub(super) fn hear(&mut self, now: Uptime, input: &K::Input) {
        self.now = now;
        match K::heard(input) {
            Heard::Booted(standing) => {
                self.stood = standing.cloned();
                self.used = standing.and_then(in_use);
            }
            Heard::Entered => self.entered += 1,
            Heard::Replied(_) => {
                self.waits = false;
                (self.failed, self.unanswered) = (0, 0);
                if let Some(Presented::Formal(code)) = self.sent.as_ref().map(|it| &it.presented) {
                    self.used = Some(code.clone());
                }
            }
            Heard::Refused(_) => {
                self.waits = false;
                self.failed += 1;
                let formal = self.sent.as_ref().map(|it| &it.presented);
                if matches!(formal, Some(Presented::Formal(_))) && self.used.is_none() {
                    self.unused_refused += 1;
                }
            }
            Heard::Failed => {
                self.waits = false;
                self.failed += 1;
                self.unanswered += 1;
            }
            Heard::Asked(request) => self.requests.push(request.clone()),
            Heard::Else => {}
        }
    }

    /// Notes what the machine itself wants done.
    pub(super) fn note(&mut self, outputs: &[K::Output]) {
        for output in outputs {
            match K::deed(output.clone()) {
                Deed::Send(outgoing) => {
                    self.sent = Some(*outgoing);
                    self.waits = true;
                }
                Deed::Call => self.site.called = Some(self.now),
                Deed::Ask(children) => self.site.asked = children,
                Deed::Hand(..)
                | Deed::Keep(_)
                | Deed::Register(_)
                | Deed::CallPeer(_)
                | Deed::Show(_) => {}
            }
        }
    }

    /// The message sent last under the next number, with this changed.
    pub(super) fn another(&self, change: impl FnOnce(&mut Outgoing)) -> Option<K::Output> {
        let mut outgoing = self.sent.clone()?;
        change(&mut outgoing);
        Some(K::sends(outgoing))
    }
}

/// The formal code that a registration uses.
fn in_use(standing: &Standing) -> Option<FormalCode> {
    match standing {
        Standing::Enrolled { holding } if holding.unused.is_some() => None,
        Standing::Enrolled { holding }
        | Standing::Rotating { holding, .. }
        | Standing::Leaving { holding } => Some(holding.code.clone()),
        _ => None,
    }
}

/// What a machine wants, with the messages altered that it sends.
pub(super) fn sending<K: Seam>(
    mut outputs: Vec<K::Output>,
    mut change: impl FnMut(&mut Presented, &mut DeviceRequest),
) -> Vec<K::Output> {
    for (presented, request) in outputs.iter_mut().filter_map(K::sent) {
        change(presented, request);
    }
    outputs
}

/// What is kept, altered as the JSON that it is; as it was where that is no such thing any more.
pub(super) fn edited<T: Serialize + DeserializeOwned>(
    kept: Box<T>,
    change: impl FnOnce(&mut Value),
) -> Box<T> {
    let again = serde_json::to_value(&*kept).and_then(|mut value| {
        change(&mut value);
        serde_json::from_value(value)
    });
    again.map_or(kept, Box::new)
}

impl Seam for DeviceKind {
    fn heard(input: &device::Input) -> Heard<'_> {
        use device::Input;
        match input {
            Input::Booted { kept } => Heard::Booted(kept.as_deref().map(device::Kept::standing)),
            Input::CodeEntered { .. } => Heard::Entered,
            Input::Replied { reply, .. } => Heard::Replied(reply),
            Input::Refused { refusal, .. } => Heard::Refused(refusal),
            Input::LinkFailed { .. } => Heard::Failed,
            Input::PollRequested(request) => Heard::Asked(request),
            _ => Heard::Else,
        }
    }

    fn sent(output: &mut device::Output) -> Option<(&mut Presented, &mut DeviceRequest)> {
        match output {
            device::Output::Send {
                presented, request, ..
            } => Some((presented, request)),
            _ => None,
        }
    }

    fn sends(outgoing: Outgoing) -> device::Output {
        device::Output::Send {
            exchange: outgoing.exchange,
            center: outgoing.center,
            presented: outgoing.presented,
            request: outgoing.request,
        }
    }
}

impl Seam for GatewayKind {
    fn heard(input: &gateway::Input) -> Heard<'_> {
        use gateway::Input;
        match input {
            Input::Booted { kept } => Heard::Booted(kept.as_deref().map(gateway::Kept::standing)),
            Input::CodeEntered { .. } => Heard::Entered,
            Input::Replied { reply, .. } => Heard::Replied(reply),
            Input::Refused { refusal, .. } => Heard::Refused(refusal),
            Input::LinkFailed { .. } => Heard::Failed,
            Input::PollRequested(request) => Heard::Asked(request),
            _ => Heard::Else,
        }
    }

    fn sent(output: &mut gateway::Output) -> Option<(&mut Presented, &mut DeviceRequest)> {
        match output {
            gateway::Output::Send {
                presented, request, ..
            } => Some((presented, request)),
            _ => None,
        }
    }

    fn sends(outgoing: Outgoing) -> gateway::Output {
        gateway::Output::Send {
            exchange: outgoing.exchange,
            center: outgoing.center,
            presented: outgoing.presented,
            request: outgoing.request,
        }
    }
}
