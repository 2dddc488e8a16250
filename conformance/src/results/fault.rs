//! What became of a fault that was put in on purpose, as results keep it.

use serde::{Deserialize, Serialize};

use crate::case::CaseId;
use crate::verdict::Verdict;

/// What became of one fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultResult {
    /// What it is called.
    pub fault: String,
    /// What the party does wrong, in a sentence.
    pub says: String,
    /// Where it stands.
    pub seam: String,
    /// Which requirements it breaks.
    pub breaks: Vec<String>,
    /// Whether each case that it names failed in the words that it names, and no other failed.
    pub killed: bool,
    /// What the cases came to that it names.
    pub kills: Vec<KillResult>,
    /// Cases that failed although it names them nowhere.
    pub collateral: Vec<CollateralResult>,
    /// Cases that may fail with it, since the same defect shows there too.
    pub allowed: Vec<String>,
}

/// What a case came to that has to fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KillResult {
    /// Which case.
    pub case: CaseId,
    /// The words that the reason has to hold.
    pub wanted: String,
    /// Whether it failed in these words.
    pub killed: bool,
    /// What the case came to.
    pub verdict: Verdict,
    /// Why, in its own words.
    pub reason: String,
}

/// A case that failed and should not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CollateralResult {
    /// Which case.
    pub case: CaseId,
    /// What it came to.
    pub verdict: Verdict,
    /// Why, in its own words.
    pub reason: String,
}
