//! The options by which a device registers for services by mail instead of going to their URLs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use restante_mail::sending::{MailServer, Password, Security, Settings, SettingsError};

/// To whom, from whom and through which mail server.
#[derive(Args, Debug)]
pub struct ByMail {
    /// Register for services by mail to this address of the center, and go to no URL.
    #[arg(long, value_name = "ADDRESS", requires_all = ["mail_from", "smtp"])]
    pub register_by_mail: Option<String>,
    /// The device's own mail address.
    #[arg(long, value_name = "ADDRESS", requires = "register_by_mail")]
    pub mail_from: Option<String>,
    /// The mail server that takes the device's mails.
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port, requires = "register_by_mail")]
    pub smtp: Option<(String, u16)>,
    /// How the connection to the mail server is protected.
    #[arg(
        long,
        value_name = "HOW",
        default_value = "starttls",
        requires = "register_by_mail"
    )]
    pub smtp_security: HowSecure,
    /// Trust the certificates in this PEM file as well at the mail server.
    #[arg(long, value_name = "FILE", requires = "register_by_mail")]
    pub smtp_ca: Option<PathBuf>,
    /// The name by which the mail server knows the device, where it wants one.
    #[arg(long, value_name = "NAME", requires_all = ["register_by_mail", "smtp_password"])]
    pub smtp_user: Option<String>,
    /// The password that belongs to it.
    #[arg(
        long,
        value_name = "PASSWORD",
        env = "RESTANTE_SMTP_PASSWORD",
        hide_env_values = true
    )]
    pub smtp_password: Option<Password>,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum HowSecure {
    /// It begins in the clear and goes on with TLS, or not at all
    Starttls,
    /// TLS from the first byte
    Tls,
    /// Nothing: for a mail server on a network that is trusted
    Plain,
}

impl ByMail {
    /// The way to the mail server, if mails are to be sent; `trust` holds what `--smtp-ca` names.
    ///
    /// # Errors
    /// [`SettingsError`] says what is wrong with the options.
    pub fn server(&self, trust: Option<Vec<u8>>) -> Result<Option<MailServer>, SettingsError> {
        let (Some(to), Some(from), Some((host, port))) =
            (&self.register_by_mail, &self.mail_from, &self.smtp)
        else {
            return Ok(None);
        };
        let password = self.smtp_password.clone();
        MailServer::new(Settings {
            host: host.clone(),
            port: *port,
            security: match self.smtp_security {
                HowSecure::Starttls => Security::StartTls,
                HowSecure::Tls => Security::Tls,
                HowSecure::Plain => Security::Plain,
            },
            trust,
            login: self.smtp_user.clone().zip(password),
            from: from.clone(),
            to: to.clone(),
        })
        .map(Some)
    }
}

fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let wrong = || "a host and a port, such as mail.site.example:587".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match port.parse() {
        Ok(port) if !host.is_empty() => Ok((host.to_owned(), port)),
        _ => Err(wrong()),
    }
}
