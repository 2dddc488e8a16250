//! Polls that prefer to wait: answered once the state is another than the one that the sender has,
//! or when the time that it named is over.
//!
//! While a poll waits, the center is asked again every few seconds, so that no store has to know
//! who waits for what, and a center of several nodes needs no line between them. What a waiting
//! poll holds is its connection and one place of a bounded number; who finds none is answered at
//! once. Serves spec chapter HTTP.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Among a request's extensions: says when the listener stops.
#[derive(Clone, Debug)]
pub(super) struct Stopping(pub(super) watch::Receiver<bool>);

/// A poll's wish to wait.
pub(super) struct Wait {
    seconds: u64,
    until: Instant,
    stopping: Option<Stopping>,
}

impl Wait {
    /// The wish that a request states in `Prefer`, if it states one (RFC 7240).
    // spec: HTTP-022
    pub(super) fn read(headers: &HeaderMap, stopping: Option<Stopping>) -> Option<Self> {
        let texts = headers.get_all(PREFER).iter();
        let seconds = texts
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(','))
            .take(PREFERENCES)
            .find_map(wait_of)?
            .min(WAIT_SECONDS);
        Some(Self {
            seconds,
            until: Instant::now() + Duration::from_secs(seconds),
            stopping,
        })
    }

    /// Waits until the center can be asked again; `false` if it has been asked for the last time.
    // spec: HTTP-023
    pub(super) async fn goes_on(&self) -> bool {
        let now = Instant::now();
        if self.until <= now {
            return false;
        }
        tokio::select! {
            () = sleep_until(self.until.min(now + ASKED_EVERY)) => true,
            () = self.stopped() => false,
        }
    }

    /// `Preference-Applied`, and what it says.
    // spec: HTTP-024
    pub(super) fn applied(&self) -> (HeaderName, HeaderValue) {
        let text = format!("wait={}", self.seconds);
        let value = HeaderValue::try_from(text).expect("a word and a number are header text");
        (PREFERENCE_APPLIED, value)
    }

    /// Waits until the listener stops; without a listener it never does.
    async fn stopped(&self) {
        match &self.stopping {
            // An error means that the listener is gone, which is a stop as well.
            Some(Stopping(stop)) => drop(stop.clone().wait_for(|stopped| *stopped).await),
            None => std::future::pending().await,
        }
    }
}

/// The seconds of one preference, if it is `wait`.
fn wait_of(preference: &str) -> Option<u64> {
    let (preference, _parameters) = preference.split_once(';').unwrap_or((preference, ""));
    let (name, value) = preference.split_once('=')?;
    let named = name.trim().eq_ignore_ascii_case("wait");
    named.then(|| value.trim().trim_matches('"').parse().ok())?
}

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// Seconds that a poll waits at the most: less than what proxies commonly allow a request.
const WAIT_SECONDS: u64 = 60;
/// How often the center is asked while a poll waits: a person at the other end does not notice.
const ASKED_EVERY: Duration = Duration::from_secs(2);
/// Preferences of one request that are looked at.
const PREFERENCES: usize = 16;
/// Polls that wait at the same time. Together they ask no more often than a center answers easily,
/// and they hold a tenth of its connections.
pub(super) const WAITING: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(prefer: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(PREFER, HeaderValue::from_str(prefer).expect("header text"));
        Wait::read(&headers, None).map(|wait| wait.seconds)
    }

    #[test]
    fn a_wish_is_read_among_others_and_bounded() {
        assert_eq!(seconds("wait=10"), Some(10));
        assert_eq!(seconds("respond-async, Wait = \"7\"; x=1"), Some(7));
        assert_eq!(seconds("wait=100000"), Some(WAIT_SECONDS));
        assert_eq!(seconds("wait=0"), Some(0));
        for nothing in ["wait", "wait=-1", "wait=soon", "await=3", ""] {
            assert_eq!(seconds(nothing), None, "{nothing}");
        }
    }
}
