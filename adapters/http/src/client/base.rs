//! A center's address: https, or plain HTTP on this very machine.

use reqwest::Url;

/// Where a center's paths begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base(Url);

/// Why a text is no center's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseError {
    /// No URL, or one without a host.
    #[error("{text:?} is no address of a center; expected something like https://center.example/")]
    Form {
        /// What was given.
        text: String,
    },
    /// User name, password, query or fragment.
    #[error("the center's address must not hold a user name, a password, a query or a fragment")]
    Superfluous,
    /// Plain HTTP to another machine.
    #[error(
        "{host} is another machine, and plain HTTP would send access codes in the clear; use https"
    )]
    PlainBeyondLoopback {
        /// The host.
        host: String,
    },
}

impl Base {
    /// Reads an address.
    // spec: HTTP-016
    pub(super) fn new(text: &str) -> Result<Self, BaseError> {
        let base = Self::for_envelopes(text)?;
        let host = base.0.host_str().unwrap_or_default();
        if base.is_plain() && !is_this_machine(host) {
            let host = host.to_owned();
            return Err(BaseError::PlainBeyondLoopback { host });
        }
        Ok(base)
    }

    /// Reads an address to which nothing is sent but sealed envelopes, so that plain HTTP is for
    /// any machine.
    pub(super) fn for_envelopes(text: &str) -> Result<Self, BaseError> {
        let form = || BaseError::Form { text: text.into() };
        let mut url = Url::parse(text).map_err(|_| form())?;
        url.host_str().ok_or_else(form)?;
        let superfluous = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        if superfluous {
            return Err(BaseError::Superfluous);
        }
        if !["https", "http"].contains(&url.scheme()) {
            return Err(form());
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Self(url))
    }

    /// What stands for a center behind a socket of this machine, which has no name.
    pub(super) fn of_socket() -> Result<Self, BaseError> {
        Self::new("http://localhost/")
    }

    /// Whether it is plain HTTP.
    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// The address of a path of the route table, with its query.
    pub(super) fn address(&self, path: &str, query: &[(&str, String)]) -> Option<Url> {
        let mut url = self.0.join(path.trim_start_matches('/')).ok()?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Some(url)
    }
}

/// Whether a URL's host is this very machine.
pub(super) fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = bare
        .parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.to_canonical().is_loopback());
    loopback || bare == "localhost"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for good in [
            "http://127.0.0.1:8080",
            "http://[::1]/",
            "http://localhost:1/x",
        ] {
            assert!(Base::new(good).is_ok(), "{good}");
        }
        let error = Base::new("http://center.example/").expect_err("another machine");
        assert_eq!(
            error.to_string(),
            "center.example is another machine, and plain HTTP would send access codes in the \
             clear; use https"
        );
        assert!(Base::new("http://localhost.example/").is_err());
        assert!(Base::for_envelopes("http://center.example/").is_ok());
    }

    #[test]
    fn a_path_before_the_routes_is_kept() {
        let base = Base::new("https://vendor.example/restante").expect("an address");
        let query = [("user", "Müller & Sohn".to_owned())];
        let url = base.address("/v1/devices", &query).expect("an address");
        assert_eq!(
            url.as_str(),
            "https://vendor.example/restante/v1/devices?user=M%C3%BCller+%26+Sohn"
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "center.example",
            "ftp://center.example/",
            "https://",
            "mailto:a@b",
        ] {
            assert!(
                matches!(Base::new(bad), Err(BaseError::Form { .. })),
                "{bad}"
            );
        }
        for bad in ["https://a@b/", "https://b/?x", "https://b/#x"] {
            assert_eq!(Base::new(bad), Err(BaseError::Superfluous), "{bad}");
        }
    }
}
