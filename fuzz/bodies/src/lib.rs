//! What the fuzz targets do with hostile bytes: one function each, called by cargo-fuzz with bytes
//! that libFuzzer invents and by ordinary stable tests with the corpus and seeded mutations of it.
//!
//! A body returns if the bytes were handled as they should be, accepted or refused, and panics if a
//! law was broken. The laws: no input panics; what is accepted is written and read back the same;
//! what people may type differently means the same; an envelope opens only where it was sealed;
//! whatever comes on a serial line, the next frame is found and nothing is handed up that nobody
//! sent; any sequence of acts on the center comes to what a naive model says.

mod code;
mod enrolment;
mod sealed;
mod serial;
mod wire;

pub use code::code;
pub use enrolment::enrolment;
pub use sealed::sealed;
pub use serial::serial;
pub use wire::wire;
