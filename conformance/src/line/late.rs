//! A line whose far end is known late: once a party has said at which URL it serves.
//!
//! What it carries names that URL whole, so that it goes to another server as readily, should the
//! party say so.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Line, LineError, Pending, Pieces, Request, Response, SocketLine};

/// Carries requests as soon as it leads anywhere.
#[derive(Clone, Debug)]
pub struct LateLine {
    end: Arc<Mutex<Option<Arc<SocketLine>>>>,
    has_sources: bool,
}

impl LateLine {
    /// A line to a server on this machine, where requests can come from several addresses, or
    /// anywhere else.
    #[must_use]
    pub fn new(on_this_machine: bool) -> Self {
        Self {
            end: Arc::default(),
            has_sources: on_this_machine && cfg!(target_os = "linux"),
        }
    }

    /// It leads there from now on.
    pub fn lead_to(&self, line: SocketLine) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(line));
    }

    fn end(&self) -> Result<Arc<SocketLine>, LineError> {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let nowhere = LineError::Unable("carry anything before the party has said where it serves");
        end.clone().ok_or(nowhere)
    }
}

impl Line for LateLine {
    fn carry<'a>(
        &'a self,
        request: &'a Request,
        source: Option<IpAddr>,
    ) -> Pending<'a, Result<Response, LineError>> {
        Box::pin(async move { self.end()?.carry(request, source).await })
    }

    fn write<'a>(&'a self, pieces: &'a Pieces) -> Pending<'a, Result<Vec<u8>, LineError>> {
        Box::pin(async move { self.end()?.write(pieces).await })
    }

    fn has_sources(&self) -> bool {
        self.has_sources
    }

    fn has_sockets(&self) -> bool {
        true
    }

    fn hang_up(&self) {
        if let Ok(end) = self.end() {
            end.hang_up();
        }
    }

    fn name(&self) -> String {
        "http, the kit listening".to_owned()
    }
}
