//! A provider's own server as the party under test: inside this process, or anywhere, over real
//! connections.
//!
//! The kit is its center, of which cases say what it answers, and the devices that register at its
//! URL. Serves the cases about spec chapter PRV.

mod center;
mod inside;
mod remote;
mod served;

pub(crate) use center::{asked as said_to_center, read_refusal, read_reply};
pub use inside::{Lapses, ProviderParty};
pub use remote::RemoteProvider;
pub(crate) use served::reach;
pub use served::{Reach, serve_provider};
