//! The URL at which a device registers for a service, judged by what a device may follow.
//!
//! A device that is told a URL is told where to go; whoever could choose it freely could send a
//! fleet anywhere. So a device takes `https` only, hosts of its allow-list only, no user names, no
//! IP literals and no host that is not plain ASCII (an internationalised name comes in its A-label
//! form, so that the comparison is one of bytes).

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::limits::{HOST_CHARS, URL_CHARS};

/// An `https` URL with a host name, as a device may follow it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceUrl(String);

/// Why a text is no URL that a device may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It is too long.
    #[error("the URL is longer than {URL_CHARS} characters")]
    TooLong,
    /// It holds something that is not printable ASCII, or a character that no URL has.
    #[error("the URL holds a character that a URL does not have, at position {position}")]
    BadChar {
        /// Where, counted from 1.
        position: usize,
    },
    /// It does not begin with `https://`.
    #[error("the URL does not begin with https://")]
    NotHttps,
    /// It carries a user name or a password.
    #[error("the URL carries a user name or a password before its host")]
    UserInfo,
    /// It names no host, or not in a form that a host name has.
    #[error("the URL names no host, or one in a wrong form")]
    Host,
    /// Its host is an IP address.
    #[error("the URL's host is an IP address; only host names are allowed")]
    IpLiteral,
    /// Its port is no port.
    #[error("the URL's port is not a number from 1 to 65535")]
    Port,
    /// It has a fragment, which no server ever sees.
    #[error("the URL has a fragment (#…)")]
    Fragment,
    /// Its host is not among those that the center allows.
    #[error("the URL's host is not on the list that the center gave this device")]
    NotAllowed,
}

impl ServiceUrl {
    /// Takes `text` if a device may follow such a URL at all, whatever its host.
    ///
    /// # Errors
    /// [`UrlError`] names the rule that it breaks.
    pub fn new(text: impl Into<String>) -> Result<Self, UrlError> {
        let text = text.into();
        check_characters(&text)?;
        let rest = text.strip_prefix(SCHEME).ok_or(UrlError::NotHttps)?;
        let (authority, _) = split_authority(rest);
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        let (host, port) = split_port(authority)?;
        check_host(host)?;
        if let Some(port) = port {
            check_port(port)?;
        }
        Ok(Self(text))
    }

    /// Takes `text` if a device may follow it: a good URL whose host is one of `hosts`.
    ///
    /// # Errors
    /// [`UrlError`] names the rule that it breaks.
    pub fn allowed<'h>(
        text: &str,
        hosts: impl IntoIterator<Item = &'h str>,
    ) -> Result<Self, UrlError> {
        let url = Self::new(text)?;
        let mut hosts = hosts.into_iter();
        if hosts.any(|host| host.eq_ignore_ascii_case(url.host())) {
            Ok(url)
        } else {
            Err(UrlError::NotAllowed)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its host name, as it is written.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.get(SCHEME.len()..).unwrap_or_default();
        let (authority, _) = split_authority(rest);
        authority
            .split_once(':')
            .map_or(authority, |(host, _)| host)
    }
}

