//! `pair`: a device against a server, neither of them the kit's, with the kit between them.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::case::{Control, Role};
use crate::hook::ChildHook;
use crate::line::{Line, SocketLine, Trust};
use crate::pair::{Clock, RULES, Relay, Rule, Schemas, Watch};
use crate::party::Listener;
use crate::profile::{Limits, Product, Profile, ProfileError};
use crate::results::Results;
use crate::run::Plan;
use crate::trace::Demands;
use crate::verdict::Exit;

use super::CommandError;
use super::against::conclude;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The server, such as https://center.example:8443.
    #[arg(long)]
    server: String,
    /// The authority that signed the server's certificate, as PEM; the system's otherwise.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Where the kit listens for the device; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Listen without TLS, which is for loopback alone.
    #[arg(long)]
    plain: bool,
    /// What the device or gateway is; `init device` writes one.
    #[arg(long)]
    profile: PathBuf,
    /// A program that switches the device on, types the code and moves its time.
    #[arg(long)]
    hook: Option<String>,
    /// The provisional code that the hook types.
    #[arg(long, env = "RESTANTE_CODE", hide_env_values = true, requires = "hook")]
    code: Option<String>,
    /// How long to watch, by the device's clock: seconds, or a number with s, m, h or d.
    #[arg(long = "for", value_name = "TIME", default_value = "60s", value_parser = time)]
    time: Duration,
    /// Accept that MUSTs go untested; the report says so.
    #[arg(long)]
    accept_untested: bool,
    /// Where results, reports and the transcript go.
    #[arg(long, default_value = "conformance-results")]
    out: PathBuf,
}

const EXAMPLES: &str = "\
The device dials the kit, the kit passes each message on to the server and each answer back, and
both are looked at. Each side gets results of its own in the folder of --out, beside transcript.txt.
What the two did not do stays untested (exit 4 unless accepted); where nothing came at all there is
no verdict (exit 3).

Examples:
  A person types the kit's address and a code at the device, and has an hour for it:
    restante-conformance pair --server https://center.example --profile device.toml \\
      --listen 192.0.2.7:8443 --for 1h
  A hook does that, and a day passes at the device:
    restante-conformance pair --server https://127.0.0.1:8443 --ca center.pem \\
      --profile device.toml --hook ./hook --code 7K3MQ-… --for 1d --accept-untested";

pub(super) async fn run(arguments: Arguments) -> Result<Exit, CommandError> {
    let profile = profile(&arguments)?;
    let line = line(&arguments, &profile)?;
    line.knock().await?;
    let hook = match &arguments.hook {
        None => None,
        Some(command) => {
            let patience = Duration::from_secs(profile.limits.boot.into());
            Some(ChildHook::start(command, patience).await?)
        }
    };
    let clock = match hook.is_some() && profile.control >= Control::C2 {
        true => Clock::Moved,
        false => Clock::Runs,
    };
    let listener = listener(&arguments, hook.is_none()).await?;
    let name = line.name();
    let mut watch = Watch::new(Schemas::published().map_err(CommandError::kit)?);
    let mut relay = Relay::new(listener, Box::new(line), hook, clock);
    relay
        .begin(arguments.code.as_deref())
        .await
        .map_err(CommandError::kit)?;
    let ran = relay.run(&mut watch, arguments.time).await;
    relay.end().await;
    let late = Duration::from_secs(profile.limits.late.into());
    watch.end(ran.map_err(CommandError::kit)?, late);
    if watch.exchanges() == 0 {
        let seconds = arguments.time.as_secs();
        let why = format!("nothing came over the line within {seconds} s: there is no verdict");
        return Err(CommandError::kit(why));
    }
    tell(&arguments, &profile, &watch, &name)
}

