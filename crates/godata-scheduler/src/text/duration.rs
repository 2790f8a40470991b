//! Durations as text: `1h30m`.

use std::fmt;
use std::time::Duration;

use crate::ScheduleError;
use crate::text::listed;

/// The units from long to short: letters, name, and milliseconds.
const UNITS: [(&str, &str, u64); 5] = [
    ("d", "day", 86_400_000),
    ("h", "hour", 3_600_000),
    ("m", "minute", 60_000),
    ("s", "second", 1_000),
    ("ms", "millisecond", 1),
];

/// Words for the units, in the same order.
const WORDS: [&[&str]; 5] = [
    &["d", "day", "days"],
    &["h", "hr", "hrs", "hour", "hours"],
    &["m", "min", "mins", "minute", "minutes"],
    &["s", "sec", "secs", "second", "seconds"],
    &["ms", "msec", "msecs", "millisecond", "milliseconds"],
];

const EXPECTED: &str = "numbers with units from long to short (d, h, m, s, ms), such as 5m or 1h30m";

/// Reads `1h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, ScheduleError> {
    let millis = milliseconds(text).ok_or_else(|| {
        let error = ScheduleError::invalid("duration", text, EXPECTED);
        error.meaning(|| Some(DurationText(meant_duration(text)?).to_string()))
    })?;
    Ok(Duration::from_millis(millis))
}

/// Reads `5 minutes`, `5min`, `1 hour and 30 minutes`, `hour` as the duration that was surely meant.
pub(crate) fn meant_duration(text: &str) -> Option<Duration> {
    if let Some(iso) = text.trim().strip_prefix('P') {
        return iso_8601(iso);
    }
    let mut canonical = String::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let tail = tail.trim_start();
        let (word, tail) = tail.split_at(tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len()));
        let (letters, ..) = UNITS
            .iter()
            .zip(WORDS)
            .find(|(_, words)| {
                let is_word = words.iter().any(|known| known.eq_ignore_ascii_case(word));
                // In ISO 8601 an `M` can mean months.
                is_word && word != "M"
            })?
            .0;
        let number = if number.is_empty() && canonical.is_empty() && tail.is_empty() { "1" } else { number };
        canonical += number;
        canonical += letters;
        rest = tail.trim_start_matches([',', ' ']);
        rest = rest.strip_prefix("and ").unwrap_or(rest).trim_start();
    }
    milliseconds(&canonical).filter(|millis| *millis > 0).map(Duration::from_millis)
}

/// Reads what follows the `P` of `PT5M` or `P1DT12H`. Before the `T`, an `M` means months.
fn iso_8601(text: &str) -> Option<Duration> {
    let (days, time) = text.split_once('T').unwrap_or((text, ""));
    let millis = milliseconds(&format!("{days}{time}").to_ascii_lowercase())?;
    (millis > 0 && !days.contains(['m', 'M'])).then(|| Duration::from_millis(millis))
}

/// `None` if the text is malformed or the number is too large.
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

/// The count of each unit, without the units that are zero.
fn split(duration: Duration) -> impl Iterator<Item = (u64, &'static str, &'static str)> {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let counts = UNITS.into_iter().map(move |(letters, name, millis)| {
        let count = left / millis;
        left %= millis;
        (count, letters, name)
    });
    counts.filter(|(count, ..)| *count > 0)
}

/// `1h30m`. Fractions of a millisecond are left out.
pub(crate) struct DurationText(pub(crate) Duration);

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        split(self.0).try_for_each(|(count, letters, _)| write!(f, "{count}{letters}"))
    }
}

/// `5 minutes`, `1 hour and 30 minutes`, and just `hour` for a single one.
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
    fn durations_in_other_words_are_refused_with_the_accepted_one() {
        for (text, meant) in [
            ("5min", "5m"),
            ("90 Sec", "1m30s"),
            ("2hours", "2h"),
            ("1 hour and 30 minutes", "1h30m"),
            ("1 h, 5 m", "1h5m"),
            ("hour", "1h"),
            ("500 msec", "500ms"),
            ("PT5M", "5m"),
            ("P1DT12H30M", "1d12h30m"),
        ] {
            let error = duration(text).unwrap_err().to_string();
            assert_eq!(error, format!("invalid duration `{text}`; did you mean `{meant}`?"));
        }
        for text in [
            "5M",
            "P1M",
            "PT",
            "1.5h",
            "5 weeks",
            "30m1h",
            "hour minute",
            "5",
            "minutes 5",
            "0 minutes",
            "five minutes",
        ] {
            let error = duration(text).unwrap_err().to_string();
            assert_eq!(error, format!("invalid duration `{text}`: expected {EXPECTED}"));
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
