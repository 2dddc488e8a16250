//! `restante-center`: a center that enrols, instructs and looks after devices, and its console.
//!
//! Exit codes: 0 done, 1 it failed while it ran or was refused, 2 it did not begin (command line,
//! configuration, keys, certificate or store are not as they should be); `take-mail` has those that
//! mail servers know. Complaints are one line on standard error, with `--json` a refusal as JSON;
//! nothing is overwritten.
#![forbid(unsafe_code)]

mod command;

use std::process::ExitCode;

/// A center makes and drops the same small things without end, most of them on another thread than
/// before; the system's allocator scatters them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match command::read() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let as_json = arguments.is_json();
    match command::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", failure.complaint("restante-center", as_json));
            ExitCode::from(failure.code)
        }
    }
}
