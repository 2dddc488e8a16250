//! The specification as data: its requirements, and everything in it that is made from the types.
//!
//! The chapters are written by hand and have authority over the code. What they share with the code
//! (schemas, examples, the registry of refusals, the OpenAPI description) is made from the core's
//! types, so that it cannot say something else; `restante-spec check` fails where it does. The
//! conformance kit traces its cases to [`requirements`].

mod blocks;
mod cells;
mod chapters;
mod examples;
mod lint;
mod messages;
mod requirement;
mod tree;

pub use cells::instruction_cells;
pub use lint::{Finding, findings};
pub use messages::{Example, Message, messages};
pub use requirement::{Keyword, Requirement, Role, Tombstone, requirements, tombstones};
pub use tree::{Drift, Tree, TreeError};
