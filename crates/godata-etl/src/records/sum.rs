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
    // 10^30 such numbers of 8 digits fit into the sum.
    const DIGITS: usize = 30;
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (int, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let len = int.len() + fraction.len();
    if len == 0 || len > DIGITS {
        return None;
    }
    let mut mantissa = 0_i128;
    for byte in int.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return None;
        }
        mantissa = mantissa * 10 + i128::from(byte - b'0');
    }
    let mantissa = if text.starts_with('-') { -mantissa } else { mantissa };
    Some(Addend::Exact(mantissa, fraction.len() as u32))
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
