//! Progress while cases run: one live line at a terminal, one plain line per case elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::results::CaseResult;
use crate::verdict::Verdict;

/// Tells a person that something happens.
#[derive(Debug)]
pub enum Progress {
    /// A live line.
    Live(ProgressBar),
    /// A line for each case, as CI servers like it.
    Plain {
        /// How many cases there are.
        total: usize,
        /// How many are done.
        done: usize,
    },
    /// Nothing.
    Quiet,
}

impl Progress {
    /// Progress over so many cases, on standard error.
    #[must_use]
    pub fn new(total: usize, quiet: bool) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Plain { total, done: 0 };
        }
        let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
        let style = ProgressStyle::with_template("  {bar:30.green} {pos}/{len}  {wide_msg}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self::Live(bar)
    }

    /// A case begins.
    pub fn begins(&self, case: &str) {
        if let Self::Live(bar) = self {
            bar.set_message(case.to_owned());
        }
    }

    /// A case has ended.
    pub fn ended(&mut self, result: &CaseResult) {
        match self {
            Self::Live(bar) => {
                let bad = !matches!(
                    result.verdict,
                    Verdict::Pass | Verdict::NotApplicable | Verdict::ExpectedFail
                );
                if bad {
                    bar.println(format!("  {} {}", result.verdict.symbol(), result.case));
                }
                bar.inc(1);
            }
            Self::Plain { total, done } => {
                *done += 1;
                let (verdict, case) = (result.verdict, &result.case);
                eprintln!(
                    "{done:>4}/{total} {verdict:<8} {case} ({} ms)",
                    result.millis
                );
            }
            Self::Quiet => {}
        }
    }

    /// All cases have ended.
    pub fn end(&self) {
        if let Self::Live(bar) = self {
            bar.finish_and_clear();
        }
    }
}
