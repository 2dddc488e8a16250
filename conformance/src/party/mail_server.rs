//! The kit as the mail server of a party's site: SMTP on a port of this machine, as far as a device
//! needs it, without TLS.
//!
//! Each mail is held until the case says what becomes of it. What is said before there is a mail a
//! case sets beforehand: a reply of its choice, or the end of the connection, at a named moment of
//! every conversation from then on. Serves spec section 13.3.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mail_parser::MessageParser;
use restante_core::limits::MAIL_BYTES;
use restante_mail::intake;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use crate::line::Request;
use crate::run::{Asked, PartyError, Reaction};

use super::behind::Answered;
use super::listener::{Held, Port};

/// What the conversation is called in cases.
pub(super) const MAIL: &str = "mail";

/// Where a conversation stands when the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Moment {
    /// The party has connected.
    Greeting,
    /// It has said who it is.
    Hello,
    /// It has named the sender.
    Sender,
    /// It has named a recipient.
    Recipient,
    /// It wants to hand the mail over.
    Data,
    /// It has handed the mail over.
    Mail,
}

/// What the server says at a moment in the place of what is right.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    at: Moment,
    /// The reply; absent, the connection ends.
    says: Option<u16>,
}

/// The mail server, for whoever tells it what to say.
#[derive(Clone, Debug)]
pub(super) struct MailServer {
    /// Host and port.
    address: String,
    told: Arc<Mutex<Told>>,
}

#[derive(Debug, Default)]
struct Told {
    script: Option<Script>,
    conversations: u32,
}

impl MailServer {
    /// One that does what is right, at this address.
    pub(super) fn new(address: String) -> Self {
        let told = Arc::default();
        Self { address, told }
    }

    /// Does what is right from now on.
    pub(super) fn begin_again(&self) {
        *self.told() = Told::default();
    }

    /// Takes a script of a case; an empty one is what is right. How many conversations have begun
    /// since the last one.
    ///
    /// # Errors
    /// A sentence, where it is none.
    pub(super) fn instruct(&self, with: Value) -> Result<Value, String> {
        let script = match with.as_object().is_none_or(serde_json::Map::is_empty) {
            true => None,
            false => {
                serde_json::from_value(with).map_err(|why| format!("`with` is wrong: {why}"))?
            }
        };
        let before = core::mem::replace(
            &mut *self.told(),
            Told {
                script,
                conversations: 0,
            },
        );
        Ok(json!({ "conversations": before.conversations }))
    }

    /// Tells whoever starts a party by which mail server it registers.
    pub(super) fn introduce(&self, mail: &mut Value) {
        mail["server"] = json!(self.address);
        mail["from"] = json!(FROM);
        mail["to"] = json!(TO);
    }

    /// Holds one conversation, until it is over or a case ends it.
    pub(super) async fn serve(&self, stream: TcpStream, held: &mpsc::Sender<Held>) {
        self.told().conversations += 1;
        let mut talk = Talk {
            server: self,
            stream: BufReader::new(stream),
            held,
            sender: None,
            recipients: Vec::new(),
        };
        // That it ended early is what a case wanted, or what the party did.
        let _ended = talk.run().await;
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One conversation.
struct Talk<'a> {
    server: &'a MailServer,
    stream: BufReader<TcpStream>,
    held: &'a mpsc::Sender<Held>,
    sender: Option<String>,
    recipients: Vec<String>,
}

/// The connection ends.
struct Over;

impl Talk<'_> {
    async fn run(&mut self) -> Result<(), Over> {
        let open = self.say(Moment::Greeting, "220 mail.kit.example").await?;
        for _ in 0..COMMANDS {
            let line = self.line().await?;
            let verb = line.split(' ').next().unwrap_or_default();
            match verb.to_ascii_uppercase().as_str() {
                "QUIT" => return self.write("221 bye").await,
                _ if !open => self.write("503 not here").await?,
                "EHLO" => {
                    let right = "250-mail.kit.example\r\n250 8BITMIME";
                    self.say(Moment::Hello, right).await?;
                }
                "HELO" => {
                    self.say(Moment::Hello, "250 mail.kit.example").await?;
                }
                "MAIL" => {
                    let fine = self.say(Moment::Sender, "250 fine").await?;
                    self.sender = fine.then(|| address(&line));
                    self.recipients.clear();
                }
                "RCPT" if self.sender.is_some() => {
                    if self.say(Moment::Recipient, "250 fine").await? {
                        self.recipients.push(address(&line));
                    }
                }
                "DATA" if !self.recipients.is_empty() => {
                    if self.say(Moment::Data, "354 go on").await? {
                        let mail = self.mail().await?;
                        self.hold(mail).await?;
                    }
                }
                "RSET" => {
                    self.sender = None;
                    self.recipients.clear();
                    self.write("250 fine").await?;
                }
                "NOOP" => self.write("250 fine").await?,
                "RCPT" | "DATA" => self.write("503 not now").await?,
                _ => self.write("502 not here").await?,
            }
        }
        Err(Over)
    }

