//! How a case can end, apart from its verdict.

use crate::line::LineError;
use crate::run::target::{NotHanded, Unmoved};
use crate::script::ScriptError;

/// A check that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What was expected.
    pub expected: String,
    /// What came instead.
    pub actual: String,
    /// Both in one sentence.
    pub reason: String,
}

/// How the steps of a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All checks held.
    Held,
    /// One did not.
    Broken(Box<Failure>),
    /// The kit has too little control to go on.
    Untested(String),
    /// The kit cannot tell.
    Error(String),
}

impl Ended {
    /// A check that did not hold.
    pub(super) fn broken(expected: impl Into<String>, actual: impl Into<String>) -> Self {
        let (expected, actual) = (expected.into(), actual.into());
        let reason = format!("expected {expected}; {actual}");
        Self::Broken(Box::new(Failure {
            expected,
            actual,
            reason,
        }))
    }
}

impl From<ScriptError> for Ended {
    fn from(error: ScriptError) -> Self {
        Self::Error(format!("the case itself is wrong: {error}"))
    }
}

impl From<Unmoved> for Ended {
    fn from(error: Unmoved) -> Self {
        match error {
            Unmoved::Unable(_) => Self::Untested(error.to_string()),
            Unmoved::Failed(_) => Self::Error(error.to_string()),
        }
    }
}

impl From<NotHanded> for Ended {
    fn from(error: NotHanded) -> Self {
        match error {
            NotHanded::Unable(_) => Self::Untested(error.to_string()),
            NotHanded::Failed(_) => Self::Error(error.to_string()),
        }
    }
}

impl From<LineError> for Ended {
    /// A late or broken answer is the target's failure, a target that is gone is nobody's verdict.
    fn from(error: LineError) -> Self {
        match error {
            LineError::Late(_) | LineError::Broken(_) => {
                Self::broken("a response", error.to_string())
            }
            LineError::Unable(_) => Self::Untested(error.to_string()),
            LineError::Unreachable { .. } => Self::Error(error.to_string()),
        }
    }
}
