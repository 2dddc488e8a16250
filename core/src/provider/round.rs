//! What a refusal means for the round in which it is heard.

use crate::time::Seconds;
use crate::wire::{Refusal, RefusalCode};

/// Nothing more is to be said for now, about any of the account's services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundOver {
    /// The time before which no round may begin, where the center has named one or its word has
    /// one. It can be no time at all: whoever dials waits for its own back-off at the least.
    pub wait: Option<Seconds>,
}

/// Whether this refusal ends the round: the center asks to come later, whatever its word, or does
/// not take this account at all. What it refuses of one message alone, a failure of its own
/// included, ends nothing: the messages behind it may be taken.
// spec: PRV-031, PRV-035
#[must_use]
pub fn round_over(refusal: &Refusal) -> Option<RoundOver> {
    let wait = refusal.wait();
    let is_about_us = matches!(
        refusal.code,
        RefusalCode::TokenRefused | RefusalCode::RoleForbidden | RefusalCode::CredentialMissing
    );
    (is_about_us || wait.is_some()).then_some(RoundOver { wait })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::BUSY_WAIT;

    #[test]
    fn a_round_ends_where_the_center_takes_nothing_and_not_where_it_refuses_a_message() {
        let over = |code| round_over(&Refusal::plain(code));
        for code in RefusalCode::ALL {
            let expected = match code {
                RefusalCode::Busy | RefusalCode::Throttled => Some(Some(BUSY_WAIT)),
                RefusalCode::TokenRefused
                | RefusalCode::RoleForbidden
                | RefusalCode::CredentialMissing => Some(None),
                _ => None,
            };
            assert_eq!(
                over(*code),
                expected.map(|wait| RoundOver { wait }),
                "{code}"
            );
        }
    }

    #[test]
    fn a_time_that_is_named_is_kept_to_whatever_the_word() {
        for code in RefusalCode::ALL {
            for seconds in [0, 30] {
                let mut refusal = Refusal::plain(*code);
                refusal.retry_after = Some(Seconds::new(seconds));
                let wait = refusal.retry_after;
                assert_eq!(round_over(&refusal), Some(RoundOver { wait }), "{code}");
            }
        }
    }
}
