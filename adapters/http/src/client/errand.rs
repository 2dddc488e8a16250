//! Presenting a device and its registration code to a service's server.
//!
//! The server is not the center. It gets the pair at exactly the URL that the machine has judged,
//! over TLS with a certificate that is trusted here, and nothing else: there is no credential that
//! this client could send, and it follows no redirection. Serves spec chapter SVC.

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use restante_core::id::Note;
use restante_core::limits::MESSAGE_BYTES;
use restante_core::registrant::{Errand, ServiceAnswer};
use restante_core::time::Seconds;
use restante_core::wire::{Registered, json};

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
        let answered = match request.send().await {
            Ok(response) => answered(response).await,
            Err(error) => Err(failed(&error)),
        };
        answered.unwrap_or_else(|error| Served {
            answer: ServiceAnswer::Nothing,
            why: Some(match error {
                SendError::Untrusted { why } => {
                    format!("the certificate of the service's server is not trusted here ({why})")
                }
                error => error.to_string(),
            }),
        })
    }
}

/// What an answer means, whoever's server gave it. What a client did wrong stays wrong; what
/// stands in the server's own way, or in the way of too many, passes.
// spec: SVC-056, SVC-057
async fn answered(mut response: Response) -> Result<Served, SendError> {
    let body = bounded(&mut response, MESSAGE_BYTES).await?;
    let status = response.status();
    let unread = || SendError::link(format!("the service's server answered {status}"));
    let answer = match status.as_u16() {
        200 => {
            let registered: Result<Registered, _> = json::parse(&body);
            ServiceAnswer::Registered(registered.map_err(|_| unread())?)
        }
        300..=399 => ServiceAnswer::Refused(note(&format!(
            "the service's server answered {} and points elsewhere, where this device does not go",
            status.as_u16()
        ))?),
        408 | 425 | 429 | 500..=599 => {
            return Ok(Served {
                answer: ServiceAnswer::Later(retry_after(&response)),
                why: Some(format!("the service's server answered {status}")),
            });
        }
        400..=499 => ServiceAnswer::Refused(note(&refusal(&response, &body, status))?),
        _ => return Err(unread()),
    };
    Ok(Served { answer, why: None })
}

/// The refusal's own words where it is one of this protocol, and the status where it is not: what
/// a stranger's server writes is nobody's sentence here.
fn refusal(response: &Response, body: &[u8], status: StatusCode) -> String {
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let problem: Option<Problem> = json::parse(body).ok();
    let known = problem.and_then(Problem::into_refusal);
    match known.filter(|_| kind.starts_with(problem::MEDIA_TYPE)) {
        Some(refusal) => refusal.code.title().to_owned(),
        None => format!("the service's server answered {}", status.as_u16()),
    }
}

fn note(text: &str) -> Result<Note, SendError> {
    Note::new(text).map_err(|error| SendError::link(error.to_string()))
}

fn retry_after(response: &Response) -> Seconds {
    let header = response.headers().get(RETRY_AFTER);
    let text = header.and_then(|header| header.to_str().ok());
    let seconds = text.and_then(|text| text.parse().ok());
    seconds.map_or(Seconds::ZERO, Seconds::new)
}
