//! The watch: it shows each exchange to every rule and writes down what was said.

use std::time::Duration;

use crate::case::Case;
use crate::results::CaseResult;
use crate::run::{request_text, response_text};
use crate::transcript::{Line, LineKind, Transcript};
use crate::verdict::Verdict;

use super::device::tolerance;
use super::exchange::{Exchange, Past};
use super::rule::{Look, RULES, Rule};
use super::schemas::Schemas;

/// Everything that was seen so far.
#[derive(Debug)]
pub struct Watch {
    schemas: Schemas,
    past: Past,
    seen: Vec<Seen>,
    story: Transcript,
    exchanges: usize,
}

/// What one rule has seen.
#[derive(Clone, Debug)]
struct Seen {
    rule: &'static Rule,
    checks: u32,
    /// What was expected first and did not come, what came, and in which exchange.
    broken: Option<(String, String, usize)>,
    lines: Vec<Line>,
}

impl Watch {
    /// A watch that has seen nothing.
    #[must_use]
    pub fn new(schemas: Schemas) -> Self {
        let rules = RULES.iter().copied().flatten();
        let seen = rules.map(|rule| Seen {
            rule,
            checks: 0,
            broken: None,
            lines: Vec::new(),
        });
        Self {
            schemas,
            past: Past::default(),
            seen: seen.collect(),
            story: Transcript::default(),
            exchanges: 0,
        }
    }

    /// How many exchanges there were.
    #[must_use]
    pub const fn exchanges(&self) -> usize {
        self.exchanges
    }

    /// Looks at an exchange.
    pub fn take(&mut self, exchange: &Exchange) {
        self.exchanges += 1;
        let from = self.story.lines().len();
        self.tell(exchange);
        let told = self.story.lines().get(from..).unwrap_or_default().to_vec();
        for seen in &mut self.seen {
            let look = (seen.rule.look)(exchange, &self.past, &self.schemas);
            seen.take(look, self.exchanges, &told, &mut self.story);
        }
        self.past.take(exchange);
    }

    /// Time has passed: a poll that is overdue now did not come.
    pub fn end(&mut self, now: Duration, late: Duration) {
        let Some((answered, interval)) = self.past.due.take() else {
            return;
        };
        let latest = answered + Duration::from_secs(interval) + tolerance(interval) + late;
        let polls = self.seen.iter_mut().find(|seen| seen.rule.id == POLLS);
        if let (true, Some(polls)) = (now > latest, polls) {
            let look = Look::broken(&format!("a poll after {interval} s"), "none came");
            polls.take(look, self.exchanges, &[], &mut self.story);
        }
    }

    /// What became of the rule that this case stands for.
    #[must_use]
    pub fn result(&self, case: &Case, again: &str) -> Option<CaseResult> {
        let seen = self
            .seen
            .iter()
            .find(|seen| seen.rule.id == case.id.as_str());
        seen.map(|seen| seen.result(case, again))
    }

    /// The whole story, for a reader who was not there.
    #[must_use]
    pub fn story(&self) -> String {
        let lines = self.story.lines().iter().map(|line| {
            let mark = match line.kind {
                LineKind::Sent => "←",
                LineKind::Received => "→",
                LineKind::Held => "  ✓",
                LineKind::Broken => "  ✗",
                LineKind::Done | LineKind::Note => " ",
            };
            let wire = line.wire.as_deref().unwrap_or_default();
            let wire = wire.lines().map(|line| format!("      {line}\n"));
            format!("{mark} {}\n{}", line.text, wire.collect::<String>())
        });
        lines.collect()
    }

    fn tell(&mut self, exchange: &Exchange) {
        let number = self.exchanges;
        let name = exchange
            .conversation()
            .unwrap_or("no route of the protocol");
        let text = format!(
            "exchange {number}, after {} s: {name}",
            exchange.at.as_secs()
        );
        let wire = request_text(&exchange.request);
        self.story.add_wire(LineKind::Received, &text, Some(&wire));
        match &exchange.response {
            Some(response) => {
                let wire = response_text(response);
                let text = format!("exchange {number}: HTTP {}", response.status);
                self.story.add_wire(LineKind::Sent, &text, Some(&wire));
            }
            None => {
                let text = format!("exchange {number}: the server sent no response");
                self.story.add(LineKind::Sent, &text);
            }
        }
    }
}

impl Seen {
    fn take(&mut self, look: Look, number: usize, told: &[Line], story: &mut Transcript) {
        let (kind, text) = match look {
            Look::Elsewhere => return,
            Look::Kept => (LineKind::Held, self.rule.title.to_owned()),
            Look::Broken(expected, came) => {
                let (expected, came) = (story.redact(&expected), story.redact(&came));
                let text = format!("{}: expected {expected}; {came}", self.rule.title);
                self.broken.get_or_insert((expected, came, number));
                (LineKind::Broken, text)
            }
        };
        self.checks += 1;
        story.add(kind, &text);
        if self.lines.len() < LINES {
            if kind == LineKind::Broken {
                self.lines.extend_from_slice(told);
            }
            let text = format!("in exchange {number}: {text}");
            self.lines.push(Line {
                kind,
                text,
                wire: None,
            });
        }
    }

    /// What became of the rule, as runs and reports know results.
    fn result(&self, case: &Case, again: &str) -> CaseResult {
        let (verdict, reason) = match (&self.broken, self.checks) {
            (Some((expected, came, number)), _) => {
                let reason = format!("in exchange {number}, expected {expected}; {came}");
                (Verdict::Fail, reason)
            }
            (None, 0) => (Verdict::Untested, UNSEEN.to_owned()),
            (None, _) => (Verdict::Pass, String::new()),
        };
        let (expected, actual, _) = self.broken.clone().unwrap_or_default();
        CaseResult {
            case: case.id.clone(),
            title: case.title.clone(),
            requirements: case
                .requirements
                .iter()
                .map(|cited| cited.id.clone())
                .collect(),
            verdict,
            reason,
            expected,
            actual,
            why: case.why.clone(),
            checks: self.checks,
            millis: 0,
            transcript: self.lines.clone(),
            again: again.to_owned(),
        }
    }
}

/// The rule that a poll which does not come breaks.
const POLLS: &str = "device/MBX/watched-polls";
/// What is said of a rule that no exchange was about.
const UNSEEN: &str = "the pair did nothing that this is about";
/// So many lines of one rule are kept; all are in the story.
const LINES: usize = 200;
