//! A unit behind the lines of a hook: the bundled device and gateway as parties that dial the kit.
//!
//! The unit's machine sends over real connections; its clock is moved by the kit alone. No time
//! passes while an exchange is under way.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::bundled::DrawnEntropy;
use crate::hook::{Outcome, Request, Response, Verb};

use super::kind::{Happening, Kind};
use super::machine::{do_to, new_seat};
use super::outside::{Carry, Outside};
use super::unit::Unit;

/// Why a hook cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("the bundled hook cannot go on: {0}")]
pub struct Stuck(String);

/// Serves a unit: lines come from `asks`, and each has its answer in `answers`.
///
/// # Errors
/// [`Stuck`] on a line that no kit writes, and where the unit cannot go on.
pub async fn serve<K: Kind>(
    mut asks: mpsc::Receiver<String>,
    says: mpsc::Sender<String>,
    outside: Outside,
) -> Result<(), Stuck> {
    let entropy = DrawnEntropy::new(u64::from(std::process::id()), "bundled hook");
    let (answers, mut answered) = mpsc::channel(1);
    let mut served = Served {
        unit: Unit::<K>::new(Arc::new(K::machine), new_seat(), entropy),
        outside,
        carrier: None,
        center: None,
        under_way: None,
        answers,
    };
    loop {
        tokio::select! {
            biased;
            Some((boot, happening)) = answered.recv() => served.answered(boot, happening)?,
            line = asks.recv() => {
                let Some(line) = line else { return Ok(()) };
                let answer = served.line(&line)?;
                if says.send(answer).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

/// A unit and its exchanges with the center.
struct Served<K: Kind> {
    unit: Unit<K>,
    outside: Outside,
    carrier: Option<Arc<dyn Carry>>,
    center: Option<String>,
    under_way: Option<JoinHandle<()>>,
    answers: mpsc::Sender<(u32, Happening)>,
}

impl<K: Kind> Served<K> {
    fn line(&mut self, line: &str) -> Result<String, Stuck> {
        let request: Request = serde_json::from_str(line).map_err(stuck)?;
        let verb: Result<Verb, _> = serde_json::from_value(json!(request.verb));
        let outcome = match verb {
            Err(_) => Outcome::Unsupported(format!("it does not know {:?}", request.verb)),
            Ok(verb) => self.done(verb, request.with).unwrap_or_else(Outcome::Error),
        };
        self.send()?;
        let id = request.id;
        serde_json::to_string(&Response { id, outcome }).map_err(stuck)
    }

    fn done(&mut self, verb: Verb, mut with: Value) -> Result<Outcome, String> {
        match verb {
            Verb::Advance => return self.advance(&with),
            Verb::Start => {
                let text = |name: &str| with.get(name).and_then(Value::as_str).unwrap_or_default();
                self.carrier = Some((self.outside.dial)(text("center"), text("certificates"))?);
                self.center = Some(text("center").to_owned());
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
    fn answered(&mut self, boot: u32, happening: Happening) -> Result<(), Stuck> {
        if boot == self.unit.boots() {
            self.under_way = None;
            self.unit.give(happening).map_err(stuck)?;
        }
        self.send()
    }

    fn send(&mut self) -> Result<(), Stuck> {
        while let Some((boot, outgoing)) = self.unit.outgoing.pop_front() {
            let carrier = self.carrier.clone();
            let carrier = carrier.ok_or_else(|| stuck("it was not started"))?;
            let answers = self.answers.clone();
            self.under_way = Some(tokio::spawn(async move {
                // Nobody listens any more when the process ends.
                let _gone = answers.send((boot, carrier.carry(&outgoing).await)).await;
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

fn stuck(why: impl ToString) -> Stuck {
    Stuck(why.to_string())
}
