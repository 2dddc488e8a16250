//! Restante's simulated world: one clock, a lossy link, power cuts and crashes, and the invariants
//! that must hold in every history.
//!
//! Everything real is real here: the center's decisions, the driver, the store port, the machines
//! of devices and gateways, and JSON on the line. What surrounds them is simulated and follows from
//! one number, so that any history can be run again: time, chance, the line, the power, the disk.
//!
//! A [`Scenario`] is drawn from a seed; a [`World`] plays it; [`check`] looks at every step. One
//! history is played by [`history::play`], thousands by [`run::run`] and by the program.

pub mod catalogue;
pub mod center;
pub mod check;
pub mod clock;
pub mod coverage;
pub mod disk;
pub mod history;
pub mod lan;
pub mod link;
pub mod machine;
pub mod mail;
pub mod orders;
pub mod parcel;
pub mod party;
pub mod people;
pub mod posted;
pub mod run;
pub mod scenario;
pub mod state;
pub mod step;
pub mod twin;
pub mod unit;
pub mod witness;
pub mod world;

mod calls;
mod line;
mod quiet;
mod script;
mod site;
mod stranger;

pub use check::{Invariant, Violation};
pub use coverage::Coverage;
pub use scenario::Scenario;
pub use world::World;
