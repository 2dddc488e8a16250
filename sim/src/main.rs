//! `restante-sim`: plays histories and says what the checks have found.
//!
//! It fails if an invariant was broken, and prints the command that plays that history again; and
//! it fails if something that should have happened never did, because then nothing was shown.

mod fan;

use std::io::{IsTerminal, Write, stderr};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use restante_sim::Invariant;
use restante_sim::history::{Play, shorten};
use restante_sim::run::{Plan, Report, run};

/// Plays simulated histories of a center, its devices and everything that can go wrong between
/// them, and checks the invariants after every step.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// How many histories, one seed after the other.
    #[arg(long, default_value_t = 1_000)]
    histories: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many lines of each history's script to play; all of them if absent.
    #[arg(long)]
    lines: Option<usize>,
    /// Print what happens, step by step.
    #[arg(long)]
    trace: bool,
    /// How many threads.
    #[arg(long, default_value_t = 2)]
    jobs: u64,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Has one link make a whole fleet poll, and prints when the devices arrive at the center.
    FanOut(fan::Options),
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(Command::FanOut(options)) = options.command {
        return fan::out(&options);
    }
    let plan = Plan {
        seed: options.seed,
        histories: options.histories,
        jobs: if options.trace { 1 } else { options.jobs },
        play: Play {
            lines: options.lines,
            trace: options.trace,
        },
    };
    let began = Instant::now();
    let report = run(&plan, |done| progress(done, &plan));
    println!(
        "{} histories, {} steps in {:.1} s",
        report.histories,
        report.steps,
        began.elapsed().as_secs_f64()
    );
    tell_counts(&report);
    if let Some((seed, violation)) = &report.failed {
        println!("\nFAILED with seed {seed}: {violation}");
        let lines = options.lines.or_else(|| shorten(*seed, violation));
        let lines = lines.map_or_else(String::new, |lines| format!(" --lines {lines}"));
        println!(
            "again: cargo run --release -p restante-sim -- --seed {seed} --histories 1{lines} \
             --trace"
        );
        return ExitCode::FAILURE;
    }
    enough_happened(&report, options.histories)
}

fn progress(done: u64, plan: &Plan) {
    let step = (plan.histories / 200).max(1);
    if !plan.play.trace && stderr().is_terminal() && done.is_multiple_of(step) {
        let mut line = stderr().lock();
        // A progress line that cannot be written is no reason to stop.
        let _ = write!(line, "\r{done} of {} histories", plan.histories);
        let _ = line.flush();
        if done >= plan.histories {
            let _ = writeln!(line);
        }
    }
}

fn tell_counts(report: &Report) {
    println!("\nput to the question:");
    for invariant in Invariant::ALL {
        println!("{:>12}  {invariant}", report.found.count(invariant));
    }
    println!("\nhappened:");
    for (word, times) in report.coverage.iter() {
        println!("{times:>12}  {word}");
    }
}

/// A run of thousands of histories in which something never happened has not shown what it claims.
fn enough_happened(report: &Report, histories: u64) -> ExitCode {
    let missing = report.coverage.missing();
    let unasked: Vec<Invariant> = Invariant::ALL
        .into_iter()
        .filter(|invariant| report.found.count(*invariant) == 0)
        .collect();
    if histories < MANY || (missing.is_empty() && unasked.is_empty()) {
        return ExitCode::SUCCESS;
    }
    println!("\nFAILED: these never happened: {missing:?}; these were never asked: {unasked:?}");
    ExitCode::FAILURE
}

/// So many histories meet everything, however rare.
const MANY: u64 = 2_000;
