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

/// Bytes of memory that this process has resident now.
pub(crate) fn resident() -> Option<u64> {
    let kib = first_after("/proc/self/status", "VmRSS")?;
    kib.split_whitespace()
        .next()?
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}
