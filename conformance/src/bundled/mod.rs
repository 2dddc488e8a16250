//! The bundled center and provider and their world, for the self-test and for playing the center to
//! a device.
//!
//! Inside this process: a decision (the core's, or a fault before it), a store in memory, a clock
//! that only cases move, and randomness from the run's seed. The same decision behind real sockets
//! is what the reference program serves.

mod console;
mod inside;
mod loopback;
mod mail;
mod pace;
mod post;
mod provider;
mod served;
mod world;

pub use inside::{InsideCenter, PROVIDED, PROVIDED_AT, Standing, core_center, core_provider};
pub use loopback::{LoopbackCenter, bounds};
pub use pace::MovedPace;
pub use post::Post;
pub use provider::LoopbackProvider;
pub use served::Served;
pub use world::{DrawnEntropy, MovedClock};
