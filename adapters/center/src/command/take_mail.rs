//! `restante-center take-mail`: a mail from a device, as a mail server pipes it.
//!
//! The exit codes are those of sysexits.h, since mail servers go by them. Whatever hinders the
//! center, a slip in the mail server's own configuration too, is a reason to keep the mail, never
//! to send it back: who wrote it cannot be trusted to be who it says, and a stranger would be
//! written to.

use std::io::{self, Read};

use clap::Args;
use restante_center::program::Failure;
use restante_center::{Console, MailTaken};
use restante_core::limits::MAIL_BYTES;

use super::reach::Reach;

/// A mail on standard input.
#[derive(Args)]
#[command(after_help = "\
Examples:
  restante-center take-mail --config /etc/restante/restante.toml < mail.eml
  In Postfix's master.cf, with `restante@center.example  restante:` in the transport map:
    restante unix - n n - 10 pipe
      flags= user=restante argv=/usr/bin/restante-center take-mail
      --config /etc/restante/restante.toml

Exit status, for mail servers: 0 the mail is done with, whatever came of it (the center's log says
what); 75 keep the mail and try again: the center did not answer, or this command line is wrong; 65
with --reject alone, it holds no message.")]
pub(crate) struct TakeMail {
    /// Exit with 65 for a mail that holds no message, where the mail server still has its sender on
    /// the line. Elsewhere it would write to whoever the mail says has sent it
    #[arg(long)]
    reject: bool,
}

impl TakeMail {
    // spec: MAIL-005, MAIL-006
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        if reach.is_elsewhere() {
            let text = "a mail is handed to the center on this machine; leave --center out";
            return Err(failure(KEEP, text));
        }
        let mail = read().map_err(|error| failure(KEEP, format!("standard input: {error}")))?;
        let kept = |error: Failure| failure(KEEP, error.text);
        let config = reach.config().map_err(kept)?;
        let handed = Console::hand_mail(&config.data, mail).await;
        match handed.map_err(|error| kept(error.into()))? {
            MailTaken::NoMessage(why) if self.reject => Err(failure(NO_MESSAGE, why)),
            MailTaken::NoMessage(_) | MailTaken::Taken => Ok(()),
        }
    }
}

/// The mail, or as much of it as shows that it is too large. The rest is read all the same: a mail
/// server takes a pipe that is closed early for a failure.
fn read() -> io::Result<Vec<u8>> {
    let mut input = io::stdin().lock();
    let mut mail = Vec::new();
    let most = u64::try_from(MAIL_BYTES).unwrap_or(u64::MAX);
    let mut begin = input.by_ref().take(most.saturating_add(1));
    begin.read_to_end(&mut mail)?;
    io::copy(&mut input, &mut io::sink())?;
    Ok(mail)
}

/// A failure that came before the mail was looked at.
pub(crate) fn kept(failed: Failure) -> Failure {
    match failed.code {
        NO_MESSAGE => failed,
        _ => failure(KEEP, failed.text),
    }
}

fn failure(code: u8, text: impl Into<String>) -> Failure {
    Failure {
        code,
        ..Failure::ran(text)
    }
}

/// `EX_DATAERR`: the mail is none for the center.
const NO_MESSAGE: u8 = 65;
/// `EX_TEMPFAIL`: the mail server keeps the mail and tries again.
pub(crate) const KEEP: u8 = 75;
