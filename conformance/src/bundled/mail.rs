//! The bundled center's mail servers. The mail room is the reference program's: on loopback behind
//! its socket, inside this process right before the center.

use std::path::Path;

use axum::http::StatusCode;
use restante_center::{Console, MailRoom};
use restante_core::limits::MAIL_BYTES;
use restante_http::server::Answer;

use crate::run::NotHanded;

/// Hands a mail over at a mail room of this process.
///
/// # Errors
/// [`NotHanded`] if the center fails.
pub(super) async fn at_room<A: Answer>(room: &MailRoom<A>, mail: &[u8]) -> Result<(), NotHanded> {
    match room.take(mail).await {
        (StatusCode::SERVICE_UNAVAILABLE, why) => Err(NotHanded::Failed(why)),
        // Nobody hears what becomes of a mail; the steps that follow see what it did.
        _ => Ok(()),
    }
}

/// Hands a mail over at the socket of the center whose store is in this folder.
///
/// # Errors
/// [`NotHanded`] if the center fails or does not run.
pub(super) async fn at_socket(folder: &Path, mail: &[u8]) -> Result<(), NotHanded> {
    // Like `take-mail`, which reads no more of a mail than shows that it is too large.
    let read = mail.get(..=MAIL_BYTES).unwrap_or(mail);
    let taken = Console::hand_mail(folder, read.to_vec()).await;
    taken
        .map(drop)
        .map_err(|why| NotHanded::Failed(why.to_string()))
}
