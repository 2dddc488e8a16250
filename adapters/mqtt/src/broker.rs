//! Which broker, as whom, and how it is known.
//!
//! A URL says the first, `mqtt://broker.example:1883` or `mqtts://broker.example:8883`. A password
//! has no place in it: it would stand in configurations, process lists and logs.

use std::fmt;
use std::str::FromStr;

use crate::name::Name;
use crate::tls::Tls;

/// Where a broker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    host: String,
    port: u16,
    is_tls: bool,
}

/// Why a text names no broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerUrlError {
    /// Another scheme, or a text that is no URL.
    #[error("write it as mqtts://broker.example or mqtt://broker.example:1883")]
    Form,
    /// A user's name or password.
    #[error("a user name and a password do not belong in a URL; they have a file of their own")]
    Login,
}

/// As whom.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// All that makes a connection.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the broker is.
    pub broker: Broker,
    /// This client's id there.
    pub client: Name,
    /// The user, if the broker wants one.
    pub login: Option<Login>,
    /// How the broker is known. Without it, and with `mqtts`, by the system's roots.
    pub tls: Option<Tls>,
}

impl FromStr for Broker {
    type Err = BrokerUrlError;

    fn from_str(url: &str) -> Result<Self, BrokerUrlError> {
        let (scheme, rest) = url.split_once("://").ok_or(BrokerUrlError::Form)?;
        let is_tls = match scheme {
            "mqtt" => false,
            "mqtts" => true,
            _ => return Err(BrokerUrlError::Form),
        };
        let at = rest.strip_suffix('/').unwrap_or(rest);
        if at.contains('@') {
            return Err(BrokerUrlError::Login);
        }
        let (host, port) = host_and_port(at).ok_or(BrokerUrlError::Form)?;
        let is_text = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_text) {
            return Err(BrokerUrlError::Form);
        }
        let default = if is_tls { PORT_OF_TLS } else { PORT };
        Ok(Self {
            host: host.to_owned(),
            port: port.unwrap_or(default),
            is_tls,
        })
    }
}

/// Splits `host`, `host:port`, `[ipv6]` and `[ipv6]:port`.
fn host_and_port(at: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match at.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            let port = match rest {
                "" => None,
                _ => Some(rest.strip_prefix(':')?),
            };
            (host, port)
        }
        None => match at.split_once(':') {
            Some((_, more)) if more.contains(':') => return None,
            Some((host, port)) => (host, Some(port)),
            None => (at, None),
        },
    };
    match port {
        None => Some((host, None)),
        Some(port) => {
            let port: u16 = port.parse().ok().filter(|port| *port != 0)?;
            Some((host, Some(port)))
        }
    }
}

impl Broker {
    /// Its host's name or address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is spoken to over TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.is_tls
    }
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl Login {
    /// Reads a user's name and a password, which stand on a line each.
    #[must_use]
    pub fn from_lines(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (user, password) = (lines.next()?, lines.next()?);
        let is_all = lines.all(str::is_empty) && !user.is_empty();
        is_all.then(|| Self {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Registered for MQTT.
const PORT: u16 = 1883;
/// Registered for MQTT over TLS.
const PORT_OF_TLS: u16 = 8883;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_host_port_and_whether_tls_is_spoken() {
        for (url, is, is_tls) in [
            ("mqtt://broker.example", "broker.example:1883", false),
            ("mqtts://broker.example/", "broker.example:8883", true),
            ("mqtt://127.0.0.1:2000", "127.0.0.1:2000", false),
            ("mqtts://[::1]:99", "[::1]:99", true),
            ("mqtts://[::1]", "[::1]:8883", true),
        ] {
            let broker: Broker = url.parse().expect(url);
            assert_eq!((broker.to_string().as_str(), broker.is_tls()), (is, is_tls));
        }
    }

    #[test]
    fn what_names_no_broker_is_refused_with_what_would_be_right() {
        for url in [
            "broker.example",
            "https://broker.example",
            "mqtt://",
            "mqtt://a:0",
            "mqtt://a:b",
            "mqtt://a b",
            "mqtt://a/topic",
            "mqtt://::1",
        ] {
            assert_eq!(url.parse::<Broker>(), Err(BrokerUrlError::Form), "{url}");
        }
        let with_login = "mqtt://me:secret@broker.example".parse::<Broker>();
        assert_eq!(with_login, Err(BrokerUrlError::Login));
    }

    #[test]
    fn a_login_is_two_lines_and_its_password_is_never_shown() {
        let login = Login::from_lines("center\nse cret\n").expect("a login");
        assert_eq!((&*login.user, &*login.password), ("center", "se cret"));
        assert!(!format!("{login:?}").contains("cret\""));
        for none in ["", "center", "\nsecret", "center\nsecret\nmore"] {
            assert!(Login::from_lines(none).is_none(), "{none:?}");
        }
    }
}
