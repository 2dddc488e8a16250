//! The bundled provider behind the lines of a hook: the reference library with TLS and SQLite,
//! which dials the kit over real connections and is dialled by it; its clock is moved by the kit
//! alone.

use std::sync::Arc;

use restante_center::provider::{ClientLink, Link};
use restante_core::code::AccessToken;
use restante_core::wire::people::DateTime;
use restante_http::client::{Client, Trust};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::bundled::{LoopbackProvider, PROVIDED};
use crate::hook::{Outcome, Request, Response, Verb};
use crate::party::served::{Stuck, stuck};

/// Makes what carries a provider's messages to this center, given the certificates to trust as PEM
/// and the token to present.
///
/// # Errors
/// A sentence, where one of them cannot be used.
pub type Reach = Arc<dyn Fn(&str, &str, &str) -> Result<Arc<dyn Link>, String> + Send + Sync>;

/// As the reference program reaches its center.
pub(crate) fn reach(
    center: &str,
    certificates: &str,
    token: &str,
) -> Result<Arc<dyn Link>, String> {
    let trust = Trust::only(certificates.as_bytes()).map_err(|why| why.to_string())?;
    let client = Client::new(center, &trust).map_err(|why| why.to_string())?;
    let token = token.parse::<AccessToken>();
    let token = token.map_err(|why| why.to_string())?;
    Ok(Arc::new(ClientLink::new(client, token)))
}

/// Serves the bundled provider: lines come from `asks`, and each has its answer in `says`.
///
/// # Errors
/// [`Stuck`] on a line that no kit writes, and where the machine yields no port or folder.
pub async fn serve_provider(
    mut asks: mpsc::Receiver<String>,
    says: mpsc::Sender<String>,
    reach: Reach,
) -> Result<(), Stuck> {
    let seed = u64::from(std::process::id());
    let mut provider = LoopbackProvider::new(seed).map_err(stuck)?;
    while let Some(line) = asks.recv().await {
        let request: Request = serde_json::from_str(&line).map_err(stuck)?;
        let outcome = match request.known_verb() {
            Err(outcome) => outcome,
            Ok(verb) => done(&mut provider, &reach, verb, &request.with)
                .await
                .unwrap_or_else(Outcome::Error),
        };
        let id = request.id;
        let answer = serde_json::to_string(&Response { id, outcome }).map_err(stuck)?;
        if says.send(answer).await.is_err() {
            break;
        }
    }
    provider.switch_off().await;
    Ok(())
}

async fn done(
    provider: &mut LoopbackProvider,
    reach: &Reach,
    verb: Verb,
    with: &Value,
) -> Result<Outcome, String> {
    let text = |name: &str| with.get(name).and_then(Value::as_str).unwrap_or_default();
    Ok(Outcome::Ok(match verb {
        Verb::Start => {
            let link = reach(text("center"), text("certificates"), text("token"))?;
            provider.start(link).await?;
            json!({
                "service": PROVIDED,
                "url": provider.url(),
                "certificates": provider.certificate(),
                "now": DateTime(provider.now()),
            })
        }
        Verb::Reset => {
            provider.restart().await?;
            json!({})
        }
        Verb::Stop => {
            provider.switch_off().await;
            json!({})
        }
        Verb::Advance => {
            let seconds = with.get("seconds").and_then(Value::as_u64).unwrap_or(0);
            let passed = provider.advance(seconds).await?;
            json!({ "passed": passed, "busy": provider.is_busy() })
        }
        _ => return Ok(Outcome::Unsupported("a provider has no such thing".into())),
    }))
}
