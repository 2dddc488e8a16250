//! A profile: what a vendor says of the party under test, committed beside its source.
//!
//! It declares role, transports, the kit's control and features, and the limits from which
//! time-outs are derived. MUSTs of the core apply whatever it says. What it declares and does not
//! serve fails; what it does not declare is not tried. A member that does not exist is an error, so
//! that a typing mistake never switches a check off.

use std::path::{Path, PathBuf};

use restante_core::Crypto;
use restante_crypto::RingCrypto;
use serde::{Deserialize, Serialize};

use crate::case::{Binding, CaseId, Control, Role};

/// What is under test and how the kit may treat it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Profile {
    /// Who is under test.
    pub role: Role,
    /// The version of the specification that it claims.
    pub spec: u32,
    /// Over which transports it is tested.
    pub transports: Vec<Binding>,
    /// How much control the kit has.
    #[serde(default)]
    pub control: Control,
    /// Optional features that it serves.
    #[serde(default)]
    pub features: Vec<String>,
    /// What it is, for the report.
    #[serde(default)]
    pub product: Product,
    /// What it needs time for.
    #[serde(default)]
    pub limits: Limits,
    /// Failures that are known.
    #[serde(default)]
    pub expected_failure: Vec<ExpectedFailure>,
}

/// What is under test, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Product {
    /// Who makes it.
    pub vendor: String,
    /// What it is called.
    pub name: String,
    /// Which version of it.
    pub version: String,
}

/// How long things may take, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Limits {
    /// A server answers within this.
    pub reply: u32,
    /// What is due comes within this after it is due: a device's request, a server's cutting off
    /// of a slow peer.
    pub late: u32,
    /// A device is up again within this after it was switched on.
    pub boot: u32,
    /// A server closes a connection whose TLS handshake is not complete within this.
    pub handshake: u32,
    /// A server closes a connection whose request head is not complete within this.
    pub head: u32,
    /// A server closes a connection whose request body is not complete within this.
    pub body: u32,
}

impl Limits {
    /// Those of the bundled programs: its center cuts slow peers sooner than the specification has
    /// to allow, so that the cases about them end soon.
    pub const BUNDLED: Self = Self {
        reply: 10,
        late: 5,
        boot: 30,
        handshake: 2,
        head: 2,
        body: 2,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            reply: 10,
            late: 5,
            boot: 30,
            handshake: 10,
            // spec: HTTP-019
            head: 10,
            body: 30,
        }
    }
}

/// A failure that the vendor knows of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExpectedFailure {
    /// Which case fails.
    pub case: CaseId,
    /// Why, in a sentence.
    pub reason: String,
    /// Where the work on it is recorded.
    pub link: String,
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("cannot read the profile {path}: {why}; `restante-conformance init` writes one", path = path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// The file is no profile.
    #[error("the profile {path} is wrong: {why}", path = path.display())]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// Line, column and what would be right.
        why: toml::de::Error,
    },
    /// The profile is for something else.
    #[error("the profile {path} is wrong: {why}", path = path.display())]
    Unfit {
        /// Which file.
        path: PathBuf,
        /// What does not fit.
        why: String,
    },
}

impl Profile {
    /// Reads a profile for this role.
    ///
    /// # Errors
    /// [`ProfileError`] names the file, the line, and what would be right.
    pub fn load(path: &Path, role: Role) -> Result<Self, ProfileError> {
        let text = std::fs::read_to_string(path).map_err(|why| ProfileError::Unreadable {
            path: path.to_owned(),
            why,
        })?;
        let profile: Self = toml::from_str(&text).map_err(|why| ProfileError::Wrong {
            path: path.to_owned(),
            why,
        })?;
        match profile.misfit(role) {
            None => Ok(profile),
            Some(why) => Err(ProfileError::Unfit {
                path: path.to_owned(),
                why,
            }),
        }
    }

