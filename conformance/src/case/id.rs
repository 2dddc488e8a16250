//! A case's name: `<role>/<FAMILY>/<what-holds>`, the path of its file without the ending.

use core::fmt;
use core::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Role;

/// `server/ENR/lost-reply-yields-the-same-code`, say.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^(server|device|gateway|provider)/[A-Z]{2,4}/[a-z0-9-]+$"))]
pub struct CaseId(String);

/// A text that is no case's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no case id; expected role/FAMILY/what-holds, such as server/ENR/a-first-enrolment"
)]
pub struct NotACaseId(pub String);

impl CaseId {
    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The family of requirements that the case belongs to, such as `ENR`.
    #[must_use]
    pub fn family(&self) -> &str {
        self.0.split('/').nth(1).unwrap_or_default()
    }

    /// What holds, the last part.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split('/').nth(2).unwrap_or_default()
    }
}

impl FromStr for CaseId {
    type Err = NotACaseId;

    fn from_str(text: &str) -> Result<Self, NotACaseId> {
        let parts: Vec<&str> = text.split('/').collect();
        let good = match parts.as_slice() {
            [role, family, name] => {
                Role::ALL.iter().any(|known| known.word() == *role)
                    && (2..=4).contains(&family.len())
                    && family.bytes().all(|b| b.is_ascii_uppercase())
                    && !name.is_empty()
                    && name
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            }
            _ => false,
        };
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotACaseId(text.to_owned()))
        }
    }
}

impl TryFrom<String> for CaseId {
    type Error = NotACaseId;
    fn try_from(text: String) -> Result<Self, NotACaseId> {
        text.parse()
    }
}

impl From<CaseId> for String {
    fn from(id: CaseId) -> Self {
        id.0
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_three_parts_of_the_right_form() {
        let id: CaseId = "server/ENR/a-first-enrolment".parse().expect("good");
        assert_eq!((id.family(), id.name()), ("ENR", "a-first-enrolment"));
        for bad in [
            "",
            "server/ENR",
            "server/enr/x",
            "client/ENR/x",
            "server/ENR/X",
            "server/ENR/",
        ] {
            assert!(bad.parse::<CaseId>().is_err(), "{bad}");
        }
    }
}
