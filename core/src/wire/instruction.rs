//! Instructions: what a center wants done by a device, which it cannot call.
//!
//! An instruction lies in a device's mailbox until the device has said what became of it. It holds
//! one or several acts, each with a kind and each with a result of its own. A device that meets a
//! kind that it does not know says so by name; the rest of the mailbox is none the worse for it.
//! Serves spec chapter MBX.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{DeviceId, InstructionId, Note};
use crate::limits::{ACTS_PER_INSTRUCTION, WORD_CHARS};
use crate::time::Seconds;

/// One instruction as it lies in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Instruction {
    /// Which one it is.
    pub id: InstructionId,
    /// For which device. A registration that speaks for several devices has one list for all.
    pub device: DeviceId,
    /// How often it has been delivered, counted from 1; acknowledgements repeat it.
    pub attempt: u32,
    /// It may be begun within so many seconds, and not after.
    pub expires: Seconds,
    /// It is called off: what has not been begun is not begun any more.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub cancel: bool,
    /// What to do, in this order.
    pub acts: Acts,
}

/// The acts of one instruction: 1 to [`ACTS_PER_INSTRUCTION`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Acts(#[cfg_attr(feature = "schema", schemars(length(min = 1, max = 8)))] Vec<Act>);

impl Acts {
    /// These acts; `None` if there is none, or more than an instruction may have.
    #[must_use]
    pub fn new(acts: Vec<Act>) -> Option<Self> {
        (1..=ACTS_PER_INSTRUCTION)
            .contains(&acts.len())
            .then_some(Self(acts))
    }

    /// An instruction's only act.
    #[must_use]
    pub fn one(act: Act) -> Self {
        Self(alloc::vec![act])
    }

    /// The acts, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Act] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Acts {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let acts = Vec::<Act>::deserialize(d)?;
        let count = acts.len();
        Self::new(acts).ok_or_else(|| de::Error::invalid_length(count, &"1 to 8 acts"))
    }
}

/// One thing to do: an object with a single member, whose name is the kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Act {
    /// `report-status`: report running status now.
    ReportStatus,
    /// `rotate-code`: ask for a new formal code now.
    RotateCode,
    /// `notify`: show this to the people at the device.
    Notify(Notify),
    /// `register-service`: present a registration code at a service's URL.
    RegisterService(RegisterService),
    /// A kind of a later version. It is rejected by name.
    Unknown(Kind),
}

/// A text for the people at a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Notify {
    /// What to show.
    pub text: Note,
}

/// Where to register for a service, and with what. The texts are taken as they come: a device
/// judges the URL when it carries the act out, so that a bad one fails that act and nothing else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RegisterService {
    /// The URL to register at; it tells the service.
    pub url: String,
    /// The registration code: for this device and this application, and for one use. People are not
    /// shown it.
    // spec: SVC-024
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
}

impl fmt::Debug for RegisterService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterService")
            .field("url", &self.url)
            .field("code", &'…')
            .finish()
    }
}

/// The name of a kind: at most [`WORD_CHARS`] characters of the first part of what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind(String);

impl Kind {
    /// The kind with this name, cut to the bound and rid of what a terminal would act upon.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let plain = |c: &char| c.is_ascii_graphic();
        Self(name.chars().filter(plain).take(WORD_CHARS).collect())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Act {
    /// The name of its kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::ReportStatus => REPORT_STATUS,
            Self::RotateCode => ROTATE_CODE,
            Self::Notify(_) => NOTIFY,
            Self::RegisterService(_) => REGISTER_SERVICE,
            Self::Unknown(kind) => kind.as_str(),
        }
    }
}

/// The body of an act that says all by its kind.
#[derive(Serialize, Deserialize)]
struct Nothing {}

impl Serialize for Act {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(1))?;
        match self {
            Self::Notify(body) => map.serialize_entry(NOTIFY, body)?,
            Self::RegisterService(body) => map.serialize_entry(REGISTER_SERVICE, body)?,
            Self::ReportStatus | Self::RotateCode | Self::Unknown(_) => {
                map.serialize_entry(self.kind(), &Nothing {})?;
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Act {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(ActVisitor)
    }
}

struct ActVisitor;

impl<'de> Visitor<'de> for ActVisitor {
    type Value = Act;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with one member, whose name is the kind of act")
    }

    // spec: MBX-013
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Act, A::Error> {
        let Some(kind) = map.next_key::<String>()? else {
            return Err(de::Error::invalid_length(0, &self));
        };
        let act = match kind.as_str() {
            REPORT_STATUS => map.next_value::<Nothing>().map(|_| Act::ReportStatus)?,
            ROTATE_CODE => map.next_value::<Nothing>().map(|_| Act::RotateCode)?,
            NOTIFY => Act::Notify(map.next_value()?),
            REGISTER_SERVICE => Act::RegisterService(map.next_value()?),
            other => map
                .next_value::<IgnoredAny>()
                .map(|_| Act::Unknown(Kind::new(other)))?,
        };
        if map.next_key::<IgnoredAny>()?.is_some() {
            return Err(de::Error::invalid_length(2, &self));
        }
        Ok(act)
    }
}

// Derived, the schema would list the kinds of today and refuse those of tomorrow.
#[cfg(feature = "schema")]
impl schemars::JsonSchema for Act {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "Act".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let notify = generator.subschema_for::<Notify>();
        let register = generator.subschema_for::<RegisterService>();
        schemars::json_schema!({
            "type": "object",
            "description": "one thing to do; the single member's name is its kind. A device rejects \
                a kind that it does not know, by name",
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {
                REPORT_STATUS: { "type": "object" },
                ROTATE_CODE: { "type": "object" },
                NOTIFY: notify,
                REGISTER_SERVICE: register,
            },
            "additionalProperties": { "type": "object" },
        })
    }
}

const REPORT_STATUS: &str = "report-status";
const ROTATE_CODE: &str = "rotate-code";
const NOTIFY: &str = "notify";
const REGISTER_SERVICE: &str = "register-service";

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    fn read(text: &str) -> Result<Act, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn an_act_reads_back_from_its_text() {
        let notify = Notify {
            text: Note::new("Service is coming").expect("a note"),
        };
        let register = RegisterService {
            url: "https://service-x.example/regist".into(),
            code: "163abc45".into(),
        };
        for act in [
            Act::ReportStatus,
            Act::RotateCode,
            Act::Notify(notify),
            Act::RegisterService(register),
        ] {
            let text = serde_json::to_string(&act).expect("JSON");
            assert_eq!(read(&text).expect("an act"), act, "{text}");
        }
    }

    #[test]
    fn a_kind_of_a_later_version_keeps_its_name_and_nothing_else() {
        let act = read(r#"{"fold-paper":{"times":[1,{"deep":2}]}}"#).expect("an act");
        assert_eq!(act, Act::Unknown(Kind::new("fold-paper")));
        assert_eq!(act.kind(), "fold-paper");
    }

    #[test]
    fn a_kind_cannot_bring_a_terminal_to_act() {
        let act = read("{\"\\u001b[31mred\":{}}").expect("an act");
        assert_eq!(act.kind(), "[31mred");
    }

    #[test]
    fn an_act_is_one_member_and_no_more() {
        assert!(read("{}").is_err());
        assert!(read(r#"{"report-status":{},"rotate-code":{}}"#).is_err());
    }

    #[test]
    fn a_log_line_never_shows_a_registration_code() {
        let act = read(r#"{"register-service":{"url":"https://a.example/","code":"secret"}}"#);
        let shown = format!("{:?}", act.expect("an act"));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
