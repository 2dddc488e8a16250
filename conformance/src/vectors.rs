//! Vectors: what a codec, a derivation or a check yields for an input, valid or invalid and nothing
//! in between.
//!
//! They are the files of `spec/vectors/`, embedded. A program under test gets the input alone, one
//! JSON line at a time, and answers in one line: `{"result": "valid", "output": {…}}`, `{"result":
//! "invalid"}` or `{"result": "unsupported"}`. It never sees what is expected.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One file of vectors.
#[derive(Clone, Debug, Deserialize)]
pub struct VectorFile {
    /// What they are about.
    pub title: String,
    /// The vectors.
    pub cases: Vec<Vector>,
}

/// One vector.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vector {
    /// Its number within the file.
    pub tc_id: u32,
    /// What is special about it, for people.
    #[serde(default)]
    pub notes: String,
    /// Whether the input is right.
    pub result: Judged,
    /// What goes in.
    pub input: Value,
    /// For a valid one: what comes out.
    #[serde(default)]
    pub expected: Map<String, Value>,
}

/// Whether an input is right. There is nothing in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Judged {
    /// It is.
    Valid,
    /// It is not.
    Invalid,
}

/// What a program under test is asked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question<'a> {
    /// The file's name, without its ending.
    pub vectors: &'a str,
    /// The vector's number within the file.
    pub tc_id: u32,
    /// What goes in.
    pub input: &'a Value,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "result", rename_all = "lowercase")]
pub enum Reply {
    /// The input is right, and this comes out.
    Valid {
        /// By the names of the vector's own members.
        #[serde(default)]
        output: Map<String, Value>,
    },
    /// The input is wrong.
    Invalid,
    /// It has no such function.
    Unsupported,
}

/// All files: name and text.
#[must_use]
pub const fn embedded() -> &'static [(&'static str, &'static str)] {
    FILES
}

/// One embedded file, read.
///
/// # Errors
/// A sentence, if the file is wrong.
pub fn read(name: &str, text: &str) -> Result<VectorFile, String> {
    serde_json::from_str(text).map_err(|why| format!("the vectors {name} are wrong: {why}"))
}

impl Vector {
    /// Why a reply is wrong; `None` for a right one. An unsupported function is not judged here.
    #[must_use]
    pub fn misfit(&self, reply: &Reply) -> Option<String> {
        match (self.result, reply) {
            (_, Reply::Unsupported) | (Judged::Invalid, Reply::Invalid) => None,
            (Judged::Invalid, Reply::Valid { .. }) => Some("it takes what is invalid".into()),
            (Judged::Valid, Reply::Invalid) => Some("it refuses what is valid".into()),
            (Judged::Valid, Reply::Valid { output }) => {
                let mut expected = self.expected.iter();
                expected.find_map(|(name, value)| match output.get(name) {
                    Some(given) if given == value => None,
                    Some(given) => Some(format!("{name} should be {value} and is {given}")),
                    None => Some(format!("it does not give {name}")),
                })
            }
        }
    }
}

macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../spec/vectors/", $name, ".json")))),*]
    };
}

const FILES: &[(&str, &str)] = files! {
    "access-token"
    "chacha20-poly1305"
    "draw"
    "formal-code"
    "hkdf-sha256"
    "hmac-sha256"
    "provisional-code"
    "sealed"
    "sealed-lane"
    "serial-frame"
    "sha256"
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_specification_is_embedded_and_readable() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/vectors");
        let there = std::fs::read_dir(folder).expect("vectors").count();
        assert_eq!(there, FILES.len());
        for (name, text) in FILES {
            let file = read(name, text).expect("readable");
            assert!(!file.cases.is_empty(), "{name}");
        }
    }

    #[test]
    fn a_reply_has_to_give_each_member() {
        let text = r#"{"tcId": 1, "result": "valid", "input": {}, "expected": {"a": 1, "b": 2}}"#;
        let vector: Vector = serde_json::from_str(text).expect("a vector");
        let reply = |text: &str| serde_json::from_str::<Reply>(text).expect("a reply");
        let misfit = |text: &str| vector.misfit(&reply(text));
        assert_eq!(misfit(r#"{"result":"valid","output":{"a":1,"b":2}}"#), None);
        assert_eq!(
            misfit(r#"{"result":"valid","output":{"a":1,"b":3}}"#).as_deref(),
            Some("b should be 2 and is 3")
        );
        assert!(misfit(r#"{"result":"valid"}"#).is_some());
        assert!(misfit(r#"{"result":"invalid"}"#).is_some());
    }
}
