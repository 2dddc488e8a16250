//! Durations as people write them: a number and a unit, such as `90m`, `12h` or `7d`.
//!
//! One unit only: `1d` and `24h` are both fine, `1d12h` is `36h`. The same form is read in the
//! configuration and on command lines, and written in messages.

use restante_core::Seconds;

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no duration; write a number and a unit, such as 45s, 90m, 12h, 7d or 2w")]
pub struct DurationError(pub String);

/// Reads a duration: a whole number directly followed by `s`, `m`, `h`, `d` or `w`.
///
/// # Errors
/// [`DurationError`] for any other text, and for more than 136 years.
pub fn parse_duration(text: &str) -> Result<Seconds, DurationError> {
    let error = || DurationError(text.to_owned());
    let (number, unit) = text
        .char_indices()
        .next_back()
        .and_then(|(at, unit)| text.get(..at).map(|number| (number, unit)))
        .ok_or_else(error)?;
    let (_, seconds) = UNITS
        .into_iter()
        .find(|(word, _)| *word == unit)
        .ok_or_else(error)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(error());
    }
    number
        .parse::<u32>()
        .ok()
        .and_then(|number| number.checked_mul(seconds))
        .map(Seconds::new)
        .ok_or_else(error)
}

/// Writes a duration in the largest unit that gives a whole number.
#[must_use]
pub fn duration_text(span: Seconds) -> String {
    let seconds = span.get();
    let largest = UNITS
        .into_iter()
        .filter(|(word, _)| *word != 'w')
        .find(|(_, unit)| seconds != 0 && seconds.is_multiple_of(*unit));
    match largest {
        Some((word, unit)) => format!("{}{word}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

/// The units and their lengths in seconds, longest first. Weeks are read and never written: people
/// compare days more easily.
const UNITS: [(char, u32); 5] = [
    ('w', 604_800),
    ('d', 86_400),
    ('h', 3_600),
    ('m', 60),
    ('s', 1),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_are_a_duration() {
        for (text, seconds) in [
            ("45s", 45),
            ("90m", 5_400),
            ("12h", 43_200),
            ("7d", 604_800),
            ("2w", 1_209_600),
            ("0s", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Seconds::new(seconds)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_examples() {
        for text in [
            "", "7", "d", "7 d", "-1d", "+1d", "1.5h", "1d12h", "7x", "7ü", "9999999w",
        ] {
            let error = parse_duration(text).expect_err(text);
            assert!(
                error.to_string().contains("such as 45s, 90m, 12h"),
                "{error}"
            );
        }
    }

    #[test]
    fn durations_are_written_in_the_largest_whole_unit() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (5_400, "90m"),
            (86_400, "1d"),
            (604_800, "7d"),
            (90_061, "90061s"),
        ] {
            assert_eq!(duration_text(Seconds::new(seconds)), text);
            assert_eq!(parse_duration(text), Ok(Seconds::new(seconds)));
        }
    }
}
