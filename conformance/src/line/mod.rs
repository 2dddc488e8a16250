//! A line: what carries the kit's messages to a center and brings the answers back.
//!
//! Messages are rendered once, as HTTP requests by the tables of [`render`]; a line only carries
//! them. One goes over real sockets to a target anywhere, the other calls a router inside this
//! process, with no socket and no clock but the one it is given. Every binding case that needs no
//! real connection therefore runs on both.

mod ahead;
mod frugal;
pub mod http1;
mod inside;
mod late;
pub mod render;
mod socket;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

pub use ahead::Ahead;
pub use frugal::FrugalLine;
pub use inside::InsideLine;
pub use late::LateLine;
pub use socket::{Habit, SocketLine, Trust};

/// A future that a trait object gives.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A request as HTTP carries it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header fields in the order in which they are sent.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Vec<u8>>,
}

/// A response as HTTP carries it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Bytes for a connection of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    /// What is written, piece by piece.
    pub write: Vec<Vec<u8>>,
    /// How long it is between two pieces.
    pub pause: Duration,
    /// Within which time after the last of them the peer has to answer or to close the connection.
    pub within: Duration,
    /// Without TLS, whatever the peer's address says.
    pub plain: bool,
    /// From which address.
    pub source: Option<IpAddr>,
    /// After how many whole responses nothing more is awaited.
    pub responses: usize,
}

/// Why no response came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// Nobody answers there: no verdict about the party under test is possible.
    #[error("cannot reach {target}: {why}")]
    Unreachable {
        /// Where.
        target: String,
        /// What the system says.
        why: String,
    },
    /// The connection was made and ended without a response.
    #[error("the connection ended without a response: {0}")]
    Broken(String),
    /// No response within the declared limit.
    #[error("no response within {0} s, the limit that the profile declares")]
    Late(u64),
    /// The line cannot carry this.
    #[error("this line cannot {0}")]
    Unable(&'static str),
}

/// What carries requests.
pub trait Line: Send + Sync {
    /// Carries one request from `source` and brings the response back.
    fn carry<'a>(
        &'a self,
        request: &'a Request,
        source: Option<IpAddr>,
    ) -> Pending<'a, Result<Response, LineError>>;

    /// Writes bytes on a connection of their own, and reads until the peer closes it or has given
    /// as many responses as are awaited.
    fn write<'a>(&'a self, pieces: &'a Pieces) -> Pending<'a, Result<Vec<u8>, LineError>>;

    /// Whether requests can come from several addresses.
    fn has_sources(&self) -> bool;

    /// Whether there are real connections.
    fn has_sockets(&self) -> bool;

    /// Closes what is open, since the peer has been switched off and on again.
    fn hang_up(&self) {}

    /// For the report: `http https://…`, or `inside`.
    fn name(&self) -> String;
}

impl Response {
    /// The first header field with this name, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}
