//! Refusals: one registry of codes for every transport.
//!
//! A refusal says which rule was broken, whether and when trying again makes sense, and what a
//! person can do. It never says more than an outsider may know: an unknown, an expired, an
//! exhausted and a revoked provisional code are refused in the very same words. What the operator
//! may know stands in the center's log, joined by the correlation id. The registry stands in the
//! order in which a message is judged: can it be read, is its source held up, who speaks, does it
//! apply, is there room.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{CorrelationId, DeviceId};
use crate::limits::BUSY_WAIT;
use crate::time::Seconds;

/// What an outsider is told instead of a reply. On HTTP it is the body of an RFC 9457 problem.
// spec: ERR-001
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// Which rule was broken.
    pub code: RefusalCode,
    /// What is wrong in this very case, in a sentence for a person.
    pub detail: String,
    /// Try again after so many seconds; absent where the code's rule says it all
    /// ([`Refusal::wait`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Seconds>,
    /// How many devices the provisional code can still register (`too-few-slots`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<u32>,
    /// The highest `change` that was accepted (`change-superseded`); the next is above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<u32>,
    /// The devices that it is about: those that the registration does not speak for
    /// (`device-not-covered`), or those for which an instruction cannot be made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceId>,
    /// What to quote to the center's operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<CorrelationId>,
}

impl Refusal {
    /// A refusal for this code, with these words.
    #[must_use]
    pub fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry_after: None,
            free: None,
            change: None,
            devices: Vec::new(),
            correlation: None,
        }
    }

    /// A refusal for this code in the registry's own words.
    // spec: ERR-007
    #[must_use]
    pub fn plain(code: RefusalCode) -> Self {
        Self::new(code, code.title())
    }

    /// A refusal by a word of a later registry, as this side treats it: not worth repeating, unless
    /// the line says that it `is_temporary`. The word goes into what a person reads.
    // spec: ERR-004
    #[must_use]
    pub fn unknown(word: &str, detail: &str, is_temporary: bool) -> Self {
        let code = if is_temporary {
            RefusalCode::Busy
        } else {
            RefusalCode::Invalid
        };
        Self::new(code, format!("{detail} ({word})"))
    }

    /// When the sender is to come again, for every line to say: the time that the refusal names, or
    /// what holds for its word where it names none.
    // spec: ERR-006
    #[must_use]
    pub fn wait(&self) -> Option<Seconds> {
        let by_word = match self.code {
            RefusalCode::Busy | RefusalCode::Throttled => Some(BUSY_WAIT),
            _ => None,
        };
        self.retry_after.or(by_word)
    }
}

/// What a peer that was refused should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// The same message will be refused again; something has to change first.
    Never,
    /// The same message may be accepted later, after the time that the refusal names or, where it
    /// names none, after the sender's own back-off.
    Later,
}

macro_rules! registry {
    ($($(#[$doc:meta])* $name:ident $word:literal $status:literal $retry:ident
        $title:literal, $remedy:literal;)*) => {
        /// Every reason for which a center refuses, in the order in which it judges.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum RefusalCode {
            $($(#[$doc])* $name,)*
        }

        impl RefusalCode {
            /// All of them, in the order in which a center judges.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word on the wire.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The HTTP status that carries it.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// Whether the same message may be accepted later.
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self { $(Self::$name => Retry::$retry,)* }
            }

            /// What it means, in one sentence, the same in every case.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// What a person can do about it.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)* }
            }
        }
    };
}

