//! Mails over TLS and with a login, to a mail server of others; and one clear sentence for whoever
//! has to mend what keeps a mail from going.
//!
//! The mail server is aiosmtpd, in the virtual environment that `.ci/mail-server` makes. Where that
//! is not there, each test is skipped and says so; in CI it fails.

#[path = "../mail_server/mod.rs"]
mod mail_server;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use mail_server::python;
use restante_core::wire::RegisterAt;
use restante_mail::sending::{Handed, MailServer, Security, Settings};

#[tokio::test]
async fn a_mail_goes_over_tls_from_the_first_byte_and_after_starttls_with_or_without_a_login() {
    for (line, security) in [("tls", Security::Tls), ("starttls", Security::StartTls)] {
        for login in ["", LOGIN] {
            let Some(mut site) = Site::start(line, login) else {
                return;
            };
            let handed = site.sent(security, true, login).await;
            assert_eq!(handed, Handed::Taken, "{line} with {login:?}");
            assert_eq!(site.said(), "taken");
        }
    }
}

#[tokio::test]
async fn a_password_that_is_wrong_or_missing_or_not_asked_for_is_named() {
    let Some(site) = Site::start("starttls", LOGIN) else {
        return;
    };
    let handed = site.sent(Security::StartTls, true, "copier:guessed").await;
    let refused = "the mail server refused the name and the password (535)";
    assert_eq!(handed, Handed::NotNow(refused.into()));
    let handed = site.sent(Security::StartTls, true, "").await;
    let needed = "the mail server did not take the mail: permanent error (530): 5.7.0 \
                  Authentication required";
    assert_eq!(handed, Handed::NotNow(needed.into()));
    let Some(site) = Site::start("starttls", "") else {
        return;
    };
    let handed = site.sent(Security::StartTls, true, LOGIN).await;
    let none = "the mail server offers no login with a name and a password";
    assert_eq!(handed, Handed::NotNow(none.into()));
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_named_as_such() {
    for (line, security) in [("tls", Security::Tls), ("starttls", Security::StartTls)] {
        let Some(site) = Site::start(line, "") else {
            return;
        };
        let why = "the mail server's certificate is not trusted: \
                   invalid peer certificate: UnknownIssuer";
        let handed = site.sent(security, false, "").await;
        assert_eq!(handed, Handed::Untrusted(why.into()), "{line}");
    }
}

#[tokio::test]
async fn a_mail_server_without_the_tls_that_is_demanded_gets_no_mail() {
    let Some(site) = Site::start("plain", "") else {
        return;
    };
    let handed = site.sent(Security::StartTls, true, "").await;
    let why = "the mail server offers no STARTTLS, and nothing is sent without TLS";
    assert_eq!(handed, Handed::NotNow(why.into()));
    let Handed::NotNow(why) = site.sent(Security::Tls, true, "").await else {
        panic!("a mail went to a server without TLS");
    };
    let told = "no TLS with the mail server: received corrupt message";
    assert!(why.starts_with(told), "{why}");
}

/// A site with a mail server and a certificate of its own.
struct Site {
    port: u16,
    pem: Vec<u8>,
    server: Child,
    output: BufReader<ChildStdout>,
}

impl Site {
    /// Starts a mail server; `None` where there is no Python for it.
    fn start(line: &str, login: &str) -> Option<Self> {
        let python = python()?;
        let folder = tempfile::tempdir().expect("a folder");
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("made");
        let (certificate, key) = (
            folder.path().join("cert.pem"),
            folder.path().join("key.pem"),
        );
        let pem = made.cert.pem().into_bytes();
        fs::write(&certificate, &pem).expect("written");
        fs::write(&key, made.signing_key.serialize_pem()).expect("written");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_server/server.py");
        let mut server = Command::new(python)
            .arg(script)
            .args([line, login])
            .args([certificate, key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let output = BufReader::new(server.stdout.take().expect("piped"));
        let mut site = Self {
            port: 0,
            pem,
            server,
            output,
        };
        // Once it has said its port, it has read the certificate.
        site.port = site.said().parse().expect("a port");
        Some(site)
    }

    /// The next line that it prints.
    fn said(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        line.trim().to_owned()
    }

    /// What becomes of a mail, as a device with this login sends it.
    async fn sent(&self, security: Security, trusts: bool, login: &str) -> Handed {
        let login = login.split_once(':');
        let settings = Settings {
            host: "127.0.0.1".into(),
            port: self.port,
            security,
            trust: trusts.then(|| self.pem.clone()),
            login: login.map(|(name, password)| (name.to_owned(), password.to_owned().into())),
            from: "copier@site.example".into(),
            to: "services@center.example".into(),
        };
        let way = MailServer::new(settings).expect("good settings");
        way.hand_over(RegisterAt {
            url: "https://service-y.a.com/regist".parse().expect("a URL"),
            device: "dev-3a8vb17nbj0ppvb2k328nzj1mg".parse().expect("an id"),
            code: Some("163abc45".parse().expect("a code")),
        })
        .await
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

const LOGIN: &str = "copier:by heart";
