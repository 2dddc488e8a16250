//! `[[serial]]`: the ports at which devices reach the center by a cable or by telephone.

use std::path::{Path, PathBuf};

use restante_serial::modem::{ANSWER, Script};

use super::document::{ConfigError, Document, Section};

/// A serial port of the center.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialLine {
    /// The port, such as `/dev/ttyUSB0`.
    pub port: PathBuf,
    /// Bits per second between this machine and what is behind the port.
    pub speed: u32,
    /// What is behind it.
    pub behind: Behind,
}

/// What is behind a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// A cable to a device or a gateway.
    Cable,
    /// A modem that takes calls.
    Modem {
        /// How it is told to.
        answer: Script,
    },
}

/// Reads one of the tables.
pub(super) fn read(
    mut section: Section<'_>,
    document: &Document<'_>,
    folder: &Path,
) -> Result<SerialLine, ConfigError> {
    let Some(port) = section.text("port")? else {
        let what = "[[serial]] needs a `port`, such as \"/dev/ttyUSB0\"";
        return Err(document.mistake(section.place(), what));
    };
    let speed = section.number("speed", SPEED_MIN..=SPEED_MAX, SPEED)?;
    let is_modem = section.word("behind", &BEHIND, false)?;
    let script = section.text("answer")?;
    let behind = match (is_modem, script) {
        (false, None) => Behind::Cable,
        (false, Some(script)) => {
            let what = "`answer` is what a modem is told; say `behind = \"modem\"`";
            return Err(document.mistake(&script.at, what));
        }
        (true, None) => modem(ANSWER).map_err(|why| document.mistake(section.place(), why))?,
        (true, Some(script)) => {
            let path = folder.join(&script.value);
            let text = std::fs::read_to_string(&path)
                .map_err(|why| format!("the script {}: {why}", path.display()));
            let read = text.and_then(|text| modem(&text));
            read.map_err(|why| document.mistake(&script.at, why))?
        }
    };
    section.done()?;
    Ok(SerialLine {
        port: folder.join(port.value),
        speed,
        behind,
    })
}

fn modem(script: &str) -> Result<Behind, String> {
    let answer = script.parse::<Script>();
    let answer = answer.map_err(|why| format!("the script for the modem: {why}"))?;
    Ok(Behind::Modem { answer })
}

/// What `behind` may say, and whether that is a modem.
const BEHIND: [(&str, bool); 2] = [("cable", false), ("modem", true)];
/// What both ends of a cable can do.
const SPEED: u32 = 115_200;
/// Slower than any modem in use.
const SPEED_MIN: u32 = 300;
/// Faster than any adapter.
const SPEED_MAX: u32 = 4_000_000;
