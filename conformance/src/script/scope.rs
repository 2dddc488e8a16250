//! The names of one case while it runs, and messages with their names filled in.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::draw::Draws;
use super::filter;

/// What names stand for.
#[derive(Clone, Debug)]
pub struct Scope {
    draws: Draws,
    bound: BTreeMap<String, Value>,
}

/// A case that asks for what there is not: a mistake in the case, not in the party under test.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// No step has bound this name.
    #[error("nothing is bound to ${{{0}}}")]
    Unbound(String),
    /// `${kind:label}` with an unknown kind.
    #[error("there is no kind of drawn value called {0:?}")]
    NoKind(String),
    /// `${name|filter}` with an unknown filter, or one that does not fit the value.
    #[error("the filter {filter:?} does not apply to ${{{name}}}")]
    Filter {
        /// What it was applied to.
        name: String,
        /// Its name.
        filter: String,
    },
    /// `${` without `}`.
    #[error("the text {0:?} opens a name and does not close it")]
    Unclosed(String),
    /// An operator that does not exist or is used wrongly.
    #[error("the pattern {0} is wrong")]
    Pattern(String),
}

impl Scope {
    /// The names of `case` in the run with this seed: nothing bound yet.
    #[must_use]
    pub fn new(run: u64, case: &str) -> Self {
        Self {
            draws: Draws::new(run, case),
            bound: BTreeMap::new(),
        }
    }

    /// Gives `value` a name.
    pub fn bind(&mut self, name: &str, value: Value) {
        self.bound.insert(name.to_owned(), value);
    }

    /// What tells this case's names from those of others.
    #[must_use]
    pub fn tag(&self) -> String {
        self.draws.tag()
    }

    /// A number below `bound` that belongs to this case.
    #[must_use]
    pub fn below(&self, purpose: &str, bound: u64) -> u64 {
        self.draws.below(purpose, bound)
    }

    /// The message with its names filled in. `{"$times": 3, "$of": x}` becomes a list of three `x`,
    /// `${n}` counting from 1.
    ///
    /// # Errors
    /// [`ScriptError`] where the case names what there is not.
    pub fn fill(&self, template: &Value) -> Result<Value, ScriptError> {
        match template {
            Value::String(text) => self.fill_text(text),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(members) => self.fill_object(members),
            other => Ok(other.clone()),
        }
    }

    /// The text with its names filled in.
    ///
    /// # Errors
    /// As [`Scope::fill`].
    pub fn fill_str(&self, text: &str) -> Result<String, ScriptError> {
        Ok(plain(&self.fill_text(text)?))
    }

    fn fill_object(&self, members: &Map<String, Value>) -> Result<Value, ScriptError> {
        if let (Some(times), Some(of)) = (members.get("$times"), members.get("$of")) {
            let times = times.as_u64().unwrap_or_default();
            let one = |n: u64| {
                let mut scope = self.clone();
                scope.bind("n", n.into());
                scope.fill(of)
            };
            return (1..=times).map(one).collect();
        }
        let filled = members
            .iter()
            .map(|(name, value)| Ok((name.clone(), self.fill(value)?)));
        Ok(Value::Object(filled.collect::<Result<_, ScriptError>>()?))
    }

    fn fill_text(&self, text: &str) -> Result<Value, ScriptError> {
        if let Some(name) = whole_name(text) {
            return self.value(name);
        }
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| ScriptError::Unclosed(text.to_owned()))?;
            filled.push_str(before);
            filled.push_str(&plain(&self.value(name)?));
            rest = after;
        }
        filled.push_str(rest);
        Ok(Value::String(filled))
    }

    /// The value of `name`, `name.member`, `kind:label`, each with any number of `|filter`.
    fn value(&self, expression: &str) -> Result<Value, ScriptError> {
        let mut parts = expression.split('|');
        let name = parts.next().unwrap_or_default();
        let value = match name.split_once(':') {
            Some((kind, label)) => {
                let label = self.fill_str(&label.replace("{n}", "${n}"))?;
                let drawn = self.draws.draw(kind, &label);
                Value::String(drawn.ok_or_else(|| ScriptError::NoKind(kind.to_owned()))?)
            }
            None => self.bound(name)?,
        };
        parts.try_fold(value, |value, filter| {
            if filter == "text" {
                return Ok(Value::String(plain(&value)));
            }
            let changed = value.as_str().and_then(|text| filter::apply(filter, text));
            changed.map(Value::String).ok_or_else(|| {
                let (name, filter) = (name.to_owned(), filter.to_owned());
                ScriptError::Filter { name, filter }
            })
        })
    }

    fn bound(&self, path: &str) -> Result<Value, ScriptError> {
        let unbound = || ScriptError::Unbound(path.to_owned());
        let mut steps = path.split('.');
        let first = steps.next().unwrap_or_default();
        let mut value = self.bound.get(first).ok_or_else(unbound)?;
        for step in steps {
            let part = match step.parse::<usize>() {
                Ok(index) => value.get(index),
                Err(_) => value.get(step),
            };
            value = part.ok_or_else(unbound)?;
        }
        Ok(value.clone())
    }
}

/// The name, where the text is one name and nothing else.
fn whole_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    (!name.contains("${")).then_some(name)
}

/// A value within a text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_filled_in_as_values_or_within_texts() {
        let mut scope = Scope::new(1, "case");
        scope.bind("reply", json!({"free": 3, "rows": [{"id": "x"}]}));
        let filled = scope.fill(&json!({"a": "${reply.free}", "b": "<${reply.rows.0.id}>"}));
        assert_eq!(filled, Ok(json!({"a": 3, "b": "<x>"})));
    }

    #[test]
    fn drawn_values_repeat_within_a_case_and_differ_between_cases() {
        let (one, other) = (Scope::new(1, "one"), Scope::new(1, "other"));
        let draw = |scope: &Scope| scope.fill_str("${code:a}").expect("drawn");
        assert_eq!(draw(&one), draw(&one));
        assert_ne!(draw(&one), draw(&other));
        assert_ne!(draw(&one), draw(&Scope::new(2, "one")));
    }

    #[test]
    fn a_list_of_many_is_made_from_one() {
        let filled = Scope::new(1, "x").fill(&json!({"$times": 2, "$of": {"at": "${n}"}}));
        assert_eq!(filled, Ok(json!([{"at": 1}, {"at": 2}])));
    }

    #[test]
    fn a_name_that_nothing_is_bound_to_is_a_mistake_of_the_case() {
        let error = Scope::new(1, "x")
            .fill(&json!("${K}"))
            .expect_err("unbound");
        assert_eq!(error.to_string(), "nothing is bound to ${K}");
    }
}
