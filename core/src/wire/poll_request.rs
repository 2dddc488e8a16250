//! Poll requests: what makes a device poll at once, as a link on its LAN.
//!
//! A person opens the link of one device, or of one that tells others. A link that tells others
//! bears the tag of a plan that the center made; whom a device tells it learns from the center,
//! with the reply to the poll that the request caused. The addresses of a link narrow that and add
//! nothing to it. Serves spec chapter POL.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv6Addr;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::id::LanAddress;
use crate::limits::{
    ADDRESSES_PER_POLL_REQUEST, POLL_REQUEST_AFTER, POLL_REQUEST_CHARS, POLL_TAG_CHARS,
};
use crate::time::Seconds;

/// The path at which a device takes poll requests.
pub const DO_POLLING: &str = "/doPolling";

/// What a device on a LAN is asked: poll, and pass it on.
// spec: POL-050
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollRequest {
    /// The plan that it belongs to. Without one, this device alone polls.
    pub tag: Option<PollTag>,
    /// Those to whom alone it may be passed on; to everybody whom the center names if absent.
    pub addresses: Option<Addresses>,
    /// So many seconds after it was received.
    pub after: Seconds,
}

/// The tag of a plan of poll requests: 22 base64url characters that nobody guesses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PollTag(String);

/// Why a text is no [`PollTag`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a poll tag has 1 to {POLL_TAG_CHARS} letters, digits, hyphens and underscores")]
pub struct BadPollTag;

/// At most 64 addresses, in the sender's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses(Vec<LanAddress>);

/// There are more addresses than one poll request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a poll request names at most {ADDRESSES_PER_POLL_REQUEST} addresses")]
pub struct TooManyAddresses;

impl PollRequest {
    /// Reads the path and the query of a link; nothing where they are no poll request. Parameters
    /// that nobody knows are passed over.
    // spec: POL-050, POL-051
    #[must_use]
    pub fn read(target: &str) -> Option<Self> {
        if target.len() > POLL_REQUEST_CHARS {
            return None;
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path.strip_suffix('/').unwrap_or(path) != DO_POLLING {
            return None;
        }
        let (mut tag, mut addresses, mut after) = (None, None, None);
        for parameter in query.split('&').filter(|it| !it.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name {
                "tag" => once(&mut tag, decoded(value)?.parse().ok()?)?,
                "pollreq" => once(&mut addresses, Addresses::read(&decoded(value)?)?)?,
                "after" => once(&mut after, read_after(value)?)?,
                _ => {}
            }
        }
        Some(Self {
            tag,
            addresses,
            after: after.unwrap_or_default(),
        })
    }

    /// Reads a whole link: the address that it leads to, and what is asked there; nothing where it
    /// is no poll request.
    // spec: POL-050
    #[must_use]
    pub fn in_link(link: &str) -> Option<(LanAddress, Self)> {
        let rest = link.strip_prefix("https://")?;
        let path = rest.find('/')?;
        let address = LanAddress::new(rest.get(..path)?).ok()?;
        Some((address, Self::read(rest.get(path..)?)?))
    }

    /// The link that makes the device at `address` do this.
    #[must_use]
    pub fn link(&self, address: &LanAddress) -> String {
        ["https://", &authority(address), &self.target()].concat()
    }

    /// The path and the query of its link.
    #[must_use]
    pub fn target(&self) -> String {
        let mut target = String::from(DO_POLLING);
        let mut parameter = |name: &str, value: &str| {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(name);
            target.push('=');
            target.push_str(value);
        };
        if let Some(tag) = &self.tag {
            parameter("tag", tag.as_str());
        }
        if let Some(addresses) = &self.addresses {
            parameter("pollreq", &addresses.to_text());
        }
        if self.after != Seconds::ZERO {
            parameter("after", &self.after.get().to_string());
        }
        target
    }

    /// What is passed on of this request to those whom this device calls: the tag, and the
    /// addresses without those that it calls itself.
    // spec: POL-058
    #[must_use]
    pub fn passed_on<'a>(&self, called: impl IntoIterator<Item = &'a LanAddress>) -> Self {
        let called: Vec<&LanAddress> = called.into_iter().collect();
        let left = |all: &Addresses| {
            let left = all.0.iter().filter(|it| !called.contains(it));
            Addresses(left.cloned().collect())
        };
        Self {
            tag: self.tag.clone(),
            addresses: self.addresses.as_ref().map(left),
            after: Seconds::ZERO,
        }
    }

