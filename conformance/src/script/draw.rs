//! Values that the kit makes up: codes that were never issued, request ids, names of this case
//! alone.
//!
//! Everything is computed from the run's seed, the case's id and the label, so that a run can be
//! repeated to the byte and cases can be shuffled without meeting one another.

use restante_core::code::{AccessToken, FormalCode, ProvisionalCode, RegistrationCode};
use restante_core::id::{
    ApplicationId, CustomerId, DeviceId, Epoch, GrantId, HandoverId, InstructionId, RegistrationId,
    RequestId, TokenId,
};
use restante_core::{Crypto, Seed};
use restante_crypto::RingCrypto;

/// Where one case's made-up values come from.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    seed: Seed,
}

impl Draws {
    /// The draws of `case` in the run with this seed.
    pub(super) fn new(run: u64, case: &str) -> Self {
        let seed = RingCrypto.sha256(&[b"restante kit 1", &run.to_be_bytes(), case.as_bytes()]);
        Self {
            seed: Seed::new(seed),
        }
    }

    /// The value called `label` of this kind, or `None` where there is no such kind.
    pub(super) fn draw(&self, kind: &str, label: &str) -> Option<String> {
        let id = || self.seed.draw_id(&RingCrypto, &format!("{kind}:{label}"));
        Some(match kind {
            "user" | "serial" | "account" => format!("{label}-{}", self.tag()),
            "request" => RequestId::from_bytes(id()).to_string(),
            "device" => DeviceId::from_bytes(id()).to_string(),
            "handover" => HandoverId::from_bytes(id()).to_string(),
            "instruction" => InstructionId::from_bytes(id()).to_string(),
            "application" => ApplicationId::from_bytes(id()).to_string(),
            "registrationCode" => RegistrationCode::of(&self.secret(kind, label))
                .as_str()
                .to_owned(),
            "grant" => GrantId::from_bytes(id()).to_string(),
            "registration" => RegistrationId::from_bytes(id()).to_string(),
            "customer" => CustomerId::from_bytes(id()).to_string(),
            "tokenId" => TokenId::from_bytes(id()).to_string(),
            "code" => ProvisionalCode::draw(&RingCrypto, &self.seed_for(kind, label)).to_text(),
            "formal" => {
                let registration = RegistrationId::from_bytes(id());
                FormalCode::new(registration, Epoch::FIRST, self.secret(kind, label)).to_text()
            }
            "token" => {
                AccessToken::new(TokenId::from_bytes(id()), self.secret(kind, label)).to_text()
            }
            _ => return None,
        })
    }

    /// Six symbols that tell this case's names from those of others.
    pub(super) fn tag(&self) -> String {
        let text = RequestId::from_bytes(self.seed.draw_id(&RingCrypto, "tag")).to_string();
        text.chars().rev().take(6).collect()
    }

    /// A number for this case below `bound`.
    pub(super) fn below(&self, purpose: &str, bound: u64) -> u64 {
        self.seed.draw_below(&RingCrypto, purpose, bound)
    }

    fn secret(&self, kind: &str, label: &str) -> [u8; 32] {
        self.seed.draw(&RingCrypto, &format!("{kind}:{label}"), 1)
    }

    fn seed_for(&self, kind: &str, label: &str) -> Seed {
        Seed::new(self.secret(kind, label))
    }
}