    /// The profile of the bundled programs, with all that the kit can do.
    #[must_use]
    pub fn bundled(role: Role) -> Self {
        Self {
            role,
            spec: SPEC_VERSION,
            transports: vec![Binding::Http],
            control: Control::C2,
            features: FEATURES
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
            product: Product {
                vendor: "Restante".to_owned(),
                name: format!("bundled {role}"),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            limits: Limits::BUNDLED,
            expected_failure: Vec::new(),
        }
    }

    /// What tells this profile from another in a report: eight hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let digest = RingCrypto.sha256(&[&json]);
        digest
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Whether it declares the feature.
    #[must_use]
    pub fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|declared| declared == feature)
    }

    fn misfit(&self, role: Role) -> Option<String> {
        if self.role != role {
            return Some(format!(
                "its role is {}, and this run is for a {role}",
                self.role
            ));
        }
        if self.spec != SPEC_VERSION {
            return Some(format!(
                "spec = {} is not known; this kit tests version {SPEC_VERSION}",
                self.spec
            ));
        }
        if self.transports.is_empty() {
            return Some("transports is empty; name at least one, such as \"http\"".to_owned());
        }
        let unknown = self
            .features
            .iter()
            .find(|name| FEATURES.iter().all(|(known, _)| known != name));
        if let Some(name) = unknown {
            let known: Vec<&str> = FEATURES.iter().map(|(name, _)| *name).collect();
            return Some(format!(
                "there is no feature {name:?}; the features are {}",
                known.join(", ")
            ));
        }
        let bare = |failure: &&ExpectedFailure| {
            failure.reason.trim().is_empty() || failure.link.trim().is_empty()
        };
        self.expected_failure.iter().find(bare).map(|failure| {
            format!(
                "the expected failure of {} needs a reason and a link",
                failure.case
            )
        })
    }
}

/// The version of the specification that this kit tests.
pub const SPEC_VERSION: u32 = 1;

/// Features that a profile can declare, and what each means.
pub const FEATURES: &[(&str, &str)] = &[
    (
        "instructions",
        "operators' and administrators' conversations about instructions in mailboxes",
    ),
    (
        "mail",
        "registrations that come by mail; at a center of others, the hook hands the mails over; at a \
         device, registrations that it sends by mail, through the kit's mail server",
    ),
    (
        "operator",
        "the operator's conversations: access tokens, the clock's acceptance",
    ),
    (
        "providers",
        "conversations with providers whose servers collate their own services",
    ),
    (
        "readings",
        "lists of devices and readings for dealers, administrators and operators",
    ),
    (
        "throttle",
        "wrong codes are counted by the address that they come from",
    ),
    (
        "sealed",
        "messages in sealed envelopes, at a place of their own",
    ),
    (
        "services",
        "people's conversations about services, and registrations at the center's own URLs",
    ),
    (
        "poll-requests",
        "plans of poll requests, and polls with their tags; at a device or a gateway, poll requests \
         on its LAN, and calls of others",
    ),
    ("waiting", "polls that prefer to wait are let wait"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Profile, String> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("profile.toml");
        std::fs::write(&path, text).expect("written");
        Profile::load(&path, Role::Server).map_err(|error| error.to_string())
    }

    const GOOD: &str = "role = \"server\"\nspec = 1\ntransports = [\"http\"]\n";

    #[test]
    fn a_small_profile_is_enough() {
        let profile = load(GOOD).expect("good");
        assert_eq!((profile.control, profile.limits.reply), (Control::C0, 10));
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let error = load(&format!("{GOOD}feature = []\n")).expect_err("unknown member");
        assert!(
            error.contains("line 4") && error.contains("unknown field `feature`"),
            "{error}"
        );
        let error = load(&format!("{GOOD}features = [\"magic\"]\n")).expect_err("unknown feature");
        assert!(error.contains("there is no feature \"magic\""), "{error}");
        let error = load(&GOOD.replace("server", "device")).expect_err("another role");
        assert!(error.contains("its role is device"), "{error}");
    }

    #[test]
    fn an_expected_failure_needs_a_reason_and_a_link() {
        let bare = "[[expected-failure]]\ncase = \"server/ENR/x\"\nreason = \"\"\nlink = \"y\"\n";
        let error = load(&format!("{GOOD}{bare}")).expect_err("no reason");
        assert!(error.contains("needs a reason and a link"), "{error}");
    }
}
