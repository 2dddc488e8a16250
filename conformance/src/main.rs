//! The kit's command line. What each command does is in the library; here the exit code is made.

use std::process::ExitCode;

use clap::Parser;
use restante_conformance::command::{CommandLine, run};

fn main() -> ExitCode {
    let command = CommandLine::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let exit = match runtime {
        Ok(runtime) => runtime.block_on(run(command)),
        Err(why) => Err(restante_conformance::command::CommandError::kit(why)),
    };
    match exit {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            eprintln!("restante-conformance: {error}");
            ExitCode::from(error.exit().code())
        }
    }
}