    /// Whether it may be passed on to this address, which the center has named.
    // spec: POL-057
    #[must_use]
    pub fn names(&self, address: &LanAddress) -> bool {
        let all = self.addresses.as_ref();
        all.is_none_or(|it| it.0.contains(address))
    }
}

/// Takes a parameter; nothing where it stands twice.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    match place.replace(value) {
        None => Some(()),
        Some(_) => None,
    }
}

fn read_after(value: &str) -> Option<Seconds> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = Seconds::new(value.parse().ok()?);
    (digits && seconds <= POLL_REQUEST_AFTER).then_some(seconds)
}

/// A parameter's value with `%` and two digits for a byte as that byte.
fn decoded(value: &str) -> Option<Cow<'_, str>> {
    if !value.contains('%') {
        return Some(Cow::Borrowed(value));
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let (high, low) = (nibble(rest.next()?)?, nibble(rest.next()?)?);
            bytes.push(high.wrapping_shl(4) | low);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

fn nibble(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// The address as it stands in a link: an IPv6 address without brackets is given them.
fn authority(address: &LanAddress) -> Cow<'_, str> {
    match address.as_str().parse::<Ipv6Addr>() {
        Ok(_) => Cow::Owned(["[", address.as_str(), "]"].concat()),
        Err(_) => Cow::Borrowed(address.as_str()),
    }
}

impl Addresses {
    /// These addresses, in this order.
    ///
    /// # Errors
    /// [`TooManyAddresses`] if they are more than a poll request names.
    pub fn new(addresses: Vec<LanAddress>) -> Result<Self, TooManyAddresses> {
        match addresses.len() <= ADDRESSES_PER_POLL_REQUEST {
            true => Ok(Self(addresses)),
            false => Err(TooManyAddresses),
        }
    }

    /// The addresses, in the sender's order.
    #[must_use]
    pub fn as_slice(&self) -> &[LanAddress] {
        &self.0
    }

    fn read(text: &str) -> Option<Self> {
        let named = text.split(',').filter(|it| !it.is_empty());
        let mut addresses = Vec::new();
        for address in named {
            addresses.push(LanAddress::new(address).ok()?);
        }
        Self::new(addresses).ok()
    }

    /// Joined by commas, with brackets as a query holds them.
    fn to_text(&self) -> String {
        let all: Vec<&str> = self.0.iter().map(LanAddress::as_str).collect();
        all.join(",").replace('[', "%5B").replace(']', "%5D")
    }
}

impl PollTag {
    /// The tag made of these 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 16]) -> Self {
        use base64::Engine;
        Self(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The 16 bytes that it was made of, if it was made by [`PollTag::from_bytes`].
    #[must_use]
    pub fn to_bytes(&self) -> Option<[u8; 16]> {
        use base64::Engine;
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        engine.decode(&self.0).ok()?.try_into().ok()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PollTag {
    type Err = BadPollTag;

    fn from_str(text: &str) -> Result<Self, BadPollTag> {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let fits = (1..=POLL_TAG_CHARS).contains(&text.len());
        (fits && text.bytes().all(good))
            .then(|| Self(text.into()))
            .ok_or(BadPollTag)
    }
}

impl fmt::Display for PollTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PollTag {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for PollTag {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "PollTag".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "the tag of a plan of poll requests",
            "pattern": "^[A-Za-z0-9_-]{1,64}$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::vec;

    fn address(text: &str) -> LanAddress {
        LanAddress::new(text).expect(text)
    }

    fn request(tag: Option<&str>, addresses: Option<&[&str]>, after: u32) -> PollRequest {
        let all = |all: &[&str]| all.iter().copied().map(address).collect();
        PollRequest {
            tag: tag.map(|it| it.parse().expect(it)),
            addresses: addresses.map(|it| Addresses::new(all(it)).expect("few")),
            after: Seconds::new(after),
        }
    }

    #[test]
    fn a_link_says_what_the_request_says_and_is_read_back() {
        let sites = ["192.0.2.2", "dev2.example:8443", "[2001:db8::1]:80"];
        for (request, target) in [
            (request(None, None, 0), "/doPolling"),
            (request(None, None, 90), "/doPolling?after=90"),
            (request(Some("a_-9"), None, 0), "/doPolling?tag=a_-9"),
            (
                request(Some("t"), Some(&sites), 5),
                "/doPolling?tag=t&pollreq=192.0.2.2,dev2.example:8443,%5B2001:db8::1%5D:80&after=5",
            ),
        ] {
            assert_eq!(request.target(), target);
            assert_eq!(PollRequest::read(target), Some(request));
        }
    }

    #[test]
    fn a_link_leads_to_the_devices_own_address() {
        let alone = PollRequest::default();
        for (at, link) in [
            ("192.0.2.1", "https://192.0.2.1/doPolling"),
            (
                "dev1.aaa.example:444",
                "https://dev1.aaa.example:444/doPolling",
            ),
            ("2001:db8::1", "https://[2001:db8::1]/doPolling"),
            ("[2001:db8::1]:444", "https://[2001:db8::1]:444/doPolling"),
        ] {
            assert_eq!(alone.link(&address(at)), link);
        }
    }

    #[test]
    fn a_whole_link_is_read_as_it_was_made() {
        let asked = request(Some("t"), Some(&["192.0.2.2", "[2001:db8::1]:80"]), 5);
        for at in ["192.0.2.1", "dev1.aaa.example:444", "[2001:db8::1]:444"] {
            let read = PollRequest::in_link(&asked.link(&address(at)));
            assert_eq!(read, Some((address(at), asked.clone())));
        }
        for link in [
            "http://192.0.2.1/doPolling",
            "https://192.0.2.1",
            "https:///doPolling",
            "https://anna@192.0.2.1/doPolling",
            "https://192.0.2.1/other",
            "192.0.2.1/doPolling",
        ] {
            assert_eq!(PollRequest::in_link(link), None, "{link}");
        }
    }

    #[test]
    fn a_slash_and_what_nobody_knows_change_nothing() {
        let two = request(None, Some(&["192.0.2.2", "192.0.2.3"]), 0);
        for target in [
            "/doPolling/?pollreq=192.0.2.2,192.0.2.3",
            "/doPolling?x=1&pollreq=192.0.2.2%2C192.0.2.3&&tagged",
            "/doPolling?pollreq=,192.0.2.2,,192.0.2.3,",
        ] {
            assert_eq!(PollRequest::read(target).as_ref(), Some(&two), "{target}");
        }
        let empty = PollRequest::read("/doPolling?pollreq=").expect("nobody to tell");
        assert!(!empty.names(&address("192.0.2.2")));
    }

    #[test]
    fn what_cannot_be_read_is_no_poll_request() {
        let many = vec!["a"; ADDRESSES_PER_POLL_REQUEST + 1].join(",");
        let long = format!("/doPolling?x={}", "a".repeat(POLL_REQUEST_CHARS));
        for target in [
            "/dopolling",
            "/doPolling//",
            "/doPolling/x",
            "/doPolling?tag=",
            "/doPolling?tag=a%20b",
            "/doPolling?tag=a&tag=a",
            "/doPolling?pollreq=a/b",
            "/doPolling?pollreq=%",
            "/doPolling?pollreq=%ff",
            "/doPolling?after=-1",
            "/doPolling?after=",
            "/doPolling?after=86401",
            &format!("/doPolling?tag={}", "a".repeat(POLL_TAG_CHARS + 1)),
            &format!("/doPolling?pollreq={many}"),
            &long,
        ] {
            assert_eq!(PollRequest::read(target), None, "{target}");
        }
    }

    #[test]
    fn what_is_passed_on_names_those_that_are_left() {
        let asked = request(Some("t"), Some(&["a", "b", "c"]), 60);
        let passed = asked.passed_on(&[address("a"), address("c"), address("z")]);
        assert_eq!(passed, request(Some("t"), Some(&["b"]), 0));
        assert!(asked.names(&address("b")) && !asked.names(&address("z")));
        let free = request(Some("t"), None, 0);
        assert_eq!(free.passed_on(&[address("a")]), free);
        assert!(free.names(&address("z")));
    }

    #[test]
    fn a_tag_of_the_center_has_22_characters() {
        let tag = PollTag::from_bytes(&[0xff; 16]);
        assert_eq!(tag.as_str().len(), 22);
        assert_eq!(tag.to_bytes(), Some([0xff; 16]));
        for other in ["t", "_____________________", "______________________A"] {
            let other: PollTag = other.parse().expect("a tag");
            assert_eq!(other.to_bytes(), None);
        }
    }
}
