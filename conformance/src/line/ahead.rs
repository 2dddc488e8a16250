//! A line ahead of another: what it does not do differently is what the other one does.
//!
//! Faults, benign variants and watchers stand in a line's way. Each says which line is behind it
//! and overrides what it alters; nothing can be forgotten on the way, for nothing is forwarded by
//! hand.

use std::net::IpAddr;

use super::{Line, LineError, Pending, Pieces, Request, Response};

/// What stands ahead of another line.
pub trait Ahead: Send + Sync {
    /// The line behind it.
    fn behind(&self) -> &dyn Line;

    /// Carries one request; as the line behind does, unless overridden.
    fn carried<'a>(
        &'a self,
        request: &'a Request,
        source: Option<IpAddr>,
    ) -> Pending<'a, Result<Response, LineError>> {
        self.behind().carry(request, source)
    }

    /// Whether there are real connections; as behind, unless overridden.
    fn sockets(&self) -> bool {
        self.behind().has_sockets()
    }

    /// For the report; as behind, unless overridden.
    fn called(&self) -> String {
        self.behind().name()
    }
}

impl<L: Ahead> Line for L {
    fn carry<'a>(
        &'a self,
        request: &'a Request,
        source: Option<IpAddr>,
    ) -> Pending<'a, Result<Response, LineError>> {
        self.carried(request, source)
    }

    fn write<'a>(&'a self, pieces: &'a Pieces) -> Pending<'a, Result<Vec<u8>, LineError>> {
        self.behind().write(pieces)
    }

    fn has_sources(&self) -> bool {
        self.behind().has_sources()
    }

    fn has_sockets(&self) -> bool {
        self.sockets()
    }

    fn hang_up(&self) {
        self.behind().hang_up();
    }

    fn name(&self) -> String {
        self.called()
    }
}
