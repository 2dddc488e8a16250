//! The text of a dial script, and a telephone number.
//!
//! One step a line, carried out in order, so that an error can name its line. Empty lines and lines
//! that begin with `#` are passed over. Serves spec section 15.7.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use restante_core::limits::{
    MODEM_LINE_CHARS, SCRIPT_CHARS, SCRIPT_STEP_MAX, SCRIPT_STEPS, TELEPHONE_CHARS,
};
use serde::{Deserialize, Serialize};

/// Dials: resets the modem, has it answer in words, watch dial tone and carrier and hang up when
/// DTR falls, and calls.
pub const DIAL: &str = "\
abort BUSY
abort NO CARRIER
abort NO DIALTONE
abort NO DIAL TONE
abort NO ANSWER
abort ERROR
send ATZ
expect OK within 5s
send ATE0V1Q0X4&C1&D2
expect OK within 5s
send ATDT{number}
expect CONNECT within 90s
";

/// Answers: waits for a call and takes it.
pub const ANSWER: &str = "\
abort NO CARRIER
abort ERROR
send ATZ
expect OK within 5s
send ATE0V1Q0S0=0&C1&D2
expect OK within 5s
expect RING
send ATA
expect CONNECT within 90s
";

/// Hangs up: silence, the escape, silence, and the command. Frames never hold the escape.
pub const HANG_UP: &str = "\
pause 2s
write +++
expect OK within 5s
send ATH
expect OK within 5s
";

/// Where the telephone number goes.
const NUMBER: &str = "{number}";

/// What is said to a modem, and what it has to answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Script {
    steps: Vec<(usize, Step)>,
    aborts: Vec<String>,
}

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A line goes to the modem, with its number put in and a carriage return behind it.
    Send(String),
    /// Characters go to the modem as they are.
    Write(String),
    /// The modem has to say a line that begins with these words.
    Expect {
        /// The words.
        words: String,
        /// Within how many seconds; for ever, if nothing is said.
        within: Option<u32>,
    },
    /// Nothing is sent for so many seconds.
    Pause(u32),
}

/// What is wrong with a script, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the script: {error}")]
pub struct ScriptError {
    /// The line, from one.
    pub line: usize,
    /// What is wrong with it.
    pub error: TextError,
}

/// What is wrong with a line of a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// A word that begins no step.
    #[error("{0:?} is no step; expected send, write, expect, pause or abort")]
    Step(String),
    /// A step without what it needs.
    #[error("nothing stands behind {0:?}")]
    Empty(String),
    /// A time that is none.
    #[error("{0:?} is no time; expected seconds from 1s to {max}s", max = SCRIPT_STEP_MAX.get())]
    Time(String),
    /// A character that cannot be sent.
    #[error("only printable ASCII characters can be sent to a modem")]
    Character,
    /// A line that is too long.
    #[error("it has more than {MODEM_LINE_CHARS} characters")]
    TooLong,
    /// A script that is too long.
    #[error("the script has more than {SCRIPT_STEPS} steps or {SCRIPT_CHARS} characters")]
    TooMany,
}

impl Script {
    /// The steps, each with its line.
    pub(super) fn step(&self, number: usize) -> Option<&(usize, Step)> {
        self.steps.get(number)
    }

    /// The words that end it in failure, whatever is expected.
    pub(super) fn aborts(&self) -> &[String] {
        &self.aborts
    }

    fn take(&mut self, line: usize, text: &str) -> Result<(), TextError> {
        if text.len() > MODEM_LINE_CHARS {
            return Err(TextError::TooLong);
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            return Err(TextError::Character);
        }
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        let rest = rest.trim();
        if !["send", "write", "expect", "pause", "abort"].contains(&verb) {
            return Err(TextError::Step(verb.to_owned()));
        }
        if rest.is_empty() {
            return Err(TextError::Empty(verb.to_owned()));
        }
        let step = match verb {
            "send" => Step::Send(rest.to_owned()),
            "write" => Step::Write(rest.to_owned()),
            "pause" => Step::Pause(seconds(rest)?),
            "abort" => {
                self.aborts.push(rest.to_owned());
                return Ok(());
            }
            _ => expectation(rest)?,
        };
        self.steps.push((line, step));
        Ok(())
    }
}

fn expectation(rest: &str) -> Result<Step, TextError> {
    let (words, within) = match rest.rsplit_once(" within ") {
        Some((words, within)) => (words.trim(), Some(seconds(within)?)),
        None => (rest, None),
    };
    let words = words.to_owned();
    Ok(Step::Expect { words, within })
}

fn seconds(text: &str) -> Result<u32, TextError> {
    let number = text
        .trim()
        .strip_suffix('s')
        .and_then(|number| number.parse().ok());
    let allowed = number.filter(|number| (1..=SCRIPT_STEP_MAX.get()).contains(number));
    allowed.ok_or_else(|| TextError::Time(text.trim().to_owned()))
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let mut script = Self {
            steps: Vec::new(),
            aborts: Vec::new(),
        };
        if text.len() > SCRIPT_CHARS {
            let error = TextError::TooMany;
            return Err(ScriptError { line: 1, error });
        }
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            script
                .take(line, text)
                .map_err(|error| ScriptError { line, error })?;
            if script.steps.len().max(script.aborts.len()) > SCRIPT_STEPS {
                let error = TextError::TooMany;
                return Err(ScriptError { line, error });
            }
        }
        Ok(script)
    }
}

impl TryFrom<String> for Script {
    type Error = ScriptError;

    fn try_from(text: String) -> Result<Self, ScriptError> {
        text.parse()
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for abort in &self.aborts {
            writeln!(f, "abort {abort}")?;
        }
        for (_, step) in &self.steps {
            writeln!(f, "{step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(text) => write!(f, "send {text}"),
            Self::Write(text) => write!(f, "write {text}"),
            Self::Pause(seconds) => write!(f, "pause {seconds}s"),
            Self::Expect { words, within } => {
                write!(f, "expect {words}")?;
                within.map_or(Ok(()), |seconds| write!(f, " within {seconds}s"))
            }
        }
    }
}

impl From<Script> for String {
    fn from(script: Script) -> Self {
        alloc::format!("{script}")
    }
}

/// A telephone number as modems are told it, with pauses and prefixes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Number(String);

/// Why a text is no telephone number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no telephone number: 1 to {TELEPHONE_CHARS} of 0-9 * # , + - W and spaces")]
pub struct NumberError(String);

impl Number {
    /// A line of a script with the number in its place.
    pub(super) fn put_into(&self, line: &str) -> String {
        line.replace(NUMBER, &self.0)
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        // A semicolon would end the call, a carriage return the command.
        let is_allowed = |byte: u8| byte.is_ascii_digit() || b"*#,+- W".contains(&byte);
        let is_number = (1..=TELEPHONE_CHARS).contains(&text.len())
            && text.bytes().all(is_allowed)
            && text.bytes().any(|byte| byte.is_ascii_digit());
        if is_number {
            Ok(Self(text.to_owned()))
        } else {
            Err(NumberError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Number {
    type Error = NumberError;

    fn try_from(text: String) -> Result<Self, NumberError> {
        text.parse()
    }
}

impl From<Number> for String {
    fn from(number: Number) -> Self {
        number.0
    }
}
