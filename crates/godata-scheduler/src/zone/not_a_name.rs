//! Abbreviations and offsets, which are often given in place of a zone name.

/// Common abbreviations. Some of them, such as `CET` and `EST`, are zone names too, and never get here.
const ABBREVIATIONS: [&str; 54] = [
    "ACDT", "ACST", "ADT", "AEDT", "AEST", "AKDT", "AKST", "ART", "AST", "AWST", "BRT", "BST", "CAT", "CDT",
    "CEST", "CET", "CST", "CT", "EAT", "EDT", "EEST", "EET", "EST", "ET", "GST", "HKT", "HST", "ICT", "IDT",
    "IST", "JST", "KST", "MDT", "MESZ", "MET", "MEZ", "MSK", "MST", "MT", "NDT", "NST", "NZDT", "NZST",
    "PDT", "PHT", "PKT", "PST", "PT", "SAST", "SGT", "WAT", "WEST", "WET", "WIB",
];

/// A text that is not the name of a zone, but says something about local time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotAName {
    /// `CEST`, `PST`.
    Abbreviation,
    /// `UTC+2`, `+02:00`.
    Offset {
        /// The zone that has this offset at all times, if the database has one.
        fixed: Option<String>,
    },
}

impl NotAName {
    /// `None` for any other text.
    pub(crate) fn of(text: &str) -> Option<Self> {
        if ABBREVIATIONS.iter().any(|abbreviation| abbreviation.eq_ignore_ascii_case(text)) {
            return Some(Self::Abbreviation);
        }
        offset_minutes(text).map(|minutes| Self::Offset { fixed: fixed_zone(minutes) })
    }
}

/// Reads `Z`, or `+2`, `+02`, `+0200` or `+02:00`, also after `UTC` or `GMT`.
fn offset_minutes(text: &str) -> Option<i32> {
    if text.eq_ignore_ascii_case("Z") {
        return Some(0);
    }
    let prefixed = text.get(..3).filter(|prefix| ["utc", "gmt"].contains(&&*prefix.to_ascii_lowercase()));
    let offset = if prefixed.is_some() { &text[3..] } else { text };
    let (sign, digits) = match offset.as_bytes().first()? {
        b'+' => (1, &offset[1..]),
        b'-' => (-1, &offset[1..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
        Some(_) => return None,
    };
    let number = |text: &str, length: usize| {
        let is_number = text.len() <= length && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i32>().ok().filter(|_| is_number)
    };
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    Some(sign * (60 * hours + minutes))
}

/// The zone with a fixed offset. In its name the sign is the other way round: `Etc/GMT-2` is two hours ahead of UTC.
fn fixed_zone(minutes: i32) -> Option<String> {
    match minutes / 60 {
        _ if minutes % 60 != 0 => None,
        0 => Some("UTC".to_owned()),
        hours @ 1..=14 => Some(format!("Etc/GMT-{hours}")),
        hours @ -12..=-1 => Some(format!("Etc/GMT+{}", -hours)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Zone;

    #[test]
    fn offsets_are_recognized_in_every_common_form() {
        for (text, fixed) in [
            ("UTC+2", Some("Etc/GMT-2")),
            ("gmt-05:00", Some("Etc/GMT+5")),
            ("+02:00", Some("Etc/GMT-2")),
            ("-0300", Some("Etc/GMT+3")),
            ("+14", Some("Etc/GMT-14")),
            ("Z", Some("UTC")),
            ("UTC+00:00", Some("UTC")),
            ("+05:30", None),
            ("UTC-13", None),
        ] {
            let fixed = fixed.map(str::to_owned);
            assert_eq!(NotAName::of(text), Some(NotAName::Offset { fixed: fixed.clone() }), "{text}");
            assert!(fixed.is_none_or(|name| Zone::new(&name).is_ok()), "{text}");
        }
    }

    #[test]
    fn other_texts_are_neither_offsets_nor_abbreviations() {
        for text in ["", "+", "UTC", "UTC+", "+1:5", "+02:00:00", "+é", "Europe/Berln", "+12345", "Mars"] {
            assert_eq!(NotAName::of(text), None, "{text}");
        }
        assert_eq!(NotAName::of("cest"), Some(NotAName::Abbreviation));
    }
}
