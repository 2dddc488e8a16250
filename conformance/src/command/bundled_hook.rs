//! `bundled-hook`: the hook of the bundled device and gateway, each a unit in this process.
//!
//! The unit's machine dials the kit over real connections, by the same client as the reference
//! program; its clock is moved by the kit alone. No time passes while an exchange is under way.

use std::io::Write as _;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use restante_http::client::{Client, SendError, Trust};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::bundled::DrawnEntropy;
use crate::hook::{Outcome, Request, Response, Verb};
use crate::party::{DeviceKind, GatewayKind, Happening, Kind, Outgoing, Unit, do_to, new_seat};
use crate::verdict::Exit;

use super::CommandError;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What it is the hook of.
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    Device,
    Gateway,
}

pub(super) async fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    match arguments.what {
        What::Device => serve::<DeviceKind>().await,
        What::Gateway => serve::<GatewayKind>().await,
    }
}

/// A unit and its exchanges with the center.
struct Served<K: Kind> {
    unit: Unit<K>,
    client: Option<Client>,
    center: Option<String>,
    under_way: Option<JoinHandle<()>>,
    answers: mpsc::Sender<(u32, Happening)>,
}

async fn serve<K: Kind>() -> Result<Exit, CommandError> {
    let entropy = DrawnEntropy::new(u64::from(std::process::id()), "bundled hook");
    let (answers, mut answered) = mpsc::channel(1);
    let mut served = Served {
        unit: Unit::<K>::new(Arc::new(K::machine), new_seat(), entropy),
        client: None,
        center: None,
        under_way: None,
        answers,
    };
    let mut lines = lines();
    loop {
        tokio::select! {
            biased;
            Some((boot, happening)) = answered.recv() => served.answered(boot, happening)?,
            line = lines.recv() => match line {
                None => return Ok(Exit::Conformant),
                Some(line) => {
                    let answer = served.line(&line)?;
                    let mut output = std::io::stdout().lock();
                    writeln!(output, "{answer}").map_err(CommandError::kit)?;
                    output.flush().map_err(CommandError::kit)?;
                }
            }
        }
    }
}

/// The lines of standard input. They are read by a thread, for reading one waits for its end.
fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

impl<K: Kind> Served<K> {
    fn line(&mut self, line: &str) -> Result<String, CommandError> {
        let request: Request = serde_json::from_str(line).map_err(CommandError::usage)?;
        let verb: Result<Verb, _> = serde_json::from_value(json!(request.verb));
        let outcome = match verb {
            Err(_) => Outcome::Unsupported(format!("it does not know {:?}", request.verb)),
            Ok(verb) => self.done(verb, request.with).unwrap_or_else(Outcome::Error),
        };
        self.send()?;
        let id = request.id;
        serde_json::to_string(&Response { id, outcome }).map_err(CommandError::kit)
    }

    fn done(&mut self, verb: Verb, mut with: Value) -> Result<Outcome, String> {
        match verb {
            Verb::Advance => return self.advance(&with),
            Verb::Start => {
                let text = |name: &str| with.get(name).and_then(Value::as_str).unwrap_or_default();
                let trust = Trust::only(text("certificates").as_bytes());
                let trust = trust.map_err(|why| why.to_string())?;
                let client = Client::new(text("center"), &trust).map_err(|why| why.to_string())?;
                self.center = Some(text("center").to_owned());
                self.client = Some(client);
            }
            Verb::EnterCode => {
                if let (Some(members), Some(center)) = (with.as_object_mut(), &self.center) {
                    members.entry("center").or_insert(json!(center));
                }
            }
            _ => {}
        }
        let boots = self.unit.boots();
        let outcome = do_to(&mut self.unit, verb, with);
        if self.unit.boots() != boots || verb == Verb::Stop {
            self.hang_up();
        }
        outcome
    }

    fn advance(&mut self, with: &Value) -> Result<Outcome, String> {
        let seconds = with.get("seconds").and_then(Value::as_u64).unwrap_or(0);
        let began = self.unit.now();
        if self.under_way.is_none() {
            let until = began.saturating_add(seconds.saturating_mul(1_000));
            self.unit.pass(until).map_err(|error| error.to_string())?;
        }
        let passed = self.unit.now().saturating_sub(began) / 1_000;
        let busy = self.under_way.is_some() || !self.unit.outgoing.is_empty();
        Ok(Outcome::Ok(json!({ "passed": passed, "busy": busy })))
    }

    /// An exchange is over. What belongs to an earlier boot is nobody's any more.
    fn answered(&mut self, boot: u32, happening: Happening) -> Result<(), CommandError> {
        if boot == self.unit.boots() {
            self.under_way = None;
            self.unit.give(happening).map_err(CommandError::kit)?;
        }
        self.send()
    }

    fn send(&mut self) -> Result<(), CommandError> {
        while let Some((boot, outgoing)) = self.unit.outgoing.pop_front() {
            let client = self.client.clone();
            let client = client.ok_or_else(|| CommandError::kit("it was not started"))?;
            let answers = self.answers.clone();
            self.under_way = Some(tokio::spawn(async move {
                // Nobody listens any more when the process ends.
                let _gone = answers
                    .send((boot, exchanged(&client, &outgoing).await))
                    .await;
            }));
        }
        Ok(())
    }

    fn hang_up(&mut self) {
        if let Some(exchange) = self.under_way.take() {
            exchange.abort();
        }
    }
}

async fn exchanged(client: &Client, outgoing: &Outgoing) -> Happening {
    let exchange = outgoing.exchange;
    match client.send(&outgoing.presented, &outgoing.request).await {
        Ok(reply) => Happening::Replied(exchange, reply),
        Err(SendError::Refused(refusal)) => Happening::Refused(exchange, refusal),
        Err(_) => Happening::LinkFailed(exchange),
    }
}
