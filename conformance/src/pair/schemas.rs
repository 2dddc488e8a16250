//! The published schemas of messages between a device and a center.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::Value;

/// Every schema, ready to be asked.
pub struct Schemas(BTreeMap<&'static str, Validator>);

impl Schemas {
    /// Those of the specification that this kit holds.
    ///
    /// # Errors
    /// A sentence, if one of them is none.
    pub fn published() -> Result<Self, String> {
        let messages = restante_spec::messages().into_iter();
        let ready = messages.map(|message| {
            let validator = jsonschema::validator_for(&message.schema);
            let validator = validator.map_err(|why| format!("{}: {why}", message.name))?;
            Ok((message.name, validator))
        });
        ready.collect::<Result<_, String>>().map(Self)
    }

    /// Why a text is no message of this name, if so.
    #[must_use]
    pub fn misfit(&self, name: &str, body: &[u8]) -> Option<String> {
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            return Some(format!("got a {name} that is no JSON"));
        };
        let Some(validator) = self.0.get(name) else {
            return Some(format!("there is no schema {name}"));
        };
        let mut errors = validator.iter_errors(&json);
        errors.next().map(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "its root" } else { &place };
            format!("got a {name} that breaks its schema at {place}: {error}")
        })
    }
}

impl core::fmt::Debug for Schemas {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
