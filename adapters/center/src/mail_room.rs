//! The mail room: where the center's mail server hands over what devices have sent.
//!
//! It is a door of the console's socket alone. A mail presents nobody, and whoever hands it over
//! learns one thing: whether the mail server is rid of it. What became of it is for the operator's
//! log, where mails that come to the same are summed beyond the first few in a minute: strangers
//! can send as many as they like. The metrics count them all. Serves spec chapter MAIL.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::post;
use restante_core::center::{Call, Reason, Reply};
use restante_core::id::CorrelationId;
use restante_core::limits::MAIL_BYTES;
use restante_core::wire::{Mailed, RefusalCode};
use restante_http::server::{Answer, Notices};
use restante_mail::intake;
use restante_store::{Entropy, SystemEntropy};

/// Where mails are handed over.
pub(crate) const MAIL_ROOM: &str = "/mail";

/// The routes of the console with the mail room beside them.
pub(crate) fn with_mail_room<A: Answer>(router: Router, desk: Arc<A>) -> Router {
    let room = Arc::new(MailRoom::new(desk));
    let take = move |mail: Bytes| {
        let room = Arc::clone(&room);
        async move { room.take(&mail).await }
    };
    // A mail that is a little too large is read, so that the log can say so.
    let limit = DefaultBodyLimit::max(MAIL_BYTES.saturating_add(1));
    router.route(MAIL_ROOM, post(take).layer(limit))
}

/// Takes mails for a center, by whatever way they are handed over.
pub struct MailRoom<A> {
    desk: Arc<A>,
    notices: Notices,
}

impl<A: Answer> MailRoom<A> {
    /// One before this center.
    #[must_use]
    pub fn new(desk: Arc<A>) -> Self {
        Self {
            desk,
            notices: Notices::default(),
        }
    }

    /// Takes a mail: 200 whatever came of it, 422 where it holds no message, 503 where it is to
    /// come again; with the latter two, why.
    // spec: MAIL-005, MAIL-006
    pub async fn take(&self, mail: &[u8]) -> (StatusCode, String) {
        let drawn = SystemEntropy::new().id();
        let correlation = CorrelationId::from_bytes(drawn.unwrap_or_default());
        let (answer, reason) = match intake::read(mail) {
            Ok(mailed) => self.decide(correlation, mailed).await,
            Err(why) => {
                let (word, why) = (why.word(), why.to_string());
                if self.may_tell(word) {
                    let bytes = mail.len();
                    tracing::info!(
                        %correlation, bytes, reason = word, why, "a mail holds no message"
                    );
                }
                ((StatusCode::UNPROCESSABLE_ENTITY, why), Some(word))
            }
        };
        self.desk.answered(None, answer.0.as_u16(), reason);
        answer
    }

    /// Has the center decide about what a mail says; what the mail server is told, and the reason
    /// of a refusal.
    async fn decide(
        &self,
        correlation: CorrelationId,
        mailed: Mailed,
    ) -> ((StatusCode, String), Option<&'static str>) {
        let done = (StatusCode::OK, String::new());
        match self.desk.answer(Call::mailed(correlation, mailed)).await {
            Ok(reply) => {
                if let Reply::Registered(it) = reply
                    && self.may_tell("mail-accepted")
                {
                    let (device, service) = (it.device, it.service);
                    tracing::info!(
                        %correlation, %device, %service, "a mail's registration is accepted"
                    );
                }
                (done, None)
            }
            Err(refused) if is_for_later(refused.refusal.code) => {
                let Reason { word, detail } = refused.reason;
                if self.may_tell(word) {
                    tracing::error!(
                        %correlation, reason = word, detail, "a mail has to come again"
                    );
                }
                // A mail server can put what it hears into a letter to whoever wrote the mail.
                let told =
                    format!("the center cannot take mails now; its log says why ({correlation})");
                ((StatusCode::SERVICE_UNAVAILABLE, told), Some(word))
            }
            Err(refused) => {
                let Reason { word, detail } = refused.reason;
                if self.may_tell(word) {
                    tracing::info!(
                        %correlation, reason = word, detail, "a mail's registration is refused"
                    );
                }
                (done, Some(word))
            }
        }
    }

    /// Whether the log may grow by a line about one more mail that comes to this. Mails have no
    /// source to count by.
    // spec: MAIL-017
    fn may_tell(&self, word: &'static str) -> bool {
        self.notices.may_tell(word, None)
    }
}

/// Whether the center could not decide for the time being.
fn is_for_later(code: RefusalCode) -> bool {
    matches!(code, RefusalCode::Busy | RefusalCode::Internal)
}
