//! `hook-check`: whether a hook starts, can say no, and answers each verb in time.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::hook::{ChildHook, Outcome, Verb};
use crate::verdict::Exit;

use super::CommandError;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The command that starts the hook.
    command: String,
    /// How many seconds it may take for an answer.
    #[arg(long, default_value_t = 30)]
    patience: u64,
}

pub(super) async fn run(arguments: Arguments) -> Result<Exit, CommandError> {
    let patience = Duration::from_secs(arguments.patience);
    let mut hook = ChildHook::start(&arguments.command, patience).await?;
    println!("an unknown verb: unsupported, as it should be");
    for verb in [Verb::State, Verb::Stop] {
        let answer = match hook.ask(verb, json!({})).await? {
            Outcome::Ok(given) => format!("ok {given}"),
            Outcome::Unsupported(why) => format!("unsupported: {why}"),
            Outcome::Error(why) => format!("error: {why}"),
        };
        println!("{}: {answer}", verb.word());
    }
    hook.end().await;
    println!("the hook speaks the kit's language");
    Ok(Exit::Conformant)
}
