//! Memory: what the center's own process has resident while a whole fleet polls.
//!
//! The fleet is enrolled first. Then the center is a process of its own that opens the same store,
//! so that neither the fleet's codes nor the client are counted. Every device polls, again and
//! again: what grows from pass to pass without a bound would show, and so would a rate that falls.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use restante_store::sqlite::Options;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::center::{Bench, serve};
use crate::client::all;
use crate::polls::{Share, fleet, request, tag};
use crate::{Effort, Failure, facts};

/// Enrols the fleet, then has it poll a center in another process.
pub(crate) async fn measure(devices: usize, effort: Effort) -> Result<String, Failure> {
    let bench = Bench::new()?;
    let codes = fleet(&bench, devices).await?;
    // Dropped with its store: the file is closed and the other process may have it.
    let Bench { driver, folder } = bench;
    drop(driver);
    let (process, address) = start(folder.path()).await?;
    let pid = process.id().ok_or("the center's process has ended")?;
    let resident = || facts::resident(pid).ok_or("there is no /proc to read memory from");

    let cache = Options::default().cache_bytes >> 20;
    let mut text = format!(
        "\nMemory of the center's own process, SQLite, {devices} enrolled devices, \
         at most {cache} MiB of cached rows\nopened: {} MiB\n",
        resident()? >> 20
    );
    let tag = tag(address, &codes).await?;
    let polls: Arc<Vec<_>> = Arc::new(codes.iter().map(|code| request(code, &tag)).collect());
    let mut per_device = 0.0;
    for pass in 1..=effort.rounds.max(2) {
        let rate = all(address, Share::of(&polls, effort.clients), 304)
            .await?
            .rate;
        let bytes = resident()?;
        per_device = bytes as f64 / devices as f64;
        text.push_str(&format!(
            "pass {pass}: each has polled, {rate:.0}/s: {} MiB, {per_device:.0} bytes per device\n",
            bytes >> 20
        ));
    }
    drop(process);
    text.push_str(&verdict(devices, per_device));
    Ok(text)
}

fn verdict(devices: usize, per_device: f64) -> String {
    let word = match per_device <= BYTES_PER_DEVICE {
        _ if devices < FLEET => "needs a run with --devices 1000000",
        true => "reached",
        false => "missed",
    };
    format!("target: ≤ {BYTES_PER_DEVICE} bytes per device of a million: {word}\n")
}

/// The same program as a center on the store in `folder`; it is killed when dropped.
async fn start(folder: &Path) -> Result<(Child, SocketAddr), Failure> {
    let mut process = Command::new(std::env::current_exe()?)
        .arg("center")
        .arg(folder)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = process.stdout.take().ok_or("no output to read")?;
    let mut lines = BufReader::new(output).lines();
    let line = lines.next_line().await?;
    let address = line.ok_or("the center did not say where it listens")?;
    Ok((process, address.parse()?))
}

/// Is the center of [`start`]: says where it listens, and serves until it is killed.
pub(crate) async fn be_the_center(folder: &Path) -> Result<(), Failure> {
    let driver = Bench::open(folder)?;
    println!("{}", serve(Bench::routes(&driver)).await?);
    std::future::pending().await
}

/// What a device may cost once there are a million.
const BYTES_PER_DEVICE: f64 = 256.0;
/// A million.
const FLEET: usize = 1_000_000;
