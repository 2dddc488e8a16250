//! The operator's log of what comes of the messages to the center.
//!
//! What is refused in round after round, such as a list of a service that the center does not know
//! yet, is told once, and again when it has changed. What is told of others is at most one line for
//! each message of a round.

use std::collections::BTreeSet;
use std::mem;

use restante_core::decision::Heard;
use restante_core::id::ServiceId;
use restante_core::wire::provider::ProviderReply;

/// What was complained about lately. There is no more of it than messages in a round of each
/// service.
#[derive(Default)]
pub(super) struct Notes {
    /// In the round before this one.
    before: BTreeSet<(ServiceId, String)>,
    /// In this round.
    now: BTreeSet<(ServiceId, String)>,
}

impl Notes {
    /// A round about each of the services begins.
    pub(super) fn round_begins(&mut self) {
        self.before = mem::take(&mut self.now);
    }

    /// What came of a message.
    pub(super) fn heard(&mut self, service: &ServiceId, heard: &Heard) {
        match heard {
            Heard::Answer(_, ProviderReply::Given(given)) => {
                for it in &given.results {
                    tracing::info!(%service, device = %it.device, result = ?it.result, "code");
                }
            }
            Heard::Answer(_, ProviderReply::Reported(reported)) => {
                for it in &reported.results {
                    tracing::info!(%service, device = %it.device, result = ?it.result, "reported");
                }
            }
            Heard::Answer(_, ProviderReply::Settled(settled)) => {
                tracing::info!(%service, handovers = settled.settled, "settled");
            }
            Heard::Refused(_, refusal) => {
                let (code, detail) = (refusal.code.word(), &refusal.detail);
                if self.is_news(service, format!("{code}: {detail}")) {
                    tracing::warn!(%service, code, detail, "the center refused");
                }
            }
            _ => {}
        }
    }

    /// What was passed over here because a record is damaged, if anything was.
    pub(super) fn passed_over(&mut self, service: &ServiceId, damage: Option<String>) {
        if let Some(damage) = damage
            && self.is_news(service, damage.clone())
        {
            tracing::error!(%service, damage, "damaged records are passed over");
        }
    }

    /// Whether this was not said of the service in the round before, nor in this one.
    fn is_news(&mut self, service: &ServiceId, text: String) -> bool {
        let said = (service.clone(), text);
        let is_known = self.before.contains(&said);
        self.now.insert(said) && !is_known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_in_every_round_is_news_once_and_again_after_a_round_without_it() {
        let service: ServiceId = "scan".parse().expect("an id");
        let mut notes = Notes::default();
        let mut rounds = Vec::new();
        for texts in [vec!["a", "a"], vec!["a", "b"], vec!["b"], vec!["a"]] {
            notes.round_begins();
            let news = texts
                .into_iter()
                .map(|it| notes.is_news(&service, it.into()));
            rounds.push(news.collect::<Vec<_>>());
        }
        let expected = [
            vec![true, false],
            vec![false, true],
            vec![false],
            vec![true],
        ];
        assert_eq!(rounds, expected);
    }
}
