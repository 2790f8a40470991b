//! An instant, and the form in which it is written.

use std::cmp::Ordering;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

use godata_core::debug_as_chain;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time, UtcDateTime, UtcOffset};

/// An instant. One that was read keeps its form, so that it is written as it was read: `2024-05-01T14:00:00.500+02:00`.
///
/// Two timestamps are equal if they are the same instant, whatever their offsets. `Display` writes the form that was
/// read; a computed instant is in UTC and has no zeros at the end of its fraction (`2024-05-01T12:00:00.5Z`).
///
/// # Text
///
/// `parse` reads RFC 3339: a date, a `T`, a time with up to nine digits of a second, and `Z` or an offset. `T` and `Z` may be
/// lower case. A space instead of the `T` is an error, and so are a tenth digit and a leap second (`23:59:60`), because no
/// instant has them.
///
/// ```
/// use godata_etl::Timestamp;
///
/// let at: Timestamp = "2024-05-01T14:00:00.500+02:00".parse()?;
/// assert_eq!(at, "2024-05-01T12:00:00.5Z".parse()?);
/// assert_eq!(at.to_string(), "2024-05-01T14:00:00.500+02:00");
/// assert_eq!(Timestamp::from(at.instant()).to_string(), "2024-05-01T12:00:00.5Z");
///
/// let error = "2024-05-01 12:00:00Z".parse::<Timestamp>().unwrap_err();
/// assert_eq!(error.to_string(), "character 11: expected `T`");
/// # Ok::<(), godata_etl::BoxError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Timestamp {
    instant: UtcDateTime,
    form: Form,
}

/// What is written beyond the instant itself.
#[derive(Clone, Copy)]
struct Form {
    /// `T` or `t`.
    separator: u8,
    /// How many digits the fraction has; `None` for as many as are needed.
    digits: Option<u8>,
    zone: Zone,
}

#[derive(Clone, Copy)]
enum Zone {
    /// `Z` or `z`.
    Letter(u8),
    /// Minutes east of Greenwich, and whether they have a minus. `-00:00` has one.
    Offset { minutes: i16, is_minus: bool },
}

const UTC: Form = Form { separator: b'T', digits: None, zone: Zone::Letter(b'Z') };

impl Timestamp {
    /// The instant.
    #[must_use]
    pub fn instant(self) -> UtcDateTime {
        self.instant
    }

    /// Whether RFC 3339 has a text for it: the year is from 0 to 9999.
    #[must_use]
    pub fn is_rfc3339(self) -> bool {
        (0..=9999).contains(&self.local().year())
    }

    /// The instant at which clocks with this offset show a date and time. It is written with that offset.
    pub(super) fn at_offset(local: PrimitiveDateTime, offset: UtcOffset) -> Option<Self> {
        let instant = OffsetDateTime::new_in_offset(local.date(), local.time(), offset).checked_to_utc()?;
        let (minutes, seconds) = (offset.whole_minutes(), offset.seconds_past_minute());
        let zone = match (minutes, seconds) {
            (0, 0) => UTC.zone,
            (_, 0) => Zone::Offset { minutes, is_minus: offset.is_negative() },
            // RFC 3339 has no seconds in offsets.
            _ => return Some(instant.into()),
        };
        Some(Self { instant, form: Form { zone, ..UTC } }).filter(|at| at.is_rfc3339())
    }

    /// The date and time on the clocks at its offset.
    fn local(self) -> PrimitiveDateTime {
        let plain = PrimitiveDateTime::new(self.instant.date(), self.instant.time());
        match self.form.zone {
            Zone::Letter(_) => plain,
            // It was read as such a date.
            Zone::Offset { minutes, .. } => plain.saturating_add(time::Duration::minutes(minutes.into())),
        }
    }
}

