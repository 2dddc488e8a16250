//! What happened how often, so that a proof that never met a fault cannot pass for one that did.
//!
//! Everything that a history can do or meet is counted by a word. Words in [`MUST_HAPPEN`] have to
//! occur in a run of many histories, or the run fails: a check that never had its occasion has
//! shown nothing.

use std::collections::BTreeMap;

use restante_core::center::Reply;
use restante_core::record::{Kind, State, Why};
use restante_core::wire::{DeviceReply, PollReply, ReportResult};

use crate::state::{Changed, Entry, Kept};
use crate::step::Step;

/// Counts by word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    counts: BTreeMap<&'static str, u64>,
}

impl Coverage {
    /// It happened once more.
    pub fn note(&mut self, word: &'static str) {
        self.add(word, 1);
    }

    /// It happened so many times more.
    pub fn add(&mut self, word: &'static str, times: u64) {
        *self.counts.entry(word).or_default() += times;
    }

    /// How often it happened.
    #[must_use]
    pub fn count(&self, word: &str) -> u64 {
        self.counts.get(word).copied().unwrap_or(0)
    }

    /// Adds what happened elsewhere.
    pub fn merge(&mut self, other: &Self) {
        for (word, times) in &other.counts {
            self.add(word, *times);
        }
    }

    /// All words and how often each happened, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.counts.iter().map(|(word, times)| (*word, *times))
    }

    /// The words that should have happened and did not.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let never = |word: &&'static str| self.count(word) == 0;
        MUST_HAPPEN.iter().copied().filter(never).collect()
    }
}

impl Coverage {
    /// What a call took.
    pub fn effort(&mut self, attempts: u32, unknown: u32) {
        if attempts > 1 {
            self.note("driver: another call was faster, tried again");
        }
        if unknown > 0 {
            self.note("driver: commit unknown, asked again");
        }
    }

    /// What a step has brought.
    pub fn saw(&mut self, step: &Step<'_>) {
        if let Some(reply) = step.reply() {
            self.note(reply_word(reply, step));
        }
        for changed in step.changed(Kind::Registration) {
            if let Some(word) = registration_word(changed) {
                self.note(word);
            }
        }
        for changed in &step.changed {
            match (
                changed.key.kind,
                changed.before.is_some(),
                changed.after.is_some(),
            ) {
                (Kind::Outbox, false, true) => self.note("alarm: a device at two customers"),
                (Kind::Grant, true, false) => self.note("grant: swept away"),
                (Kind::Due, true, false) => self.note("due: done"),
                _ => {}
            }
        }
    }
}

fn reply_word(reply: &Reply, step: &Step<'_>) -> &'static str {
    match reply {
        Reply::Ticked(ticked) if ticked.suspended => "reply: ticked, expiry suspended",
        Reply::Ticked(_) => "reply: ticked",
        Reply::People(_) => "reply: to a person",
        Reply::Registered(_) if step.changed.is_empty() => "reply: registered, once more",
        Reply::Registered(_) => "reply: registered",
        Reply::Device(reply) => match reply {
            DeviceReply::Enrolled(_) if step.changed.is_empty() => "reply: enrolled, once more",
            DeviceReply::Enrolled(_) => "reply: enrolled",
            DeviceReply::Polled(PollReply::Unchanged(_)) => "reply: polled, unchanged",
            DeviceReply::Polled(_) => "reply: polled",
            DeviceReply::StatusReported(told)
                if told
                    .results
                    .iter()
                    .any(|it| it.result == ReportResult::Superseded) =>
            {
                "reply: reported, superseded"
            }
            DeviceReply::StatusReported(_) => "reply: reported",
            DeviceReply::Acknowledged(_) => "reply: acknowledged",
            DeviceReply::Rotated(_) => "reply: rotated",
            DeviceReply::DevicesAdded(_) => "reply: devices added",
            DeviceReply::DevicesRemoved(_) => "reply: devices removed",
            DeviceReply::Left(_) => "reply: left",
            _ => "reply: another",
        },
        _ => "reply: another",
    }
}

fn registration_word(changed: &Changed) -> Option<&'static str> {
    let state = |kept: &Option<Kept>| match kept.as_ref().map(|kept| &kept.entry) {
        Some(Entry::Registration(registration)) => Some(registration.state.clone()),
        _ => None,
    };
    Some(match (state(&changed.before), state(&changed.after)?) {
        (None, _) => "registration: made",
        (Some(State::Pending(_)), State::Active(_)) => "registration: first use",
        (Some(State::Active(before)), State::Active(after)) if before.secret != after.secret => {
            "registration: next code in use"
        }
        (Some(State::Ended(_)), _) => "registration: stays ended",
        (_, State::Ended(ended)) => match ended.why {
            Why::NeverUsed => "registration: never used",
            Why::Left => "registration: left",
            Why::Emptied => "registration: emptied",
            Why::Moved => "registration: moved away",
        },
        _ => return None,
    })
}

