//! Handing a device's mail to its mail server.
//!
//! The mail server of a site takes the mail and answers for it from then on; that is all that a
//! device ever hears. Without TLS nothing is sent unless a person has said so for this server, and
//! a name and a password never are. Serves spec section 13.3.

mod conversation;

use std::fmt;
use std::time::Duration;

use lettre::address::AddressError;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, Message};
use restante_core::limits::REPLY_WAIT;
use restante_core::wire::{Mailed, RegisterAt, json};

use crate::MEDIA_TYPE;

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// It begins in the clear and goes on with TLS, or not at all.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Without TLS.
    Plain,
}

/// A password. It never shows in what is written about the settings.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// A mail server, and from whom to whom the mails go.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The mail server's host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Certificates to trust besides the system's, as PEM.
    pub trust: Option<Vec<u8>>,
    /// A name and a password, if the server wants them.
    pub login: Option<(String, Password)>,
    /// The device's own address.
    pub from: String,
    /// The center's address.
    pub to: String,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// An address is none.
    #[error("{text:?} is no mail address: {why}")]
    Address {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: AddressError,
    },
    /// A password would travel in the clear.
    #[error("a name and a password are not sent to a mail server without TLS")]
    PlainPassword,
    /// The certificates or the TLS library cannot be used.
    #[error("no TLS to the mail server: {0}")]
    Tls(#[source] smtp::Error),
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// The mail server has it, and answers for it from now on.
    Taken,
    /// The mail server will not take it, and trying again would change nothing.
    Refused(String),
    /// The mail server's certificate is not trusted, for this reason. A person can mend that, and
    /// the mail goes then.
    Untrusted(String),
    /// It was not taken this time, for this reason.
    NotNow(String),
}

/// The way to a mail server.
#[derive(Clone, Debug)]
pub struct MailServer {
    host: String,
    port: u16,
    tls: Tls,
    login: Option<Credentials>,
    from: Mailbox,
    to: Mailbox,
}

impl MailServer {
    /// A way to the mail server of these settings. Nothing is sent yet.
    ///
    /// # Errors
    /// [`SettingsError`] says what is wrong with them.
    // spec: MAIL-016
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let (from, to) = (mailbox(&settings.from)?, mailbox(&settings.to)?);
        let tls = match settings.security {
            Security::StartTls => Tls::Required(parameters(&settings)?),
            Security::Tls => Tls::Wrapper(parameters(&settings)?),
            Security::Plain if settings.login.is_some() => {
                return Err(SettingsError::PlainPassword);
            }
            Security::Plain => Tls::None,
        };
        let login = settings.login;
        Ok(Self {
            host: settings.host,
            port: settings.port,
            tls,
            login: login.map(|(name, password)| Credentials::new(name, password.0)),
            from,
            to,
        })
    }

    /// Hands a registration over.
    // spec: MAIL-012, MAIL-014, MAIL-015
    pub async fn hand_over(&self, message: RegisterAt) -> Handed {
        let mail = match letter(&self.from, &self.to, &Mailed::Register(message)) {
            Ok(mail) => mail,
            Err(error) => return Handed::NotNow(format!("no mail can be written: {error}")),
        };
        let handed = tokio::time::timeout(PATIENCE, self.converse(&mail)).await;
        handed.unwrap_or_else(|_| {
            let seconds = PATIENCE.as_secs();
            Handed::NotNow(format!(
                "the mail server did not take the mail within {seconds} seconds"
            ))
        })
    }
}

/// A mail that holds this message, and asks machines not to answer it.
fn letter(from: &Mailbox, to: &Mailbox, message: &Mailed) -> Result<Message, lettre::error::Error> {
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let kind = ContentType::parse(MEDIA_TYPE).unwrap_or(ContentType::TEXT_PLAIN);
    Message::builder()
        .from(from.clone())
        .to(to.clone())
        .subject("Registration for a service")
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
        .message_id(None)
        .singlepart(
            SinglePart::builder()
                .header(kind)
                .body(json::to_bytes(message)),
        )
}

fn mailbox(text: &str) -> Result<Mailbox, SettingsError> {
    let address: Result<Address, AddressError> = text.parse();
    let address = address.map_err(|why| SettingsError::Address {
        text: text.to_owned(),
        why,
    })?;
    Ok(Mailbox::new(None, address))
}

fn parameters(settings: &Settings) -> Result<TlsParameters, SettingsError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.trust {
        let trusted = Certificate::from_pem(pem).map_err(SettingsError::Tls)?;
        builder = builder.add_root_certificate(trusted);
    }
    builder.build().map_err(SettingsError::Tls)
}

/// For the whole conversation with the mail server: less than the time after which the device's
/// machine counts the act's errand as lost and begins another.
const PATIENCE: Duration = Duration::from_secs(REPLY_WAIT.get().saturating_sub(10) as u64);
