//! Sums of numbers.

use super::decimal::Decimal;
use super::digits;
use super::number::{Number, Repr};
use super::value::Value;
use super::value_ref::ValueRef;

/// The sum of numbers. Those that are written in decimal digits are added exactly, and computed floats are added with the error of
/// each addition carried along (Neumaier, 1974).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    exact: Decimal,
    float: Float,
    has_float: bool,
    /// How many numbers.
    count: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Float {
    sum: f64,
    error: f64,
}

/// A number to be added.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Addend {
    Exact(Decimal),
    Float(f64),
}

impl Addend {
    /// The number that a value is, by the rules of [`ValueRef::as_f64`].
    pub(crate) fn of(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Text(text) => Self::of_text(text),
            ValueRef::Decimal(decimal) => Some(Self::Exact(decimal)),
            ValueRef::Number(number) => match number.0 {
                Repr::Int(int) => Some(Self::Exact(int.into())),
                Repr::UInt(int) => Some(Self::Exact(int.into())),
                Repr::Float(float) => Some(Self::Float(float)),
                Repr::Digits(digits) | Repr::FloatDigits(_, digits) => Self::of_text(digits),
            },
            _ => None,
        }
    }

    fn of_text(text: &str) -> Option<Self> {
        let exact = decimal(text).or_else(|| text.parse().ok());
        exact.map(Self::Exact).or_else(|| digits::parse_float(text).map(Self::Float))
    }
}

/// The number in a text without an exponent.
fn decimal(text: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes();
    let (mut mantissa, mut digits, mut point) = (Mantissa::default(), 0_u8, None);
    for &byte in unsigned {
        match byte {
            b'0'..=b'9' if digits < Decimal::DIGITS => {
                mantissa.push(byte - b'0');
                digits += 1;
            }
            b'.' if point.is_none() => point = Some(digits),
            _ => return None,
        }
    }
    let scale = digits - point.unwrap_or(digits);
    let mantissa = mantissa.high + i128::from(mantissa.low);
    let mantissa = if text.starts_with('-') { -mantissa } else { mantissa };
    if digits > 0 { Decimal::new(mantissa, scale) } else { None }
}

/// A whole number that is built digit by digit. Most of them fit into 64 bits, which is faster.
#[derive(Default)]
struct Mantissa {
    high: i128,
    low: u64,
}

impl Mantissa {
    fn push(&mut self, digit: u8) {
        const LIMIT: u64 = u64::MAX / 10 - 1;
        if self.high == 0 && self.low < LIMIT {
            self.low = self.low * 10 + u64::from(digit);
        } else {
            self.high = (self.high + i128::from(self.low)) * 10;
            self.low = digit.into();
        }
    }
}

impl Sum {
    pub(crate) fn add(&mut self, addend: Addend) {
        self.count += 1;
        match addend {
            Addend::Exact(addend) => match self.exact.checked_add(addend) {
                Some(sum) => self.exact = sum,
                None => self.add_float(addend.to_f64()),
            },
            Addend::Float(float) => self.add_float(float),
        }
    }

    /// The sum; 0 of no numbers. It has as many decimal places as the addend with the most.
    pub(crate) fn value(&self) -> Value {
        if self.has_float {
            return Value::from(self.to_f64());
        }
        let digits = self.exact.to_string();
        let whole = digits::whole(&digits);
        Value::Number(Number(whole.unwrap_or_else(|| Repr::Digits(digits.into()))))
    }

    /// The mean; null of no numbers.
    pub(crate) fn mean(&self) -> Value {
        if self.count == 0 { Value::Null } else { Value::from(self.to_f64() / self.count as f64) }
    }

    fn to_f64(self) -> f64 {
        let mut float = self.float;
        float.add(self.exact.to_f64());
        float.sum + float.error
    }

    fn add_float(&mut self, float: f64) {
        self.has_float = true;
        self.float.add(float);
    }
}

impl Float {
    fn add(&mut self, float: f64) {
        let sum = self.sum + float;
        let error =
            if self.sum.abs() >= float.abs() { (self.sum - sum) + float } else { (float - sum) + self.sum };
        if error.is_finite() {
            self.error += error;
        }
        self.sum = sum;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(texts: &[&str]) -> String {
        let mut sum = Sum::default();
        texts.iter().for_each(|text| sum.add(Addend::of(ValueRef::Text(text)).unwrap()));
        sum.value().to_string()
    }

    #[test]
    fn decimal_digits_are_added_exactly() {
        for (texts, expected) in [
            (&["0.1", "0.20"][..], "0.30"),
            (&["1", "-0.005"], "0.995"),
            (&["-0.5", "0.5"], "0.0"),
            (&["99999999999999999999.9", "0.1"], "100000000000000000000.0"),
            (&["9223372036854775807", "1"], "9223372036854775808"),
            (&["+7", "007"], "14"),
            (&["1e3", "1"], "1001"),
            (&[], "0"),
        ] {
            assert_eq!(sum(texts), expected, "{texts:?}");
        }
        assert!(Addend::of(ValueRef::Text("1,5")).is_none());
        assert!(Addend::of(ValueRef::Text("")).is_none());
        assert!(Addend::of(ValueRef::Text("-")).is_none());
    }

    #[test]
    fn a_number_of_too_many_digits_is_added_as_a_float() {
        for (text, expected) in [
            ("340282366920938463463374607431768211457", "3.402823669209385e38"),
            ("680564733841876926926749214863536422917", "6.80564733841877e38"),
            ("0.340282366920938463463374607431768211457", "0.34028236692093844"),
        ] {
            assert_eq!(sum(&[text]), expected);
        }
        let most = "9".repeat(38);
        assert_eq!(sum(&[&most]), most);
    }

    #[test]
    fn what_overflows_becomes_a_float() {
        let big = "9".repeat(30);
        let mut sum = Sum::default();
        (0..1_000).for_each(|_| sum.add(Addend::of(ValueRef::Text(&big)).unwrap()));
        assert_eq!(sum.value().to_string(), format!("{big}000"));
        let small = format!("0.{}1", "0".repeat(28));
        sum.add(Addend::of(ValueRef::Text(&small)).unwrap());
        assert_eq!(sum.value().to_string(), "1e33");
    }

    proptest! {
        #[test]
        fn a_sum_is_that_of_the_scaled_whole_numbers(cents in prop::collection::vec(-1_000_000_000..1_000_000_000_i64, 0..50)) {
            let texts: Vec<_> = cents.iter().map(|cents| {
                let sign = if *cents < 0 { "-" } else { "" };
                format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
            }).collect();
            let mut sum = Sum::default();
            texts.iter().for_each(|text| sum.add(Addend::of(ValueRef::Text(text)).unwrap()));
            let total: i64 = cents.iter().sum();
            let Value::Number(number) = sum.value() else { panic!("a sum is a number") };
            prop_assert_eq!(number.as_f64(), Some(total as f64 / 100.0));
        }

        #[test]
        fn computed_floats_are_added_with_their_errors(floats in prop::collection::vec(-1e6..1e6_f64, 0..50)) {
            let mut sum = Sum::default();
            floats.iter().for_each(|float| sum.add(Addend::of(ValueRef::from(*float)).unwrap()));
            let Value::Number(number) = sum.value() else { panic!("a sum is a number") };
            let naive: f64 = floats.iter().sum();
            prop_assert!((number.as_f64().unwrap() - naive).abs() <= 1e-6);
        }
    }
}
