//! Whose request it is: the socket's peer, or what a declared proxy says of it.
//!
//! Wrong codes and connections are counted by this address, so that it must not be for the sender
//! to choose. A header counts only where the operator has declared the proxy that writes it, only
//! the one header that this proxy is known to write, and only the rightmost address that no
//! declared proxy has: everything to the left of it is hearsay.

use std::net::{IpAddr, SocketAddr};

use axum::http::header::FORWARDED;
use axum::http::{HeaderMap, HeaderName};

/// Which header a proxy writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forwarding {
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
}

/// The proxies that the operator has declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    addresses: Vec<IpAddr>,
    forwarding: Forwarding,
}

impl Proxies {
    /// No proxy: the socket's peer is who it is.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Proxies at these addresses, all of which write this header.
    #[must_use]
    pub fn declared(addresses: impl IntoIterator<Item = IpAddr>, forwarding: Forwarding) -> Self {
        Self {
            addresses: addresses.into_iter().map(|ip| ip.to_canonical()).collect(),
            forwarding,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// Whether a declared proxy has this address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address.to_canonical())
    }

    /// Whose request it is that `peer` sent with these headers. Where a proxy does not say, or does
    /// not say an address, the request counts as the proxy's own.
    #[must_use]
    pub fn source(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.contains(peer) {
            return peer;
        }
        let mut last_known = peer;
        for hop in self.hops(headers) {
            let Some(address) = hop else {
                return last_known;
            };
            if !self.contains(address) {
                return address;
            }
            last_known = address;
        }
        last_known
    }

    /// The addresses that the header names, rightmost first; `None` for what is no address.
    fn hops(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let (name, read): (HeaderName, fn(&str) -> Option<IpAddr>) = match self.forwarding {
            Forwarding::Forwarded => (FORWARDED, forwarded_element),
            Forwarding::XForwardedFor => (X_FORWARDED_FOR, node_address),
        };
        let values = headers.get_all(name).iter().rev();
        let texts = values.map(|value| value.to_str().unwrap_or_default());
        texts
            .flat_map(|text| split_unquoted(text, ','))
            .map(|item| read(item.trim()))
            .collect()
    }
}

/// The address of the `for` parameter of one element of `Forwarded`.
fn forwarded_element(element: &str) -> Option<IpAddr> {
    let mut pairs = split_unquoted(element, ';').into_iter();
    pairs.find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("for") {
            node_address(value.trim().trim_matches('"'))
        } else {
            None
        }
    })
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`.
fn node_address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|ip| ip.to_canonical())
}

/// The parts between separators that stand outside quotation marks, the last part first. It is read
/// from the right, where the proxy writes: a quotation mark that a sender leaves open hides nothing
/// but what the sender wrote.
fn split_unquoted(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.rsplit(|c: char| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .collect()
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn source(forwarding: Forwarding, peer: &str, values: &[&'static str]) -> IpAddr {
        let proxies = Proxies::declared([ip("10.0.0.1"), ip("10.0.0.2")], forwarding);
        let name = match forwarding {
            Forwarding::Forwarded => FORWARDED,
            Forwarding::XForwardedFor => X_FORWARDED_FOR,
        };
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_static(value));
        }
        proxies.source(ip(peer), &headers)
    }

    #[test]
    fn a_header_from_anybody_else_than_a_declared_proxy_counts_for_nothing() {
        let from = source(Forwarding::XForwardedFor, "192.0.2.9", &["198.51.100.1"]);
        assert_eq!(from, ip("192.0.2.9"));
        let from = Proxies::none().source(ip("10.0.0.1"), &HeaderMap::new());
        assert_eq!(from, ip("10.0.0.1"));
    }

    #[test]
    fn the_rightmost_address_that_no_proxy_has_is_the_source() {
        let from = |values| source(Forwarding::XForwardedFor, "10.0.0.1", values);
        assert_eq!(from(&["1.1.1.1, 198.51.100.1"]), ip("198.51.100.1"));
        assert_eq!(
            from(&["1.1.1.1, 198.51.100.1, 10.0.0.2"]),
            ip("198.51.100.1")
        );
        assert_eq!(from(&["1.1.1.1", "198.51.100.1:4711"]), ip("198.51.100.1"));
        assert_eq!(from(&["2001:db8::1"]), ip("2001:db8::1"));
        assert_eq!(from(&["::ffff:198.51.100.1"]), ip("198.51.100.1"));
    }

    #[test]
    fn a_proxy_that_names_no_address_is_the_source_itself() {
        let from = |values| source(Forwarding::XForwardedFor, "10.0.0.1", values);
        assert_eq!(from(&[]), ip("10.0.0.1"));
        assert_eq!(from(&["198.51.100.1, unknown"]), ip("10.0.0.1"));
        assert_eq!(from(&["198.51.100.1, "]), ip("10.0.0.1"));
        assert_eq!(from(&["\", 198.51.100.1"]), ip("198.51.100.1"));
    }

    #[test]
    fn forwarded_is_read_with_its_quotation_marks() {
        let from = |values| source(Forwarding::Forwarded, "10.0.0.1", values);
        let two = &["for=1.1.1.1, For=\"[2001:db8::1]:4711\";proto=https;by=\"a,b;c\""];
        assert_eq!(from(two), ip("2001:db8::1"));
        assert_eq!(from(&["proto=http;for=198.51.100.1"]), ip("198.51.100.1"));
        assert_eq!(
            from(&["for=\"1.1.1.1, for=198.51.100.1"]),
            ip("198.51.100.1")
        );
        assert_eq!(from(&["for=_hidden"]), ip("10.0.0.1"));
    }
}
