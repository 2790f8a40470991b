//! One borrowed number.

use std::fmt;

use super::digits;
use super::number::{Number, Repr};

/// A number of a dynamic record, borrowed: a copyable view of a [`Number`] or of a cell of a batch. It has the same
/// methods.
#[derive(Clone, Copy)]
pub struct NumberRef<'a>(pub(super) Repr<&'a str>);

/// The narrowest machine type that has a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Narrow {
    Int(i64),
    UInt(u64),
    Float(f64),
}

impl<'a> NumberRef<'a> {
    /// The number with these digits, which are kept; `None` if they are not a number by RFC 8259, section 6. See
    /// [`Number::from_digits`].
    #[must_use]
    pub fn from_digits(digits: &'a str) -> Option<Self> {
        digits::is_json(digits).then_some(Self(Repr::Digits(digits)))
    }

    /// The digits that the number was read from and is written as; `None` if it was computed.
    #[inline]
    #[must_use]
    pub fn digits(self) -> Option<&'a str> {
        match self.0 {
            Repr::Digits(digits) | Repr::FloatDigits(_, digits) => Some(digits),
            Repr::Int(_) | Repr::UInt(_) | Repr::Float(_) => None,
        }
    }

    /// The number, if it is a whole number in the range of `i64`. A float has no fraction then and is below 2^53, because a
    /// larger float represents several whole numbers.
    #[inline]
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self.narrow()? {
            Narrow::Int(value) => Some(value),
            Narrow::UInt(value) => value.try_into().ok(),
            Narrow::Float(value) => digits::exact_i64(value),
        }
    }

    /// The number, if it is a whole number in the range of `u64`, by the rules of [`as_i64`](Self::as_i64).
    #[inline]
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        match self.narrow()? {
            Narrow::Int(value) => value.try_into().ok(),
            Narrow::UInt(value) => Some(value),
            Narrow::Float(value) => digits::exact_u64(value),
        }
    }

    /// The nearest float; `None` for digits beyond the range of `f64`, such as `1e999`.
    #[inline]
    #[must_use]
    pub fn as_f64(self) -> Option<f64> {
        match self.0 {
            Repr::Int(value) => Some(value as f64),
            Repr::UInt(value) => Some(value as f64),
            Repr::Float(value) | Repr::FloatDigits(value, _) => Some(value),
            Repr::Digits(digits) => digits::parse_float(digits),
        }
    }

    /// An owned copy.
    #[must_use]
    pub fn to_owned(self) -> Number {
        Number(match self.0 {
            Repr::Int(value) => Repr::Int(value),
            Repr::UInt(value) => Repr::UInt(value),
            Repr::Float(value) => Repr::Float(value),
            Repr::Digits(digits) => digits::whole(digits).unwrap_or_else(|| Repr::Digits(digits.into())),
            Repr::FloatDigits(value, digits) => Repr::FloatDigits(value, digits.into()),
        })
    }

    /// The narrowest machine type that has this number. `None` for digits beyond the range of `f64`, or whose nearest
    /// float is a whole number that they are not, because the float would pass for it.
    #[inline]
    pub(super) fn narrow(self) -> Option<Narrow> {
        match self.0 {
            Repr::Int(value) => Some(Narrow::Int(value)),
            Repr::UInt(value) => Some(Narrow::UInt(value)),
            Repr::Float(value) | Repr::FloatDigits(value, _) => Some(Narrow::Float(value)),
            Repr::Digits(digits) => digits::parse_number(digits),
        }
    }
}

impl PartialEq for NumberRef<'_> {
    /// Whether both are the same number, however they are written: `12.50` is `12.5`, and `5.0` is `5`. Digits are not
    /// rounded to floats, and a float counts as the number that it is written as.
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Repr::Int(a), Repr::Int(b)) => a == b,
            (Repr::UInt(a), Repr::UInt(b)) => a == b,
            (Repr::Float(a), Repr::Float(b)) => a == b,
            (Repr::Float(a), _) | (_, Repr::Float(a)) if !a.is_finite() => false,
            _ => digits::are_equal(&self.to_string(), &other.to_string()),
        }
    }
}

impl fmt::Display for NumberRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Int(value) => value.fmt(f),
            Repr::UInt(value) => value.fmt(f),
            Repr::Float(value) => write!(f, "{value:?}"),
            Repr::Digits(digits) | Repr::FloatDigits(_, digits) => f.write_str(digits),
        }
    }
}

impl fmt::Debug for NumberRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<i64> for NumberRef<'_> {
    fn from(value: i64) -> Self {
        Self(Repr::Int(value))
    }
}

impl From<u64> for NumberRef<'_> {
    fn from(value: u64) -> Self {
        Self(i64::try_from(value).map_or(Repr::UInt(value), Repr::Int))
    }
}

impl From<f64> for NumberRef<'_> {
    fn from(value: f64) -> Self {
        Self(Repr::Float(value))
    }
}

impl<'a> From<&'a Number> for NumberRef<'a> {
    fn from(number: &'a Number) -> Self {
        number.as_ref()
    }
}
