//! The mail room: where the center's mail server hands over what devices have sent.
//!
//! It is a door of the console's socket alone. A mail presents nobody, and whoever hands it over
//! learns one thing: whether the mail server is rid of it. What became of it is for the operator's
//! log. Serves spec chapter MAIL.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::post;
use restante_core::center::{Call, Reply};
use restante_core::id::CorrelationId;
use restante_core::limits::MAIL_BYTES;
use restante_core::wire::RefusalCode;
use restante_http::server::Answer;
use restante_mail::intake;
use restante_store::{Entropy, SystemEntropy};

/// Where mails are handed over.
pub(crate) const MAIL_ROOM: &str = "/mail";

/// The routes of the console with the mail room beside them.
pub(crate) fn with_mail_room<A: Answer>(router: Router, desk: Arc<A>) -> Router {
    let take = move |mail: Bytes| {
        let desk = Arc::clone(&desk);
        async move { taken(&*desk, &mail).await }
    };
    // A mail that is a little too large is read, so that the log can say so.
    let limit = DefaultBodyLimit::max(MAIL_BYTES.saturating_add(1));
    router.route(MAIL_ROOM, post(take).layer(limit))
}

/// Takes a mail: 200 whatever came of it, 422 where it holds no message, 503 where it is to come
/// again.
// spec: MAIL-005, MAIL-006, MAIL-007
async fn taken<A: Answer>(desk: &A, mail: &[u8]) -> (StatusCode, String) {
    let drawn = SystemEntropy::new().id();
    let correlation = CorrelationId::from_bytes(drawn.unwrap_or_default());
    let mailed = match intake::read(mail) {
        Ok(mailed) => mailed,
        Err(why) => {
            let why = why.to_string();
            tracing::info!(%correlation, bytes = mail.len(), why, "a mail holds no message");
            return (StatusCode::UNPROCESSABLE_ENTITY, why);
        }
    };
    match desk.answer(Call::mailed(correlation, mailed)).await {
        Ok(Reply::Registered(it)) => {
            let (device, service) = (it.device, it.service);
            tracing::info!(%correlation, %device, %service, "a mail's registration is accepted");
            (StatusCode::OK, String::new())
        }
        Ok(_) => (StatusCode::OK, String::new()),
        Err(refused) => {
            let (word, detail) = (refused.reason.word, refused.reason.detail);
            if matches!(
                refused.refusal.code,
                RefusalCode::Busy | RefusalCode::Internal
            ) {
                tracing::error!(%correlation, reason = word, detail, "a mail has to come again");
                // A mail server can put what it hears into a letter to whoever wrote the mail.
                let told =
                    format!("the center cannot take mails now; its log says why ({correlation})");
                return (StatusCode::SERVICE_UNAVAILABLE, told);
            }
            tracing::info!(%correlation, reason = word, detail, "a mail's registration is refused");
            (StatusCode::OK, String::new())
        }
    }
}
