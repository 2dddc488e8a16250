//! `server`: a center anywhere, over HTTP.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::case::{Catalogue, Role};
use crate::hook::ChildHook;
use crate::line::{FrugalLine, Line, SocketLine, Trust};
use crate::profile::Profile;
use crate::run::{HookTime, OperatorToken, ServerTarget, Tokens};
use crate::verdict::Exit;

use super::CommandError;
use super::against::{Asked, conclude, run_against};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    asked: Asked,
    /// The center, such as https://center.example:8443. It has to let devices register at
    /// kit.services.example, service-x.a.com, service-y.a.com and service-z.a.com.
    #[arg(long)]
    target: String,
    /// The authority that signed the center's certificate, as PEM; the system's otherwise.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// An operator's token, by which the kit makes dealers of its own.
    #[arg(long, env = "RESTANTE_OPERATOR_TOKEN", hide_env_values = true)]
    operator_token: Option<String>,
    /// A dealer's token, where there is no operator's.
    #[arg(long, env = "RESTANTE_DEALER_TOKEN", hide_env_values = true)]
    dealer_token: Option<String>,
    /// The token of a dealer with another account, where there is no operator's.
    #[arg(long, env = "RESTANTE_OTHER_DEALER_TOKEN", hide_env_values = true)]
    other_dealer_token: Option<String>,
}

pub(super) async fn run(arguments: Arguments) -> Result<Exit, CommandError> {
    let asked = &arguments.asked;
    let profile = Profile::load(&asked.profile, Role::Server)?;
    let catalogue = Catalogue::embedded()?;
    let line = line(&arguments, &profile)?;
    let plan = asked.plan(&catalogue, &profile, line.name())?;
    line.knock().await?;
    let target = target(&arguments, &profile, line).await?;
    let again = again(&arguments);
    let results = run_against(&plan, &target, &again, asked.quiet).await;
    conclude(&results, &asked.out)
}

/// The command line that tests the same center again, up to what is tested. Tokens come from the
/// environment, as they should.
fn again(arguments: &Arguments) -> String {
    let profile = quoted(&arguments.asked.profile.display().to_string());
    let target = quoted(&arguments.target);
    let mut again = format!("restante-conformance server --target {target} --profile {profile}");
    if let Some(ca) = &arguments.ca {
        again.push_str(&format!(" --ca {}", quoted(&ca.display().to_string())));
    }
    if let Some(hook) = &arguments.asked.hook {
        again.push_str(&format!(" --hook {}", quoted(hook)));
    }
    again
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn line(arguments: &Arguments, profile: &Profile) -> Result<SocketLine, CommandError> {
    let trust = match &arguments.ca {
        None => Trust::System,
        Some(path) => Trust::from_pem(path).map_err(CommandError::usage)?,
    };
    let patience = Duration::from_secs(profile.limits.reply.into());
    SocketLine::new(&arguments.target, trust, patience).map_err(CommandError::usage)
}

async fn target(
    arguments: &Arguments,
    profile: &Profile,
    line: SocketLine,
) -> Result<ServerTarget, CommandError> {
    let time = match &arguments.asked.hook {
        None => None,
        Some(command) => {
            let patience = Duration::from_secs(profile.limits.boot.into());
            let hook = ChildHook::start(command, patience).await?;
            Some(HookTime::new(hook))
        }
    };
    let line: Box<dyn Line> = match line.has_sources() {
        true => Box::new(line),
        false => Box::new(FrugalLine::new(line)),
    };
    Ok(ServerTarget {
        line,
        mail: time.as_ref().map(|hook| Box::new(hook.mail()) as _),
        time: time.map(|time| Box::new(time) as _),
        tokens: Tokens {
            operator: OperatorToken::new(arguments.operator_token.clone()),
            dealer: arguments.dealer_token.clone(),
            other_dealer: arguments.other_dealer_token.clone(),
        },
        control: profile.control,
    })
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_take_it_apart() {
        assert_eq!(quoted("https://127.0.0.1:8443"), "https://127.0.0.1:8443");
        assert_eq!(quoted("sh hook.sh"), "'sh hook.sh'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
