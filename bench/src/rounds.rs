//! Contestants that take turns, and the table that compares them round by round.

use std::fmt::Write as _;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};

use crate::client::Pace;

/// What was measured of one contestant, round by round.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) rounds: Vec<Pace>,
}

impl Series {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            rounds: Vec::new(),
        }
    }

    fn median(&self, of: fn(&Pace) -> f64) -> f64 {
        median(self.rounds.iter().map(of).collect())
    }

    /// The median of what rounds that followed each other come to: they shared the machine's noise.
    fn against(&self, other: &Self, ratio: fn(&Pace, &Pace) -> f64) -> f64 {
        let pairs = self.rounds.iter().zip(&other.rounds);
        median(pairs.map(|(ours, theirs)| ratio(ours, theirs)).collect())
    }

    /// How many requests it answers for each that the other does.
    fn ratio(&self, to: &Self) -> f64 {
        self.against(to, |ours, theirs| ours.rate / theirs.rate)
    }

    /// The same by processor time, which other programs on the machine disturb less.
    fn ratio_by_processor(&self, to: &Self) -> f64 {
        self.against(to, |ours, theirs| theirs.micros / ours.micros)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The subject against its baselines, with the target for the first of them where there is one.
pub(crate) fn report(
    title: &str,
    subject: &Series,
    baselines: &[&Series],
    target: Option<f64>,
) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header([
        "",
        "median /s",
        "rounds /s",
        "subject ÷ this",
        "processor µs",
        "by processor",
    ]);
    for series in std::iter::once(&subject).chain(baselines) {
        let rounds: Vec<String> = series
            .rounds
            .iter()
            .map(|round| format!("{:.0}", round.rate))
            .collect();
        let ratio = subject.ratio(series);
        let median = format!("{:.0}", series.median(|round| round.rate));
        table.add_row([
            series.name.into(),
            median,
            rounds.join(" "),
            format!("{ratio:.2}"),
            format!("{:.1}", series.median(|round| round.micros)),
            format!("{:.2}", subject.ratio_by_processor(series)),
        ]);
    }
    for column in [1, 3, 4, 5] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = format!("\n{title}\n{table}\n");
    if let (Some(first), Some(target)) = (baselines.first(), target) {
        let ratio = subject.ratio(first);
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