impl From<UtcDateTime> for Timestamp {
    fn from(instant: UtcDateTime) -> Self {
        Self { instant, form: UTC }
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.instant == other.instant
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.instant.cmp(&other.instant)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339. A year beyond 0 to 9999, which RFC 3339 can't hold, has a sign or more digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Form { separator, digits, zone } = self.form;
        let local = self.local();
        let (year, month, day) = local.to_calendar_date();
        let (hour, minute, second, nanosecond) = local.as_hms_nano();
        let separator = char::from(separator);
        write!(f, "{year:04}-{:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}", u8::from(month))?;
        let digits = digits.map_or_else(|| needed_digits(nanosecond), usize::from);
        if digits > 0 {
            let fraction = format!("{nanosecond:09}");
            write!(f, ".{}", fraction.get(..digits).unwrap_or(&fraction))?;
        }
        match zone {
            Zone::Letter(letter) => write!(f, "{}", char::from(letter)),
            Zone::Offset { minutes, is_minus } => {
                let (sign, minutes) = (if is_minus { '-' } else { '+' }, minutes.unsigned_abs());
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How many digits a fraction needs.
fn needed_digits(nanosecond: u32) -> usize {
    let zeros = (1..=9).take_while(|&zeros| nanosecond.is_multiple_of(10_u32.pow(zeros))).count();
    9 - zeros
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        Parser { bytes: text.as_bytes(), at: 0 }.timestamp()
    }
}

/// Why a text is not a timestamp: the place in the text, and what was expected there.
#[derive(Clone, PartialEq, Eq)]
pub struct ParseTimestampError {
    at: usize,
    expected: &'static str,
}

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {}: expected {}", self.at + 1, self.expected)
    }
}

impl Error for ParseTimestampError {}

debug_as_chain!(ParseTimestampError);

/// Reads a text from its start.
struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn timestamp(mut self) -> Result<Timestamp, ParseTimestampError> {
        let year = self.number(4, 0, 9999, "a year of four digits")?;
        self.one_of(b"-", "`-`")?;
        let month = self.number(2, 1, 12, "a month from 01 to 12")?;
        self.one_of(b"-", "`-`")?;
        let day_at = self.at;
        let day = self.number(2, 1, 31, "a day from 01 to 31")?;
        let separator = self.one_of(b"Tt", "`T`")?;
        let hour = self.number(2, 0, 23, "an hour from 00 to 23")?;
        self.one_of(b":", "`:`")?;
        let minute = self.number(2, 0, 59, "a minute from 00 to 59")?;
        self.one_of(b":", "`:`")?;
        let second = self.number(2, 0, 59, "a second from 00 to 59 (leap seconds are not supported)")?;
        let (nanosecond, digits) = self.fraction()?;
        let zone = self.zone()?;
        self.end()?;
        let form = Form { separator, digits: Some(digits), zone };
        let date = date(year, month, day).ok_or_else(|| Self::expected(day_at, "a day of this month"))?;
        // Numbers of two digits fit into a byte.
        let time = Time::from_hms_nano(hour as u8, minute as u8, second as u8, nanosecond).ok();
        let instant = time.and_then(|time| instant(PrimitiveDateTime::new(date, time), zone));
        let instant = instant.ok_or_else(|| Self::expected(0, "an instant before the year 10000 in UTC"))?;
        Ok(Timestamp { instant, form })
    }

    /// Reads a number with this many digits.
    fn number(
        &mut self,
        digits: usize,
        least: u32,
        most: u32,
        expected: &'static str,
    ) -> Result<u32, ParseTimestampError> {
        let begin = self.at;
        let text = self.bytes.get(begin..begin + digits).filter(|text| text.iter().all(u8::is_ascii_digit));
        let number =
            text.map(|text| text.iter().fold(0, |number, byte| number * 10 + u32::from(byte - b'0')));
        self.at += digits;
        number.filter(|number| (least..=most).contains(number)).ok_or_else(|| Self::expected(begin, expected))
    }

