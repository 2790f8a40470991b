//! Durations as text: `1h30m`.

use std::fmt;
use std::time::Duration;

use crate::ScheduleError;
use crate::text::listed;

/// The units, from long to short: their letters, their names, and their milliseconds.
const UNITS: [(&str, &str, u64); 5] = [
    ("d", "day", 86_400_000),
    ("h", "hour", 3_600_000),
    ("m", "minute", 60_000),
    ("s", "second", 1_000),
    ("ms", "millisecond", 1),
];

const EXPECTED: &str = "numbers with units from long to short (d, h, m, s, ms), such as 5m or 1h30m";

/// Reads `1h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, ScheduleError> {
    let millis = milliseconds(text).ok_or_else(|| ScheduleError::invalid("duration", text, EXPECTED))?;
    Ok(Duration::from_millis(millis))
}

/// None if it is malformed, or too many for the number.
fn milliseconds(text: &str) -> Option<u64> {
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut sum = 0_u64;
    loop {
        let (number, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let (_, _, millis) = units.find(|(letters, ..)| *letters == unit)?;
        sum = sum.checked_add(number.parse::<u64>().ok()?.checked_mul(*millis)?)?;
        rest = tail;
        if rest.is_empty() {
            return Some(sum);
        }
    }
}

/// How many there are of each unit that is needed.
fn split(duration: Duration) -> impl Iterator<Item = (u64, &'static str, &'static str)> {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let counts = UNITS.into_iter().map(move |(letters, name, millis)| {
        let count = left / millis;
        left %= millis;
        (count, letters, name)
    });
    counts.filter(|(count, ..)| *count > 0)
}

/// `1h30m`. What is below a millisecond is left out.
pub(crate) struct DurationText(pub(crate) Duration);

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        split(self.0).try_for_each(|(count, letters, _)| write!(f, "{count}{letters}"))
    }
}

/// `5 minutes`, `1 hour and 30 minutes`, and only `hour` if it is one.
pub(crate) fn describe_duration(duration: Duration) -> String {
    let parts: Vec<_> = split(duration).collect();
    if let [(1, _, name)] = parts[..] {
        return name.to_owned();
    }
    listed(parts.into_iter().map(|(count, _, name)| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {name}{plural}")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_with_units_from_long_to_short() {
        for (text, millis, canonical) in [
            ("5m", 300_000, "5m"),
            ("90s", 90_000, "1m30s"),
            ("1h30m", 5_400_000, "1h30m"),
            ("2d1ms", 172_800_001, "2d1ms"),
            ("1500ms", 1_500, "1s500ms"),
            ("0s", 0, ""),
        ] {
            let read = duration(text).unwrap();
            assert_eq!(read.as_millis(), millis);
            assert_eq!(DurationText(read).to_string(), canonical);
        }
    }

    #[test]
    fn other_durations_are_refused() {
        for text in
            ["", "5", "m", "5 m", "5x", "1m1h", "1m1m", "-5m", "1.5h", "5min", "99999999999999999999d", "5m3"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_described_in_words() {
        for (text, words) in [
            ("1m", "minute"),
            ("5m", "5 minutes"),
            ("1h30m", "1 hour and 30 minutes"),
            ("1d2h3m", "1 day, 2 hours and 3 minutes"),
        ] {
            assert_eq!(describe_duration(duration(text).unwrap()), words);
        }
    }
}
