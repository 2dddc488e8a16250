//! Hostile bytes as a history of enrolments, played on the real center and on a naive model.
//!
//! After each act both have to have come to the same: the same kind of answer, the same formal code
//! for the same request, the same counts of slots. What the model cannot know (secrets, ids) is
//! remembered from the first time it was seen.

mod act;
mod model;
mod site;

use std::collections::BTreeMap;

use restante_core::code::FormalCode;
use restante_core::wire::{DeviceReply, EnrolDeviceResult, EnrolResult, Refusal, ReportResult};

use act::{Act, Say};
use model::{Class, Model, Name};
use site::Site;

/// Plays the bytes as a history of enrolments.
///
/// # Panics
/// If the center comes to something else than the model.
pub fn enrolment(data: &[u8]) {
    let mut play = Play::default();
    for act in act::read(data).take(MOST_ACTS) {
        play.act(&act);
        play.compare_slots(&act);
    }
}

#[derive(Default)]
struct Play {
    site: Site,
    model: Model,
    /// The formal codes of each registration, by epoch from 1 on.
    codes: BTreeMap<Name, Vec<FormalCode>>,
    /// What was said of the devices of each enrolment.
    said: BTreeMap<Name, Vec<EnrolDeviceResult>>,
    last: Option<(Name, Vec<usize>)>,
    ticked: u64,
}

impl Play {
    fn act(&mut self, act: &Act) {
        match act {
            Act::Issue {
                user,
                limit,
                validity,
            } if self.model.grants.len() < MOST_GRANTS => {
                self.model.issue(*user, *limit, *validity);
                self.site.issue(*user, *limit, *validity);
            }
            Act::Revoke { grant } => {
                if let Some(grant) = grant.checked_rem(self.model.grants.len()) {
                    self.revoke(grant);
                }
            }
            Act::Enrol {
                grant,
                request,
                devices,
            } => {
                if let Some(grant) = grant.checked_rem(self.model.grants.len()) {
                    self.enrol((grant, *request), devices);
                }
            }
            Act::Again => {
                if let Some((name, devices)) = self.last.clone() {
                    self.enrol(name, &devices);
                }
            }
            Act::Say {
                registration,
                older,
                what,
            } => self.say(*registration, *older, what),
            Act::Pass { seconds } => self.pass(u64::from(*seconds)),
            Act::Tick => self.tick(),
            Act::Issue { .. } => {}
        }
    }

    fn revoke(&mut self, grant: usize) {
        let there = self.site.revoke(grant);
        let over = self.model.is_over(grant);
        assert!(there || over, "code {grant} is valid and cannot be revoked");
        self.model.grants[grant].revoked = true;
    }

    fn enrol(&mut self, name: Name, devices: &[usize]) {
        self.last = Some((name, devices.to_vec()));
        let expected = self.model.enrol(name, devices);
        let answer = self.site.enrol(name, devices);
        match (&expected, answer) {
            (Class::Enrolled(results), Ok(DeviceReply::Enrolled(told))) => {
                self.formal(name, &told.formal_code, 1);
                let before = self
                    .said
                    .entry(name)
                    .or_insert_with(|| told.devices.clone());
                assert_eq!(*before, told.devices, "{name:?} hears the same again");
                if !results.is_empty() {
                    assert_eq!(results_of(&told.devices), *results, "{name:?}");
                }
            }
            (_, answer) => assert_eq!(expected, class(answer), "{name:?} enrols {devices:?}"),
        }
    }

    fn say(&mut self, registration: usize, older: usize, what: &Say) {
        let Some(number) = registration.checked_rem(self.codes.len()) else {
            return;
        };
        let Some((name, codes)) = self.codes.iter().nth(number) else {
            return;
        };
        let (name, place) = (*name, codes.len().saturating_sub(1 + older));
        let code = codes[place].clone();
        let user = self.model.grants[name.0].user;
        let epoch = code.epoch().get();
        let what = with_known_code(what, self.model.grants.len());
        let expected = self.model.say(name, epoch, &what);
        let answer = self.site.say(user, &code, &what);
        if let Ok(DeviceReply::Rotated(rotated)) = &answer {
            let next = rotated.formal_code.clone();
            self.formal(name, &next, next.epoch().get());
        }
        assert_eq!(
            expected,
            class(answer),
            "{name:?} with epoch {epoch} says {what:?}"
        );
    }

