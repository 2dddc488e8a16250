//! What a device says of itself: identification, functions and where it can be found.

use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::id::{LanAddress, MailAddress, Model, Serial, Vendor};

/// Which device it is: the same (vendor, model, serial) is the same device.
// spec: MOD-008
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Identification {
    /// Who made it.
    pub vendor: Vendor,
    /// Its model name.
    pub model: Model,
    /// Its serial number.
    pub serial: Serial,
    /// What it can do; at least one thing.
    pub functions: FunctionSet,
}

impl Identification {
    /// Whether both name the same device, whatever they say of its functions.
    #[must_use]
    pub fn is_same_device(&self, other: &Self) -> bool {
        (&self.vendor, &self.model, &self.serial) == (&other.vendor, &other.model, &other.serial)
    }
}

/// One thing that a device can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Function {
    /// It reads paper.
    Scanner,
    /// It prints on paper.
    Printer,
    /// It sends and receives facsimiles.
    Fax,
}

impl Function {
    /// All of them, in the order in which a set lists them.
    pub const ALL: [Self; 3] = [Self::Scanner, Self::Printer, Self::Fax];
}

/// At least one [`Function`]; on the wire an array without repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionSet(u8);

/// A device without a function is no device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a device has at least one of scanner, printer and fax")]
pub struct NoFunction;

impl FunctionSet {
    /// The set of these functions.
    ///
    /// # Errors
    /// [`NoFunction`] if there is none.
    pub fn new(functions: impl IntoIterator<Item = Function>) -> Result<Self, NoFunction> {
        let bits = functions
            .into_iter()
            .fold(0, |bits, function| bits | bit(function));
        if bits == 0 {
            Err(NoFunction)
        } else {
            Ok(Self(bits))
        }
    }

    /// Whether the device can do this.
    #[must_use]
    pub fn contains(self, function: Function) -> bool {
        self.0 & bit(function) != 0
    }

    /// What the device can do, in the order of [`Function::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Function> {
        Function::ALL
            .into_iter()
            .filter(move |function| self.contains(*function))
    }
}

const fn bit(function: Function) -> u8 {
    match function {
        Function::Scanner => 1,
        Function::Printer => 2,
        Function::Fax => 4,
    }
}

impl Serialize for FunctionSet {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for FunctionSet {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(Vec::<Function>::deserialize(d)?).map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for FunctionSet {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "FunctionSet".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let function = generator.subschema_for::<Function>();
        schemars::json_schema!({
            "type": "array",
            "description": "what the device can do; at least one thing",
            "items": function,
            "minItems": 1,
        })
    }
}

/// Where a device and the people around it can be reached. It may change at any time and is no part
/// of what a repeated enrolment has to repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Contacts {
    /// The device's address on its own LAN. The center never connects to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<LanAddress>,
    /// The mail address of the person who looks after supplies and repairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager_mail: Option<MailAddress>,
}
