//! `restante-spec`: renews or checks what is generated in the specification.
//!
//! `generate` writes schemas, examples, the OpenAPI description, the list of requirements and the
//! generated blocks of the chapters. `check` writes nothing: it names what differs and what is not
//! in order in the chapters, and fails if there is anything.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use restante_spec::{Tree, TreeError};

/// Renews or checks what is generated in Restante's specification.
#[derive(Debug, Parser)]
#[command(name = "restante-spec", version)]
struct Arguments {
    /// The folder of the specification.
    #[arg(long, global = true, default_value = env!("CARGO_MANIFEST_DIR"))]
    folder: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Command {
    /// Write everything that is generated.
    Generate,
    /// Fail if anything generated differs or the chapters are not in order.
    Check,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Generate => generate(&arguments.folder),
        Command::Check => check(&arguments.folder),
    };
    done.unwrap_or_else(|error| {
        eprintln!("restante-spec: {error}");
        ExitCode::from(2)
    })
}

fn generate(folder: &std::path::Path) -> Result<ExitCode, TreeError> {
    let renewed = Tree::of(folder)?.renew()?;
    for drift in &renewed {
        println!("renewed spec/{}", drift.file());
    }
    println!("restante-spec: {} files renewed", renewed.len());
    Ok(ExitCode::SUCCESS)
}

fn check(folder: &std::path::Path) -> Result<ExitCode, TreeError> {
    let tree = Tree::of(folder)?;
    let drift = tree.drift()?;
    for finding in tree.findings() {
        println!("{finding}");
    }
    for drift in &drift {
        println!("{drift}");
    }
    if !drift.is_empty() {
        println!("renew with: cargo run -p restante-spec -- generate");
    }
    if drift.is_empty() && tree.findings().is_empty() {
        println!(
            "restante-spec: the chapters are in order and everything generated is as the types say"
        );
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
