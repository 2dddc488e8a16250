//! Names that a broker tells clients and shares apart by.
//!
//! MQTT allows nearly any text; a name here is one that every broker takes, and that neither a
//! topic's slashes nor a filter's wildcards can be smuggled into. Serves spec section 16.3.

use std::fmt;
use std::str::FromStr;

/// A client's id, or the name of a share: 1 to 64 of the characters `a` to `z`, `0` to `9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(String);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has to be 1 to 64 of the characters a to z, 0 to 9 and -")]
pub struct NameError;

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_good = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let fits = (1..=NAME_BYTES).contains(&text.len());
        let good = fits && text.bytes().all(is_good);
        good.then(|| Self(text.to_owned())).ok_or(NameError)
    }
}

impl Name {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The longest name: brokers take 65,535 bytes, and some of them 23 alone. It has room for an id
/// and a word that tells two centers apart.
const NAME_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_nothing_that_means_something_in_a_filter() {
        for good in ["a", "center-1", &"x".repeat(64)] {
            assert_eq!(good.parse::<Name>().expect("a name").as_str(), good);
        }
        for bad in ["", "Center", "a/b", "a+", "#", "a b", "ä", &"x".repeat(65)] {
            assert_eq!(bad.parse::<Name>(), Err(NameError), "{bad:?}");
        }
    }
}
