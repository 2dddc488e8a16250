//! A list of devices, as an inventory has them: one line each, with model, serial number and
//! address.
//!
//! A line that cannot be right is named, and all of them at once: a list is mended in one go. The
//! address is checked here, where it comes in. What ends in a number is an IPv4 address or a
//! mistake, for no host name does.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;

use restante_core::id::{LanAddress, Model, Serial};

use super::DEVICES;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What model it is.
    pub model: Model,
    /// Its serial number.
    pub serial: Serial,
    /// Where it is on its LAN, if the list says so.
    pub address: Option<LanAddress>,
}

/// Lines that cannot be right, with their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<(usize, String)>);

impl std::error::Error for Mistakes {}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, why) in self.0.iter().take(SHOWN) {
            writeln!(f, "  line {number}: {why}")?;
        }
        match self.0.len().checked_sub(SHOWN) {
            Some(more @ 1..) => write!(f, "  and {more} more; nothing was done"),
            _ => write!(f, "  nothing was done"),
        }
    }
}

/// The devices of a list: model, serial number and, if it is known, address, with spaces or commas
/// between them. Empty lines and what follows a `#` are passed over.
///
/// # Errors
/// [`Mistakes`] names every line that cannot be right.
pub fn read(text: &str) -> Result<Vec<Listed>, Mistakes> {
    let mut listed: Vec<Listed> = Vec::new();
    let mut mistakes = Vec::new();
    let mut known = BTreeSet::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default();
        let fields = line
            .split([' ', '\t', ','])
            .filter(|field| !field.is_empty());
        let device = match fields.collect::<Vec<_>>().as_slice() {
            [] => continue,
            [model, serial] => device(model, serial, None),
            [model, serial, address] => device(model, serial, Some(address)),
            _ => Err("expected a model, a serial number and an address".to_owned()),
        };
        match device {
            Ok(device) if !known.insert((device.model.clone(), device.serial.clone())) => {
                let why = format!("{} {} is listed twice", device.model, device.serial);
                mistakes.push((number, why));
            }
            Ok(_) if listed.len() >= DEVICES as usize => {
                mistakes.push((number, format!("a list has at most {DEVICES} devices")));
                break;
            }
            Ok(device) => listed.push(device),
            Err(why) => mistakes.push((number, why)),
        }
    }
    if mistakes.is_empty() {
        Ok(listed)
    } else {
        Err(Mistakes(mistakes))
    }
}

fn device(model: &str, serial: &str, address: Option<&str>) -> Result<Listed, String> {
    Ok(Listed {
        model: model.parse().map_err(|why| format!("{model}: {why}"))?,
        serial: serial.parse().map_err(|why| format!("{serial}: {why}"))?,
        address: address.map(self::address).transpose()?,
    })
}

fn address(text: &str) -> Result<LanAddress, String> {
    let (host, _) = text.rsplit_once(':').unwrap_or((text, ""));
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && host.parse::<Ipv4Addr>().is_err() {
        return Err(format!("{text} is no IPv4 address"));
    }
    LanAddress::new(text).map_err(|why| format!("{text}: {why}"))
}

/// Mistakes that are named one by one.
const SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_with_or_without_addresses() {
        let text = "# C001\nM1001 D10010101 111.222.111.1\n\nM1004,D10040301,dev1.aaa.bbb.com\n\
                    M1002\tD10020102   # address unknown\nM1002 D10020103 192.0.2.3:8080\n";
        let listed = read(text).expect("good lines");
        let seen: Vec<(&str, Option<&str>)> = listed
            .iter()
            .map(|it| {
                (
                    it.serial.as_str(),
                    it.address.as_ref().map(LanAddress::as_str),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("D10010101", Some("111.222.111.1")),
                ("D10040301", Some("dev1.aaa.bbb.com")),
                ("D10020102", None),
                ("D10020103", Some("192.0.2.3:8080")),
            ]
        );
    }

    #[test]
    fn every_line_that_cannot_be_right_is_named() {
        let text = "M1001 D10010101 111.222.111.1\nM1001 D10010201 123.456.789.1\n\
                    M1001 D10040401 135.246.791.1\nM1001\nM1001 D10010101\n";
        let mistakes = read(text).expect_err("four mistakes").to_string();
        assert_eq!(
            mistakes,
            "  line 2: 123.456.789.1 is no IPv4 address\n  \
             line 3: 135.246.791.1 is no IPv4 address\n  \
             line 4: expected a model, a serial number and an address\n  \
             line 5: M1001 D10010101 is listed twice\n  nothing was done"
        );
        let many = "M1\n".repeat(25);
        let mistakes = read(&many).expect_err("mistakes").to_string();
        assert!(
            mistakes.ends_with("  and 5 more; nothing was done"),
            "{mistakes}"
        );
    }
}
