//! Where a Restante center keeps its records: the port, memory, SQLite, and the driver loop.
//!
//! ```text
//! Call ─▶ Driver ── decide (pure) ─▶ Pause: load and ask again
//!           │                    └─▶ Decision: commit if no revision moved ─▶ Answer, then effects
//!           └── Store: memory · SQLite
//! ```
//!
//! A store knows rows, revisions and attempts, and nothing of codes or devices. The driver knows
//! how a decision is carried out, and nothing of what it decides. Both are the same for every
//! transport.

pub mod crash;
pub mod driver;
pub mod memory;
pub mod port;
pub mod sqlite;
pub mod system;
pub mod ticker;
pub mod transfer;

mod outbox;
mod rows;
mod volatile;

pub use driver::{Answer, Driver, DriverError};
pub use memory::MemoryStore;
pub use port::{Committed, Store, StoreError};
pub use sqlite::SqliteStore;
pub use system::{
    Clock, Effects, Entropy, LeftEffects, LoggedEffects, SystemClock, SystemEntropy, Taken,
};
pub use ticker::Ticker;
