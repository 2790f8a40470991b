//! Sums of numbers.

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

/// `mantissa` times 10 to the power of `-scale`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Decimal {
    mantissa: i128,
    scale: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Float {
    sum: f64,
    error: f64,
}

/// A number to be added.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Addend {
    Exact(i128, u32),
    Float(f64),
}

impl Addend {
    /// The number that a value is, by the rules of [`ValueRef::as_f64`].
    pub(crate) fn of(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Text(text) => Self::of_text(text),
            ValueRef::Number(number) => match number.0 {
                Repr::Int(int) => Some(Self::Exact(int.into(), 0)),
                Repr::UInt(int) => Some(Self::Exact(int.into(), 0)),
                Repr::Float(float) => Some(Self::Float(float)),
                Repr::Digits(digits) | Repr::FloatDigits(_, digits) => Self::of_text(digits),
            },
            _ => None,
        }
    }

    fn of_text(text: &str) -> Option<Self> {
        decimal(text).or_else(|| digits::parse_float(text).map(Self::Float))
    }
}

/// The number in a text without an exponent.
fn decimal(text: &str) -> Option<Addend> {
    // 10^8 numbers of so many digits fit into the sum.
    const DIGITS: usize = 30;
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes();
    if unsigned.len() > DIGITS + 1 {
        return None;
    }
    let (mut mantissa, mut digits, mut point) = (Mantissa::default(), 0, None);
    for &byte in unsigned {
        match byte {
            b'0'..=b'9' => {
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
    (digits > 0).then_some(Addend::Exact(mantissa, scale))
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
            Addend::Exact(mantissa, scale) => {
                let addend = Decimal { mantissa, scale };
                match self.exact.plus(addend) {
                    Some(sum) => self.exact = sum,
                    None => self.add_float(addend.to_f64()),
                }
            }
            Addend::Float(float) => self.add_float(float),
        }
    }

    /// The sum; 0 of no numbers. It has as many decimal places as the addend with the most.
    pub(crate) fn value(&self) -> Value {
        if self.has_float {
            return Value::from(self.to_f64());
        }
        let digits = self.exact.to_digits();
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

impl Decimal {
    fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let mantissa = self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?;
        Some(Self { mantissa, scale })
    }

    fn at_scale(self, scale: u32) -> Option<i128> {
        if self.scale == scale {
            return Some(self.mantissa);
        }
        self.mantissa.checked_mul(10_i128.checked_pow(scale - self.scale)?)
    }

    fn to_f64(self) -> f64 {
        if self.mantissa == 0 { 0.0 } else { self.to_digits().parse().unwrap_or(f64::NAN) }
    }

    fn to_digits(self) -> String {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let (digits, scale) = (self.mantissa.unsigned_abs().to_string(), self.scale as usize);
        if scale == 0 {
            return format!("{sign}{digits}");
        }
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (int, fraction) = digits.split_at(digits.len() - scale);
        format!("{sign}{int}.{fraction}")
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
            (&["1e3", "1"], "1001.0"),
            (&[], "0"),
        ] {
            assert_eq!(sum(texts), expected, "{texts:?}");
        }
        assert!(Addend::of(ValueRef::Text("1,5")).is_none());
        assert!(Addend::of(ValueRef::Text("")).is_none());
        assert!(Addend::of(ValueRef::Text("-")).is_none());
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
