//! Restante's conformance kit: it plays every other party of the protocol against one party under
//! test, and says in words that a vendor can act upon what that party does wrong.
//!
//! A *case* is a JSON file of abstract steps. A *line* carries them to the party under test: over
//! HTTP, or inside this process with a virtual clock. A *verdict* with its evidence is written to
//! `results.jsonl`, from which every report derives. *Faults* are defects on purpose, put between
//! the parts through the core's traits, which show that each case fails when it should.

pub mod benign;
pub mod bundled;
pub mod case;
pub mod command;
pub mod faults;
pub mod hook;
pub mod line;
pub mod mail;
pub mod pair;
pub mod party;
pub mod profile;
pub mod report;
pub mod results;
pub mod run;
pub mod script;
pub mod trace;
pub mod transcript;
pub mod vectors;
pub mod verdict;
