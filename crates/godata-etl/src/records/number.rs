//! Numbers as digits: what text is a number, and when its digits are a number of JSON.

use super::value_ref::ValueRef;

/// A finite float; Rust's `parse` also knows `nan`, `inf` and what overflows, which are no data.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    text.parse().ok().filter(|float: &f64| float.is_finite())
}

/// The narrowest number that has these digits.
pub(super) fn parse_number(text: &str) -> Option<ValueRef<'static>> {
    let int = || text.parse().ok().map(ValueRef::Int);
    let uint = || text.parse().ok().map(ValueRef::UInt);
    int().or_else(uint).or_else(|| parse_float(text).map(ValueRef::Float))
}

/// The `i64` of this very value.
pub(super) fn exact_i64(float: f64) -> Option<i64> {
    // `i64::MAX as f64` is 2^63, one more than the greatest.
    let in_range = float >= i64::MIN as f64 && float < i64::MAX as f64;
    (in_range && float.fract() == 0.0).then_some(float as i64)
}

/// The `u64` of this very value.
pub(super) fn exact_u64(float: f64) -> Option<u64> {
    let in_range = float >= 0.0 && float < u64::MAX as f64;
    (in_range && float.fract() == 0.0).then_some(float as u64)
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

/// What follows one digit or more.
fn after_digits(text: &str) -> Option<&str> {
    let len = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.get(len..).filter(|_| len > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_numbers_are_told_from_others() {
        for text in ["0", "-0", "12", "12.50", "1e5", "1E+5", "0.1e-2", "-1.0"] {
            assert!(is_json(text), "{text}");
        }
        for text in ["", "-", "007", "+5", ".5", "5.", "1e", "1e+", "1.2.3", "0x1", " 1", "NaN", "--1"] {
            assert!(!is_json(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn json_agrees_about_numbers(text in "-?[0-9]{0,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?") {
            prop_assert_eq!(is_json(&text), serde_json::from_str::<serde_json::Number>(&text).is_ok());
        }
    }

    #[test]
    fn the_narrowest_number_is_taken() {
        assert!(matches!(parse_number("12"), Some(ValueRef::Int(12))));
        assert!(matches!(parse_number("18446744073709551615"), Some(ValueRef::UInt(u64::MAX))));
        assert!(matches!(parse_number("18446744073709551616"), Some(ValueRef::Float(_))));
        assert!(matches!(parse_number("12.0"), Some(ValueRef::Float(_))));
        assert_eq!(parse_number("1e999"), None);
    }
}
