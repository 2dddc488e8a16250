//! `fleet`: the options of many simulated devices in one process.

use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use restante_core::Seconds;
use restante_core::id::{CenterAddress, Vendor};
use restante_core::limits::{INTERVAL_MAX, INTERVAL_MIN};

use crate::fleet::{DEVICES, Goal, Mix};

/// `fleet`.
#[derive(Args, Debug)]
pub struct Fleet {
    /// How many devices there are to be, up to 10,000; without it, as many as the folder of --state
    /// holds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(DEVICES)))]
    pub count: Option<u32>,
    /// The devices of a list instead: one line each with model, serial number and, if you like,
    /// address, such as "M1001 D10010101 192.0.2.1".
    #[arg(long, value_name = "FILE", conflicts_with_all = ["count", "models", "serial"])]
    pub devices: Option<PathBuf>,
    /// Their models, spread evenly, or with shares as in M1001=3,M1002=1.
    #[arg(long, value_name = "MODEL,…", default_value = "M1001")]
    pub models: Mix,
    /// What their serial numbers begin with; a number of five digits follows.
    #[arg(long, value_name = "PREFIX", default_value = "F")]
    pub serial: String,
    /// Who made them.
    #[arg(long, default_value = "ACME")]
    pub vendor: Vendor,
    /// The center's address, as the dealer gave it.
    #[arg(long, value_name = "URL")]
    pub center: Option<CenterAddress>,
    /// A provisional access code for devices that have no registration. It may be given several
    /// times, such as for several users: each gets a like part of the fleet.
    #[arg(
        long = "code",
        value_name = "CODE",
        env = "RESTANTE_CODE",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub codes: Vec<String>,
    /// A folder in which each device keeps its state, so that a second start goes on with the same
    /// fleet; it outlives a killed process, not a power cut. Without it nothing is kept.
    #[arg(long, value_name = "FOLDER")]
    pub state: Option<PathBuf>,
    /// Trust the certificates in this PEM file as well, such as a center's own for trials.
    #[arg(
        long,
        visible_alias = "ca",
        value_name = "FILE",
        env = "RESTANTE_TRUST"
    )]
    pub trust: Option<PathBuf>,
    /// How many devices are switched on in each second.
    #[arg(long, value_name = "N", default_value_t = 50,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(DEVICES)))]
    pub per_second: u32,
    /// FOR TRIALS ONLY: no device waits longer than this for its next poll, whatever the center
    /// says, such as 5s.
    #[arg(long, value_name = "DURATION", value_parser = an_interval)]
    pub poll_every: Option<Seconds>,
    /// Let people and devices ask for polls (/doPolling): the first device at this IPv4 address,
    /// the second at the next, and so on, all at this port, such as 127.1.0.1:8444. The center
    /// learns of an address when a device enrols or reports. On Linux 127.0.0.0/8 belongs to the
    /// machine itself.
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "devices")]
    pub polling: Option<SocketAddrV4>,
    /// When to end: once all are enrolled, once all have registered for a service since the start,
    /// or when told to.
    #[arg(long, value_enum, default_value_t = Until::Forever)]
    pub until: Until,
    /// End after this time at the latest, such as 10m.
    #[arg(long = "for", value_name = "DURATION", value_parser = a_span)]
    pub lasts: Option<Duration>,
}

/// When a fleet ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Until {
    /// Every device's formal code is in use.
    Enrolled,
    /// Every device has registered for a service.
    Registered,
    /// At the end of --for, or when it is told to stop.
    Forever,
}

impl Until {
    /// What the fleet runs for.
    #[must_use]
    pub const fn goal(self) -> Goal {
        match self {
            Self::Enrolled => Goal::Enrolled,
            Self::Registered => Goal::Registered,
            Self::Forever => Goal::Forever,
        }
    }
}

/// A time, as `90s`, `10m`, `2h` or `1d`.
pub(super) fn a_span(text: &str) -> Result<Duration, String> {
    let expected = || "expected a number and a unit, such as 90s, 10m, 2h or 1d".to_owned();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text.get(number.len()..) {
        Some("s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 86_400,
        _ => return Err(expected()),
    };
    let number: u32 = number.parse().map_err(|_| expected())?;
    Ok(Duration::from_secs(u64::from(number) * unit))
}

fn an_interval(text: &str) -> Result<Seconds, String> {
    let seconds = u32::try_from(a_span(text)?.as_secs()).unwrap_or(u32::MAX);
    let (least, most) = (INTERVAL_MIN.get(), INTERVAL_MAX.get());
    match (least..=most).contains(&seconds) {
        true => Ok(Seconds::new(seconds)),
        false => Err("expected one second at least and thirty days at most".to_owned()),
    }
}

pub(super) const EXAMPLES: &str = "\
Examples:
  Fifty devices of three models at two users, in a hurry, until each has registered for a service:
    restante-device fleet --count 50 --models M1001,M1002,M1003 --center https://center.example \\
      --code 7K2MN-… --code 2XK9A-… --state fleet --poll-every 5s --until registered

  The same fleet again, from its folder:
  restante-device fleet --state fleet --poll-every 5s

  The same fleet, whose devices can be asked to poll now, by a link for one or for all:
    restante-device fleet --count 50 --models M1001,M1002,M1003 --center https://center.example \
      --code 7K2MN-… --state fleet --polling 127.1.0.1:8444

  A load of 5,000 devices in memory for ten minutes, three in four of them M1002:
    restante-device fleet --count 5000 --models M1001=1,M1002=3 --per-second 200 --for 10m \\
      --center https://center.example --code 7K2MN-… --code 2XK9A-… --code …

A code pays for as many devices as its dealer allowed, 1,000 at the most. Devices behave as single
ones do: each has its own registration, and what the center refuses is waited for as it says.
Exit status: 0 done; 1 devices wait for a person; 2 wrong use, or an unfit state; 3 not done in the
time given by --for.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_in_their_units() {
        let seconds = |text| a_span(text).map(|span| span.as_secs());
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("10m"), Ok(600));
        assert_eq!(seconds("2h"), Ok(7_200));
        assert_eq!(seconds("1d"), Ok(86_400));
        for bad in ["", "s", "5", "5x", "-1s", "5 s", "1.5h", "99999999999s"] {
            let why = a_span(bad).expect_err(bad);
            assert_eq!(
                why,
                "expected a number and a unit, such as 90s, 10m, 2h or 1d"
            );
        }
        assert!(an_interval("0s").is_err());
        assert!(an_interval("31d").is_err());
        assert_eq!(an_interval("5s"), Ok(Seconds::new(5)));
    }
}
