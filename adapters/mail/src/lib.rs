//! Restante in mails: how a center reads what a device has sent, and how a device sends it.
//!
//! [`intake`] is a pure function from the bytes of a mail to the message that it holds; whoever
//! hands mails over, be it a mail server's pipe or a test, meets the same one. [`sending`] hands a
//! mail to a mail server and says whether that has taken it. What a message means, and when to send
//! it again, is the core's business. Serves spec chapter MAIL.
#![forbid(unsafe_code)]

#[cfg(feature = "intake")]
pub mod intake;
#[cfg(feature = "sending")]
pub mod sending;

/// The media type of the part that holds the message.
pub const MEDIA_TYPE: &str = "application/vnd.restante+json";
