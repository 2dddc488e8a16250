//! Text forms that a pattern can ask for by name: each is read by the core's own parser.

use restante_core::code::{AccessToken, FormalCode, ProvisionalCode, RegistrationCode};
use restante_core::id::{
    ApplicationId, CorrelationId, CustomerId, DeviceId, Epoch, GrantId, HandoverId, InstructionId,
    RegistrationId, RequestId, TokenId,
};
use restante_core::wire::people::DateTime;

/// Whether `text` has the form called `name`; `None` where there is no such form.
pub(super) fn has_form(name: &str, text: &str) -> Option<bool> {
    Some(match name {
        "provisionalCode" => {
            text.len() == 29
                && text
                    .parse::<ProvisionalCode>()
                    .is_ok_and(|c| c.to_text() == text)
        }
        "formalCode" => text.parse::<FormalCode>().is_ok(),
        "firstFormalCode" => text
            .parse::<FormalCode>()
            .is_ok_and(|code| code.epoch() == Epoch::FIRST),
        "accessToken" => text.parse::<AccessToken>().is_ok(),
        "request" => text.parse::<RequestId>().is_ok(),
        "device" => text.parse::<DeviceId>().is_ok(),
        "registration" => text.parse::<RegistrationId>().is_ok(),
        "customer" => text.parse::<CustomerId>().is_ok(),
        "instruction" => text.parse::<InstructionId>().is_ok(),
        "handover" => text.parse::<HandoverId>().is_ok(),
        "application" => text.parse::<ApplicationId>().is_ok(),
        "registrationCode" => text.parse::<RegistrationCode>().is_ok(),
        "grant" => text.parse::<GrantId>().is_ok(),
        "token" => text.parse::<TokenId>().is_ok(),
        "correlation" => text.parse::<CorrelationId>().is_ok(),
        "dateTime" => DateTime::from_text(text).is_some(),
        "strongEtag" => text.len() > 2 && text.starts_with('"') && text.ends_with('"'),
        "wholeNumber" => text.parse::<u64>().is_ok(),
        _ => return None,
    })
}
