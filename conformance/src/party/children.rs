//! Children as a case describes them: who they are, how they are, and how slow or silent.
//!
//! A child answers a general call after `answersAfter` milliseconds and `self` after `selfAfter`;
//! one that is `silent` answers neither, one that is `deaf` answers the call alone. What it says of
//! itself in `self` can be told apart from what it said to the call, as it is where an address
//! changed hands. What it is handed it answers after `carryOutAfter` milliseconds, with an outcome
//! for each kind of act.
//!
//! Where the kit plays a child on a LAN, `otherwise` alters what it says of itself there, to the
//! call and in `self`: another text for a key of its record, or none.

use std::collections::BTreeMap;

use restante_core::wire::site::{CarriedOut, CarryOut, OwnStatus, SelfDescription};
use restante_core::wire::{Act, ActResult, Contacts, DeviceEntry, Identification};
use serde::Deserialize;
use serde_json::{Value, json};

/// A child.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Child {
    /// Who it is.
    pub identification: Identification,
    /// Where it is.
    #[serde(default)]
    pub contacts: Contacts,
    /// How it is.
    #[serde(default)]
    status: Option<OwnStatus>,
    /// After how many milliseconds it answers a general call.
    #[serde(default)]
    pub answers_after: u64,
    /// After how many milliseconds it says how it is.
    #[serde(default)]
    pub self_after: u64,
    /// After how many milliseconds it says what became of what it was handed.
    #[serde(default)]
    pub carry_out_after: u64,
    /// What becomes of an act of each kind; one that is not named is done if it is `notify`, and
    /// rejected otherwise.
    #[serde(default)]
    outcomes: BTreeMap<String, ActResult>,
    /// It answers nothing at all.
    #[serde(default)]
    pub silent: bool,
    /// It answers the general call, and not `self`.
    #[serde(default)]
    pub deaf: bool,
    /// Who it says that it is in `self`, where that is somebody else.
    #[serde(default)]
    pub poses_as: Option<Identification>,
    /// What its record says otherwise on a LAN; nothing where a key is missing.
    #[serde(default)]
    otherwise: BTreeMap<String, Option<String>>,
}

impl Child {
    /// What it answers to the general call.
    #[must_use]
    pub fn entry(&self) -> DeviceEntry {
        DeviceEntry {
            identification: self.identification.clone(),
            contacts: self.contacts.clone(),
        }
    }

    /// The text record of its answer to a general call on a LAN, as section 8.1 has it.
    #[must_use]
    pub fn record(&self) -> BTreeMap<String, String> {
        let identification = serde_json::to_value(&self.identification).unwrap_or_default();
        let members = identification.as_object().into_iter().flatten();
        let mut record: BTreeMap<String, String> = members
            .map(|(key, value)| (key.clone(), text(value)))
            .collect();
        record.insert("txtvers".to_owned(), "1".to_owned());
        for (key, value) in &self.otherwise {
            match value {
                Some(value) => record.insert(key.clone(), value.clone()),
                None => record.remove(key),
            };
        }
        record
    }

    /// What it answers to `self` on a LAN, if it does.
    #[must_use]
    pub fn says(&self) -> Option<Value> {
        let mut own = serde_json::to_value(self.own()?).ok()?;
        let identification = own.get_mut("identification")?.as_object_mut()?;
        for (key, value) in &self.otherwise {
            match value {
                Some(words) if key == "functions" => {
                    let words: Vec<&str> = words.split(',').collect();
                    identification.insert(key.clone(), json!(words))
                }
                Some(value) => identification.insert(key.clone(), json!(value)),
                None => identification.remove(key),
            };
        }
        Some(own)
    }

    /// What it answers when it was handed this, if it does.
    #[must_use]
    pub fn carried_out(&self, order: CarryOut) -> Option<CarriedOut> {
        let result = |act: &Act| match (self.outcomes.get(act.kind()), act) {
            (Some(result), _) => result.clone(),
            (None, Act::Notify(_)) => ActResult::DONE,
            (None, other) => ActResult::unknown_kind(other),
        };
        let results = order.acts.as_slice().iter().map(result).collect();
        let answers = !self.silent && !self.deaf;
        answers.then_some(CarriedOut {
            id: order.id,
            results,
        })
    }

    /// What it answers to `self`, if it does.
    #[must_use]
    pub fn own(&self) -> Option<SelfDescription> {
        let identification = self.poses_as.as_ref().unwrap_or(&self.identification);
        let says = !self.silent && !self.deaf;
        let status = self.status.clone().filter(|_| says)?;
        Some(SelfDescription {
            identification: identification.clone(),
            status,
        })
    }
}

/// A member of an identification as a record has it: words are joined by commas.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            words.join(",")
        }
        other => other.to_string(),
    }
}
