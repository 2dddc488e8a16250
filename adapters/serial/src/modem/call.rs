//! The machine that carries a dial script out.
//!
//! It listens to whole lines. One that begins with what is expected ends the step, one that begins
//! with an abort word ends the script, and any other is passed over: an echo, a `RING`, a banner.
//! What comes behind the last line that was expected belongs to whoever uses the line next. Serves
//! spec section 15.7.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use restante_core::entropy::Seed;
use restante_core::limits::MODEM_LINE_CHARS;
use restante_core::machine::Machine;
use restante_core::{Seconds, Uptime};

use super::{Number, Script, Step};

/// What can happen while a script is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallInput {
    /// It begins.
    Begin,
    /// These bytes came.
    Received(Vec<u8>),
    /// The deadline has passed.
    TimePassed,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutput {
    /// These bytes go to the modem.
    Write(Vec<u8>),
    /// The script is done.
    Done {
        /// The last line that was expected, such as `CONNECT 9600`.
        answer: String,
        /// What has come behind it.
        rest: Vec<u8>,
    },
    /// The script has failed.
    Failed(CallError),
}

/// At which line of a script it failed, what was expected there and what came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the script: expected {expected}, but {came}")]
pub struct CallError {
    /// The line, from one.
    pub line: usize,
    /// What was expected.
    pub expected: String,
    /// What came instead.
    pub came: Came,
}

/// What came instead of what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Came {
    /// A word that ends the script.
    Word(String),
    /// Nothing within that many seconds.
    Nothing(u32),
    /// Something else within that many seconds; this last.
    Else(u32, String),
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "the modem said {word}"),
            Self::Nothing(seconds) => write!(f, "nothing came within {seconds} s"),
            Self::Else(seconds, said) => {
                write!(f, "it did not come within {seconds} s; last came {said:?}")
            }
        }
    }
}

/// A script that is being carried out.
#[derive(Clone, Debug)]
pub struct Call {
    script: Script,
    number: Number,
    stage: Stage,
    /// The line that is coming.
    line: Vec<u8>,
    /// The last line that came during this step.
    said: String,
    /// The last line that was expected and came.
    answer: String,
}

/// ```text
///   Ready ──▶ Waiting ⇄ Pausing ──▶ Over
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Ready,
    /// For the words of a step, until a time if it has one.
    Waiting {
        step: usize,
        until: Option<Uptime>,
    },
    Pausing {
        step: usize,
        until: Uptime,
    },
    Over,
}

impl Call {
    /// A script, and the number that it calls.
    #[must_use]
    pub const fn new(script: Script, number: Number) -> Self {
        Self {
            script,
            number,
            stage: Stage::Ready,
            line: Vec::new(),
            said: String::new(),
            answer: String::new(),
        }
    }

    /// Goes on with a step, up to the first one that has to wait for something.
    fn go_on(&mut self, now: Uptime, first: usize, out: &mut Vec<CallOutput>) {
        self.said.clear();
        for step in first.. {
            let Some((_, todo)) = self.script.step(step) else {
                break;
            };
            let after = |seconds: u32| now.after(Seconds::new(seconds));
            match todo {
                Step::Send(text) => {
                    let text = format!("{}\r", self.number.put_into(text));
                    out.push(CallOutput::Write(text.into_bytes()));
                }
                Step::Write(text) => {
                    let text = self.number.put_into(text);
                    out.push(CallOutput::Write(text.into_bytes()));
                }
                Step::Pause(seconds) => {
                    let until = after(*seconds);
                    self.stage = Stage::Pausing { step, until };
                    return;
                }
                Step::Expect { within, .. } => {
                    let until = within.map(after);
                    self.stage = Stage::Waiting { step, until };
                    return;
                }
            }
        }
        self.stage = Stage::Over;
        out.push(CallOutput::Done {
            answer: core::mem::take(&mut self.answer),
            rest: Vec::new(),
        });
    }

    fn received(&mut self, now: Uptime, bytes: &[u8], out: &mut Vec<CallOutput>) {
        for (at, byte) in bytes.iter().enumerate() {
            if !matches!(byte, b'\r' | b'\n') {
                if self.line.len() < MODEM_LINE_CHARS {
                    self.line.push(*byte);
                }
                continue;
            }
            // A line ends with carriage return and line feed; what follows the line feed is no
            // longer the modem's. The stage is only left at the second of the two.
            if *byte == b'\n' {
                let line = core::mem::take(&mut self.line);
                self.heard(now, String::from_utf8_lossy(&line).trim(), out);
            }
            if let Some(CallOutput::Done { rest, .. }) = out.last_mut() {
                let behind = bytes.iter().skip(at.saturating_add(1));
                rest.extend(behind);
                return;
            }
        }
    }

    fn heard(&mut self, now: Uptime, said: &str, out: &mut Vec<CallOutput>) {
        let Stage::Waiting { step, .. } = self.stage else {
            return;
        };
        let Some((line, Step::Expect { words, .. })) = self.script.step(step) else {
            return;
        };
        if begins_with(said, words) {
            said.clone_into(&mut self.answer);
            self.go_on(now, step.saturating_add(1), out);
        } else if let Some(word) = self.script.aborts().iter().find(|it| begins_with(said, it)) {
            out.push(CallOutput::Failed(CallError {
                line: *line,
                expected: words.clone(),
                came: Came::Word(word.clone()),
            }));
            self.stage = Stage::Over;
        } else if !said.is_empty() {
            said.clone_into(&mut self.said);
        }
    }

    fn time_passed(&mut self, now: Uptime, out: &mut Vec<CallOutput>) {
        match self.stage {
            Stage::Pausing { step, until } if now >= until => {
                self.go_on(now, step.saturating_add(1), out);
            }
            Stage::Waiting {
                step,
                until: Some(until),
            } if now >= until => {
                self.stage = Stage::Over;
                out.extend(self.nothing_came(step).map(CallOutput::Failed));
            }
            _ => {}
        }
    }

    fn nothing_came(&self, step: usize) -> Option<CallError> {
        let (line, Step::Expect { words, within }) = self.script.step(step)? else {
            return None;
        };
        let within = within.unwrap_or_default();
        let last = if self.said.is_empty() {
            String::from_utf8_lossy(&self.line).trim().to_owned()
        } else {
            self.said.clone()
        };
        Some(CallError {
            line: *line,
            expected: words.clone(),
            came: if last.is_empty() {
                Came::Nothing(within)
            } else {
                Came::Else(within, last)
            },
        })
    }
}

/// Whether a line begins with these words, and not only with the beginning of a longer one.
fn begins_with(line: &str, words: &str) -> bool {
    let rest = line.strip_prefix(words);
    rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
}

impl Machine for Call {
    type Input = CallInput;
    type Output = CallOutput;
    type Error = core::convert::Infallible;

    fn handle(
        &mut self,
        now: Uptime,
        _seed: &Seed,
        input: CallInput,
        out: &mut Vec<CallOutput>,
    ) -> Result<(), Self::Error> {
        match input {
            CallInput::Begin if self.stage == Stage::Ready => self.go_on(now, 0, out),
            CallInput::Begin => {}
            CallInput::Received(bytes) => self.received(now, &bytes, out),
            CallInput::TimePassed => self.time_passed(now, out),
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Uptime> {
        match self.stage {
            Stage::Waiting { until, .. } => until,
            Stage::Pausing { until, .. } => Some(until),
            Stage::Ready | Stage::Over => None,
        }
    }
}
