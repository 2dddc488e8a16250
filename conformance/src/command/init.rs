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
    #[arg(value_parser = role)]
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
    let (control, features, limits) = match role {
        Role::Server => (SERVER_CONTROL, features(|_| true), SERVER_LIMITS),
        Role::Device => (DEVICE_CONTROL, features(is_for_devices), DEVICE_LIMITS),
        Role::Gateway => (GATEWAY_CONTROL, features(is_for_devices), DEVICE_LIMITS),
        Role::Provider => (PROVIDER_CONTROL, features(|_| false), PROVIDER_LIMITS),
    };
    format!(
        "# What is under test, for restante-conformance. Commit it beside the source.\n\
         role = \"{role}\"\n\
         spec = {SPEC_VERSION}\n\
         transports = [\"http\"]\n\
         {control}\
         control = \"c0\"\n\
         {features}\
         features = []\n\
         \n\
         [product]\n\
         vendor = \"\"\n\
         name = \"\"\n\
         version = \"\"\n\
         \n\
         # In seconds.\n\
         [limits]\n\
         {limits}\
         \n\
         # A known failure needs a reason and a link, and becomes an error when it passes.\n\
         # [[expected-failure]]\n\
         # case = \"{role}/ENR/what-holds\"\n\
         # reason = \"\"\n\
         # link = \"\"\n"
    )
}

fn features(wanted: fn(&str) -> bool) -> String {
    let features = FEATURES
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, meaning)| format!("#   {name}: {meaning}\n"));
    let features: String = features.collect();
    let head = match features.is_empty() {
        true => "# No feature of this role is optional.\n",
        false => "# Optional features that it serves. What is declared and not served fails.\n",
    };
    format!("{head}{features}")
}

/// Whether devices and gateways can declare this feature; the others are a center's.
fn is_for_devices(feature: &str) -> bool {
    ["mail", "poll-requests"].contains(&feature)
}

const SERVER_CONTROL: &str = "\
# How much the kit can do besides talking to it: c0 nothing; c1 a hook power-cycles it; c2 the hook
# also moves its time (`advance`).
";

const SERVER_LIMITS: &str = "\
# It answers within this.
reply = 10
# It closes a connection whose TLS handshake, request head or body is not complete within this,
handshake = 10
head = 10
body = 30
# and is at most so late with it.
late = 5
";

const DEVICE_LIMITS: &str = "\
# It sends what is due at most so late.
late = 5
# It is up again within this after it was switched on.
boot = 30
";

const PROVIDER_LIMITS: &str = "\
# It answers a device within this.
reply = 10
# It sends what is due at most so late.
late = 5
# It has started within this.
boot = 30
";

const PROVIDER_CONTROL: &str = "\
# How much the kit can do besides answering it: c0 nothing, which leaves everything untested;
# c1 a hook starts it as new (`start`), restarts it with what it has stored (`reset`) and stops it
# (`stop`); c2 the hook also moves its time (`advance`: it may stop early when a request was sent,
# says in `passed` how far it came, and in `busy` whether a request is under way).
# `start` is told the center's URL (`center`), the certificates to trust (`certificates`, PEM) and
# the access token (`token`, another each time); it is to dial there at least every 20 seconds. The
# answer says which `service` it is that it provides and at which `url` devices register for it, and
# may say with which `certificates` (PEM) it is reached and what time it has (`now`, RFC 3339).
";

const DEVICE_CONTROL: &str = "\
# How much the kit can do besides answering it: c0 nothing, which leaves everything untested;
# c1 a hook starts it as new (`start`, told the center's URL and certificates), types codes
# (`enter-code`), power-cycles it (`reset`), sets its readings (`set-status`) and asks for a new
# code or the end (`ask`); c2 the hook also tells its state (`state`) and moves its time
# (`advance`: it may stop early when a request was sent, says in `passed` how far it came, and in
# `busy` whether a request is under way).
# Where the answer to `start` says where it takes poll requests (`polling = \"https://…\"`), the kit
# asks it there, and plays the peers that it calls.
# Where `start` holds `mail`, it registers for services by mail: through the mail server at `server`
# (host and port; the kit is one there), from the address `from`, to the address `to`, and without
# TLS unless `tls = true`.
";

const GATEWAY_CONTROL: &str = "\
# How much the kit can do besides answering it: c0 nothing, which leaves everything untested;
# c1 a hook starts it as new (`start`, told the center's URL and certificates), types codes
# (`enter-code`), power-cycles it (`reset`), plays the devices of its LAN (`set-children`) and asks
# for a general call (`ask`); c2 the hook also tells its state (`state`) and moves its time
# (`advance`: it may stop early when a request was sent, says in `passed` how far it came, and in
# `busy` whether a request is under way).
# Where `set-children` holds `addresses`, the kit plays the devices there: a hook that has the
# gateway find them (by the `record` of each, as DNS-SD would tell it) answers `announced = true`.
";

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
