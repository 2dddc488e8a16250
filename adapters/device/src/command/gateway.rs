//! The gateway's commands.

use std::path::Path;

use comfy_table::{Table, presets};
use restante_core::gateway::{Child, ChildState, Gateway, Input, Kept, Phase};
use restante_core::machine::Machine;
use restante_core::{Seed, Uptime};
use restante_crypto::RingCrypto;

use super::device::{Described, Idle};
use super::polling::listen;
use super::{CommandError, Outcome, line, line_by, missing, patience, refused, sealed_if, stop};
use crate::act::Milestone;
use crate::cli::{self, Act, EnrolGateway, Remove, RunGateway, Site};
use crate::driver::{Driver, Until};
use crate::line::{HttpLine, Line as _};
use crate::memory::{self, StateFile};
use crate::say;
use crate::site::Lan;

type Host = Driver<Gateway<RingCrypto>, StateFile, HttpLine, Lan>;

pub(super) async fn run(command: cli::Gateway) -> Result<Outcome, CommandError> {
    match command {
        cli::Gateway::Enrol(args) => enrol(args).await,
        cli::Gateway::Run(args) => serve(args).await,
        cli::Gateway::Status(args) => status(&args.state),
        cli::Gateway::Children(args) => children(&args.state),
        cli::Gateway::Remove(args) => remove(args).await,
        cli::Gateway::Rotate(args) => ask(&args, Input::RotateNow, Milestone::Rotated).await,
        cli::Gateway::Leave(args) => ask(&args, Input::LeaveNow, Milestone::Left).await,
    }
}

async fn enrol(args: EnrolGateway) -> Result<Outcome, CommandError> {
    let code = args.code.read()?;
    let line = line(&args.act)?;
    let file = StateFile::open(&args.act.state)?;
    let line = sealed_if(&args.act, line, &file)?;
    line.check(&args.code.center)?;
    let kept = file.read(Kept::from_bytes)?;
    let mut host = host(file, line, lan(args.site)?, kept)?;
    let registered = [Phase::Enrolled, Phase::InUse, Phase::Rotating];
    let is_registered = registered.contains(&host.machine().phase());
    host.give(Input::CodeEntered {
        code,
        center: args.code.center,
    })?;
    let outcome = match is_registered {
        true => add(&mut host, &args.act).await?,
        false => finish(&mut host, &args.act, Milestone::InUse).await?,
    };
    say::text(table(&host.machine().children()));
    Ok(outcome)
}

/// Calls, and adds to the registration what is new.
async fn add(host: &mut Host, act: &Act) -> Result<Outcome, CommandError> {
    let called = finish(host, act, Milestone::Called).await?;
    let children = host.machine().children();
    if called != Outcome::Done || children.iter().any(|it| it.state == ChildState::Found) {
        return finish(host, act, Milestone::Members).await;
    }
    say::line("no device is new, so that the code was not needed");
    Ok(Outcome::Done)
}

async fn serve(args: RunGateway) -> Result<Outcome, CommandError> {
    let line = line_by(&args.act, &args.by_mail)?;
    let mut host = resume_by(&args.act, line, lan(args.site)?)?;
    if host.machine().deadline_is_never() {
        match host.machine().need() {
            Some(need) => say::line(need),
            None => say::line(format!(
                "{}; enter a code with `gateway enrol`",
                host.machine().phase()
            )),
        }
        return Ok(Outcome::Refused);
    }
    let _listening = listen(&args.polling, host.inbox()).await?;
    let until = match args.until_reported {
        true => Until::Reached(Milestone::Reported),
        false => Until::Forever,
    };
    let ended = host.run(until, patience(&args.act), stop()).await?;
    Ok(ended.into())
}

async fn remove(args: Remove) -> Result<Outcome, CommandError> {
    let mut host = resume(&args.act, Lan::new(false, Vec::new())?)?;
    let children = host.machine().children();
    let mut children = children.into_iter();
    let Some(child) = children.find(|it| it.identification.serial == args.serial) else {
        say::line(format!("there is no device {} here", args.serial));
        return Ok(Outcome::Refused);
    };
    if child.state == ChildState::Gone {
        say::line(format!("{} is removed already", args.serial));
        return Ok(Outcome::Done);
    }
    match host.give(Input::RemoveChild(child.identification)) {
        Ok(()) if child.state == ChildState::Found => Ok(Outcome::Done),
        Ok(()) => finish(&mut host, &args.act, Milestone::Members).await,
        Err(error) => refused(error),
    }
}

async fn ask(act: &Act, input: Input, goal: Milestone) -> Result<Outcome, CommandError> {
    let mut host = resume(act, Lan::new(false, Vec::new())?)?;
    match host.give(input) {
        Ok(()) if host.machine().deadline_is_never() => Ok(Outcome::Done),
        Ok(()) => finish(&mut host, act, goal).await,
        Err(error) => refused(error),
    }
}

fn status(path: &Path) -> Result<Outcome, CommandError> {
    let kept = memory::read(path, Kept::from_bytes)?.ok_or_else(|| missing(path))?;
    say::text(Described(kept.standing()));
    say::text(memory::under_way(path));
    Ok(Outcome::Done)
}

fn children(path: &Path) -> Result<Outcome, CommandError> {
    let kept = memory::read(path, Kept::from_bytes)?.ok_or_else(|| missing(path))?;
    let mut gateway = Gateway::new(RingCrypto, None);
    let kept = Some(Box::new(kept));
    // Only to read the book: nothing of what comes out is carried out.
    let (seed, mut out) = (Seed::new([0; 32]), Vec::new());
    gateway
        .handle(Uptime::BOOT, &seed, Input::Booted { kept }, &mut out)
        .map_err(crate::DriverError::from)?;
    say::text(table(&gateway.children()));
    Ok(Outcome::Done)
}

fn lan(site: Site) -> Result<Lan, CommandError> {
    Ok(Lan::new(!site.no_multicast, site.child)?)
}

fn resume(act: &Act, lan: Lan) -> Result<Host, CommandError> {
    resume_by(act, line(act)?, lan)
}

/// As [`resume`], with this line.
fn resume_by(act: &Act, line: HttpLine, lan: Lan) -> Result<Host, CommandError> {
    let file = StateFile::open(&act.state)?;
    let line = sealed_if(act, line, &file)?;
    let kept = file
        .read(Kept::from_bytes)?
        .ok_or_else(|| missing(&act.state))?;
    host(file, line, lan, Some(kept))
}

fn host(
    file: StateFile,
    line: HttpLine,
    lan: Lan,
    kept: Option<Kept>,
) -> Result<Host, CommandError> {
    let challenged = line.challenged();
    let mut host = Driver::new(Gateway::new(RingCrypto, None), file, line, lan);
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

/// The children as a table with a line for each.
fn table(children: &[Child]) -> String {
    if children.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["VENDOR", "MODEL", "SERIAL", "STANDING"]);
    let mut children: Vec<&Child> = children.iter().collect();
    children.sort_by(|a, b| a.identification.cmp(&b.identification));
    for child in children {
        let it = &child.identification;
        let standing = match child.state {
            ChildState::Found => "found, not registered".to_owned(),
            ChildState::Registered(device) => format!("registered as {device}"),
            ChildState::Gone => "not spoken for any more".to_owned(),
            _ => String::new(),
        };
        let row = [
            it.vendor.as_str(),
            it.model.as_str(),
            it.serial.as_str(),
            &standing,
        ];
        table.add_row(row);
    }
    let text = table.to_string();
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}
