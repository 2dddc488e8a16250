//! `[policy]`: when devices come, where they may register for services, how far a code reaches.
//!
//! Devices come once a day, at night, unless the file says otherwise: at another time of day, or at
//! an interval. A time of day may say how far its place is from Coordinated Universal Time.

use std::str::FromStr;

use restante_core::Seconds;
use restante_core::center::{Daily, Policy};
use restante_core::id::Model;
use restante_core::limits::{
    CODE_VALIDITY_MAX, CODE_VALIDITY_MIN, DEVICES_PER_GRANT, INTERVAL, INTERVAL_MAX, INTERVAL_MIN,
    POLL_REQUESTS_PER_MINUTE_MAX, RANKED_MODELS, WINDOW_MAX,
};
use restante_core::wire::Hosts;

use super::document::{ConfigError, Document, Section};

/// What holds where the file says nothing.
pub(super) fn nightly() -> Policy {
    Policy {
        poll_daily: Some(NIGHT),
        ..Policy::default()
    }
}

/// Reads the section.
pub(super) fn read(
    mut section: Section<'_>,
    document: &Document<'_>,
) -> Result<Policy, ConfigError> {
    let intervals = INTERVAL_MIN..=INTERVAL_MAX;
    let validity = CODE_VALIDITY_MIN..=CODE_VALIDITY_MAX;
    let default = nightly();
    let (poll, poll_daily) = read_poll(&mut section, document)?;
    let devices = default.devices_per_grant;
    let policy = Policy {
        poll,
        poll_daily,
        report_status: section.duration("report-status", intervals, default.report_status)?,
        devices_per_grant: section.number("devices-per-grant", 1..=DEVICES_PER_GRANT, devices)?,
        code_validity: section.duration("code-validity", validity, default.code_validity)?,
        service_hosts: read_hosts(&mut section, document)?,
        poll_requests_per_minute: section.number(
            "poll-requests-per-minute",
            1..=POLL_REQUESTS_PER_MINUTE_MAX,
            default.poll_requests_per_minute,
        )?,
        capable_models: read_models(&mut section, document)?,
    };
    section.done()?;
    Ok(policy)
}

/// An interval, or a time of day and how long the devices' places are spread from there.
fn read_poll(
    section: &mut Section<'_>,
    document: &Document<'_>,
) -> Result<(Seconds, Option<Daily>), ConfigError> {
    let every = section.text("poll")?;
    let at = section.text("poll-at")?;
    let lasts = section.duration("poll-window", INTERVAL_MIN..=WINDOW_MAX, NIGHT.lasts)?;
    match (every, at) {
        (Some(_), Some(at)) => {
            let what = "`poll` is an interval and `poll-at` a time of day; keep one of them";
            Err(document.mistake(&at.at, what))
        }
        (Some(_), None) => {
            let poll = section.duration("poll", INTERVAL_MIN..=INTERVAL_MAX, INTERVAL)?;
            Ok((poll, None))
        }
        (None, Some(at)) => {
            let TimeOfDay(after) = at.value.parse().map_err(|error: TimeOfDayError| {
                document.mistake(&at.at, format!("`poll-at`: {error}"))
            })?;
            Ok((INTERVAL, Some(Daily { at: after, lasts })))
        }
        (None, None) => Ok((INTERVAL, Some(Daily { lasts, ..NIGHT }))),
    }
}

fn read_hosts(section: &mut Section<'_>, document: &Document<'_>) -> Result<Hosts, ConfigError> {
    let Some(hosts) = section.hosts("service-hosts")? else {
        return Ok(Hosts::default());
    };
    let at = hosts.first().map_or(0..0, |host| host.at.clone());
    let hosts = Hosts::new(hosts.into_iter().map(|host| host.value));
    hosts.map_err(|error| document.mistake(&at, format!("`service-hosts`: {error}")))
}

fn read_models(
    section: &mut Section<'_>,
    document: &Document<'_>,
) -> Result<Vec<Model>, ConfigError> {
    let models = section.models("capable-models")?.unwrap_or_default();
    for (place, model) in models.iter().enumerate() {
        let before = models.iter().take(place).any(|it| it.value == model.value);
        if before || place == RANKED_MODELS {
            let what = match before {
                true => format!("`capable-models` names {} twice", model.value),
                false => format!("`capable-models` names more than {RANKED_MODELS} models"),
            };
            return Err(document.mistake(&model.at, what));
        }
    }
    Ok(models.into_iter().map(|model| model.value).collect())
}

/// A time of day, as seconds after midnight in Coordinated Universal Time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TimeOfDay(Seconds);

/// A text that is no time of day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time of day; write hours and minutes, such as 01:30 (UTC) or 01:30+09:00")]
struct TimeOfDayError(String);

impl FromStr for TimeOfDay {
    type Err = TimeOfDayError;

    fn from_str(text: &str) -> Result<Self, TimeOfDayError> {
        let minutes = || {
            let (local, rest) = text.split_at_checked(CLOCK_CHARS)?;
            let local = minutes_of(local)?;
            let west = match rest.split_at_checked(1) {
                _ if rest.is_empty() => 0,
                Some(("+", ahead)) => DAY_MINUTES.checked_sub(minutes_of(ahead)?)?,
                Some(("-", behind)) => minutes_of(behind)?,
                _ => return None,
            };
            Some((local + west) % DAY_MINUTES)
        };
        let minutes = minutes().ok_or_else(|| TimeOfDayError(text.to_owned()))?;
        Ok(Self(Seconds::new(minutes * 60)))
    }
}

/// Minutes after midnight, from `hh:mm`.
fn minutes_of(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, below: u32| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse::<u32>().ok()).flatten();
        number.filter(|number| *number < below)
    };
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}

/// One o'clock to five, when few devices print.
const NIGHT: Daily = Daily {
    at: Seconds::HOUR,
    lasts: Seconds::new(4 * 3_600),
};
const DAY_MINUTES: u32 = 24 * 60;
/// Characters of `hh:mm`.
const CLOCK_CHARS: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_read_with_the_distance_of_its_place() {
        let hours = |text: &str| text.parse().map(|TimeOfDay(it)| it.get() as f64 / 3_600.0);
        assert_eq!(hours("01:30"), Ok(1.5));
        assert_eq!(hours("01:00+09:00"), Ok(16.0));
        assert_eq!(hours("22:00-05:00"), Ok(3.0));
        assert_eq!(hours("00:00+00:00"), Ok(0.0));
        for bad in [
            "", "1:30", "24:00", "01:60", "01:30Z", "01:30+9", "+1:30", "01:30 ",
        ] {
            assert!(bad.parse::<TimeOfDay>().is_err(), "{bad}");
        }
    }
}