/// The results of both sides, and the transcript of what they said.
fn tell(
    arguments: &Arguments,
    profile: &Profile,
    watch: &Watch,
    line: &str,
) -> Result<Exit, CommandError> {
    let server = Profile {
        role: Role::Server,
        control: Control::C0,
        features: Vec::new(),
        product: Product::default(),
        limits: Limits::default(),
        ..profile.clone()
    };
    let mut worst = Exit::Conformant;
    for (side, rules) in [profile, &server].into_iter().zip(RULES) {
        let results = results(arguments, side, rules, watch, line)?;
        let folder = arguments.out.join(side.role.word());
        worst = worst.worst(conclude(&results, &folder)?);
    }
    let path = arguments.out.join("transcript.txt");
    let failed = |why| CommandError::kit(format!("cannot write {}: {why}", path.display()));
    fs::write(&path, watch.story()).map_err(failed)?;
    println!("  {} exchanges, in {}\n", watch.exchanges(), path.display());
    Ok(worst)
}

fn results(
    arguments: &Arguments,
    side: &Profile,
    rules: &[Rule],
    watch: &Watch,
    line: &str,
) -> Result<Results, CommandError> {
    let demands = Demands::of_this_specification();
    let plan = Plan {
        cases: Vec::new(),
        profile: side,
        seed: 0,
        // Watching is no trying: it allows no claim.
        partial: true,
        accept_untested: arguments.accept_untested,
        line: format!("{line}, the kit watching"),
    };
    let again = format!(
        "restante-conformance pair --server {} --profile {}",
        arguments.server,
        arguments.profile.display()
    );
    let mut run = plan.begin(side.role);
    for rule in rules {
        let case = rule.case(&demands).map_err(CommandError::kit)?;
        let unknown = || CommandError::kit(format!("nobody watched {}", rule.id));
        let result = watch.result(&case, &again).ok_or_else(unknown)?;
        run.take(&case, result, demands.is_must(&case));
    }
    Ok(run.end())
}

/// The profile of a device or of a gateway.
fn profile(arguments: &Arguments) -> Result<Profile, CommandError> {
    let path = &arguments.profile;
    match Profile::load(path, Role::Device) {
        Err(ProfileError::Unfit { .. }) => Ok(Profile::load(path, Role::Gateway)?),
        other => Ok(other?),
    }
}

fn line(arguments: &Arguments, profile: &Profile) -> Result<SocketLine, CommandError> {
    let trust = match &arguments.ca {
        None => Trust::System,
        Some(path) => Trust::from_pem(path).map_err(CommandError::usage)?,
    };
    let patience = Duration::from_secs(profile.limits.reply.into());
    SocketLine::new(&arguments.server, trust, patience).map_err(CommandError::usage)
}

/// Listens, and tells a person who has to know where.
async fn listener(arguments: &Arguments, is_told: bool) -> Result<Listener, CommandError> {
    let listener = match arguments.plain {
        true => Listener::plain(arguments.listen).await,
        false => Listener::bind(arguments.listen).await,
    };
    let listener = listener.map_err(CommandError::usage)?;
    if is_told {
        println!("  the device is to dial {}", listener.center);
    }
    if is_told && !arguments.plain {
        let path = arguments.out.join("kit.pem");
        let written = fs::create_dir_all(&arguments.out)
            .and_then(|()| fs::write(&path, &listener.certificates));
        written.map_err(CommandError::usage)?;
        println!("  and to trust {}", path.display());
    }
    Ok(listener)
}

/// Reads a time, such as 90, 60s, 5m, 1h or 1d.
fn time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time; a time is 90, 60s, 5m, 1h or 1d");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let unit = match text.get(digits.len()..) {
        Some("" | "s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = digits.parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(u64::from(number) * unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_number_and_a_unit() {
        let seconds = |text| time(text).map(|time| time.as_secs());
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(seconds("60s"), Ok(60));
        assert_eq!(seconds("1d"), Ok(86_400));
        for wrong in ["", "s", "1w", "-1s", "1.5h"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_rule_is_a_case_of_its_side() {
        let demands = Demands::of_this_specification();
        for rule in RULES.into_iter().flatten() {
            let case = rule.case(&demands).expect("it cites what there is");
            assert!(
                case.id.as_str().starts_with(rule.role.word()),
                "{}",
                rule.id
            );
        }
    }
}
