//! `[notify]`: who is told what happens, besides the log.
//!
//! One webhook, signed with a secret that has a file of its own. Without the section nobody is told
//! but the log.

use std::path::{Path, PathBuf};
use std::time::Duration;

use restante_core::Seconds;

use super::document::{ConfigError, Document, Section};
use super::{duration, seconds};

/// Who is told what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// Where it is told: an https URL, or plain http to this machine.
    pub webhook: String,
    /// The private file with the secret that signs it.
    pub secret: PathBuf,
    /// Certificates to trust besides the system's, as a PEM file.
    pub ca: Option<PathBuf>,
    /// How long one attempt may take.
    pub within: Duration,
}

/// Reads the section.
pub(super) fn read(
    mut section: Section<'_>,
    document: &Document<'_>,
    folder: &Path,
) -> Result<Option<Notify>, ConfigError> {
    let place = section.place().clone();
    let webhook = section.text("webhook")?;
    let secret = section.text("secret")?;
    let ca = section.text("ca")?;
    let times = Seconds::new(1)..=Seconds::MINUTE;
    let within = section.duration("within", times, seconds(WITHIN))?;
    section.done()?;
    match (webhook, secret) {
        (None, None) => Ok(None),
        (None, Some(secret)) => {
            let what = "[notify] has a `secret` and no `webhook` that is told";
            Err(document.mistake(&secret.at, what))
        }
        (Some(_), None) => Err(document.mistake(&place, NO_SECRET)),
        (Some(webhook), Some(secret)) => {
            let is_url = ["https://", "http://"].map(|scheme| webhook.value.starts_with(scheme));
            if is_url == [false, false] {
                let what = "`webhook` has to be a URL, such as https://hooks.example/restante";
                return Err(document.mistake(&webhook.at, what));
            }
            Ok(Some(Notify {
                webhook: webhook.value,
                secret: folder.join(secret.value),
                ca: ca.map(|ca| folder.join(ca.value)),
                within: duration(within),
            }))
        }
    }
}

const NO_SECRET: &str = "[notify] needs `secret`, a private file with whsec_ and the base64 of 32 \
                         random bytes; make one with: \
                         (umask 077; echo whsec_$(openssl rand -base64 32) > webhook-secret)";
/// How long one attempt may take.
const WITHIN: Duration = Duration::from_secs(10);
