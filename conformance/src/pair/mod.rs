//! A pair: a device and a server, neither of them the kit's, with the kit between them.
//!
//! The kit carries each request to the server and each response back, as they are, and looks at
//! both against the [`rule`]s that can be seen from outside. Nothing is tried: what the pair did
//! not do in the time that it had stays untested. Each side gets a verdict of its own, partial by
//! nature, for nobody asked anything of either.

mod device;
mod exchange;
mod relay;
mod rule;
mod schemas;
mod server;
mod watch;

pub use exchange::{Exchange, Past};
pub use relay::{Clock, Relay};
pub use rule::{Look, RULES, Rule};
pub use schemas::Schemas;
pub use watch::Watch;
