//! Dates as text.

use time::{Date, Month};

/// The date that is written as `2024-05-01` (RFC 3339, `full-date`). A year before 0 or after 9999 has a sign, as in ISO 8601.
pub(super) fn parse_date(text: &str) -> Option<Date> {
    let (is_negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let is_signed = unsigned.len() < text.len();
    let (year, rest) = unsigned.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let has_form = match year.len() {
        4 => is_negative || !is_signed,
        5 | 6 => is_signed,
        _ => false,
    };
    if !has_form || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let year = i32::try_from(number(year)?).ok()?;
    let month = Month::try_from(u8::try_from(number(month)?).ok()?).ok()?;
    let year = if is_negative { -year } else { year };
    Date::from_calendar_date(year, month, u8::try_from(number(day)?).ok()?).ok()
}

fn number(digits: &str) -> Option<u32> {
    let digit = |number: u32, byte: u8| {
        Some(number * 10 + u32::from(byte.checked_sub(b'0').filter(|&digit| digit < 10)?))
    };
    digits.bytes().try_fold(0, digit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_of_another_form_are_not_dates() {
        for text in [
            "",
            "2024",
            "2024-05",
            "2024-5-1",
            "24-05-01",
            "2024-02-30",
            "2023-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-05-00",
            "+2024-05-01",
            "2024/05/01",
            "2024-05-01 ",
            " 2024-05-01",
            "2024-05-01T00:00:00Z",
            "20240501",
            "2024-05-1a",
            "-",
            "é024-05-01",
            "02024-05-01",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn each_date_leads_back_to_itself(day in Date::MIN.to_julian_day()..=Date::MAX.to_julian_day()) {
            let date = Date::from_julian_day(day).unwrap();
            prop_assert_eq!(parse_date(&date.to_string()), Some(date));
        }
    }
}
