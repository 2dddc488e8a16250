//! The provider's side of a service: which device may use it.
//!
//! A device is entitled when it presents itself with the registration code that was made for it,
//! and never otherwise. A center that runs services itself needs no more of this than collation. A
//! provider with a server of its own needs this module and nothing of the center: the server
//! collates at its own URL, and dials the center. Serves spec chapters SVC and PRV.

mod collate;
mod decide;
mod next;
mod pair;
mod register;
mod round;

pub use collate::{Collated, PresentedPair, Wrong, collate};
pub use decide::Provider;
pub use pair::{Pair, PairState};
pub use round::{RoundOver, round_over};

pub(crate) use collate::wrong_pair;
