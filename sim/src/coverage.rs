//! What happened how often, so that a proof that never met a fault cannot pass for one that did.
//!
//! Everything that a history can do or meet is counted by a word. Words in [`MUST_HAPPEN`] have to
//! occur in a run of many histories, or the run fails: a check that never had its occasion has
//! shown nothing.

use std::collections::BTreeMap;

/// Counts by word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    counts: BTreeMap<&'static str, u64>,
}

impl Coverage {
    /// It happened once more.
    pub fn note(&mut self, word: &'static str) {
        self.add(word, 1);
    }

    /// It happened so many times more.
    pub fn add(&mut self, word: &'static str, times: u64) {
        *self.counts.entry(word).or_default() += times;
    }

    /// How often it happened.
    #[must_use]
    pub fn count(&self, word: &str) -> u64 {
        self.counts.get(word).copied().unwrap_or(0)
    }

    /// Adds what happened elsewhere.
    pub fn merge(&mut self, other: &Self) {
        for (word, times) in &other.counts {
            self.add(word, *times);
        }
    }

    /// All words and how often each happened, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.counts.iter().map(|(word, times)| (*word, *times))
    }

    /// The words that should have happened and did not.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let never = |word: &&'static str| self.count(word) == 0;
        MUST_HAPPEN.iter().copied().filter(never).collect()
    }
}

/// What has to happen in a run of thousands of histories.
pub const MUST_HAPPEN: &[&str] = &[];