    fn one_of(&mut self, accepted: &[u8], expected: &'static str) -> Result<u8, ParseTimestampError> {
        let byte = self.bytes.get(self.at).copied().filter(|byte| accepted.contains(byte));
        let byte = byte.ok_or_else(|| Self::expected(self.at, expected))?;
        self.at += 1;
        Ok(byte)
    }

    /// Nanoseconds, and how many digits they were written with.
    fn fraction(&mut self) -> Result<(u32, u8), ParseTimestampError> {
        if self.bytes.get(self.at) != Some(&b'.') {
            return Ok((0, 0));
        }
        self.at += 1;
        let (mut nanosecond, mut digits) = (0, 0);
        while let Some(digit) = self.bytes.get(self.at).filter(|byte| byte.is_ascii_digit()) {
            if digits == 9 {
                return Err(Self::expected(self.at, "`Z` or an offset after nine digits of a second"));
            }
            nanosecond = nanosecond * 10 + u32::from(digit - b'0');
            digits += 1;
            self.at += 1;
        }
        if digits == 0 {
            return Err(Self::expected(self.at, "digits of a second"));
        }
        Ok((nanosecond * 10_u32.pow(9 - u32::from(digits)), digits))
    }

    fn zone(&mut self) -> Result<Zone, ParseTimestampError> {
        let sign = match self.one_of(b"Zz+-", "`Z` or an offset such as `+02:00`")? {
            sign @ (b'+' | b'-') => sign,
            letter => return Ok(Zone::Letter(letter)),
        };
        let hours = self.number(2, 0, 23, "the hours of an offset from 00 to 23")?;
        self.one_of(b":", "`:`")?;
        let minutes = self.number(2, 0, 59, "the minutes of an offset from 00 to 59")?;
        // It is less than 1,440.
        let minutes = (hours * 60 + minutes) as i16;
        let is_minus = sign == b'-';
        Ok(Zone::Offset { minutes: if is_minus { -minutes } else { minutes }, is_minus })
    }

    fn end(&self) -> Result<(), ParseTimestampError> {
        if self.at < self.bytes.len() {
            return Err(Self::expected(self.at, "the end of the text"));
        }
        Ok(())
    }

    fn expected(at: usize, expected: &'static str) -> ParseTimestampError {
        ParseTimestampError { at, expected }
    }
}

/// The date, if the month has that day.
fn date(year: u32, month: u32, day: u32) -> Option<Date> {
    let month = u8::try_from(month).ok()?.try_into().ok()?;
    Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()
}

