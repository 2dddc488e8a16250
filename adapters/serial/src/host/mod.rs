//! Serial lines of a host: ports, modems behind them, and the loop that drives a link.
//!
//! A [`Port`] is opened for one program alone. [`dial`] leads a modem to a line or away from one.
//! [`Line`] is a link at work: whoever holds it sends messages and takes those that come. All of it
//! runs over anything that reads and writes, a port, a pseudo-terminal or a socket.

mod dial;
mod line;
mod port;
mod pseudo;

pub use dial::{DialError, Dialled, dial};
pub use line::{Kind, Line, LineError, SendFailure};
pub use port::{Port, PortError};
pub use pseudo::Pseudo;