    /// Holds a mail until the case says what becomes of it.
    async fn hold(&mut self, mail: Vec<u8>) -> Result<(), Over> {
        let scripted = self.server.told().script;
        if scripted.is_some_and(|it| it.at == Moment::Mail) {
            return self.say(Moment::Mail, "").await.map(drop);
        }
        let sender = self.sender.take().unwrap_or_default();
        let recipients = core::mem::take(&mut self.recipients).join(", ");
        let headers = [("from", sender), ("to", recipients)];
        let request = Request {
            method: "MAIL".to_owned(),
            path: String::new(),
            headers: headers.map(|(name, it)| (name.to_owned(), it)).into(),
            body: Some(mail),
        };
        let (reply, answer) = oneshot::channel();
        let held = Held {
            request,
            reply,
            port: Port::Mail,
        };
        self.held.send(held).await.map_err(|_| Over)?;
        let answer = answer.await.map_err(|_| Over)?.ok_or(Over)?;
        let code = answer.status;
        self.write(&format!("{code} as it was decided")).await
    }

    /// Says what is right, or what the case has set for this moment; whether it was what is right.
    async fn say(&mut self, moment: Moment, right: &str) -> Result<bool, Over> {
        let script = self.server.told().script.filter(|it| it.at == moment);
        match script.map(|it| it.says) {
            None => self.write(right).await.map(|()| true),
            Some(None) => Err(Over),
            Some(Some(code)) => {
                self.write(&format!("{code} as it was set")).await?;
                Ok(false)
            }
        }
    }

    async fn write(&mut self, line: &str) -> Result<(), Over> {
        let line = format!("{line}\r\n");
        let stream = self.stream.get_mut();
        stream.write_all(line.as_bytes()).await.map_err(|_| Over)
    }

    /// The next line, without its end.
    async fn line(&mut self) -> Result<String, Over> {
        let line = self.bytes(LINE_BYTES).await?;
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// A line of at most so many bytes, with its end.
    async fn bytes(&mut self, most: usize) -> Result<Vec<u8>, Over> {
        let mut line = Vec::new();
        let mut some = (&mut self.stream).take(u64::try_from(most).unwrap_or(u64::MAX));
        let read = some.read_until(b'\n', &mut line).await;
        match read.is_ok() && line.ends_with(b"\n") {
            true => Ok(line),
            false => Err(Over),
        }
    }

    /// The mail up to the line with a dot alone; a further dot before one that begins with it is
    /// taken away (RFC 5321, section 4.5.2).
    async fn mail(&mut self) -> Result<Vec<u8>, Over> {
        let mut mail = Vec::new();
        while mail.len() <= MAIL_BYTES {
            let line = self.bytes(MAIL_BYTES).await?;
            match line.as_slice() {
                b".\r\n" => return Ok(mail),
                [b'.', rest @ ..] => mail.extend_from_slice(rest),
                all => mail.extend_from_slice(all),
            }
        }
        Err(Over)
    }
}

/// What stands between the angle brackets of a command.
fn address(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, it)| it.split_once('>'));
    inner.map_or_else(String::new, |(it, _)| it.to_owned())
}

/// A mail as cases see it: what it holds, from whom and to whom it went; as its credential, an
/// access code of the case that stands anywhere in it.
///
/// # Errors
/// [`PartyError::Broke`] where it holds no message.
pub(super) fn heard(request: Request, codes: &[String]) -> Result<Asked, PartyError> {
    let mail = request.body.as_deref().unwrap_or_default();
    let broke = |why: String| PartyError::Broke(format!("got a mail that holds no message: {why}"));
    let mailed = intake::read(mail).map_err(|why| broke(why.to_string()))?;
    let mut message = serde_json::to_value(&mailed).map_err(|why| broke(why.to_string()))?;
    for (name, value) in &request.headers {
        message[name.as_str()] = json!(value);
    }
    let credential = codes.iter().find(|code| holds(mail, code)).cloned();
    Ok(Asked {
        conversation: MAIL.to_owned(),
        message,
        credential,
        http: None,
    })
}

/// Whether a text stands in a mail, as it travels or in a part once that is decoded.
fn holds(mail: &[u8], text: &str) -> bool {
    let contains = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(text);
    let read = MessageParser::default().parse(mail);
    let decoded = read.is_some_and(|it| it.parts.iter().any(|part| contains(part.contents())));
    contains(mail) || decoded
}

/// What goes back to a party that has handed a mail over: its mail server has it, unless the case
/// says otherwise.
pub(super) fn serve(reaction: Reaction) -> Answered {
    Answered::without_center(250, reaction)
}

/// The party's own address.
const FROM: &str = "device@kit.example";
/// The center's address.
const TO: &str = "center@kit.example";
/// More commands than a mail takes.
const COMMANDS: u32 = 100;
/// The longest command line that a server has to take (RFC 5321, section 4.5.3.1.4), with room for
/// extensions.
const LINE_BYTES: usize = 2_048;
