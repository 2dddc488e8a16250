//! Rules that a watcher can see kept or broken.

use crate::case::{Case, Citation, Needs, Role};
use crate::trace::Demands;

use super::exchange::{Exchange, Past};
use super::schemas::Schemas;
use super::{device, server};

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What it is called, as cases are.
    pub id: &'static str,
    /// Who keeps it.
    pub role: Role,
    /// What holds where it is kept.
    pub title: &'static str,
    /// Which requirements it is about.
    pub requirements: &'static [&'static str],
    /// What it makes of an exchange.
    pub look: fn(&Exchange, &Past, &Schemas) -> Look,
}

/// What a rule makes of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It says nothing about this one.
    Elsewhere,
    /// Kept.
    Kept,
    /// Broken: what was expected, and what came instead.
    Broken(String, String),
}

impl Look {
    /// Kept where this holds; otherwise this was expected, and that came.
    #[must_use]
    pub fn kept_if(holds: bool, expected: &str, came: impl Into<String>) -> Self {
        match holds {
            true => Self::Kept,
            false => Self::broken(expected, came),
        }
    }

    /// Broken.
    #[must_use]
    pub fn broken(expected: &str, came: impl Into<String>) -> Self {
        Self::Broken(expected.to_owned(), came.into())
    }
}

impl Rule {
    /// The rule in the form in which runs and reports know what they try.
    ///
    /// # Errors
    /// A sentence, if its name is none or it cites what there is not.
    pub fn case(&self, demands: &Demands) -> Result<Case, String> {
        let cite = |id: &&'static str| {
            let text = demands
                .stamp(id)
                .ok_or_else(|| format!("{}: there is no {id}", self.id))?;
            let id = (*id).to_owned();
            Ok(Citation { id, text })
        };
        let requirements = self.requirements.iter().map(cite);
        Ok(Case {
            id: self.id.parse().map_err(|why| format!("{why}"))?,
            title: self.title.to_owned(),
            role: self.role,
            requirements: requirements.collect::<Result<_, String>>()?,
            cells: Vec::new(),
            why: WHY.to_owned(),
            scenario: None,
            features: Vec::new(),
            binding: None,
            needs: Needs::default(),
            twin: None,
            killed_by: None,
            steps: Vec::new(),
        })
    }
}

/// All of them: the device's, then the server's.
pub const RULES: [&[Rule]; 2] = [device::RULES, server::RULES];

/// What a reader of a failure should know.
const WHY: &str = "The kit only watched. A person who typed a code or cut the power in the \
                   meantime may have had a right to what a device did.";
