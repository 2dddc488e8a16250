//! What stands between a case's JSON and a real exchange: names, filled-in messages, patterns.
//!
//! `${R}` is what an earlier step bound to that name, `${R.member}` a part of it. `${request:a}` is
//! a value of that kind drawn for this case and this run: the same each time it is named, different
//! from every other case's, so that cases share a server without meeting. `${R|filter}` changes it
//! in one respect. A text that is nothing but one name becomes the value itself, of whatever type.

mod draw;
mod filter;
mod form;
mod pattern;
mod scope;

pub use pattern::{Mismatch, fit};
pub use scope::{Scope, ScriptError};
