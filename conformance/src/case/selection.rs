//! Which cases to run: globs over their ids, and over the requirements that they cite.
//!
//! `*` stands for any run of characters without `/`, `**` for any at all, `?` for one. A pattern
//! without `/` is looked for among the requirements (`ENR-*`) and among the last parts of the ids;
//! one with `/` also means everything below it (`server/ENR`).
//! A pattern that matches nothing is an error: a filter with a typing mistake must never look
//! green.

use super::{Case, Catalogue, Role};

/// What the user wants to run.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    patterns: Vec<String>,
}

/// Why nothing can be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// A pattern that no case of the role matches.
    #[error(
        "the pattern {pattern:?} matches no case of role {role}; see `restante-conformance list --role {role}`"
    )]
    NoMatch {
        /// The pattern.
        pattern: String,
        /// The role that is run.
        role: Role,
    },
    /// A pattern that no case matches.
    #[error("the pattern {0:?} matches no case; see `restante-conformance list`")]
    NoMatchAtAll(String),
    /// No case at all.
    #[error("there is no case of role {0}")]
    NoCase(Role),
}

impl Selection {
    /// The cases that match any of these; all if there are none.
    #[must_use]
    pub fn new(patterns: Vec<String>) -> Self {
        Self { patterns }
    }

    /// Whether it leaves out anything by intent, so that a run is partial.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// The selected cases of one role, in the order of their ids.
    ///
    /// # Errors
    /// [`SelectionError`] if a pattern matches nothing.
    pub fn select<'a>(
        &self,
        catalogue: &'a Catalogue,
        role: Role,
    ) -> Result<Vec<&'a Case>, SelectionError> {
        let all: Vec<&Case> = catalogue.of_role(role).collect();
        for pattern in &self.patterns {
            if !all.iter().any(|case| matches(pattern, case)) {
                let pattern = pattern.clone();
                return Err(SelectionError::NoMatch { pattern, role });
            }
        }
        self.of_role(catalogue, role)
    }

    /// As [`Selection::select`], where patterns may also be meant for other roles.
    ///
    /// # Errors
    /// [`SelectionError::NoCase`] if nothing is left.
    pub fn of_role<'a>(
        &self,
        catalogue: &'a Catalogue,
        role: Role,
    ) -> Result<Vec<&'a Case>, SelectionError> {
        let wanted = |case: &&Case| {
            self.patterns.is_empty() || self.patterns.iter().any(|pattern| matches(pattern, case))
        };
        let selected: Vec<&Case> = catalogue.of_role(role).filter(wanted).collect();
        if selected.is_empty() {
            return Err(SelectionError::NoCase(role));
        }
        Ok(selected)
    }

    /// Whether any case of this role is selected.
    #[must_use]
    pub fn concerns(&self, catalogue: &Catalogue, role: Role) -> bool {
        self.of_role(catalogue, role).is_ok()
    }

    /// Sees to it that no pattern is without effect.
    ///
    /// # Errors
    /// [`SelectionError::NoMatchAtAll`] for the first that matches no case of any role.
    pub fn each_matches_something(&self, catalogue: &Catalogue) -> Result<(), SelectionError> {
        let idle = |pattern: &&String| !catalogue.iter().any(|case| matches(pattern, case));
        match self.patterns.iter().find(idle) {
            Some(pattern) => Err(SelectionError::NoMatchAtAll(pattern.clone())),
            None => Ok(()),
        }
    }
}

/// Whether a pattern means this case.
#[must_use]
fn matches(pattern: &str, case: &Case) -> bool {
    if pattern.contains('/') {
        return names(pattern, case.id.as_str());
    }
    let cited = case
        .requirements
        .iter()
        .any(|citation| glob(pattern.as_bytes(), citation.id.as_bytes()));
    cited || glob(pattern.as_bytes(), case.id.name().as_bytes())
}

/// Whether a pattern names this id or something that it lies below.
fn names(pattern: &str, id: &str) -> bool {
    let pattern = pattern.trim_end_matches('/').as_bytes();
    let ends = id.match_indices('/').map(|(at, _)| at).chain([id.len()]);
    ends.into_iter()
        .any(|end| glob(pattern, &id.as_bytes()[..end]))
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', b'*', rest @ ..] => (0..=text.len()).any(|at| glob(rest, &text[at..])),
        [b'*', rest @ ..] => {
            let end = text.iter().position(|b| *b == b'/').unwrap_or(text.len());
            (0..=end).any(|at| glob(rest, &text[at..]))
        }
        [b'?', rest @ ..] => text.first().is_some_and(|b| *b != b'/') && glob(rest, &text[1..]),
        [symbol, rest @ ..] => text.first() == Some(symbol) && glob(rest, &text[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_star_stays_within_a_part_and_two_cross_it() {
        let fits = |pattern: &str, text: &str| glob(pattern.as_bytes(), text.as_bytes());
        assert!(fits("server/ENR/*", "server/ENR/first"));
        assert!(!fits("server/*", "server/ENR/first"));
        assert!(fits("server/**", "server/ENR/first"));
        assert!(fits("*/*/f?rst", "server/ENR/first"));
        assert!(!fits("server/ENR/firs", "server/ENR/first"));
    }

    #[test]
    fn a_family_means_all_of_its_cases() {
        for family in ["server/ENR", "server/ENR/", "server/", "*/ENR"] {
            assert!(names(family, "server/ENR/first"), "{family}");
        }
        assert!(!names("server/EN", "server/ENR/first"));
        assert!(!names("gateway/ENR", "server/ENR/first"));
    }
}
