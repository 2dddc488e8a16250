//! Telling another program what happened: a signed POST to an address that the operator chose.
//!
//! The form is that of Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`),
//! so that receivers can verify it with libraries that exist. The id is the same each time that one
//! event is told; whoever has seen it may pass it over. Nothing of the answer is read but its
//! status.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::CONTENT_TYPE;
use reqwest::{StatusCode, Url};
use ring::hmac;

use super::base::is_this_machine;
use super::exchange::failed;
use super::{ClientError, SendError, Trust, builder};

/// A program that is told what happens.
#[derive(Clone, Debug)]
pub struct Webhook {
    http: reqwest::Client,
    url: Url,
    secret: WebhookSecret,
}

/// The key that both sides know: `whsec_` and the base64 of 24 to 64 bytes.
#[derive(Clone, Debug)]
pub struct WebhookSecret(hmac::Key);

/// Why a text is no secret for a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected whsec_ and the base64 of 24 to 64 random bytes")]
pub struct WebhookSecretError;

/// Why there is no such webhook.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The address cannot be used.
    #[error("expected an https URL without a user name, or plain http to this very machine")]
    Url,
    /// The HTTP client cannot be set up.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Why something was not told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TellError {
    /// Nobody took it: no connection, no answer in time, or an answer that says "later".
    #[error("{why}")]
    Later {
        /// What went wrong.
        why: String,
    },
    /// The receiver refuses this very message, by this status.
    #[error("the receiver answered {status}")]
    Refused {
        /// Its answer's status.
        status: u16,
    },
}

impl std::str::FromStr for WebhookSecret {
    type Err = WebhookSecretError;

    fn from_str(text: &str) -> Result<Self, WebhookSecretError> {
        let base64 = text.strip_prefix("whsec_").ok_or(WebhookSecretError)?;
        let bytes = STANDARD.decode(base64).map_err(|_| WebhookSecretError)?;
        if SECRET_BYTES.contains(&bytes.len()) {
            Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
        } else {
            Err(WebhookSecretError)
        }
    }
}

impl WebhookSecret {
    /// What `webhook-signature` holds.
    fn sign(&self, id: &str, seconds: u64, body: &[u8]) -> String {
        let mut signed = hmac::Context::with_key(&self.0);
        signed.update(format!("{id}.{seconds}.").as_bytes());
        signed.update(body);
        format!("v1,{}", STANDARD.encode(signed.sign()))
    }
}

impl Webhook {
    /// A webhook at this address. One message may take `within`, from the connection to the status.
    ///
    /// # Errors
    /// [`WebhookError`] where the address or the certificates cannot be used.
    pub fn new(
        url: &str,
        secret: WebhookSecret,
        trust: &Trust,
        within: Duration,
    ) -> Result<Self, WebhookError> {
        let url = Url::parse(url).map_err(|_| WebhookError::Url)?;
        let host = url.host_str().ok_or(WebhookError::Url)?;
        let is_safe = match url.scheme() {
            "https" => true,
            "http" => is_this_machine(host),
            _ => false,
        };
        if !is_safe || !url.username().is_empty() || url.password().is_some() {
            return Err(WebhookError::Url);
        }
        let mut builder = builder(trust)?.timeout(within).connect_timeout(within);
        if url.scheme() == "http" {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(ClientError::Setup)?;
        Ok(Self { http, url, secret })
    }

    /// Tells one thing once. `id` is what the receiver knows it by, `seconds` the time of this
    /// attempt since 1970.
    ///
    /// # Errors
    /// [`TellError`]: the receiver may have taken it all the same, and has the id to know it by.
    pub async fn tell(&self, id: &str, seconds: u64, body: Vec<u8>) -> Result<(), TellError> {
        let signature = self.secret.sign(id, seconds, &body);
        let request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(body);
        let response = request.send().await.map_err(|error| unanswered(&error))?;
        match response.status() {
            status if status.is_success() => Ok(()),
            status if is_temporary(status) => Err(TellError::Later {
                why: format!("the receiver answered {}", status.as_u16()),
            }),
            status => Err(TellError::Refused {
                status: status.as_u16(),
            }),
        }
    }
}

fn unanswered(error: &reqwest::Error) -> TellError {
    let why = match failed(error) {
        SendError::Untrusted { why } => format!("its certificate is not trusted here ({why})"),
        other => other.to_string(),
    };
    TellError::Later { why }
}

fn is_temporary(status: StatusCode) -> bool {
    let waits = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() || waits.contains(&status)
}

/// Bytes of a secret, as Standard Webhooks has them.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_the_published_example() {
        let secret: WebhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
            .parse()
            .expect("a secret");
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signature = secret.sign(id, 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_is_short_or_no_base64_is_none() {
        for bad in [
            "",
            "whsec_",
            "whsec_AAAA",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_*",
        ] {
            assert!(bad.parse::<WebhookSecret>().is_err(), "{bad}");
        }
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse::<WebhookSecret>();
        assert!(!format!("{secret:?}").contains("MfKQ"));
    }

    #[test]
    fn plain_http_goes_to_this_machine_alone() {
        let secret: WebhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
            .parse()
            .expect("a secret");
        let made = |url: &str| {
            Webhook::new(url, secret.clone(), &Trust::none(), Duration::from_secs(1)).is_ok()
        };
        assert!(made("https://hooks.example/a?token=b"));
        assert!(made("http://127.0.0.1:8080/"));
        for bad in [
            "http://hooks.example/",
            "https://me@hooks.example/",
            "ftp://localhost/",
            "x",
        ] {
            assert!(!made(bad), "{bad}");
        }
    }
}