fn check_characters(text: &str) -> Result<(), UrlError> {
    if text.len() > URL_CHARS {
        return Err(UrlError::TooLong);
    }
    let good = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`');
    let good = |c: char| good(c) && !matches!(c, '{' | '|' | '}');
    match text.chars().zip(1..).find(|(c, _)| !good(*c)) {
        Some((_, position)) => Err(UrlError::BadChar { position }),
        None if text.contains('#') => Err(UrlError::Fragment),
        None => Ok(()),
    }
}

/// What stands before the path or the query, and the rest.
fn split_authority(rest: &str) -> (&str, &str) {
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    rest.split_at_checked(end).unwrap_or((rest, ""))
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), UrlError> {
    if authority.starts_with('[') {
        return Err(UrlError::IpLiteral);
    }
    Ok(match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    })
}

/// A host name of letters, digits and hyphens in labels (RFC 1123). Where the last label is a
/// number in any notation, a resolver may take the whole for an IPv4 address, and so it counts as
/// one.
pub(super) fn check_host(host: &str) -> Result<(), UrlError> {
    if host.is_empty() || host.len() > HOST_CHARS {
        return Err(UrlError::Host);
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if !name.split('.').all(is_label) {
        return Err(UrlError::Host);
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    let hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(hex)
        || last.strip_prefix("0X").is_some_and(hex);
    if is_number {
        Err(UrlError::IpLiteral)
    } else {
        Ok(())
    }
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_CHARS).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn check_port(port: &str) -> Result<(), UrlError> {
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(1..) if digits => Ok(()),
        _ => Err(UrlError::Port),
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ServiceUrl {
    type Err = UrlError;
    fn from_str(text: &str) -> Result<Self, UrlError> {
        Self::new(text)
    }
}

impl Serialize for ServiceUrl {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ServiceUrl {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(d)?).map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ServiceUrl {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "ServiceUrl".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "uri",
            "description": "an https URL with a host name: no user name, no IP literal, no fragment",
            "pattern": "^https://[A-Za-z0-9.-]+(:[0-9]+)?([/?][!-~]*)?$",
            "maxLength": URL_CHARS,
        })
    }
}

const SCHEME: &str = "https://";
/// Characters of one label of a host name (RFC 1035).
const LABEL_CHARS: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_good_url_keeps_its_text_and_shows_its_host() {
        for (text, host) in [
            ("https://service-x.a.com/regist", "service-x.a.com"),
            ("https://service-x.a.com:8443/regist?x=1", "service-x.a.com"),
            ("https://service-x.a.com", "service-x.a.com"),
            ("https://xn--bcher-kva.example?q", "xn--bcher-kva.example"),
            ("https://3m.example/", "3m.example"),
        ] {
            let url = ServiceUrl::new(text).expect(text);
            assert_eq!((url.as_str(), url.host()), (text, host));
        }
    }

    #[test]
    fn every_rule_that_is_broken_is_named() {
        for (text, rule) in [
            ("http://a.example/", UrlError::NotHttps),
            ("HTTPS://a.example/", UrlError::NotHttps),
            ("https://", UrlError::Host),
            ("https:///path", UrlError::Host),
            ("https://-a.example/", UrlError::Host),
            ("https://a..example/", UrlError::Host),
            ("https://a_b.example/", UrlError::Host),
            ("https://user@a.example/", UrlError::UserInfo),
            ("https://user:pass@a.example/", UrlError::UserInfo),
            ("https://192.0.2.1/", UrlError::IpLiteral),
            ("https://[2001:db8::1]/", UrlError::IpLiteral),
            ("https://3221225985/", UrlError::IpLiteral),
            ("https://0xC0000201/", UrlError::IpLiteral),
            ("https://192.0.2.1./", UrlError::IpLiteral),
            ("https://a.example:0/", UrlError::Port),
            ("https://a.example:+80/", UrlError::Port),
            ("https://a.example:65536/", UrlError::Port),
            ("https://a.example:/", UrlError::Port),
            ("https://a.example/#part", UrlError::Fragment),
            ("https://a.example/a b", UrlError::BadChar { position: 20 }),
            (
                "https://b\u{fc}cher.example/",
                UrlError::BadChar { position: 10 },
            ),
            (
                "https://a.example\\@b.example/",
                UrlError::BadChar { position: 18 },
            ),
        ] {
            assert_eq!(ServiceUrl::new(text), Err(rule), "{text}");
        }
        let long = "https://a.example/".to_string() + &"x".repeat(URL_CHARS);
        assert_eq!(ServiceUrl::new(long), Err(UrlError::TooLong));
    }

    #[test]
    fn only_a_host_of_the_list_is_followed_whatever_its_case() {
        let hosts = ["service-x.a.com"];
        assert!(ServiceUrl::allowed("https://Service-X.a.com/regist", hosts).is_ok());
        for text in [
            "https://a.com/regist",
            "https://service-x.a.com.evil.example/regist",
            "https://evil-service-x.a.com/regist",
            "https://evil.example/?service-x.a.com",
        ] {
            assert_eq!(
                ServiceUrl::allowed(text, hosts),
                Err(UrlError::NotAllowed),
                "{text}"
            );
        }
    }
}
