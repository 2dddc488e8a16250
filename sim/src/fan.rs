//! `restante-sim fan-out`: the fan-out in figures, and as a picture.
//!
//! It fails if the tree has more layers than there may be, or if more devices arrive in a minute
//! than may.

use std::path::PathBuf;
use std::process::ExitCode;

use restante_core::limits::CALL_LAYERS;
use restante_sim::lan::fan_out::{Settings, run, svg};

/// What to simulate, and where to draw it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// How many devices.
    #[arg(long, default_value_t = 10_000)]
    devices: usize,
    /// Of a thousand devices, how many are dead.
    #[arg(long, default_value_t = 20)]
    dead: u32,
    /// Of those whom the first device calls, how many are dead besides.
    #[arg(long, default_value_t = 2)]
    dead_below_root: usize,
    /// How many devices may arrive in a minute.
    #[arg(long, default_value_t = 1_200)]
    per_minute: u32,
    /// What chance follows from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where to write the picture, as SVG.
    #[arg(long)]
    picture: Option<PathBuf>,
}

/// Simulates it and tells what came of it.
pub(crate) fn out(options: &Options) -> ExitCode {
    let figures = run(Settings {
        devices: options.devices,
        dead: options.dead,
        dead_below_root: options.dead_below_root,
        per_minute: options.per_minute,
        seed: options.seed,
    });
    let most = figures.most_within(60_000);
    println!("devices                 {:>8}", options.devices);
    println!("dead                    {:>8}", figures.dead);
    println!("layers                  {:>8}", figures.layers);
    println!("arrived                 {:>8}", figures.arrivals.len());
    println!("alive and never called  {:>8}", figures.missed);
    println!("planned, seconds        {:>8}", figures.planned.get());
    println!(
        "longest wait, seconds   {:>8}",
        figures.longest_wait() / 1_000
    );
    println!("set rate, a minute      {:>8}", options.per_minute);
    println!("most in any minute      {most:>8}");
    println!("most in any second      {:>8}", figures.most_within(1_000));
    if let Some(path) = &options.picture {
        if let Err(error) = std::fs::write(path, svg(&figures)) {
            eprintln!(
                "the picture cannot be written to {}: {error}",
                path.display()
            );
            return ExitCode::FAILURE;
        }
        println!("picture                 {}", path.display());
    }
    let deep = usize::try_from(figures.layers).unwrap_or(usize::MAX) > CALL_LAYERS;
    let above = most > options.per_minute as usize;
    if deep || above {
        println!("FAILED: too deep, or above the set rate");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