registry! {
    /// The center cannot answer at present.
    Busy "busy" 503 Later
        "the center cannot answer at present",
        "Nothing needs doing: the device tries again by itself.";
    /// There is nothing at this address, or nothing that the sender may see.
    NotFound "not-found" 404 Never
        "there is no such thing",
        "Check the address or the id.";
    /// The message is larger than a message may be.
    TooLarge "too-large" 413 Never
        "the message is too large",
        "Split it into several messages.";
    /// Not JSON, too deep, too many members, or a member twice.
    Malformed "malformed" 400 Never
        "the message cannot be read",
        "Report this to the maker of the device or program that sent it.";
    /// A member is missing or out of its bounds.
    Invalid "invalid" 422 Never
        "the message is not valid",
        "Report this to the maker of the device or program that sent it.";
    /// Too many wrong codes came from this address; nothing of the message was evaluated.
    Throttled "throttled" 429 Later
        "too many different wrong codes came from this address",
        "Wait for the time that is named, then check the code and enter it once more.";
    /// No credential came with the message, or one that this conversation does not take.
    CredentialMissing "credential-missing" 401 Never
        "this needs a credential that did not come with it",
        "Present the code or token that this conversation takes.";
    /// The provisional code opens nothing.
    CodeRefused "code-refused" 403 Never
        "the provisional access code is not accepted",
        "Check the code, or ask the dealer for a new one.";
    /// The formal code opens nothing.
    FormalCodeRefused "formal-code-refused" 401 Never
        "the formal access code is not accepted",
        "Enrol the device again with a new provisional code from the dealer.";
    /// The token opens nothing.
    TokenRefused "token-refused" 401 Never
        "the access token is not accepted",
        "Ask the center's operator for a new token.";
    /// The token's role may not do this.
    RoleForbidden "role-forbidden" 403 Never
        "the access token's role does not allow this",
        "Ask the center's operator for a token with the role that this needs.";
    /// The registration code is not the one that was made for the device.
    RegistrationRefused "registration-refused" 403 Never
        "the registration for the service is not accepted",
        "Ask the administrator to apply for the service again for this device.";
    /// No service has this id.
    ServiceUnknown "service-unknown" 404 Never
        "there is no such service",
        "List the services, and name one of them.";
    /// The same request id came with other content.
    RequestMismatch "request-mismatch" 422 Never
        "this request id was used with other content",
        "Make a new request; at a device, enter the provisional code anew.";
    /// The request was answered and its formal code has been used.
    RequestRedeemed "request-redeemed" 409 Never
        "this enrolment is complete and its formal code is in use",
        "If the device has lost its formal code, enter a provisional code anew.";
    /// The registration does not speak for all the devices named.
    DeviceNotCovered "device-not-covered" 403 Never
        "the registration does not speak for every device that is named",
        "Remove the devices that are named from the gateway, or enrol them again.";
    /// What the sender asks for is older than something that it has asked for since.
    ChangeSuperseded "change-superseded" 409 Never
        "a later change of the registration's devices was accepted already",
        "Nothing needs doing: the gateway goes on from the number that is named.";
    /// The application is not at a point where this can be done.
    ApplicationClosed "application-closed" 409 Never
        "the application is past that point",
        "Look at where the application stands, and make a new one if need be.";
    /// The customer holds no device of a model that is named.
    ModelUnknown "model-unknown" 409 Never
        "the customer holds no device of a model that is named",
        "List the customer's devices, and name models of theirs.";
    /// The application is about no device that could start the service.
    NoEligibleDevice "no-eligible-device" 409 Never
        "the service applies to none of the devices",
        "List the service's models and the customer's devices, and name others.";
    /// Each of the devices has an application for the service that is still open.
    ApplicationOpen "application-open" 409 Never
        "an application for this service is open already",
        "Wait until it is complete, or cancel it first.";
    /// The registration would name more devices than one may.
    TooManyDevices "too-many-devices" 422 Never
        "the registration would name too many devices",
        "Set up a further gateway for the devices that are left.";
    /// The provisional code has fewer free slots than devices are named.
    TooFewSlots "too-few-slots" 409 Never
        "the provisional access code cannot register that many devices",
        "Ask the dealer for another code, or enrol as many devices as are free.";
    /// No more instructions can wait for a device.
    MailboxFull "mailbox-full" 409 Never
        "too many instructions wait for a device already",
        "Call off what is not needed any more, or wait until the device has come for it.";
    /// The center could not do it, through no fault of the sender.
    Internal "internal" 500 Later
        "the center failed",
        "Quote the correlation id to the center's operator.";
}

impl core::fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn the_word_on_the_wire_is_the_word_in_the_registry() {
        for code in RefusalCode::ALL {
            let json = serde_json::to_string(code).expect("a unit variant");
            assert_eq!(json.trim_matches('"'), code.to_string());
        }
    }

    #[test]
    fn busy_and_throttled_always_name_a_wait_and_no_other_word_makes_one_up() {
        for code in RefusalCode::ALL {
            let waits = matches!(code, RefusalCode::Busy | RefusalCode::Throttled);
            assert_eq!(Refusal::plain(*code).wait(), waits.then_some(BUSY_WAIT));
        }
        let mut named = Refusal::plain(RefusalCode::Throttled);
        named.retry_after = Some(Seconds::HOUR);
        assert_eq!(named.wait(), Some(Seconds::HOUR));
    }

    #[test]
    fn an_unknown_word_is_final_unless_the_line_says_that_it_is_temporary() {
        let refusal = |is_temporary| Refusal::unknown("moon-too-full", "wait", is_temporary);
        assert_eq!(refusal(false).code.retry(), Retry::Never);
        assert_eq!(refusal(true).code.retry(), Retry::Later);
        assert_eq!(refusal(true).detail, "wait (moon-too-full)");
    }

    #[test]
    fn words_are_unique_and_statuses_are_errors() {
        for (i, code) in RefusalCode::ALL.iter().enumerate() {
            assert!(
                !RefusalCode::ALL[..i]
                    .iter()
                    .any(|other| other.word() == code.word())
            );
            assert!((400..600).contains(&code.http_status()));
        }
    }
}
