//! Numbers in text: which text is a number, and whether its digits are a JSON number.

use super::exponent::Exponent;
use super::number::Repr;
use super::number_ref::Narrow;

/// A finite float. Rust's `parse` also accepts `nan`, `inf` and numbers that overflow, which are not data.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    parse_decimal(text).or_else(|| text.parse().ok().filter(|float: &f64| float.is_finite()))
}

/// A JSON number without an exponent, and with so few digits that one division gives the exact result (Clinger, "How
/// to read floating point numbers accurately", 1990); `None` for all others.
///
/// Most numbers in files are of this kind, and `parse` takes more than twice as long for them.
pub(super) fn parse_decimal(text: &str) -> Option<f64> {
    /// Numbers with this many digits are less than 2^53.
    const DIGITS: usize = 15;
    const POWERS: [f64; DIGITS + 1] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    if digits.len() > DIGITS + 1 {
        return None;
    }
    let mut whole = 0_u64;
    let mut point = None;
    for (at, &byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => whole = whole * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let int = point.unwrap_or(digits.len());
    let fraction = point.map_or(0, |point| digits.len() - point - 1);
    let is_json = int > 0 && (int == 1 || digits[0] != b'0') && (point.is_none() || fraction > 0);
    if !is_json || int + fraction > DIGITS {
        return None;
    }
    let float = whole as f64 / POWERS[fraction];
    Some(if text.len() > digits.len() { -float } else { float })
}

/// The narrowest number that has these digits. `None` if the nearest float is a whole number that the digits are not,
/// because the float would pass for it.
pub(super) fn parse_number(text: &str) -> Option<Narrow> {
    let int = || text.parse().ok().map(Narrow::Int);
    let uint = || text.parse().ok().map(Narrow::UInt);
    let float = || parse_float(text).filter(|&float| !passes_for_whole(text, float)).map(Narrow::Float);
    int().or_else(uint).or_else(float)
}

/// The whole number that is written with exactly these digits of a JSON number, if a machine type has it.
pub(super) fn whole<T>(json: &str) -> Option<Repr<T>> {
    // As an integer, `-0` would lose its sign.
    let int = || json.parse().ok().filter(|_| json != "-0").map(Repr::Int);
    int().or_else(|| json.parse().ok().map(Repr::UInt))
}

/// Whether two texts are the same number. Both have the form of a JSON number.
pub(super) fn are_equal(a: &str, b: &str) -> bool {
    a == b || normalized(a) == normalized(b)
}

/// The sign, the digits without zeros at either end, and the exponent of a number.
fn normalized(text: &str) -> (bool, String, Exponent) {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (int, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all = [int, fraction].concat();
    let digits = all.trim_end_matches('0');
    if digits.is_empty() {
        return (false, String::new(), Exponent::Near(0));
    }
    let shift = (all.len() - digits.len()) as i64 - fraction.len() as i64;
    let exponent = Exponent::shifted(exponent, shift);
    (mantissa.starts_with('-'), digits.trim_start_matches('0').to_owned(), exponent)
}

/// Whether a float represents a whole number that these digits are not.
fn passes_for_whole(text: &str, float: f64) -> bool {
    is_whole(float) && parse_whole(text) != Some(float as i128)
}

/// Whether a float represents exactly one whole number. From 2^53 on, each float represents several.
fn is_whole(float: f64) -> bool {
    const LIMIT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
    float.fract() == 0.0 && float.abs() < LIMIT
}

/// The value of a JSON number, if it is a whole number; it may have a fraction or an exponent.
fn parse_whole(text: &str) -> Option<i128> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (int, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let fraction = fraction.trim_end_matches('0');
    let mut whole = 0_i128;
    for digit in int.bytes().chain(fraction.bytes()) {
        whole = whole.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
    }
    if whole == 0 {
        return Some(0);
    }
    let mut scale = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    while scale < 0 {
        whole = (whole % 10 == 0).then_some(whole / 10)?;
        scale += 1;
    }
    while scale > 0 {
        whole = whole.checked_mul(10)?;
        scale -= 1;
    }
    Some(if mantissa.starts_with('-') { -whole } else { whole })
}

/// The whole number that a float represents.
pub(super) fn exact_i64(float: f64) -> Option<i64> {
    is_whole(float).then_some(float as i64)
}

/// The whole number that a float represents.
pub(super) fn exact_u64(float: f64) -> Option<u64> {
    (is_whole(float) && float >= 0.0).then_some(float as u64)
}

/// Whether these digits are a number by RFC 8259, section 6.
pub(super) fn is_json(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let rest = after_integer(unsigned).and_then(after_fraction).and_then(after_exponent);
    rest.is_some_and(str::is_empty)
}

fn after_integer(text: &str) -> Option<&str> {
    text.strip_prefix('0').or_else(|| after_digits(text))
}

fn after_fraction(text: &str) -> Option<&str> {
    text.strip_prefix('.').map_or(Some(text), after_digits)
}

fn after_exponent(text: &str) -> Option<&str> {
    let Some(exponent) = text.strip_prefix(['e', 'E']) else { return Some(text) };
    after_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

/// The rest of a text after one or more digits.
fn after_digits(text: &str) -> Option<&str> {
    let len = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.get(len..).filter(|_| len > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::number_ref::NumberRef;
    use super::*;

    #[test]
    fn json_numbers_are_recognized() {
        for text in ["0", "-0", "12", "12.50", "1e5", "1E+5", "0.1e-2", "-1.0"] {
            assert!(is_json(text), "{text}");
        }
        for text in ["", "-", "007", "+5", ".5", "5.", "1e", "1e+", "1.2.3", "0x1", " 1", "NaN", "--1"] {
            assert!(!is_json(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn decimals_are_parsed_as_by_the_standard_library(text in "-?[0-9]{0,16}(\\.[0-9]{0,16})?") {
            if let Some(float) = parse_decimal(&text) {
                prop_assert_eq!(float.to_bits(), text.parse::<f64>().unwrap().to_bits());
                prop_assert!(is_json(&text));
            }
        }

        #[test]
        fn json_agrees_about_numbers(text in "-?[0-9]{0,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?") {
            prop_assert_eq!(is_json(&text), serde_json::from_str::<serde_json::Number>(&text).is_ok());
        }
    }

    #[test]
    fn digits_do_not_pass_for_another_whole_number() {
        for text in ["4.9999999999999999999", "0.99999999999999999999", "1e-400"] {
            assert_eq!(parse_number(text), None, "{text}");
        }
        for text in ["9007199254740993.0", "900719925474099300e-2", "3.0155205381098373e+18"] {
            let number = NumberRef::from_digits(text).unwrap();
            assert_eq!((number.as_i64(), number.as_u64()), (None, None), "{text}");
            assert_eq!(number.as_f64(), text.parse().ok(), "{text}");
            assert_eq!(parse_number(text), text.parse().ok().map(Narrow::Float), "{text}");
        }
        for (text, float) in
            [("5.0", 5.0), ("-12.50e2", -1250.0), ("1e3", 1000.0), ("0.0", 0.0), ("0e9", 0.0)]
        {
            assert_eq!(parse_number(text), Some(Narrow::Float(float)), "{text}");
        }
        assert_eq!(parse_number("4.999"), Some(Narrow::Float(4.999)));
        assert_eq!(parse_number("1e300"), Some(Narrow::Float(1e300)));
    }

    #[test]
    fn the_narrowest_number_is_taken() {
        assert!(matches!(parse_number("12"), Some(Narrow::Int(12))));
        assert!(matches!(parse_number("18446744073709551615"), Some(Narrow::UInt(u64::MAX))));
        assert!(matches!(parse_number("18446744073709551616"), Some(Narrow::Float(_))));
        assert!(matches!(parse_number("12.0"), Some(Narrow::Float(_))));
        assert_eq!(parse_number("1e999"), None);
    }
}
