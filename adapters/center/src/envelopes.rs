//! Envelopes that come by lines without addresses: serial ports, modems, brokers.
//!
//! Whatever line has brought one, the center decides it as it decides those of `POST /v1/sealed`,
//! and what goes back goes by the same line. Nobody there is told why an envelope came to nothing;
//! that is for the operator's log, where those that come to the same are summed beyond the first
//! few in a minute, and for the metrics. Serves spec chapter 14.

use std::sync::Arc;

use restante_core::center::{Call, Reason, Reply};
use restante_core::id::CorrelationId;
use restante_core::wire::RefusalCode;
use restante_http::server::{Answer, Notices};
use restante_store::{Entropy, SystemEntropy};

/// Takes envelopes for a center.
pub(crate) struct Envelopes<A> {
    desk: Arc<A>,
    notices: Notices,
}

impl<A: Answer> Envelopes<A> {
    /// One before this center.
    pub(crate) fn new(desk: Arc<A>) -> Self {
        Self {
            desk,
            notices: Notices::default(),
        }
    }

    /// Takes an envelope that has come by `line`, as the log calls it; what goes back.
    pub(crate) async fn take(&self, line: &str, envelope: Vec<u8>) -> Option<Vec<u8>> {
        let drawn = SystemEntropy::new().id();
        let correlation = CorrelationId::from_bytes(drawn.unwrap_or_default());
        let answer = self.desk.answer(Call::sealed(correlation, envelope)).await;
        let (status, reason, back) = match answer {
            Ok(Reply::Sealed(said)) => (200, said.reason, said.envelope),
            Ok(_) => (500, None, None),
            Err(refused) => {
                let status = refused.refusal.code.http_status();
                if is_for_operators(refused.refusal.code) {
                    let Reason { word, detail } = &refused.reason;
                    tracing::error!(%correlation, line, reason = word, detail, "an envelope waits");
                }
                (status, Some(refused.reason), None)
            }
        };
        let word = reason.as_ref().map(|it| it.word);
        if let Some(Reason { word, detail }) = &reason
            && self.notices.may_tell(word, None)
        {
            tracing::info!(%correlation, line, reason = word, detail, "an envelope came to nothing");
        }
        self.desk.answered(None, status, word);
        back
    }
}

/// Whether the center could not decide for the time being.
const fn is_for_operators(code: RefusalCode) -> bool {
    matches!(code, RefusalCode::Busy | RefusalCode::Internal)
}
