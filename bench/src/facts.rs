//! The machine that a figure was measured on: without it, the figure says little.

use std::fs;

/// Processor, cores, memory, kernel and compiler profile, one line.
pub(crate) fn machine() -> String {
    let cpu = first_after("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".into());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = first_after("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".into());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let profile = if cfg!(debug_assertions) {
        "debug: figures mean nothing"
    } else {
        "release"
    };
    let kernel = kernel.trim();
    format!("machine: {cpu}, {cores} cores, {memory}, Linux {kernel}, {profile}")
}

fn first_after(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Bytes of memory that a process has resident now.
pub(crate) fn resident(pid: u32) -> Option<u64> {
    let kib = first_after(&format!("/proc/{pid}/status"), "VmRSS")?;
    kib.split_whitespace()
        .next()?
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}

/// Microseconds that this process has had a processor for, in user and in system mode.
pub(crate) fn processor_micros() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name before the bracket may hold spaces; user and system time are the 12th and 13th field
    // after it, in hundredths of a second.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place)?.parse::<u64>().ok();
    Some((ticks(11)? + ticks(12)?) as f64 * 10_000.0)
}
