//! Registering for services: presenting a device and its registration code at an instruction's URL.
//!
//! The server there is not the center, and it is told nothing but the pair: an errand holds no
//! formal code, so that none can travel. Errands have a line of their own, one under way at a time
//! however many devices wait; after a failure the next in turn is tried, later each time. Serves
//! spec chapter SVC.

use crate::code::RegistrationCode;
use crate::crypto::Crypto;
use crate::duty::Key;
use crate::entropy::Seed;
use crate::id::Note;
use crate::limits::REGISTER_TIME;
use crate::time::{Seconds, Uptime};
use crate::wire::{ActResult, Hosts, Outcome, Register, RegisterService, Registered, ServiceUrl};

use super::line::LONGEST_WAIT;
use super::{Asked, Exchange, Line, News, Notice, Registrant, Trouble};

/// A registration for a service, to be taken to its server.
///
/// The message goes to exactly this URL, over TLS with a certificate that is trusted, without any
/// credential, and no redirection is followed.
// spec: SVC-053, SVC-054
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// The number that the answer has to bear. It is counted apart from those to the center.
    pub exchange: Exchange,
    /// Where to.
    pub url: ServiceUrl,
    /// The device and its registration code.
    pub message: Register,
}

/// What came of an [`Errand`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceAnswer {
    /// The device may use the service.
    Registered(Registered),
    /// The registration has gone by mail, and no answer will come: what becomes of it shows at the
    /// center.
    // spec: MAIL-014
    HandedOver,
    /// It may not, and asking again would change nothing. A redirection counts as this.
    Refused(Note),
    /// The server wants it later, after so many seconds at the least.
    Later(Seconds),
    /// No answer came, or nothing that could be read.
    Nothing,
}

/// The line to the servers of services, and whose turn it was last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Services {
    line: Line,
    turn: Option<Key>,
}

impl<C: Crypto> Registrant<C> {
    /// Why this registration is not to be begun, if so: a URL that breaks a rule, or a code that
    /// cannot be one.
    // spec: SVC-050, SVC-051
    pub(crate) fn judge(&self, act: &RegisterService) -> Option<ActResult> {
        let hosts = &self.stage.diary()?.hosts;
        judged(act, hosts).err()
    }

    /// Ends registrations that are not to be tried again: called off, in vain for too long, or to a
    /// host that is not allowed any more.
    // spec: SVC-055, SVC-058
    pub(super) fn end_registrations(&mut self, now: Uptime) {
        let outstanding = self.services.outstanding();
        let Some(diary) = self.stage.diary_mut() else {
            return;
        };
        let hosts = &diary.hosts;
        diary
            .duties
            .end_registrations(|key, begun, called_off, act| {
                if outstanding == Some(key) {
                    None
                } else if called_off {
                    Some(ActResult::OMITTED)
                } else if begun.after(REGISTER_TIME) <= now {
                    Some(ActResult::new(Outcome::Failed, IN_VAIN))
                } else {
                    judged(act, hosts).err()
                }
            });
    }

    /// The next registration, if one waits and the line to services is free.
    // spec: SVC-052
    pub(crate) fn errand(&mut self, now: Uptime) -> Option<Errand> {
        let diary = self.stage.diary_mut()?;
        if self.services.line.free_from()? > now {
            return None;
        }
        let (key, act) = diary.duties.registration_after(self.services.turn)?;
        let (url, code) = judged(act, &diary.hosts).ok()?;
        self.services.turn = Some(key);
        Some(Errand {
            exchange: self.services.line.ask(now, Asked::RegisterService),
            url,
            message: Register {
                device: key.device,
                code: Some(code),
            },
        })
    }

    /// Takes what came of an errand. What nobody waits for any more changes nothing.
    // spec: SVC-055, SVC-056, SVC-057, MAIL-014, MAIL-015
    pub(crate) fn service_answered(
        &mut self,
        now: Uptime,
        seed: &Seed,
        exchange: Exchange,
        answer: ServiceAnswer,
        news: &mut News,
    ) {
        if self.services.line.outstanding(exchange).is_none() {
            return;
        }
        let asked = self.services.turn.map(|key| key.device);
        let (result, at_least) = match answer {
            ServiceAnswer::Registered(it) if Some(it.device) == asked => {
                (Some(ActResult::DONE), Seconds::ZERO)
            }
            ServiceAnswer::HandedOver => (Some(ActResult::DONE), Seconds::ZERO),
            ServiceAnswer::Refused(why) => (
                Some(ActResult::new(Outcome::Failed, why.as_str())),
                Seconds::ZERO,
            ),
            ServiceAnswer::Later(at_least) => (None, at_least.min(LONGEST_WAIT)),
            ServiceAnswer::Registered(_) | ServiceAnswer::Nothing => (None, Seconds::ZERO),
        };
        match (result, self.services.turn) {
            (Some(result), Some(key)) => {
                self.services.line.answered(now);
                if let Some(duties) = self.duties_mut() {
                    duties.registration_over(key, &result);
                }
            }
            _ => self.register_later(now, seed, at_least, news),
        }
    }

    /// Time has passed: an answer that is overdue does not come any more.
    pub(super) fn pass_services(&mut self, now: Uptime, seed: &Seed, news: &mut News) {
        let until = self.services.line.waits_until();
        if until.is_some_and(|until| until <= now) {
            self.register_later(now, seed, Seconds::ZERO, news);
        }
    }

    /// When something is to be done about services.
    pub(super) fn services_deadline(&self) -> Option<Uptime> {
        self.duties()?.registration_after(None)?;
        let line = &self.services.line;
        line.free_from().or(line.waits_until())
    }

    fn register_later(&mut self, now: Uptime, seed: &Seed, at_least: Seconds, news: &mut News) {
        let line = &mut self.services.line;
        let wait = line.failed(now, seed, &self.crypto, at_least);
        news.tell(Notice::Waiting {
            asked: Asked::RegisterService,
            why: Trouble::NoServiceAnswer,
            wait,
        });
    }
}

impl Services {
    /// The registration that is under way.
    fn outstanding(&self) -> Option<Key> {
        self.line.waits_until().and(self.turn)
    }
}

/// Where to go with which code, or what becomes of the act.
fn judged(
    act: &RegisterService,
    hosts: &Hosts,
) -> Result<(ServiceUrl, RegistrationCode), ActResult> {
    let rejected = |why: &str| ActResult::new(Outcome::Rejected, why);
    let url = ServiceUrl::allowed(&act.url, hosts.iter());
    let url = url.map_err(|why| rejected(&alloc::format!("{why}")))?;
    let code = act.code.parse::<RegistrationCode>();
    let code = code.map_err(|why| rejected(&alloc::format!("{why}")))?;
    Ok((url, code))
}

/// What a center is told of a registration that nobody has answered.
const IN_VAIN: &str = "the service's server gave no answer for twelve hours";
