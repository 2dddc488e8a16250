//! What is said to a mail server, step by step, and what each failure means.
//!
//! Only what a server answers to the mail itself can be about this mail. A server that does not
//! talk to the device, that is not trusted or that takes no login has not refused it: somebody
//! mends that, and the mail goes then. Each of these is one sentence for whoever mends it. Serves
//! spec section 13.3.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::{AsyncSmtpConnection, Tls};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Category, Code, Severity};

use super::{Handed, MailServer};

impl MailServer {
    /// Says all there is to say, so that the server has the mail.
    pub(super) async fn converse(&self, mail: &Message) -> Handed {
        let mut server = match self.meet().await {
            Ok(server) => server,
            Err(handed) => return handed,
        };
        let sent = server.send(mail.envelope(), &mail.formatted()).await;
        // The mail is taken or not; the farewell changes nothing about it.
        let _ = tokio::time::timeout(FAREWELL, server.abort()).await;
        match sent {
            Ok(_) => Handed::Taken,
            Err(error) => match error.status().filter(|code| is_final(*code)) {
                Some(code) => Handed::Refused(format!("the mail server refused the mail ({code})")),
                None => Handed::NotNow(format!("the mail server did not take the mail: {error}")),
            },
        }
    }

    /// A connection over which a mail may be sent.
    // spec: MAIL-016
    async fn meet(&self) -> Result<AsyncSmtpConnection, Handed> {
        let (at, me) = ((self.host.as_str(), self.port), ClientId::default());
        let wrapped = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let server = AsyncSmtpConnection::connect_tokio1(at, Some(CONNECT), &me, wrapped, None);
        let mut server = server.await.map_err(|error| not_met(&error))?;
        if let Tls::Required(parameters) = &self.tls {
            if !server.can_starttls() {
                let why = "the mail server offers no STARTTLS, and nothing is sent without TLS";
                return Err(Handed::NotNow(why.to_owned()));
            }
            let begun = server.starttls(parameters.clone(), &me).await;
            begun.map_err(|error| not_met(&error))?;
        }
        if let Some(login) = &self.login {
            let let_in = server.auth(DEFAULT_MECHANISMS, login).await;
            let_in.map_err(|error| Handed::NotNow(not_let_in(&error)))?;
        }
        Ok(server)
    }
}

/// Whether the server has spoken of this mail, for good. A command that it does not know is mended
/// at the server or in the settings; the mail goes then.
fn is_final(code: Code) -> bool {
    code.severity == Severity::PermanentNegativeCompletion && code.category == Category::MailSystem
}

/// There is no conversation: nobody is there, TLS fails, or the server does not talk to this
/// device.
fn not_met(error: &smtp::Error) -> Handed {
    if let Some(code) = error.status() {
        let why = format!("the mail server does not take mails from this device ({code})");
        return Handed::NotNow(why);
    }
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(_)) => Handed::Untrusted(format!(
            "the mail server's certificate is not trusted: {}",
            innermost(error)
        )),
        Some(other) => Handed::NotNow(format!("no TLS with the mail server: {other}")),
        None => Handed::NotNow(format!(
            "no connection to the mail server: {}",
            innermost(error)
        )),
    }
}

/// The server does not take the name and the password.
fn not_let_in(error: &smtp::Error) -> String {
    match error.status() {
        Some(code) if error.is_permanent() => {
            format!("the mail server refused the name and the password ({code})")
        }
        Some(code) => format!("the mail server takes no login at present ({code})"),
        None if error.is_client() => {
            "the mail server offers no login with a name and a password".to_owned()
        }
        None => format!(
            "the login at the mail server broke off: {}",
            innermost(error)
        ),
    }
}

/// What the TLS library says, if it is the reason.
fn tls_error(error: &smtp::Error) -> Option<&rustls::Error> {
    let inner = reasons(error).filter_map(|it| it.downcast_ref::<io::Error>()?.get_ref());
    inner.filter_map(|it| it.downcast_ref()).next()
}

/// The reason behind all that only pass it on.
fn innermost(error: &smtp::Error) -> String {
    let last = reasons(error).last();
    last.map_or_else(|| error.to_string(), ToString::to_string)
}

fn reasons(error: &smtp::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&it| it.source())
}

/// For each of the server's addresses: time enough for a second and a third try of a lost packet.
const CONNECT: Duration = Duration::from_secs(20);
/// For the last word, which nothing hangs on.
const FAREWELL: Duration = Duration::from_secs(5);
