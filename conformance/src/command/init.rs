//! `init`: a profile to begin with, each member explained.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::case::Role;
use crate::profile::{FEATURES, SPEC_VERSION};
use crate::verdict::Exit;

use super::{CommandError, role};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Who will be tested.
    #[arg(long, value_parser = role)]
    role: Role,
    /// The file to write; one that exists is left alone.
    #[arg(default_value = "restante-profile.toml")]
    file: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let path = arguments.file.display();
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&arguments.file)
        .map_err(|why| CommandError::usage(format!("cannot write {path}: {why}")))?;
    file.write_all(text(arguments.role).as_bytes())
        .map_err(|why| CommandError::usage(format!("cannot write {path}: {why}")))?;
    println!(
        "wrote {path}; fill in what it is, then run `restante-conformance {}`",
        arguments.role
    );
    Ok(Exit::Conformant)
}

fn text(role: Role) -> String {
    let features: String = FEATURES
        .iter()
        .map(|(name, meaning)| format!("#   {name}: {meaning}\n"))
        .collect();
    format!(
        "# What is under test, for restante-conformance. Commit it beside the source.\n\
         role = \"{role}\"\n\
         spec = {SPEC_VERSION}\n\
         transports = [\"http\"]\n\
         # How much the kit can do besides talking to it: c0 nothing; c1 a hook enters codes and\n\
         # power-cycles it; c2 the hook also reports its state and moves its time.\n\
         control = \"c0\"\n\
         # Optional features that it serves. What is declared and not served fails.\n\
         {features}\
         features = []\n\
         \n\
         [product]\n\
         vendor = \"\"\n\
         name = \"\"\n\
         version = \"\"\n\
         \n\
         # In seconds: a reply of a server, how late a device may be, how long it takes to boot.\n\
         [limits]\n\
         reply = 10\n\
         late = 5\n\
         boot = 30\n\
         \n\
         # A known failure needs a reason and a link, and becomes an error when it passes.\n\
         # [[expected-failure]]\n\
         # case = \"{role}/ENR/what-holds\"\n\
         # reason = \"\"\n\
         # link = \"\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn what_init_writes_is_a_profile() {
        let dir = tempfile::tempdir().expect("a folder");
        for role in Role::ALL {
            let path = dir.path().join(role.word());
            std::fs::write(&path, text(role)).expect("written");
            assert!(Profile::load(&path, role).is_ok());
        }
    }
}
