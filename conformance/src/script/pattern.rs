//! Patterns for JSON: what a case says of an answer.
//!
//! A plain value fits its equal, an object fits one that has at least its members (the protocol
//! lets both sides grow), a list fits one of the same length, item by item. An object whose members
//! begin with `$` is an operator, or several that must all hold:
//!
//! | operator | fits |
//! |---|---|
//! | `$bind: name` | anything, and gives it that name |
//! | `$not: p`, `$all: [p]`, `$oneOf: [p]` | as they say |
//! | `$absent: true` | a member that is not there |
//! | `$type: t` | `string`, `number`, `boolean`, `array`, `object` or `null` |
//! | `$form: f` | a text of one of the protocol's forms, such as `formalCode` |
//! | `$min: n`, `$max: n` | a number in bounds |
//! | `$each: p`, `$has: p`, `$count: n` | a list: each item, some item, how many |
//! | `$contains: s` | a text that contains another |

use serde_json::{Map, Value};

use super::form;
use super::scope::{Scope, ScriptError};

/// Where and why an answer does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Where, such as `formalCode` or `devices.0.result`; empty for the whole.
    pub path: String,
    /// Why, in words that follow "expected".
    pub why: String,
}

impl core::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.why)
        } else {
            write!(f, "{}: {}", self.path, self.why)
        }
    }
}

/// Whether `actual` fits `pattern`. Names are bound even where a later part does not fit; the case
/// has failed by then.
///
/// # Errors
/// [`ScriptError`] where the pattern itself is wrong.
pub fn fit(
    pattern: &Value,
    actual: Option<&Value>,
    scope: &mut Scope,
) -> Result<Option<Mismatch>, ScriptError> {
    Fit { scope }.value(pattern, actual, "")
}

struct Fit<'a> {
    scope: &'a mut Scope,
}

type Fits = Result<Option<Mismatch>, ScriptError>;

