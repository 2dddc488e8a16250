//! Faults of registering by mail: what stands between a device's machine and its mail server, and
//! what its machine makes of the center about that.
//!
//! The mail itself is the adapter's, unless a fault or a benign variant writes its own; that goes
//! by a client as small as a mail server can demand. They show on real connections alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use restante_core::id::Note;
use restante_core::registrant::{Errand, ServiceAnswer};
use restante_core::wire::{
    DeviceReply, DeviceRequest, Mailbox, Mailed, PollReply, RegisterAt, json,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::line::Pending;
use crate::party::{ByMail, Carry, Happening, Outgoing, Outside, Post, post};

use super::lan::{Overheard, Presented};

/// What is wrong, or only odd, about registering by mail.
#[derive(Clone, Copy, Debug)]
pub struct Mailing {
    /// Alters what a person has set.
    pub set: fn(&mut ByMail),
    /// Alters what is handed over.
    pub says: fn(&mut Errand),
    /// Writes the mail, given the code that was presented to the center last; absent, the adapter
    /// writes it.
    pub writes: Option<fn(&Errand, &str) -> Vec<u8>>,
    /// Alters what came of it, given how often something was handed over until then.
    pub hears: fn(u32, ServiceAnswer) -> ServiceAnswer,
    /// Alters the mailbox as the machine sees it.
    pub shown: fn(&mut Mailbox),
    /// Which messages to the center get lost.
    pub loses: fn(&DeviceRequest) -> bool,
}

impl Mailing {
    /// Nothing altered.
    pub const RIGHT: Self = Self {
        set: |_| {},
        says: |_| {},
        writes: None,
        hears: |_, answer| answer,
        shown: |_| {},
        loses: |_| false,
    };

    /// Alters what came of handing over alone.
    #[must_use]
    pub const fn hearing(hears: fn(u32, ServiceAnswer) -> ServiceAnswer) -> Self {
        Self {
            hears,
            ..Self::RIGHT
        }
    }

    /// Writes mails in a way of its own.
    #[must_use]
    pub const fn writing(writes: fn(&Errand, &str) -> Vec<u8>) -> Self {
        Self {
            writes: Some(writes),
            ..Self::RIGHT
        }
    }

    /// A unit's surroundings where that is so.
    pub(crate) fn around(self) -> Outside {
        let presented = Presented::default();
        let known = Arc::clone(&presented);
        Outside {
            dial: Arc::new(move |center, certificates| {
                let inner = Overheard::dial(center, certificates, &presented)?;
                let mailing = self;
                Ok(Arc::new(OddCarrier { inner, mailing }) as Arc<dyn Carry>)
            }),
            post: Arc::new(move |by| {
                let mut by = by.clone();
                (self.set)(&mut by);
                let inner = post(&by)?;
                Ok(Arc::new(OddPost {
                    by,
                    inner,
                    presented: Arc::clone(&known),
                    mailing: self,
                    tries: AtomicU32::new(0),
                }) as Arc<dyn Post>)
            }),
            ..Outside::right()
        }
    }
}

/// The message of a registration, as a mail holds it.
pub(crate) fn message(errand: &Errand) -> String {
    let message = Mailed::Register(RegisterAt {
        url: errand.url.clone(),
        device: errand.message.device,
        code: errand.message.code.clone(),
    });
    String::from_utf8_lossy(&json::to_bytes(&message)).into_owned()
}

/// Carries messages to the center, and some of them wrongly.
struct OddCarrier {
    inner: Overheard,
    mailing: Mailing,
}

impl Carry for OddCarrier {
    fn carry<'a>(&'a self, outgoing: &'a Outgoing) -> Pending<'a, Happening> {
        Box::pin(async move {
            if (self.mailing.loses)(&outgoing.request) {
                return Happening::LinkFailed(outgoing.exchange);
            }
            let mut happened = self.inner.carry(outgoing).await;
            if let Happening::Replied(_, DeviceReply::Polled(PollReply::Mailbox(mailbox))) =
                &mut happened
            {
                (self.mailing.shown)(mailbox);
            }
            happened
        })
    }
}

/// Hands mails over, wrongly or in a way of its own.
struct OddPost {
    by: ByMail,
    inner: Arc<dyn Post>,
    presented: Presented,
    mailing: Mailing,
    tries: AtomicU32,
}

impl Post for OddPost {
    fn post<'a>(&'a self, errand: &'a Errand) -> Pending<'a, ServiceAnswer> {
        Box::pin(async move {
            let mut errand = errand.clone();
            (self.mailing.says)(&mut errand);
            let answer = match self.mailing.writes {
                None => self.inner.post(&errand).await,
                Some(writes) => {
                    let code = self.presented.lock().ok().and_then(|code| code.clone());
                    let mail = writes(&errand, &code.unwrap_or_default());
                    answered(handed_over(&self.by, &mail).await)
                }
            };
            let tries = self.tries.fetch_add(1, Ordering::Relaxed);
            (self.mailing.hears)(tries.saturating_add(1), answer)
        })
    }
}

/// What a reply of a mail server comes to.
fn answered(reply: std::io::Result<u16>) -> ServiceAnswer {
    match (reply, Note::new("the mail server refused the mail")) {
        (Ok(200..300), _) => ServiceAnswer::HandedOver,
        (Ok(500..600), Ok(why)) => ServiceAnswer::Refused(why),
        _ => ServiceAnswer::Nothing,
    }
}

/// Hands a mail over with as few words as a mail server has to take; its last reply. Without TLS,
/// and so not at all where that is demanded. A server that is out of service says nothing about the
/// mail.
async fn handed_over(by: &ByMail, mail: &[u8]) -> std::io::Result<u16> {
    if by.tls {
        return Err(std::io::ErrorKind::Unsupported.into());
    }
    let mut stream = BufReader::new(TcpStream::connect(&by.server).await?);
    let greeting = reply(&mut stream).await?;
    stream
        .get_mut()
        .write_all(b"HELO device.kit.example\r\n")
        .await?;
    let mut last = reply(&mut stream).await?;
    if greeting >= 400 || last >= 400 {
        return Err(std::io::ErrorKind::ConnectionRefused.into());
    }
    let (from, to) = (&by.from, &by.to);
    let commands = [
        format!("MAIL FROM:<{from}>"),
        format!("RCPT TO:<{to}>"),
        "DATA".to_owned(),
    ];
    for command in commands {
        if last >= 400 {
            return Ok(last);
        }
        let line = format!("{command}\r\n");
        stream.get_mut().write_all(line.as_bytes()).await?;
        last = reply(&mut stream).await?;
    }
    if last >= 400 {
        return Ok(last);
    }
    let mut data = Vec::new();
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            data.push(b'.');
        }
        data.extend_from_slice(line);
    }
    data.extend_from_slice(b".\r\n");
    stream.get_mut().write_all(&data).await?;
    reply(&mut stream).await
}

/// A reply of a mail server, however many lines it has.
async fn reply(stream: &mut BufReader<TcpStream>) -> std::io::Result<u16> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let code = line.get(..3).and_then(|code| code.parse().ok());
        match code {
            Some(code) if line.get(3..4) != Some("-") => return Ok(code),
            Some(_) => {}
            None => return Err(std::io::ErrorKind::InvalidData.into()),
        }
    }
}