/// The instant, if it is in the years that `time` supports.
fn instant(local: PrimitiveDateTime, zone: Zone) -> Option<UtcDateTime> {
    let minutes = match zone {
        Zone::Letter(_) => 0,
        Zone::Offset { minutes, .. } => minutes,
    };
    let offset = UtcOffset::from_whole_seconds(i32::from(minutes) * 60).ok()?;
    OffsetDateTime::new_in_offset(local.date(), local.time(), offset).checked_to_utc()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::format_description::well_known::Rfc3339;

    use super::*;

    fn error(text: &str) -> String {
        text.parse::<Timestamp>().unwrap_err().to_string()
    }

    #[test]
    fn a_timestamp_is_written_as_it_was_read() {
        for text in [
            "2024-05-01T12:00:00Z",
            "2024-05-01t12:00:00z",
            "2024-05-01T14:00:00+02:00",
            "2024-05-01T12:00:00.500Z",
            "2024-05-01T12:00:00.000000000-00:00",
            "2024-05-01T12:00:00+00:00",
            "2024-02-29T23:59:59.123456789-23:59",
            "0000-01-01T00:00:00+23:59",
        ] {
            let timestamp: Timestamp = text.parse().unwrap();
            assert_eq!(timestamp.to_string(), text);
            assert!(timestamp.is_rfc3339(), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_rfc_3339_is_refused_with_its_place() {
        let offset = "`Z` or an offset such as `+02:00`";
        let table = [
            ("", 1, "a year of four digits"),
            ("24-05-01T12:00:00Z", 1, "a year of four digits"),
            ("+2024-05-01T12:00:00Z", 1, "a year of four digits"),
            ("2024-05-01", 11, "`T`"),
            ("2024-05-01x12:00:00Z", 11, "`T`"),
            ("2024-05-01512:00:00Z", 11, "`T`"),
            ("2024-05-01 12:00:00Z", 11, "`T`"),
            ("2024-13-01T12:00:00Z", 6, "a month from 01 to 12"),
            ("2023-02-29T12:00:00Z", 9, "a day of this month"),
            ("2024-05-00T12:00:00Z", 9, "a day from 01 to 31"),
            ("2024-05-01T24:00:00Z", 12, "an hour from 00 to 23"),
            ("2024-05-01T12:00Z", 17, "`:`"),
            ("2024-05-01T12:60:00Z", 15, "a minute from 00 to 59"),
            ("2024-06-30T23:59:60Z", 18, "a second from 00 to 59 (leap seconds are not supported)"),
            ("2024-05-01T12:00:00.Z", 21, "digits of a second"),
            ("2024-05-01T12:00:00,5Z", 20, offset),
            ("2024-05-01T12:00:00.1234567890Z", 30, "`Z` or an offset after nine digits of a second"),
            ("2024-05-01T12:00:00", 20, offset),
            ("2024-05-01T12:00:00+0200", 23, "`:`"),
            ("2024-05-01T12:00:00+24:00", 21, "the hours of an offset from 00 to 23"),
            ("2024-05-01T12:00:00Z ", 21, "the end of the text"),
            (" 2024-05-01T12:00:00Z", 1, "a year of four digits"),
            ("2024-05-01T12:00:0\u{660}Z", 18, "a second from 00 to 59 (leap seconds are not supported)"),
            ("9999-12-31T23:59:59-23:59", 1, "an instant before the year 10000 in UTC"),
        ];
        for (text, at, expected) in table {
            assert_eq!(error(text), format!("character {at}: expected {expected}"), "{text}");
        }
    }

    #[test]
    fn an_instant_beyond_rfc_3339_still_prints() {
        let min = Timestamp::from(UtcDateTime::MIN);
        assert_eq!((min.to_string().as_str(), min.is_rfc3339()), ("-9999-01-01T00:00:00Z", false));
    }

    proptest! {
        #[test]
        fn what_time_writes_is_read_as_the_same_instant(
            seconds in -62_000_000_000_i64..253_000_000_000,
            nanosecond in prop_oneof![Just(0_u32), 0..1_000_000_000_u32, (0..10_u32).prop_map(|n| n * 100_000_000)],
            minutes in -1439_i32..1440,
        ) {
            let offset = UtcOffset::from_whole_seconds(minutes * 60).unwrap();
            let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap().replace_nanosecond(nanosecond).unwrap();
            let text = at.to_offset(offset).format(&Rfc3339).unwrap();
            let read: Timestamp = text.parse().unwrap();
            prop_assert_eq!(read.instant(), at.to_utc());
            prop_assert_eq!(read.to_string(), text);
            prop_assert_eq!(Timestamp::from(at.to_utc()).to_string(), at.to_utc().format(&Rfc3339).unwrap());
        }

        #[test]
        fn each_accepted_text_is_written_again(text in "[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?([Zz]|[+-][0-2][0-9]:[0-6][0-9])?") {
            if let Ok(timestamp) = text.parse::<Timestamp>() {
                prop_assert_eq!(timestamp.to_string(), text.clone());
                let by_time = OffsetDateTime::parse(&text, &Rfc3339).unwrap();
                prop_assert_eq!(timestamp.instant(), by_time.to_utc());
            }
        }
    }
}
