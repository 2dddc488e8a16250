//! `vectors`: the specification's vectors as files, or asked of a program one by one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use clap::{Args, Subcommand};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::vectors::{Question, Reply, Vector, embedded, read};
use crate::verdict::Exit;

use super::CommandError;

#[derive(Debug, Subcommand)]
pub(super) enum Arguments {
    /// Write them to files.
    #[command(after_help = "Example:\n  restante-conformance vectors export vectors/")]
    Export {
        /// The folder.
        folder: PathBuf,
    },
    /// Ask a program for each of them.
    #[command(
        after_help = "Example:\n  restante-conformance vectors check --cmd ./my-codec --only provisional-code"
    )]
    Check(CheckArguments),
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// The program, started by the shell: a JSON line in, a JSON line out.
    #[arg(long)]
    cmd: String,
    /// Only these files, such as provisional-code. All that peers have to agree on otherwise.
    #[arg(long)]
    only: Vec<String>,
    /// Accept that the program does not support some.
    #[arg(long)]
    accept_untested: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<Exit, CommandError> {
    match arguments {
        Arguments::Export { folder } => export(&folder),
        Arguments::Check(arguments) => check(&arguments).await,
    }
}

fn export(folder: &Path) -> Result<Exit, CommandError> {
    let failed =
        |path: &Path, why| CommandError::usage(format!("cannot write {}: {why}", path.display()));
    fs::create_dir_all(folder).map_err(|why| failed(folder, why))?;
    for (name, text) in embedded() {
        let path = folder.join(format!("{name}.json"));
        fs::write(&path, text).map_err(|why| failed(&path, why))?;
    }
    let count = embedded().len();
    println!("{count} files of vectors are in {}", folder.display());
    Ok(Exit::Conformant)
}

/// How one file went.
#[derive(Debug, Default)]
struct Count {
    right: usize,
    wrong: usize,
    unsupported: usize,
}

async fn check(arguments: &CheckArguments) -> Result<Exit, CommandError> {
    let files = wanted(&arguments.only)?;
    let mut program = Program::start(&arguments.cmd)?;
    let mut all = Count::default();
    for (name, text) in files {
        let file = read(name, text).map_err(CommandError::kit)?;
        let mut count = Count::default();
        for vector in &file.cases {
            ask(&mut program, name, vector, &mut count).await?;
        }
        let Count {
            right,
            wrong,
            unsupported,
        } = count;
        println!("{name:<18} {right:>3} right {wrong:>3} wrong {unsupported:>3} unsupported");
        all.right += right;
        all.wrong += wrong;
        all.unsupported += unsupported;
    }
    let exit = amounts_to(&all, arguments.accept_untested);
    println!(
        "{} right, {} wrong, {} unsupported",
        all.right, all.wrong, all.unsupported
    );
    Ok(exit)
}

async fn ask(
    program: &mut Program,
    name: &str,
    vector: &Vector,
    count: &mut Count,
) -> Result<(), CommandError> {
    let question = Question {
        vectors: name,
        tc_id: vector.tc_id,
        input: &vector.input,
    };
    let reply = program.ask(&question).await?;
    match vector.misfit(&reply) {
        Some(why) => {
            count.wrong += 1;
            println!("{name} {} ({}): {why}", vector.tc_id, vector.notes);
        }
        None if reply == Reply::Unsupported => count.unsupported += 1,
        None => count.right += 1,
    }
    Ok(())
}

fn amounts_to(all: &Count, accept_untested: bool) -> Exit {
    match all {
        Count { wrong: 1.., .. } => Exit::NotConformant,
        Count { right: 0, .. } => Exit::KitError,
        Count {
            unsupported: 1.., ..
        } if !accept_untested => Exit::Untested,
        _ => Exit::Conformant,
    }
}

fn wanted(only: &[String]) -> Result<Vec<(&'static str, &'static str)>, CommandError> {
    let known = |wanted: &&String| embedded().iter().any(|(name, _)| name == wanted);
    if let Some(unknown) = only.iter().find(|wanted| !known(wanted)) {
        let names: Vec<&str> = embedded().iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        return Err(CommandError::usage(format!(
            "there are no vectors {unknown:?}; there are {names}"
        )));
    }
    let is_wanted = |name: &str| match only {
        [] => name != OWN_AFFAIR,
        some => some.iter().any(|wanted| wanted == name),
    };
    let files = embedded().iter().filter(|(name, _)| is_wanted(name));
    Ok(files.copied().collect())
}

/// The program under test.
struct Program {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(command: &str) -> Result<Self, CommandError> {
        let cannot = |why: String| CommandError::kit(format!("cannot start {command:?}: {why}"));
        let mut child = Command::new("sh")
            .args(["-c", command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|why| cannot(why.to_string()))?;
        let unpiped = || cannot("its input and output are not piped".into());
        let input = child.stdin.take().ok_or_else(unpiped)?;
        let output = child.stdout.take().ok_or_else(unpiped)?;
        Ok(Self {
            _child: child,
            input,
            output: BufReader::new(output).lines(),
        })
    }

    async fn ask(&mut self, question: &Question<'_>) -> Result<Reply, CommandError> {
        let mut line = serde_json::to_string(question).map_err(CommandError::kit)?;
        line.push('\n');
        let at = format!("{} {}", question.vectors, question.tc_id);
        let gone = || CommandError::kit(format!("the program ended when it was asked for {at}"));
        let written = self.input.write_all(line.as_bytes()).await;
        written.map_err(|_| gone())?;
        self.input.flush().await.map_err(|_| gone())?;
        let answer = timeout(PATIENCE, self.output.next_line()).await;
        let answer = answer.map_err(|_| {
            let seconds = PATIENCE.as_secs();
            CommandError::kit(format!(
                "the program did not answer {at} within {seconds} s"
            ))
        })?;
        let answer = answer.ok().flatten().ok_or_else(gone)?;
        serde_json::from_str(&answer).map_err(|why| {
            CommandError::kit(format!("the program's answer to {at} is none: {why}"))
        })
    }
}

/// How an implementation draws its random values is its own affair.
const OWN_AFFAIR: &str = "draw";
/// How long the program may think about one vector.
const PATIENCE: Duration = Duration::from_secs(10);
