//! `enrol`, `run`, `status`, `rotate` and `leave` of a device.

use std::path::Path;

use restante_core::device::{Device, Input, Kept};
use restante_core::registrant::{Holding, Standing};
use restante_core::wire::{Contacts, DeviceEntry};
use restante_crypto::RingCrypto;

use super::place::Finding;
use super::polling::listen;
use super::{CommandError, Outcome, line, line_by, missing, patience, refused, sealed_if, stop};
use crate::act::Milestone;
use crate::cli::{Act, EnrolDevice, RunDevice};
use crate::driver::{Driver, Nobody, Until};
use crate::line::{HttpLine, Line as _};
use crate::memory::{self, StateFile};
use crate::say;
use crate::trial;

type Host = Driver<Device<RingCrypto>, StateFile, HttpLine, Nobody>;

pub(super) async fn enrol(args: EnrolDevice) -> Result<Outcome, CommandError> {
    let me = args.me.identification();
    let me = me.ok_or_else(|| CommandError::Value("name at least one --function".to_owned()))?;
    let code = args.code.read()?;
    let line = line(&args.act)?;
    let file = StateFile::open(&args.act.state)?;
    let line = sealed_if(&args.act, line, &file)?;
    line.check(&args.code.center)?;
    let kept = file.read(Kept::from_bytes)?;
    let entry = DeviceEntry {
        identification: me,
        contacts: Contacts {
            address: args.address,
            ..Contacts::default()
        },
    };
    let mut host = host(entry, file, line, kept)?;
    host.give(Input::CodeEntered {
        code,
        center: args.code.center,
    })?;
    finish(&mut host, &args.act, Milestone::InUse).await
}

pub(super) async fn run(args: RunDevice) -> Result<Outcome, CommandError> {
    let status =
        trial::status(args.copy_sheets).map_err(|error| CommandError::Value(error.to_string()))?;
    let mut host = resume_by(&args.act, line_by(&args.act, &args.by_mail)?)?;
    host.give(Input::StatusChanged(Box::new(status)))?;
    let until = match args.until_reported {
        true => Until::Reached(Milestone::Reported),
        false => Until::Forever,
    };
    if host.machine().deadline_is_never() {
        return Ok(idle(&host));
    }
    if let Some(address) = args.address {
        host.give(Input::AddressChanged(address))?;
    }
    let listening = listen(&args.polling, host.inbox()).await?;
    let _finding = listening
        .as_ref()
        .filter(|_| args.find_address)
        .and_then(|it| Finding::begin(host.machine().kept().standing(), it.at, host.inbox()));
    let ended = host.run(until, patience(&args.act), stop()).await?;
    Ok(ended.into())
}

pub(super) async fn rotate(act: &Act) -> Result<Outcome, CommandError> {
    let mut host = resume(act)?;
    match host.give(Input::RotateNow) {
        Ok(()) => finish(&mut host, act, Milestone::Rotated).await,
        Err(error) => refused(error),
    }
}

pub(super) async fn leave(act: &Act) -> Result<Outcome, CommandError> {
    let mut host = resume(act)?;
    match host.give(Input::LeaveNow) {
        Ok(()) if host.machine().deadline_is_never() => Ok(Outcome::Done),
        Ok(()) => finish(&mut host, act, Milestone::Left).await,
        Err(error) => refused(error),
    }
}

pub(super) fn status(path: &Path) -> Result<Outcome, CommandError> {
    let kept = memory::read(path, Kept::from_bytes)?.ok_or_else(|| missing(path))?;
    let me = kept.device();
    say::line(format!(
        "device        {} {} {}",
        me.vendor, me.model, me.serial
    ));
    say::line(format!("switched on   {} times", kept.boot()));
    say::text(Described(kept.standing()));
    say::text(memory::under_way(path));
    Ok(Outcome::Done)
}

/// A device as its state file has it, switched on.
fn resume(act: &Act) -> Result<Host, CommandError> {
    resume_by(act, line(act)?)
}

/// As [`resume`], with this line.
fn resume_by(act: &Act, line: HttpLine) -> Result<Host, CommandError> {
    let file = StateFile::open(&act.state)?;
    let line = sealed_if(act, line, &file)?;
    let kept = file
        .read(Kept::from_bytes)?
        .ok_or_else(|| missing(&act.state))?;
    let entry = DeviceEntry {
        identification: kept.device().clone(),
        contacts: Contacts::default(),
    };
    host(entry, file, line, Some(kept))
}

fn host(
    entry: DeviceEntry,
    file: StateFile,
    line: HttpLine,
    kept: Option<Kept>,
) -> Result<Host, CommandError> {
    let challenged = line.challenged();
    let mut host = Driver::new(Device::new(RingCrypto, entry, None), file, line, Nobody);
    if let Some(challenged) = challenged {
        host.give(Input::Challenged(challenged))?;
    }
    let kept = kept.map(Box::new);
    host.give(Input::Booted { kept })?;
    Ok(host)
}

async fn finish(host: &mut Host, act: &Act, goal: Milestone) -> Result<Outcome, CommandError> {
    let ended = host
        .run(Until::Reached(goal), patience(act), stop())
        .await?;
    Ok(ended.into())
}

/// Says what a person has to do where nothing goes on by itself.
fn idle(host: &Host) -> Outcome {
    match host.machine().need() {
        Some(need) => say::line(need),
        None => say::line(format!(
            "{}; enter a code with `enrol`",
            host.machine().phase()
        )),
    }
    Outcome::Refused
}

/// Where a device or gateway stands, line by line, without a secret.
pub(super) struct Described<'a>(pub(super) &'a Standing);

impl std::fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let registration = |f: &mut std::fmt::Formatter<'_>, holding: &Holding| {
            writeln!(f, "center        {}", holding.center)?;
            writeln!(f, "registration  {}", holding.code.registration())?;
            writeln!(f, "formal code   epoch {}", holding.code.epoch().get())?;
            writeln!(f, "devices       {}", holding.members.len())?;
            match holding.members.as_slice() {
                [only] => {
                    writeln!(f, "device id     {}", only.device)?;
                    let mut address = only.contacts.address.iter();
                    address.try_for_each(|it| writeln!(f, "address       {it}"))
                }
                _ => Ok(()),
            }
        };
        match self.0 {
            Standing::Blank {} => writeln!(f, "standing      not enrolled"),
            Standing::Enrolling { attempt, fallback } => {
                writeln!(f, "standing      enrolling with {}", attempt.center)?;
                fallback.iter().try_for_each(|it| registration(f, it))
            }
            Standing::Enrolled { holding } => {
                let used = match holding.unused {
                    Some(_) => "enrolled, the formal code not used yet",
                    None => "enrolled",
                };
                writeln!(f, "standing      {used}")?;
                registration(f, holding)
            }
            Standing::Rotating { holding, .. } => {
                writeln!(f, "standing      enrolled, the formal code being rotated")?;
                registration(f, holding)
            }
            Standing::Leaving { holding } => {
                writeln!(f, "standing      leaving")?;
                registration(f, holding)
            }
            Standing::NeedsPerson { need, .. } => writeln!(f, "standing      {need}"),
            _ => writeln!(f, "standing      unknown"),
        }
    }
}

/// Whether nothing will ever happen by itself.
pub(super) trait Idle {
    fn deadline_is_never(&self) -> bool;
}

impl<M: restante_core::machine::Machine> Idle for M {
    fn deadline_is_never(&self) -> bool {
        self.deadline().is_none()
    }
}
