//! From the bytes of a mail to its message.
//!
//! A mail is a stranger's: all that counts of it is one part of this protocol's media type. Its
//! header fields, other parts and mails that are attached to it are passed over, whatever they
//! claim. Serves spec section 13.1.

use mail_parser::{MessageParser, MessagePart, MimeHeaders, PartType};
use restante_core::limits::MAIL_BYTES;
use restante_core::wire::Mailed;
use restante_core::wire::json::{self, JsonError};

use crate::MEDIA_TYPE;

/// Why a mail holds no message. The texts are for the operator's log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoMessage {
    /// More bytes than a mail may have.
    #[error("the mail has more than {MAIL_BYTES} bytes")]
    TooLarge,
    /// No mail at all.
    #[error("these bytes are no mail")]
    NoMail,
    /// A mail about something else.
    #[error("the mail has no part of the type {MEDIA_TYPE}")]
    NoPart,
    /// It is not known which of them is meant.
    #[error("the mail has {0} parts of the type {MEDIA_TYPE}, and only one is allowed")]
    SeveralParts(usize),
    /// The part does not decode.
    #[error("the part of the type {MEDIA_TYPE} is not encoded as its header says")]
    Encoding,
    /// The part is no message of this protocol.
    #[error("the message cannot be read: {0}")]
    Message(#[from] JsonError),
}

impl NoMessage {
    /// The reason in one fixed word, for whoever counts.
    pub fn word(&self) -> &'static str {
        match self {
            Self::TooLarge => "mail-too-large",
            Self::NoMail => "no-mail",
            Self::NoPart => "mail-without-message",
            Self::SeveralParts(_) => "mail-with-several-messages",
            Self::Encoding => "mail-encoding",
            Self::Message(_) => "mail-message-unreadable",
        }
    }
}

/// Reads the message of a mail.
///
/// # Errors
/// [`NoMessage`] says why there is none.
// spec: MAIL-001, MAIL-002, MAIL-003, MAIL-004
pub fn read(mail: &[u8]) -> Result<Mailed, NoMessage> {
    if mail.len() > MAIL_BYTES {
        return Err(NoMessage::TooLarge);
    }
    let mail = MessageParser::default().parse(mail);
    let mail = mail.ok_or(NoMessage::NoMail)?;
    let mut parts = mail.parts.iter().filter(|part| is_message(part));
    let part = parts.next().ok_or(NoMessage::NoPart)?;
    let more = parts.count();
    if more > 0 {
        return Err(NoMessage::SeveralParts(more.saturating_add(1)));
    }
    let body: &[u8] = match &part.body {
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes,
        PartType::Text(text) | PartType::Html(text) => text.as_bytes(),
        PartType::Message(_) | PartType::Multipart(_) => return Err(NoMessage::Encoding),
    };
    if part.is_encoding_problem {
        return Err(NoMessage::Encoding);
    }
    Ok(json::parse(body)?)
}

/// Whether a part says that it holds a message of this protocol.
fn is_message(part: &MessagePart<'_>) -> bool {
    let Some(kind) = part.content_type() else {
        return false;
    };
    let (of, sub) = MEDIA_TYPE.split_once('/').unwrap_or_default();
    let is_sub = |it: &str| it.eq_ignore_ascii_case(sub);
    kind.ctype().eq_ignore_ascii_case(of) && kind.subtype().is_some_and(is_sub)
}
