//! The provider's side of a service: which device may use it.
//!
//! A device is entitled when it presents itself with the registration code that was made for it,
//! and never otherwise. What a provider has to keep for that is one record per device and service;
//! a provider's own server needs this module and nothing of the center.

mod collate;
mod pair;

pub use collate::{Collated, PresentedPair, Wrong, collate};
pub use pair::{Pair, PairState};
