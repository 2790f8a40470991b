//! Decimals as text.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use godata_core::debug_as_chain;

use super::decimal::Decimal;
use super::digits;

/// The text is not a decimal number of at most 38 digits.
#[derive(Clone, PartialEq, Eq)]
pub struct ParseDecimalError(());

impl fmt::Display for ParseDecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a decimal number of at most 38 digits")
    }
}

impl Error for ParseDecimalError {}

debug_as_chain!(ParseDecimalError);

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    fn from_str(text: &str) -> Result<Self, ParseDecimalError> {
        parse(text).ok_or(ParseDecimalError(()))
    }
}

fn parse(text: &str) -> Option<Decimal> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let unsigned = number.strip_prefix(['-', '+']).unwrap_or(number);
    let (int, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if int.is_empty() && fraction.is_empty() {
        return None;
    }
    let mantissa = int.bytes().chain(fraction.bytes()).try_fold(0_i128, push_digit)?;
    let mantissa = if number.starts_with('-') { -mantissa } else { mantissa };
    shifted(mantissa, i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?)
}

fn push_digit(mantissa: i128, digit: u8) -> Option<i128> {
    let digit = digit.checked_sub(b'0').filter(|&digit| digit < 10)?;
    mantissa.checked_mul(10)?.checked_add(digit.into())
}

/// `mantissa` / 10^`scale`, for a scale that may be negative.
fn shifted(mantissa: i128, scale: i64) -> Option<Decimal> {
    if mantissa == 0 {
        // The exponent does not count.
        return Decimal::new(0, u8::try_from(scale.clamp(0, Decimal::DIGITS.into())).ok()?);
    }
    match u8::try_from(scale) {
        Ok(scale) => Decimal::new(mantissa, scale),
        Err(_) => {
            let factor = 10_i128.checked_pow(scale.checked_neg()?.try_into().ok()?)?;
            Decimal::new(mantissa.checked_mul(factor)?, 0)
        }
    }
}

/// Whether a text from which a decimal was read is what is written for it.
pub(super) fn is_written(decimal: Decimal, text: &str) -> bool {
    let is_negative_zero = decimal.mantissa() == 0 && text.starts_with('-');
    digits::is_json(text) && !text.contains(['e', 'E']) && !is_negative_zero
}

pub(super) fn write(decimal: Decimal, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // All digits, a zero before the point, the point and a sign.
    let mut text = [0; Decimal::DIGITS as usize + 3];
    let (mut start, scale) = (text.len(), usize::from(decimal.scale()));
    let (mut rest, mut written) = (decimal.mantissa().unsigned_abs(), 0);
    while rest > 0 || written <= scale {
        if written == scale && scale > 0 {
            start -= 1;
            text[start] = b'.';
        }
        let (next, digit) = last_digit(rest);
        start -= 1;
        text[start] = b'0' + digit;
        (rest, written) = (next, written + 1);
    }
    if decimal.mantissa() < 0 {
        start -= 1;
        text[start] = b'-';
    }
    f.write_str(std::str::from_utf8(&text[start..]).map_err(|_| fmt::Error)?)
}

/// A number without its last digit, and that digit. Most numbers fit into 64 bits, which is faster.
fn last_digit(number: u128) -> (u128, u8) {
    match u64::try_from(number) {
        Ok(small) => ((small / 10).into(), (small % 10) as u8),
        Err(_) => (number / 10, (number % 10) as u8),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_decimal_is_read_like_a_float_and_written_without_exponent() {
        let table = [
            ("12.50", "12.50"),
            ("-0.5", "-0.5"),
            ("+5", "5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("007.10", "7.10"),
            ("1.5e3", "1500"),
            ("1.5E-3", "0.0015"),
            ("-0", "0"),
            ("0e999", "0"),
            ("-0.00", "0.00"),
        ];
        for (text, written) in table {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), written, "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_decimals() {
        let long = "1".repeat(39);
        for text in [
            "",
            ".",
            "-",
            "e1",
            "1e",
            "1,5",
            " 1",
            "1 ",
            "--1",
            "-+1",
            "1_0",
            "nan",
            "inf",
            "1e999",
            "1e-39",
            "1e99999999999999999999",
            "١",
            &long,
        ] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn each_decimal_leads_back_to_itself(mantissa in any::<i128>(), cut in 0_u32..38, scale in 0_u8..39) {
            let mantissa = mantissa / 10_i128.pow(cut);
            if let Some(decimal) = Decimal::new(mantissa, scale) {
                let text = decimal.to_string();
                let read: Decimal = text.parse().unwrap();
                prop_assert_eq!((read.mantissa(), read.scale()), (mantissa, scale));
                prop_assert!(digits::is_json(&text));
                prop_assert_eq!(decimal.to_f64().to_bits(), (text.parse::<f64>().unwrap() + 0.0).to_bits());
            }
        }

        #[test]
        fn decimals_and_floats_are_read_from_the_same_texts(text in "[+-]?[0-9]{0,3}\\.?[0-9]{0,3}([eE][+-]?[0-9]{0,2})?") {
            let decimal = text.parse::<Decimal>().ok();
            let float = text.parse::<f64>().ok();
            if let Some(decimal) = decimal {
                prop_assert_eq!(is_written(decimal, &text), decimal.to_string() == text);
            }
            match (decimal, float) {
                (Some(decimal), float) => prop_assert_eq!(Some(decimal.to_f64()), float),
                (None, Some(float)) => prop_assert!(float.abs() > 1e30 || float.abs() < 1e-30),
                (None, None) => {}
            }
        }
    }
}
