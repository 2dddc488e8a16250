//! Reports: for a person at a terminal, for a CI server, for a browser. All of them derive from
//! [`crate::results`].

mod coverage;
mod html;
mod junit;
mod markdown;
mod progress;
mod terminal;
mod terminal_faults;

pub use coverage::{Covered, Flipped, coverage};
pub use html::html;
pub use junit::junit;
pub use markdown::{badge, markdown};
pub use progress::Progress;
pub use terminal::terminal;

use crate::results::{Results, Summary};
use crate::verdict::{Exit, Verdict};

/// What a run amounts to, in one sentence.
#[must_use]
pub fn sentence(results: &Results) -> String {
    let role = results.header.role;
    let Some(summary) = &results.summary else {
        return format!("The run did not end: nothing can be said of this {role}.");
    };
    if !results.faults.is_empty() {
        return sentence_of_faults(results, summary);
    }
    let tried = tried(summary);
    match summary.exit {
        Exit::Conformant if results.header.partial && summary.untested_musts > 0 => format!(
            "The {tried} selected cases that could be tried hold; {} MUSTs went untested, as was \
             accepted; the run was partial and makes no claim.",
            summary.untested_musts
        ),
        Exit::Conformant if results.header.partial => {
            format!("All {tried} selected cases hold; the run was partial and makes no claim.")
        }
        Exit::Conformant if summary.untested_musts > 0 => format!(
            "This {role} conforms as far as it was tested: {} MUSTs went untested, as was accepted.",
            summary.untested_musts
        ),
        Exit::Conformant => format!("This {role} conforms: {tried} of {tried} cases hold."),
        Exit::NotConformant => {
            let broken = summary.of(Verdict::Fail) + summary.of(Verdict::UnexpectedPass);
            match broken + summary.stale.len() {
                1 => format!("This {role} does not conform: 1 of {tried} cases fails."),
                count => format!("This {role} does not conform: {count} of {tried} cases fail."),
            }
        }
        Exit::Untested => format!(
            "Nothing failed, but {} MUSTs could not be tested; see which, or accept it with \
             --accept-untested.",
            summary.untested_musts
        ),
        Exit::Usage | Exit::KitError => {
            format!(
                "The kit cannot tell: {} cases ended in an error.",
                summary.of(Verdict::Error)
            )
        }
    }
}

/// What it amounts to where faults were put in.
fn sentence_of_faults(results: &Results, summary: &Summary) -> String {
    let role = results.header.role;
    let all = results.faults.len();
    let survive = results.faults.iter().filter(|fault| !fault.killed).count();
    match (summary.exit, survive) {
        (Exit::Conformant, 0) if all == 1 => {
            format!("The fault of a {role} is killed as it says, and by nothing else.")
        }
        (Exit::Conformant, 0) => {
            format!("All {all} faults of a {role} are killed as they say, and by nothing else.")
        }
        (_, 0) => format!("The bundled {role} fails without any fault: nothing is proven."),
        (_, 1) => format!("1 of {all} faults of a {role} is not killed as it says."),
        (_, more) => format!("{more} of {all} faults of a {role} are not killed as they say."),
    }
}

/// How many cases were really tried.
fn tried(summary: &Summary) -> usize {
    [
        Verdict::Pass,
        Verdict::Warn,
        Verdict::ExpectedFail,
        Verdict::UnexpectedPass,
        Verdict::Fail,
    ]
    .into_iter()
    .map(|verdict| summary.of(verdict))
    .sum()
}

/// How long something took, for a person.
fn duration(millis: u64) -> String {
    if millis < 1_000 {
        format!("{millis} ms")
    } else {
        format!("{}.{} s", millis / 1_000, millis % 1_000 / 100)
    }
}
