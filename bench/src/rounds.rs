//! Contestants that take turns, and the table that compares their medians.

use std::fmt::Write as _;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};

/// What was measured of one contestant: requests per second, round by round.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) rates: Vec<f64>,
}

impl Series {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            rates: Vec::new(),
        }
    }

    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.rates.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// The subject against its baselines, with the target for the first of them.
pub(crate) fn report(title: &str, subject: &Series, baselines: &[&Series], target: f64) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["", "median /s", "rounds /s", "subject ÷ this"]);
    for series in std::iter::once(&subject).chain(baselines) {
        let rounds: Vec<String> = series
            .rates
            .iter()
            .map(|rate| format!("{rate:.0}"))
            .collect();
        let ratio = subject.median() / series.median();
        let median = format!("{:.0}", series.median());
        table.add_row([
            series.name.into(),
            median,
            rounds.join(" "),
            format!("{ratio:.2}"),
        ]);
    }
    for column in [1, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = format!("\n{title}\n{table}\n");
    if let Some(first) = baselines.first() {
        let ratio = subject.median() / first.median();
        let verdict = if ratio >= target { "reached" } else { "missed" };
        let name = first.name;
        let _ = writeln!(
            text,
            "target: ≥ {target:.2} × {name}: {ratio:.2}, {verdict}"
        );
    }
    text
}

/// A progress line on a terminal; silence elsewhere.
pub(crate) fn progress(what: &'static str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length)
        .with_style(style)
        .with_message(what)
}