/// What has to happen in a run of thousands of histories.
pub const MUST_HAPPEN: &[&str] = &[
    "alarm: a device at two customers",
    "center: crash in the middle of a call",
    "center: killed",
    "change-superseded",
    "clock: back",
    "clock: forward by less than a day",
    "clock: forward by more than a day",
    "code-exhausted",
    "code-expired",
    "code-revoked",
    "code-unknown",
    "credential-missing",
    "device-not-covered",
    "driver: another call was faster, tried again",
    "driver: commit unknown, asked again",
    "driver: no answer",
    "due: done",
    "fleet: played",
    "formal-code-forged",
    "formal-code-superseded",
    "grant-unknown",
    "grant: swept away",
    "lan: a call to nobody",
    "lan: a device calls a peer",
    "lan: a gateway is asked",
    "lan: a gateway polls for a request",
    "lan: a lie",
    "lan: a peer is silent",
    "lan: a plan",
    "lan: a plan leaves a gateway's children out",
    "lan: the power fails",
    "line: answer to nobody",
    "line: no center there",
    "link: reply altered",
    "link: reply cut",
    "link: reply delayed",
    "link: reply dropped",
    "link: request altered",
    "link: request cut",
    "link: request delayed",
    "link: request dropped",
    "link: request repeated",
    "machine: input declined",
    "machine: write to memory",
    "not-found",
    "people: no good answer",
    "people: token refused",
    "power: cut",
    "power: cut after a write",
    "power: cut before a write",
    "quiet: got through",
    "quiet: nothing waits",
    "registration-code-missing",
    "registration-code-withdrawn",
    "registration-code-wrong",
    "registration-device-mismatch",
    "registration-ended",
    "registration: first use",
    "registration: left",
    "registration: made",
    "registration: moved away",
    "registration: never used",
    "registration: next code in use",
    "reply: acknowledged",
    "reply: devices added",
    "reply: devices removed",
    "reply: enrolled",
    "reply: enrolled, once more",
    "reply: left",
    "reply: polled",
    "reply: polled, unchanged",
    "reply: registered",
    "reply: registered, once more",
    "reply: reported",
    "reply: reported, superseded",
    "reply: rotated",
    "reply: ticked",
    "reply: ticked, expiry suspended",
    "reply: to a person",
    "request-mismatch",
    "request-redeemed",
    "site: a child comes",
    "site: a child goes",
    "site: a child is removed",
    "site: a child's answer lost",
    "site: an instruction carried out",
    "site: carry-out",
    "site: code entered",
    "site: errand to a service",
    "site: general call",
    "site: nobody at home",
    "store: applied, answer unknown",
    "store: crash after commit",
    "store: crash at load",
    "store: crash before commit",
    "store: delayed, answer unknown",
    "store: failure",
    "store: lost, answer unknown",
    "stranger: credential of another kind",
    "stranger: forged formal code",
    "stranger: garbage",
    "stranger: known code",
    "stranger: known code and request id",
    "stranger: known pair",
    "stranger: many wrong codes",
    "stranger: old formal code",
    "stranger: one wrong code often",
    "stranger: replay",
    "stranger: wrong code",
    "stranger: wrong pair",
    "throttled",
    "token-revoked",
    "too-few-slots",
    "transport: unreadable",
    "twins: compared",
];
