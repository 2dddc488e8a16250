//! Faults at a terminal: a row of marks for each family, the survivors in full, and coverage.

use std::collections::BTreeMap;

use crate::results::{FaultResult, Results};
use crate::verdict::Verdict;

use super::coverage::{Covered, Flipped, astray, because, coverage, flipped};
use super::terminal::{Terminal, family_name};

impl Terminal {
    /// The section on faults, where there were any.
    pub(super) fn faults(&mut self, results: &Results) {
        if results.faults.is_empty() {
            return;
        }
        let title = self.bold("Put in on purpose");
        self.line(&format!("  {title}\n"));
        let mut families: BTreeMap<&str, Vec<&FaultResult>> = BTreeMap::new();
        for fault in &results.faults {
            families.entry(family(fault)).or_default().push(fault);
        }
        for (family, faults) in families {
            let dots: String = faults.iter().map(|fault| self.mark(fault)).collect();
            let count = self.dim(&format!("{:>3} faults", faults.len()));
            let name = family_name(family);
            self.line(&format!(
                "  {family:<5}{name:<26}{count}             {dots}"
            ));
        }
        self.line("");
        let survivors = results.faults.iter().filter(|fault| !fault.killed);
        survivors.for_each(|fault| self.survivor(fault));
        self.sample(&results.faults);
        self.coverage(&coverage(results));
    }

    fn survivor(&mut self, fault: &FaultResult) {
        let (symbol, name) = (self.mark(fault), self.bold(&fault.fault));
        self.line(&format!("  {symbol} {name}  {}", fault.says));
        for sentence in astray(fault) {
            let sentence = self.coloured(Verdict::Fail, &sentence);
            self.line(&format!("    {sentence}"));
        }
        self.line("");
    }

    /// One that was killed, so that a reader sees what that means.
    fn sample(&mut self, faults: &[FaultResult]) {
        let killed = faults.iter().filter(|fault| fault.killed);
        let Some(fault) = killed.max_by_key(|fault| fault.breaks.len()) else {
            return;
        };
        let case = fault.kills.first().map_or("", |kill| kill.case.as_str());
        let symbol = self.mark(fault);
        self.line(&format!("  {symbol} for example    {}", fault.says));
        self.line(&format!("    killed by      {case}"));
        let because = self.dim(because(fault));
        self.line(&format!("    because        {because}\n"));
    }

    fn coverage(&mut self, covered: &[Covered]) {
        let (by, all) = (flipped(covered), covered.len());
        self.line(&format!(
            "  {by} of {all} requirements are turned over by a fault"
        ));
        let never = covered.iter().filter(|one| one.flipped == Flipped::Never);
        let never: Vec<&str> = never.map(|one| one.id.as_str()).collect();
        if !never.is_empty() {
            let text = self.dim(&format!("{}: no fault breaks it", never.join(", ")));
            self.line(&format!("      {text}"));
        }
        self.line("");
    }

    fn mark(&self, fault: &FaultResult) -> String {
        match fault.killed {
            true => self.dot(Verdict::Pass),
            false => self.dot(Verdict::Fail),
        }
    }
}

/// The family of the requirement that a fault breaks first.
pub(super) fn family(fault: &FaultResult) -> &str {
    let first = fault.breaks.first().map_or("", String::as_str);
    first.split('-').next().unwrap_or_default()
}