impl Fit<'_> {
    fn value(&mut self, pattern: &Value, actual: Option<&Value>, path: &str) -> Fits {
        if let Some(operators) = operators(pattern) {
            return self.operators(operators, actual, path);
        }
        let Some(actual) = actual else {
            // What is not bound yet stays a name: the value is absent whatever it should have been.
            let pattern = self.scope.fill(pattern).unwrap_or_else(|_| pattern.clone());
            return miss(
                path,
                format!("expected {}, and it is absent", shown(&pattern)),
            );
        };
        match pattern {
            Value::Object(members) => self.members(members, actual, path),
            Value::Array(items) => self.items(items, actual, path),
            plain => {
                let wanted = self.scope.fill(plain)?;
                if wanted == *actual {
                    Ok(None)
                } else {
                    miss(
                        path,
                        format!("expected {}, got {}", shown(&wanted), shown(actual)),
                    )
                }
            }
        }
    }

    fn members(&mut self, members: &Map<String, Value>, actual: &Value, path: &str) -> Fits {
        if !actual.is_object() {
            return miss(path, format!("expected an object, got {}", shown(actual)));
        }
        for (name, pattern) in members {
            let found = self.value(pattern, actual.get(name), &join(path, name))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn items(&mut self, items: &[Value], actual: &Value, path: &str) -> Fits {
        let Some(list) = actual.as_array() else {
            return miss(path, format!("expected a list, got {}", shown(actual)));
        };
        if list.len() != items.len() {
            return miss(
                path,
                format!("expected {} items, got {}", items.len(), list.len()),
            );
        }
        for (at, (pattern, item)) in items.iter().zip(list).enumerate() {
            let found = self.value(pattern, Some(item), &join(path, &at.to_string()))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn operators(&mut self, all: &Map<String, Value>, actual: Option<&Value>, path: &str) -> Fits {
        if all.get("$absent") == Some(&Value::Bool(true)) {
            return match actual {
                None => Ok(None),
                Some(actual) => miss(path, format!("expected nothing, got {}", shown(actual))),
            };
        }
        let Some(actual) = actual else {
            return miss(path, "expected a value, and it is absent".to_owned());
        };
        for (operator, operand) in all {
            let found = self.operator(operator, operand, actual, path)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn operator(&mut self, operator: &str, operand: &Value, actual: &Value, path: &str) -> Fits {
        let wrong = || ScriptError::Pattern(format!("{operator}: {operand}"));
        match operator {
            "$bind" => {
                let name = operand.as_str().ok_or_else(wrong)?;
                self.scope.bind(name, actual.clone());
                Ok(None)
            }
            "$not" => match self.value(operand, Some(actual), path)? {
                Some(_) => Ok(None),
                None => miss(path, format!("expected anything but {}", shown(actual))),
            },
            "$all" | "$oneOf" => self.several(operator == "$all", operand, actual, path),
            "$each" | "$has" => self.list(operator == "$each", operand, actual, path),
            "$count" => {
                let wanted = self.scope.fill(operand)?;
                let found = actual.as_array().map_or(0, Vec::len);
                verdict(wanted.as_u64() == Some(found as u64), path, || {
                    format!("expected {wanted} items, got {found}")
                })
            }
            "$type" => verdict(operand.as_str() == Some(type_of(actual)), path, || {
                format!("expected a value of type {operand}, got {}", shown(actual))
            }),
            "$form" => {
                let name = operand.as_str().ok_or_else(wrong)?;
                let good = form::has_form(name, actual.as_str().unwrap_or_default());
                verdict(good.ok_or_else(wrong)?, path, || {
                    format!("expected the form {name}, got {}", shown(actual))
                })
            }
            "$min" | "$max" => self.bound(operator == "$min", operand, actual, path),
            "$contains" => {
                let part = self.scope.fill_str(operand.as_str().ok_or_else(wrong)?)?;
                let good = actual.as_str().is_some_and(|text| text.contains(&part));
                verdict(good, path, || {
                    format!("expected a text with {part:?} in it, got {}", shown(actual))
                })
            }
            _ => Err(wrong()),
        }
    }

    fn several(&mut self, all: bool, operand: &Value, actual: &Value, path: &str) -> Fits {
        let patterns = operand.as_array();
        let patterns = patterns.ok_or_else(|| ScriptError::Pattern(operand.to_string()))?;
        let mut last = None;
        for pattern in patterns {
            let before = self.scope.clone();
            let found = self.value(pattern, Some(actual), path)?;
            match (all, found) {
                (true, None) => {}
                (true, found) => return Ok(found),
                (false, None) => return Ok(None),
                (false, found) => {
                    *self.scope = before;
                    last = found;
                }
            }
        }
        Ok(last)
    }

    fn list(&mut self, each: bool, pattern: &Value, actual: &Value, path: &str) -> Fits {
        let Some(items) = actual.as_array() else {
            return miss(path, format!("expected a list, got {}", shown(actual)));
        };
        for (at, item) in items.iter().enumerate() {
            let before = self.scope.clone();
            let found = self.value(pattern, Some(item), &join(path, &at.to_string()))?;
            match (each, found) {
                (true, None) => {}
                (true, found) => return Ok(found),
                (false, None) => return Ok(None),
                (false, Some(_)) => *self.scope = before,
            }
        }
        if each {
            return Ok(None);
        }
        let wanted = shown(pattern);
        miss(
            path,
            format!("expected an item like {wanted} among {} items", items.len()),
        )
    }

    fn bound(&mut self, least: bool, operand: &Value, actual: &Value, path: &str) -> Fits {
        let operand = self.scope.fill(operand)?;
        let number = |value: &Value| match value {
            Value::String(text) => text.parse::<f64>().ok(),
            other => other.as_f64(),
        };
        let (Some(limit), Some(value)) = (number(&operand), number(actual)) else {
            return miss(path, format!("expected a number, got {}", shown(actual)));
        };
        let good = if least {
            value >= limit
        } else {
            value <= limit
        };
        let word = if least { "at least" } else { "at most" };
        verdict(good, path, || {
            format!("expected {word} {operand}, got {}", shown(actual))
        })
    }
}

/// The members, where all of them are operators and there is at least one.
fn operators(pattern: &Value) -> Option<&Map<String, Value>> {
    let members = pattern.as_object()?;
    (!members.is_empty() && members.keys().all(|name| name.starts_with('$'))).then_some(members)
}

fn verdict(good: bool, path: &str, why: impl FnOnce() -> String) -> Fits {
    if good { Ok(None) } else { miss(path, why()) }
}

fn miss(path: &str, why: String) -> Fits {
    let path = path.to_owned();
    Ok(Some(Mismatch { path, why }))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

const fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value in a sentence: short ones whole, long ones by their beginning.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN_CHARS {
        return text;
    }
    let beginning: String = text.chars().take(SHOWN_CHARS).collect();
    format!("{beginning}…")
}

/// How much of a value a sentence shows. Longer than a formal code, which has to be redacted whole.
const SHOWN_CHARS: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn says(pattern: Value, actual: Value) -> Option<String> {
        let mut scope = Scope::new(1, "x");
        scope.bind("known", json!("value"));
        fit(&pattern, Some(&actual), &mut scope)
            .expect("a right pattern")
            .map(|miss| miss.to_string())
    }

    #[test]
    fn further_members_are_welcome_and_missing_ones_are_named() {
        assert_eq!(says(json!({"a": 1}), json!({"a": 1, "b": 2})), None);
        assert_eq!(
            says(json!({"a": {"b": 1}}), json!({"a": {}})).as_deref(),
            Some("a.b: expected 1, and it is absent")
        );
    }

    #[test]
    fn names_are_compared_with_what_they_stand_for() {
        assert_eq!(says(json!("${known}"), json!("value")), None);
        assert_eq!(
            says(json!("${known}"), json!("other")).as_deref(),
            Some("expected \"value\", got \"other\"")
        );
        assert!(says(json!({"$not": "${known}"}), json!("value")).is_some());
    }

    #[test]
    fn operators_say_what_they_wanted() {
        assert_eq!(
            says(json!({"n": {"$min": 1, "$max": 3}}), json!({"n": 4})).as_deref(),
            Some("n: expected at most 3, got 4")
        );
        assert_eq!(says(json!({"n": {"$absent": true}}), json!({})), None);
        assert_eq!(
            says(json!({"$each": {"$type": "number"}}), json!([1, 2])),
            None
        );
        assert!(says(json!({"$has": 3}), json!([1, 2])).is_some());
        assert!(says(json!({"$count": 3}), json!([1, 2])).is_some());
        assert!(says(json!({"$form": "formalCode"}), json!("rfc1.x")).is_some());
    }

    #[test]
    fn a_wrong_operator_is_the_cases_mistake() {
        let mut scope = Scope::new(1, "x");
        let error = fit(&json!({"$near": 1}), Some(&json!(1)), &mut scope);
        assert_eq!(error, Err(ScriptError::Pattern("$near: 1".to_owned())));
    }

    #[test]
    fn a_part_that_does_not_fit_binds_nothing_in_a_choice() {
        let mut scope = Scope::new(1, "x");
        let pattern = json!({"$oneOf": [{"a": {"$bind": "k"}, "b": 1}, {"a": {"$bind": "m"}}]});
        let fits = fit(&pattern, Some(&json!({"a": 7, "b": 2})), &mut scope);
        assert_eq!(fits, Ok(None));
        assert!(scope.fill(&json!("${k}")).is_err());
        assert_eq!(scope.fill(&json!("${m}")), Ok(json!(7)));
    }
}
