//! The log's lines about what strangers cause, at a bounded rate.
//!
//! A peer that is refused or hung up on causes a line, and peers can be refused as often as they
//! like: to fill a disk, or to bury one line under many. So of each kind from each source the first
//! few in a minute get their lines, and one more at the end of the minute says how many were left
//! out. The metrics count them all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::guests::prefix;

/// Who has been written about within the last minute, and how often. Clones count together.
#[derive(Clone, Default)]
pub struct Notices(Arc<Counts>);

/// What the lines of one minute are counted by: what happened, in one fixed word, and to whom,
/// unless there are too many to tell apart.
type Subject = (&'static str, Option<IpAddr>);

#[derive(Default)]
struct Counts(Mutex<HashMap<Subject, u64>>);

impl Notices {
    /// Whether one more line of this kind may be written about this source, or about nobody where
    /// there is no source to count by. It has to be called within a Tokio runtime, which writes
    /// later what was left out.
    pub fn may_tell(&self, kind: &'static str, source: Option<IpAddr>) -> bool {
        let mut counts = self.0.lock();
        let mut subject = (kind, source.map(prefix));
        if counts.len() >= SOURCES && !counts.contains_key(&subject) {
            subject.1 = None;
        }
        let count = counts.entry(subject).or_default();
        *count += 1;
        if *count == 1 {
            let counts = Arc::downgrade(&self.0);
            tokio::spawn(sum_up(counts, subject));
        }
        *count <= LINES
    }
}

/// Ends the minute of one subject.
async fn sum_up(counts: Weak<Counts>, subject: Subject) {
    tokio::time::sleep(MINUTE).await;
    if let Some(counts) = counts.upgrade() {
        let count = counts.lock().remove(&subject);
        tell(subject, count.unwrap_or_default());
    }
}

/// The line about what was left out, if anything was.
fn tell((kind, source): Subject, count: u64) {
    let left_out = count.saturating_sub(LINES);
    if left_out > 0 {
        let source = source.map(tracing::field::display);
        tracing::warn!(
            kind,
            source,
            left_out,
            "more of the same, within a minute of the first"
        );
    }
}

impl Counts {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Subject, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counts {
    fn drop(&mut self) {
        for (subject, count) in self.lock().drain() {
            tell(subject, count);
        }
    }
}

/// Lines of one kind about one source within a minute: enough to follow one device's troubles.
const LINES: u64 = 10;
const MINUTE: Duration = Duration::from_secs(60);
/// Kinds and sources that are told apart at once; all further sources share one count for each
/// kind. With it the log grows by 50 lines a second at the most, whatever strangers do.
const SOURCES: usize = 256;
