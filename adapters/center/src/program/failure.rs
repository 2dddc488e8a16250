//! Why a command did not do what it was asked, as a line for a person and an exit code for a
//! script.

use restante_core::wire::RefusalCode;

use crate::config::ConfigError;
use crate::console::ConsoleError;
use crate::init::InitError;
use crate::keyfile::KeyFileError;
use crate::open::CenterError;
use crate::provider::ProviderError;
use crate::setup::StartError;

/// One line, and the exit code that goes with it.
#[derive(Debug)]
pub struct Failure {
    /// The line.
    pub text: String,
    /// The exit code.
    pub code: u8,
    /// The center did not answer: it may do so a moment later.
    pub is_silence: bool,
}

impl Failure {
    /// It did not begin: something that was given is not as it should be.
    pub fn given(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: 2,
            is_silence: false,
        }
    }

    /// It failed while it ran, or was refused.
    pub fn ran(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: 1,
            is_silence: false,
        }
    }

    /// What a person named is not there: `what` in the place of the registry's words, which cannot
    /// know what was asked for.
    #[must_use]
    pub fn unless_missing(error: ConsoleError, what: impl FnOnce() -> String) -> Self {
        match error {
            ConsoleError::Refused(refusal) if refusal.code == RefusalCode::NotFound => {
                Self::ran(what())
            }
            other => other.into(),
        }
    }

    /// The center answered something else than was asked.
    #[must_use]
    pub fn other_reply() -> Self {
        ConsoleError::OtherReply.into()
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::given(error.to_string())
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        Self::given(error.to_string())
    }
}

impl From<CenterError> for Failure {
    fn from(error: CenterError) -> Self {
        Self::given(error.to_string())
    }
}

impl From<InitError> for Failure {
    fn from(error: InitError) -> Self {
        Self::given(error.to_string())
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        Self::given(error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Listen(error) => Self::given(error.to_string()),
            StartError::Console(error) => Self::given(error.to_string()),
            other => Self::ran(other.to_string()),
        }
    }
}

impl From<ConsoleError> for Failure {
    fn from(error: ConsoleError) -> Self {
        match error {
            ConsoleError::Open(error) => error.into(),
            ConsoleError::Client(error) => Self::given(error.to_string()),
            untrusted @ ConsoleError::Untrusted(_) => Self::given(untrusted.to_string()),
            forbidden @ ConsoleError::Forbidden { .. } => Self::given(forbidden.to_string()),
            ConsoleError::Refused(refusal) => {
                let (code, detail) = (refusal.code, refusal.detail);
                Self::ran(match code {
                    // What the registry advises is for devices and their makers; the detail says it
                    // all.
                    RefusalCode::Invalid
                    | RefusalCode::Malformed
                    | RefusalCode::Busy
                    | RefusalCode::Internal => {
                        format!("refused ({code}): {detail}")
                    }
                    _ => format!("refused ({code}): {detail}. {}", code.remedy()),
                })
            }
            silent @ (ConsoleError::Link(_) | ConsoleError::Unreachable { .. }) => Self {
                is_silence: true,
                ..Self::ran(silent.to_string())
            },
            other => Self::ran(other.to_string()),
        }
    }
}
