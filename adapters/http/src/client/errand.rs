//! Presenting a device and its registration code to a service's server.
//!
//! The server is not the center. It gets the pair at exactly the URL that the machine has judged,
//! over TLS with a certificate that is trusted here, and nothing else: there is no credential that
//! this client could send, and it follows no redirection. Serves spec chapter SVC.

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use restante_core::id::Note;
use restante_core::limits::MESSAGE_BYTES;
use restante_core::registrant::{Errand, ServiceAnswer};
use restante_core::time::Seconds;
use restante_core::wire::{Refusal, json};

use super::exchange::{bounded, failed};
use super::trust::Trust;
use super::{ClientError, SendError, builder};
use crate::problem::{self, Problem};

/// The way to the servers of services.
#[derive(Clone, Debug)]
pub struct ServiceClient {
    http: reqwest::Client,
}

/// What came of an errand, and a sentence for people where nothing came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// What the machine is told.
    pub answer: ServiceAnswer,
    /// Why there is no answer that counts.
    pub why: Option<String>,
}

impl ServiceClient {
    /// A client that believes these certificates.
    ///
    /// # Errors
    /// [`ClientError`] where the certificates cannot be used.
    pub fn new(trust: &Trust) -> Result<Self, ClientError> {
        // spec: SVC-061
        let builder = builder(trust)?.https_only(true);
        let http = builder.build().map_err(ClientError::Setup)?;
        Ok(Self { http })
    }

    /// Runs an errand.
    // spec: SVC-053, SVC-054
    pub async fn register(&self, errand: &Errand) -> Served {
        let request = self
            .http
            .post(errand.url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .body(json::to_bytes(&errand.message));
        let got = match request.send().await {
            Ok(response) => got(response).await,
            Err(error) => Err(failed(&error)),
        };
        got.unwrap_or_else(|error| {
            Served::nothing(match error {
                SendError::Untrusted { why } => {
                    format!("the certificate of the service's server is not trusted here ({why})")
                }
                error => error.to_string(),
            })
        })
    }
}

impl Served {
    /// That nothing came, and why.
    #[must_use]
    pub const fn nothing(why: String) -> Self {
        Self {
            answer: ServiceAnswer::Nothing,
            why: Some(why),
        }
    }
}

async fn got(mut response: Response) -> Result<Served, SendError> {
    let body = bounded(&mut response, MESSAGE_BYTES).await?;
    let header = |name| response.headers().get(name)?.to_str().ok();
    let headers = (header(RETRY_AFTER), header(CONTENT_TYPE));
    Ok(served(response.status().as_u16(), headers, &body))
}

/// What an answer means, whoever's server gave it: its status, `Retry-After` and `Content-Type`,
/// and its body. What a client did wrong stays wrong; what stands in the server's own way, or in
/// the way of too many, passes.
// spec: SVC-056, SVC-057
#[must_use]
pub fn served(status: u16, headers: (Option<&str>, Option<&str>), body: &[u8]) -> Served {
    let (retry_after, kind) = headers;
    let bare = || format!("the service's server answered {status}");
    let refused = |why: &str| match Note::new(why) {
        Ok(why) => ServiceAnswer::Refused(why),
        Err(_) => ServiceAnswer::Nothing,
    };
    let mut why = None;
    let answer = match status {
        200 => match json::parse(body) {
            Ok(registered) => ServiceAnswer::Registered(registered),
            Err(error) => return Served::nothing(format!("the reply cannot be read: {error}")),
        },
        300..=399 => refused(&format!(
            "{} and points elsewhere; nobody goes there",
            bare()
        )),
        408 | 425 | 429 | 500..=599 => {
            why = Some(bare());
            let seconds = retry_after.and_then(|text| text.parse().ok());
            ServiceAnswer::Later(seconds.map_or(Seconds::ZERO, Seconds::new))
        }
        400..=499 => match refusal(kind, body) {
            Some(refusal) => refused(refusal.code.title()),
            None => refused(&bare()),
        },
        _ => return Served::nothing(bare()),
    };
    Served { answer, why }
}

/// A refusal of this protocol. What else a stranger's server writes is nobody's sentence here.
fn refusal(kind: Option<&str>, body: &[u8]) -> Option<Refusal> {
    kind.filter(|kind| kind.starts_with(problem::MEDIA_TYPE))?;
    let problem: Problem = json::parse(body).ok()?;
    problem.into_refusal()
}
