//! The line through a broker: hands over envelopes that come by MQTT, and says in the log how the
//! line is.
//!
//! A broker that is away keeps nobody from the center's other lines, so that it does not make the
//! center unready: the log says what is wrong each time that it is tried again, and the figures
//! whether the center listens. What strangers cause gets a bounded number of lines. Serves spec
//! chapter 16.

use std::sync::Arc;

use restante_http::server::{Answer, Drained, Notices};
use restante_mqtt::{Center, Desk, Name, Note, OnRumqttc};
use tokio::sync::watch;

use crate::envelopes::Envelopes;
use crate::figures::Figures;

/// A broker, and how this center is named there.
pub(crate) struct ByMqtt {
    pub(crate) client: OnRumqttc,
    pub(crate) share: Name,
    /// For the log.
    pub(crate) broker: String,
}

impl ByMqtt {
    /// Serves what comes until it is told to stop.
    pub(crate) async fn serve<A: Answer>(
        self,
        envelopes: Arc<Envelopes<A>>,
        figures: Arc<Figures>,
        mut stopped: watch::Receiver<bool>,
    ) -> Drained {
        let desk = Arc::new(Counter {
            envelopes,
            figures,
            notices: Notices::default(),
            broker: self.broker,
            share: self.share.clone(),
        });
        let stop = async move {
            // An error means that whoever could stop it is gone, which stops it too.
            let _ = stopped.wait_for(|is| *is).await;
        };
        Center::new(self.client, self.share).serve(desk, stop).await;
        Drained { cut: 0 }
    }
}

/// Where envelopes come across.
struct Counter<A> {
    envelopes: Arc<Envelopes<A>>,
    figures: Arc<Figures>,
    notices: Notices,
    broker: String,
    share: Name,
}

impl<A: Answer> Desk for Counter<A> {
    async fn decide(&self, envelope: Vec<u8>) -> Option<Vec<u8>> {
        self.envelopes.take(LINE, envelope).await
    }

    fn note(&self, note: Note<'_>) {
        let broker = &*self.broker;
        match note {
            Note::Listening => {
                self.figures.listens_at_broker(true);
                tracing::info!(broker, share = %self.share, "listening at the broker");
            }
            Note::Away(error, again_in) => {
                self.figures.listens_at_broker(false);
                let again_in = again_in.as_secs();
                tracing::warn!(%error, again_in, "nothing comes over MQTT");
            }
            Note::Ignored(why) => {
                let word = why.word();
                self.figures.refused(word);
                if self.notices.may_tell(word, None) {
                    tracing::info!(reason = word, "a message at the broker is ignored");
                }
            }
            Note::Unsaid(error) => {
                self.figures.refused(UNSAID);
                if self.notices.may_tell(UNSAID, None) {
                    tracing::warn!(%error, "a reply did not get through");
                }
            }
            _ => {}
        }
    }
}

/// What the log calls it.
const LINE: &str = "mqtt";
const UNSAID: &str = "mqtt-unsaid";
