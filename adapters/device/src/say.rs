//! What the program tells people, on standard output.
//!
//! A reader that has gone away, such as `head`, is no reason to end: the device's work goes on, and
//! its exit status tells the rest.

use std::fmt::Display;
use std::io::Write;

/// Writes one line.
pub(crate) fn line(text: impl Display) {
    // Nobody reads any more; see above.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Writes text that has its own line breaks.
pub(crate) fn text(text: impl Display) {
    // Nobody reads any more; see above.
    let _ = write!(std::io::stdout(), "{text}");
}
