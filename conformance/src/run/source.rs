//! From which address a case's messages come: one of its own, so that cases do not throttle each
//! other.

use std::net::{IpAddr, Ipv4Addr};

use crate::script::Scope;

/// The loopback address that a case calls by this label.
pub(super) fn address(scope: &Scope, label: &str) -> IpAddr {
    let drawn = scope.below(&format!("source:{label}"), 254 * 254 * 254);
    let part = |shift: u64| u8::try_from(drawn / shift % 254 + 1).unwrap_or(1);
    IpAddr::V4(Ipv4Addr::new(127, part(1), part(254), part(254 * 254)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_label_of_each_case_has_its_own_address() {
        let (one, other) = (Scope::new(1, "one"), Scope::new(1, "other"));
        assert_eq!(address(&one, "a"), address(&one, "a"));
        assert_ne!(address(&one, "a"), address(&one, "b"));
        assert_ne!(address(&one, "a"), address(&other, "a"));
        assert!(address(&one, "a").is_loopback());
    }
}
