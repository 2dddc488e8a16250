//! `restante-center init`.

use std::path::PathBuf;

use clap::Args;
use restante_center::init;
use restante_center::program::Failure;
use restante_store::{Clock, SystemClock};

/// Makes a new center and says what to do next.
#[derive(Args)]
pub(crate) struct Init {
    /// The folder to make it in
    #[arg(long, value_name = "DIR", default_value = "restante")]
    dir: PathBuf,
    /// The name or address under which devices reach this machine
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    host: String,
}

impl Init {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let made = init(&self.dir, &self.host, SystemClock.now())?;
        let (config, keys) = (made.config.display(), made.keys.display());
        let (certificate, center) = (made.certificate.display(), made.center);
        let found = super::config_place(None) == made.config;
        let named = if found {
            String::new()
        } else {
            format!(" --config {config}")
        };
        println!(
            "\
Made the center {center}

  {config}
      its settings, each explained; by default it serves this machine alone
  {keys}
      its keys. Copy this file to a safe place, apart from copies of the database:
      without it, no device that has enrolled can be recognised again
  {certificate}
      a certificate for trials, signed by nobody; give clients this file to trust, and put your own
      certificate in its place before devices in the field depend on it

Next:
  restante-center{named} serve
  restante-center{named} code issue --user \"Anna Weber, 2nd floor\""
        );
        Ok(())
    }
}
