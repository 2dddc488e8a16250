//! Modems: what has to be said to one before there is a line, and after.
//!
//! A [`Script`] is text that an operator can change; a [`Call`] is the machine that carries one
//! out, without a clock or a port. Serves spec section 15.7.

mod call;
mod script;

pub use call::{Call, CallError, CallInput, CallOutput, Came};
pub use script::{
    ANSWER, DIAL, HANG_UP, Number, NumberError, Script, ScriptError, Step, TextError,
};
