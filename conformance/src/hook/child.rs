//! A running hook, asked one line at a time: a child program, or one inside this process.
//!
//! The one inside is the bundled hook, into which the kit's own faults are put; it speaks the same
//! lines, by channels instead of pipes.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;

use super::{HOOK_VERSION, HookError, Outcome, Request, Response, Verb};

/// A running hook that has shown that it can say no.
#[derive(Debug)]
pub struct ChildHook {
    ends: Ends,
    next: u64,
    patience: Duration,
}

/// What the lines go into and come out of.
#[derive(Debug)]
enum Ends {
    Program {
        child: Box<Child>,
        input: ChildStdin,
        output: Lines<BufReader<ChildStdout>>,
    },
    Inside {
        asks: mpsc::Sender<String>,
        answers: mpsc::Receiver<String>,
    },
}

impl ChildHook {
    /// Starts `command` by the shell and asks it for something that nobody knows.
    ///
    /// # Errors
    /// [`HookError`] if it does not start, does not answer, or claims to know the verb.
    pub async fn start(command: &str, patience: Duration) -> Result<Self, HookError> {
        let mut hook = Self::spawn(command, patience)?;
        let verb = unknown_verb();
        match hook.ask_word(&verb, Value::Null).await? {
            Outcome::Unsupported(_) => Ok(hook),
            Outcome::Ok(_) | Outcome::Error(_) => Err(HookError::ClaimsAnything {
                verb,
                answer: "ok or error".to_owned(),
            }),
        }
    }

    /// A hook inside this process, which takes lines from the other end of `asks` and puts its own
    /// into that of `answers`.
    #[must_use]
    pub const fn inside(
        asks: mpsc::Sender<String>,
        answers: mpsc::Receiver<String>,
        patience: Duration,
    ) -> Self {
        Self {
            ends: Ends::Inside { asks, answers },
            next: 1,
            patience,
        }
    }

    /// Asks it to do something.
    ///
    /// # Errors
    /// [`HookError`] if it does not answer as a hook does. That it cannot or did not is an
    /// [`Outcome`].
    pub async fn ask(&mut self, verb: Verb, with: Value) -> Result<Outcome, HookError> {
        self.ask_word(verb.word(), with).await
    }

    /// Ends the program, whatever it is doing.
    pub async fn end(self) {
        let Ends::Program {
            mut child, input, ..
        } = self.ends
        else {
            return;
        };
        drop(input);
        if tokio::time::timeout(LAST_WORDS, child.wait())
            .await
            .is_err()
        {
            // It had its time; that killing fails means that it has ended by itself meanwhile.
            let _ended = child.kill().await;
        }
    }

    fn spawn(command: &str, patience: Duration) -> Result<Self, HookError> {
        let not_started = |why| HookError::NotStarted {
            command: command.to_owned(),
            why,
        };
        let mut child = Command::new("sh")
            .args(["-c", command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .map_err(not_started)?;
        let piped = || not_started(std::io::Error::other("its input and output are not piped"));
        let input = child.stdin.take().ok_or_else(piped)?;
        let output = child.stdout.take().ok_or_else(piped)?;
        Ok(Self {
            ends: Ends::Program {
                child: Box::new(child),
                input,
                output: BufReader::new(output).lines(),
            },
            next: 1,
            patience,
        })
    }

    async fn ask_word(&mut self, verb: &str, with: Value) -> Result<Outcome, HookError> {
        let id = self.next;
        self.next += 1;
        let request = Request {
            id,
            version: HOOK_VERSION,
            verb: verb.to_owned(),
            with,
        };
        let line = serde_json::to_string(&request).unwrap_or_default();
        let gone = || HookError::Gone(verb.to_owned());
        self.ends.write(line).await.ok_or_else(gone)?;
        self.answer(id, verb).await
    }

    async fn answer(&mut self, id: u64, verb: &str) -> Result<Outcome, HookError> {
        let read = tokio::time::timeout(self.patience, self.ends.read()).await;
        let line = read
            .map_err(|_| HookError::Silent {
                verb: verb.to_owned(),
                seconds: self.patience.as_secs(),
            })?
            .ok_or_else(|| HookError::Gone(verb.to_owned()))?;
        let unreadable = |why: String| HookError::Unreadable {
            verb: verb.to_owned(),
            line: line.chars().take(200).collect(),
            why,
        };
        let response: Response =
            serde_json::from_str(&line).map_err(|why| unreadable(why.to_string()))?;
        if response.id == id {
            Ok(response.outcome)
        } else {
            Err(unreadable(format!("its id is not {id}")))
        }
    }
}

impl Ends {
    /// Writes a line. `None` where nobody reads any more.
    async fn write(&mut self, mut line: String) -> Option<()> {
        match self {
            Self::Program { input, .. } => {
                line.push('\n');
                input.write_all(line.as_bytes()).await.ok()?;
                input.flush().await.ok()
            }
            Self::Inside { asks, .. } => asks.send(line).await.ok(),
        }
    }

    /// The next line. `None` where nobody writes any more.
    async fn read(&mut self) -> Option<String> {
        match self {
            Self::Program { output, .. } => output.next_line().await.ok().flatten(),
            Self::Inside { answers, .. } => answers.recv().await,
        }
    }
}

/// A verb that no hook can know: drawn for this run.
fn unknown_verb() -> String {
    use ring::rand::SecureRandom;
    let mut bytes = [0_u8; 6];
    // Where the system has no randomness, the fixed word is as unknown to an honest hook.
    let _drawn = ring::rand::SystemRandom::new().fill(&mut bytes);
    let word: String = bytes.iter().map(|b| char::from(b'a' + b % 26)).collect();
    format!("zz-{word}")
}

/// How long a hook may take to end after its input was closed.
const LAST_WORDS: Duration = Duration::from_secs(3);
