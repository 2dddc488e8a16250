//! Why a command did not do what it was asked, as a line for a person and an exit code for a
//! script.

use restante_core::id::DeviceId;
use restante_core::wire::{Refusal, RefusalCode};

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
    /// What the center said, where it refused.
    pub refusal: Option<Box<Refusal>>,
}

impl Failure {
    /// It did not begin: something that was given is not as it should be.
    pub fn given(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: 2,
            is_silence: false,
            refusal: None,
        }
    }

    /// It failed while it ran, or was refused.
    pub fn ran(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: 1,
            is_silence: false,
            refusal: None,
        }
    }

    /// It was refused; the line says so in these words.
    pub fn refused(refusal: Refusal, text: impl Into<String>) -> Self {
        Self {
            refusal: Some(Box::new(refusal)),
            ..Self::ran(text)
        }
    }

    /// What a person named is not there: `what` in the place of the registry's words, which cannot
    /// know what was asked for. Where devices are not there, they are named instead.
    #[must_use]
    pub fn unless_missing(error: ConsoleError, what: impl FnOnce() -> String) -> Self {
        match error {
            ConsoleError::Refused(refusal)
                if refusal.code == RefusalCode::NotFound && refusal.devices.is_empty() =>
            {
                Self::refused(refusal, what())
            }
            other => other.into(),
        }
    }

    /// Whether the center refused for this reason.
    #[must_use]
    pub fn is(&self, code: RefusalCode) -> bool {
        self.refusal.as_ref().is_some_and(|it| it.code == code)
    }

    /// The same, with `next` behind what the center says in the place of the registry's advice,
    /// which cannot know what there is to do here.
    #[must_use]
    pub fn advising(mut self, next: &str) -> Self {
        if let Some(refusal) = &self.refusal {
            self.text = format!("refused ({}): {}{next}", refusal.code, refusal.detail);
        }
        self
    }

    /// The line that `program` complains in: for programs, what the center said where it refused.
    #[must_use]
    pub fn complaint(&self, program: &str, as_json: bool) -> String {
        let said = self.refusal.as_ref().filter(|_| as_json);
        let said = said.and_then(|refusal| serde_json::to_string(refusal).ok());
        said.unwrap_or_else(|| format!("{program}: {}", self.text))
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
                let text = words(&refusal);
                Self::refused(refusal, text)
            }
            silent @ (ConsoleError::Link(_) | ConsoleError::Unreachable { .. }) => Self {
                is_silence: true,
                ..Self::ran(silent.to_string())
            },
            other => Self::ran(other.to_string()),
        }
    }
}

/// A refusal in a line: what is wrong, with which devices, and what a person can do.
fn words(refusal: &Refusal) -> String {
    let (code, detail) = (refusal.code, &refusal.detail);
    let detail = match (code, refusal.devices.as_slice()) {
        (_, []) => detail.clone(),
        (RefusalCode::NotFound, devices) => format!("the customer holds no {}", named(devices)),
        (_, devices) => format!("{detail}: {}", named(devices)),
    };
    match code {
        // What the registry advises is for devices and their makers; the detail says it all.
        RefusalCode::Invalid
        | RefusalCode::Malformed
        | RefusalCode::Busy
        | RefusalCode::Internal => format!("refused ({code}): {detail}"),
        _ => format!("refused ({code}): {detail}. {}", code.remedy()),
    }
}

/// The first of these devices by name, and how many more there are.
fn named(devices: &[DeviceId]) -> String {
    let names: Vec<String> = devices
        .iter()
        .take(NAMED)
        .map(ToString::to_string)
        .collect();
    let names = names.join(", ");
    match devices.len().saturating_sub(NAMED) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// Devices that a line names: as many as somebody reads.
const NAMED: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: RefusalCode, devices: u8) -> Failure {
        let mut refusal = Refusal::plain(code);
        refusal.devices = (0..devices)
            .map(|it| DeviceId::from_bytes([it; 16]))
            .collect();
        ConsoleError::Refused(refusal).into()
    }

    #[test]
    fn a_refusal_names_the_devices_that_it_is_about() {
        let full = refused(RefusalCode::MailboxFull, 2);
        let [one, two] = [0, 1].map(|it| DeviceId::from_bytes([it; 16]));
        assert_eq!(
            full.text,
            format!(
                "refused (mailbox-full): too many instructions wait for a device already: {one}, \
                 {two}. Call off what is not needed any more, or wait until the device has come \
                 for it."
            )
        );
        let many = refused(RefusalCode::NotFound, 12).text;
        let front = format!("refused (not-found): the customer holds no {one}, {two}, ");
        assert!(many.starts_with(&front), "{many}");
        assert!(
            many.ends_with(" and 2 more. Check the address or the id."),
            "{many}"
        );
        assert_eq!(many.matches("dev-").count(), NAMED);
    }

    #[test]
    fn devices_that_are_not_there_are_named_and_not_what_they_were_for() {
        let mut refusal = Refusal::plain(RefusalCode::NotFound);
        let missing = || "there is no such application".to_owned();
        let error = ConsoleError::Refused(refusal.clone());
        let failure = Failure::unless_missing(error, missing);
        assert_eq!(failure.text, "there is no such application");
        assert!(failure.is(RefusalCode::NotFound));
        refusal.devices.push(DeviceId::from_bytes([7; 16]));
        let failure = Failure::unless_missing(ConsoleError::Refused(refusal), missing);
        assert!(
            failure.text.contains("the customer holds no dev-"),
            "{}",
            failure.text
        );
    }

    #[test]
    fn programs_are_told_a_refusal_as_it_came_and_all_else_in_words() {
        let failure = refused(RefusalCode::MailboxFull, 1);
        let said: Refusal = serde_json::from_str(&failure.complaint("x", true)).expect("JSON");
        assert_eq!(Some(Box::new(said)), failure.refusal);
        assert!(
            failure
                .complaint("x", false)
                .starts_with("x: refused (mailbox-full)")
        );
        assert_eq!(Failure::ran("no").complaint("x", true), "x: no");
    }
}
