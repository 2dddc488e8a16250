//! Reading a file of vectors, and seeing to it that none passes without having been looked at.
//!
//! A file whose cases are misnumbered, carry a flag that the file does not explain, or expect
//! nothing where something is to be compared is an error of the file and fails here.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};

use crate::PROVIDERS;
use restante_core::Crypto;

/// One file of vectors.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suite<I, E> {
    title: String,
    source: String,
    flags: BTreeMap<String, String>,
    cases: Vec<Case<I, E>>,
}

/// One vector: what goes in, and what has to come out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Case<I, E> {
    tc_id: usize,
    notes: String,
    flags: Vec<String>,
    result: Verdict,
    pub(crate) input: I,
    expected: Option<E>,
}

/// Whether the input is to be accepted. There is nothing in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Valid,
    Invalid,
}

impl<I, E> Case<I, E> {
    pub(crate) fn expected(&self) -> &E {
        self.expected
            .as_ref()
            .expect("the case says what to expect")
    }

    /// What a valid case expects; `None` if the case is invalid, and then it may expect nothing.
    pub(crate) fn expected_if_valid(&self) -> Option<&E> {
        assert_eq!(self.expected.is_some(), self.valid());
        self.expected.as_ref()
    }

    pub(crate) fn flagged(&self, flag: &str) -> bool {
        self.flags.iter().any(|each| each == flag)
    }

    pub(crate) fn valid(&self) -> bool {
        self.result == Verdict::Valid
    }
}

/// Puts every case of a file to every provider; says which ones failed, and how many there were.
pub(crate) fn run<I, E>(name: &str, cases: usize, check: impl Fn(&dyn Crypto, &Case<I, E>))
where
    I: DeserializeOwned,
    E: DeserializeOwned,
{
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../spec/vectors/{name}.json"));
    let text = std::fs::read_to_string(&path).expect("the file of vectors is there");
    let suite: Suite<I, E> = serde_json::from_str(&text).expect("the file has the right form");
    assert!(!suite.title.is_empty() && !suite.source.is_empty());
    assert_eq!(
        suite.cases.len(),
        cases,
        "cases were added to or lost from {name}"
    );
    let mut failed = Vec::new();
    for (case, number) in suite.cases.iter().zip(1..) {
        assert_eq!(case.tc_id, number, "{name}: the cases are numbered from 1");
        for flag in &case.flags {
            assert!(
                suite.flags.contains_key(flag),
                "{name} {number}: flag {flag}"
            );
        }
        for (provider, crypto) in PROVIDERS {
            if catch_unwind(AssertUnwindSafe(|| check(crypto, case))).is_err() {
                failed.push(format!("{provider}, {name} {number}: {}", case.notes));
            }
        }
    }
    assert!(failed.is_empty(), "failed:\n{}", failed.join("\n"));
}

/// Bytes that a file writes as small hexadecimal digits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hex(pub(crate) Vec<u8>);

impl Hex {
    pub(crate) fn array<const N: usize>(&self) -> [u8; N] {
        self.0
            .as_slice()
            .try_into()
            .expect("the right number of bytes")
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let digits: Vec<u8> = text
            .chars()
            .map(|digit| {
                digit
                    .to_digit(16)
                    .and_then(|value| u8::try_from(value).ok())
            })
            .collect::<Option<_>>()
            .ok_or_else(|| D::Error::custom("not hexadecimal"))?;
        match digits.as_chunks() {
            (pairs, []) => Ok(Self(
                pairs.iter().map(|[high, low]| high * 16 + low).collect(),
            )),
            _ => Err(D::Error::custom("an odd number of hexadecimal digits")),
        }
    }
}
