//! `restante-center keys`: looks at the key file, adds a master key.

use clap::Subcommand;
use restante_center::program::Failure;
use restante_center::{CenterError, Config, KeyFile, MasterKey, open, store_path};
use restante_core::id::CenterId;
use restante_core::wire::people::DateTime;
use restante_store::sqlite::OpenError;
use restante_store::{Clock, SystemClock};
use serde::Serialize;

use super::reach::Reach;
use super::table;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// See whether the key file is whole, private, and fits the store
    #[command(after_help = "Example:\n  restante-center keys check")]
    Check,
    /// Add a master key for the registrations to come; earlier ones keep theirs
    #[command(after_help = "Example:\n  restante-center keys rotate")]
    Rotate,
}

/// What is known of a key file without its secrets.
#[derive(Serialize)]
struct Checked {
    center: CenterId,
    masters: Vec<Master>,
}

#[derive(Serialize)]
struct Master {
    version: u32,
    made: DateTime,
}

impl Command {
    pub(crate) fn run(&self, reach: &Reach) -> Result<(), Failure> {
        if reach.is_elsewhere() {
            return Err(Failure::given(
                "keys lie on the center's own machine; leave --center out",
            ));
        }
        let config = reach.config()?;
        let mut file = KeyFile::read(&config.keys)?;
        match self {
            Self::Check => check(&file, &config, reach.json),
            Self::Rotate => {
                let version = file.rotate(SystemClock.now());
                file.replace(&config.keys)?;
                table::line(&format!(
                    "added master key {version} to {}\n\
                     New registrations are made under it once the center has been started anew; \
                     earlier ones keep theirs.\nCopy the file to its safe place again.",
                    config.keys.display()
                ))
            }
        }
    }
}

impl Master {
    fn of(key: &MasterKey) -> Self {
        Self {
            version: key.version,
            made: DateTime(key.made),
        }
    }
}

fn check(file: &KeyFile, config: &Config, json: bool) -> Result<(), Failure> {
    if store_path(config).exists() {
        match open(config) {
            // A center that runs has held its keys against its store when it started.
            Ok(_) | Err(CenterError::Store(OpenError::InUse { .. })) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let masters = file.masters().iter();
    if json {
        return table::json(&Checked {
            center: file.center(),
            masters: masters.map(Master::of).collect(),
        });
    }
    let last = file.masters().len();
    let rows = masters.zip(1..).map(|(key, place)| {
        let made = table::minute(DateTime(key.made));
        let used = if place == last {
            "new registrations"
        } else {
            "earlier registrations"
        };
        vec![key.version.to_string(), made, used.into()]
    });
    table::line(&format!(
        "{} is whole and private, and belongs to {}\n",
        config.keys.display(),
        file.center()
    ))?;
    table::table(&["MASTER KEY", "MADE (UTC)", "FOR"], rows.collect(), "")
}
