//! Durations as users write them: `30s`, `10m`, `24h`, `400d`.

use std::time::Duration;

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a duration; write a whole number and a unit from 1s to 3650d, as \"30s\", \"10m\", \
     \"24h\" or \"400d\""
)]
pub struct InvalidDuration(
    /// What was given, cut to 80 characters.
    pub String,
);

const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
/// Ten years: sums of a few durations and a time stay far from every overflow.
const LONGEST: Duration = Duration::from_secs(3_650 * 86_400);

/// Parses a duration: a whole number and one unit (`s`, `m`, `h`, `d`), from one second to 3650 days.
///
/// # Errors
/// The text has another form, or lies outside.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidDuration> {
    parse(text).ok_or_else(|| InvalidDuration(text.chars().take(80).collect()))
}

fn parse(text: &str) -> Option<Duration> {
    let (number, seconds) =
        UNITS.iter().find_map(|(unit, seconds)| text.strip_suffix(unit).map(|number| (number, *seconds)))?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let duration = Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?);
    (!duration.is_zero() && duration <= LONGEST).then_some(duration)
}

/// Writes a duration in the largest unit that holds it without a remainder. Fractions of a second are left out.
#[must_use]
pub fn write_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    UNITS
        .iter()
        .find(|(_, unit)| seconds >= *unit && seconds.is_multiple_of(*unit))
        .map_or_else(|| format!("{seconds}s"), |(name, unit)| format!("{}{name}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        for (text, seconds) in
            [("30s", 30), ("10m", 600), ("24h", 86_400), ("400d", 34_560_000), ("3650d", 315_360_000)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let huge = "99999999999999999999s";
        for text in
            ["", "m", "10", "10 m", " 10m", "+10m", "-10m", "1.5h", "1h30m", "10min", "10M", "0s", "3651d", huge, "٣m"]
        {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert_eq!(
            parse_duration("10 minutes").expect_err("no duration").to_string(),
            "\"10 minutes\" is not a duration; write a whole number and a unit from 1s to 3650d, as \"30s\", \"10m\", \
             \"24h\" or \"400d\""
        );
    }

    #[test]
    fn a_duration_is_written_in_its_largest_whole_unit() {
        for text in ["30s", "90s", "10m", "90m", "23h", "2d", "400d"] {
            assert_eq!(write_duration(parse_duration(text).expect(text)), text);
        }
        assert_eq!(write_duration(Duration::from_secs(86_400)), "1d");
        assert_eq!(write_duration(Duration::ZERO), "0s");
    }
}
