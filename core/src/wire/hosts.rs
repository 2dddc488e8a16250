//! The hosts at which devices may register for services: an allow-list that comes with the
//! schedule.
//!
//! A device that is told a URL goes there only if the center has named its host. A center names the
//! hosts that its operator has chosen, sorted and each once, so that the same choice is always the
//! same text. Serves spec chapter SVC.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::limits::{HOSTS, HOSTS_BYTES};

use super::url::{UrlError, check_host};

/// A host name in lower case, as a service's URL names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Host(#[cfg_attr(feature = "schema", schemars(length(min = 1, max = 253)))] String);

/// Up to 32 host names of together at most 384 characters, sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Hosts(#[cfg_attr(feature = "schema", schemars(length(max = 32)))] Vec<Host>);

/// There are too many host names for one schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {HOSTS} host names are allowed, and together at most {HOSTS_BYTES} characters")]
pub struct TooManyHosts;

impl Host {
    /// The host name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Host {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        check_host(text)?;
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

impl Hosts {
    /// These host names, in order and each once.
    ///
    /// # Errors
    /// [`TooManyHosts`] if they are more than a schedule holds.
    pub fn new(hosts: impl IntoIterator<Item = Host>) -> Result<Self, TooManyHosts> {
        let mut all: Vec<Host> = hosts.into_iter().collect();
        all.sort();
        all.dedup();
        let bytes = all.iter().map(|host| host.0.len());
        let bytes = bytes.fold(0_usize, usize::saturating_add);
        match all.len() <= HOSTS && bytes <= HOSTS_BYTES {
            true => Ok(Self(all)),
            false => Err(TooManyHosts),
        }
    }

    /// Whether none is allowed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The host names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Host::as_str)
    }
}

impl<'de> Deserialize<'de> for Hosts {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(Vec::<Host>::deserialize(d)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    fn host(text: &str) -> Host {
        text.parse().expect(text)
    }

    #[test]
    fn hosts_are_sorted_and_stand_once_each() {
        let hosts = Hosts::new(["b.example", "a.example", "B.example"].map(host));
        let hosts = hosts.expect("two hosts");
        assert!(hosts.iter().eq(["a.example", "b.example"]));
        assert!("192.0.2.1".parse::<Host>().is_err());
    }

    #[test]
    fn a_schedule_holds_so_many_hosts_and_no_more() {
        let many = |n: usize| Hosts::new((0..n).map(|n| host(&format!("h{n}.example"))));
        assert!(many(HOSTS).is_ok());
        assert_eq!(many(HOSTS + 1), Err(TooManyHosts));
        let long = |n: usize| host(&format!("{}.{}.example", "a".repeat(60), "b".repeat(n)));
        assert!(Hosts::new([58, 59, 60].map(long)).is_ok());
        assert_eq!(Hosts::new([58, 59, 60, 61].map(long)), Err(TooManyHosts));
    }
}