    /// A formal code is the one that was handed out before under its epoch, or the next one.
    fn formal(&mut self, name: Name, code: &FormalCode, epoch: u32) {
        assert_eq!(code.epoch().get(), epoch, "{name:?}");
        let secret = |it: &FormalCode| *it.secret();
        let place = usize::try_from(epoch).expect("a small epoch") - 1;
        let known = self.codes.get(&name).and_then(|codes| codes.get(place));
        match known {
            Some(known) => assert_eq!(known, code, "{name:?} hears the same code again"),
            None => {
                let mut others = self.codes.values().flatten();
                assert!(
                    others.all(|it| secret(it) != secret(code)),
                    "{name:?}: no new secret"
                );
                let codes = self.codes.entry(name).or_default();
                assert_eq!(codes.len(), place, "{name:?}: epochs follow each other");
                codes.push(code.clone());
            }
        }
    }

    /// Time passes, with a tick before the center would stop believing its clock.
    fn pass(&mut self, seconds: u64) {
        if self.model.now + seconds > self.ticked + BELIEVED {
            self.tick();
        }
        self.model.now += seconds;
        self.site.show(self.model.now);
    }

    fn tick(&mut self) {
        self.ticked = self.model.now;
        self.model.tick();
        self.site.tick();
    }

    /// The dealer's list shows the slots that the model counts; only what has run out may be gone.
    fn compare_slots(&mut self, act: &Act) {
        let rows = self.site.list();
        for (number, grant) in self.model.grants.iter().enumerate() {
            match rows.get(&number) {
                Some(row) => assert_eq!(
                    (row.limit, row.pending, row.used),
                    (grant.limit, grant.pending, grant.used),
                    "slots of code {number} after {act:?}"
                ),
                None => assert!(
                    self.model.is_over(number) && grant.pending == 0,
                    "code {number} is gone after {act:?}"
                ),
            }
        }
    }
}

/// A code that pays is one of those that there are.
fn with_known_code(what: &Say, grants: usize) -> Say {
    match what {
        Say::Add {
            devices,
            pays,
            late,
        } => Say::Add {
            devices: devices.clone(),
            pays: pays.and_then(|it| it.checked_rem(grants)),
            late: *late,
        },
        other => other.clone(),
    }
}

fn class(answer: Result<DeviceReply, Refusal>) -> Class {
    match answer {
        Ok(DeviceReply::Enrolled(told)) => Class::Enrolled(results_of(&told.devices)),
        Ok(DeviceReply::Polled(_)) => Class::Polled,
        Ok(DeviceReply::StatusReported(told)) => Class::Reported {
            accepted: told
                .results
                .iter()
                .all(|it| it.result == ReportResult::Accepted),
        },
        Ok(DeviceReply::Rotated(rotated)) => Class::Rotated {
            epoch: rotated.formal_code.epoch().get(),
        },
        Ok(DeviceReply::DevicesAdded(added)) => Class::Added(results_of(&added.devices)),
        Ok(DeviceReply::DevicesRemoved(removed)) => Class::Removed {
            remaining: usize::try_from(removed.remaining).expect("four at the most"),
        },
        Ok(DeviceReply::Left(_)) => Class::Left,
        Ok(other) => panic!("no such reply is known: {other:?}"),
        Err(refusal) => Class::Refused(refusal.code, refusal.free),
    }
}

fn results_of(devices: &[EnrolDeviceResult]) -> Vec<EnrolResult> {
    devices.iter().map(|it| it.result).collect()
}

/// Acts of one history.
const MOST_ACTS: usize = 200;
/// Codes of one history: all of them fit on one page of the dealer's list.
const MOST_GRANTS: usize = 32;
/// For so many seconds after a tick the center believes its clock, with an hour to spare.
const BELIEVED: u64 = 23 * 3_600;
