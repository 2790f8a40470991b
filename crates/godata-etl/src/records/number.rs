//! One owned number.

use std::fmt;

use super::digits;
use super::number_ref::NumberRef;

/// A number of a dynamic record. A number that was read keeps its digits, so that it is written as it was read:
/// `12.50`, `1e999` or `12345678901234567890123`.
///
/// Two numbers are equal if they are the same number, however they are written. `Display` writes the digits that were
/// read, or else the shortest ones; a computed float keeps its point (`12.0`).
///
/// ```
/// use godata_etl::{Number, Value};
///
/// let price = Number::from_digits("12.50").ok_or("not a number")?;
/// assert_eq!((price.as_f64(), price.as_i64()), (Some(12.5), None));
/// assert_eq!(price, Number::from(12.5));
/// assert_eq!((price.to_string(), Number::from(12.5).to_string()), ("12.50".into(), "12.5".into()));
///
/// let Value::Number(seven) = Value::from(7) else { return Err("a number became something else".into()) };
/// assert_eq!(seven.as_u64(), Some(7));
/// # Ok::<(), godata_etl::BoxError>(())
/// ```
#[derive(Clone)]
pub struct Number(pub(super) Repr<Box<str>>);

/// A number, with a text of type `T` if it was read from one. The text is a number by RFC 8259, section 6.
#[derive(Clone, Copy)]
pub(super) enum Repr<T> {
    Int(i64),
    /// A whole number that is too big for an `i64`.
    UInt(u64),
    Float(f64),
    /// The number with these digits.
    Digits(T),
    /// The float that these digits were cast to.
    FloatDigits(f64, T),
}

impl Number {
    /// The number with these digits, which are kept; `None` if they are not a number by RFC 8259, section 6.
    ///
    /// `007`, `+5`, `.5`, `NaN` and the empty text are not. `1e999` is, although no machine type holds it.
    #[must_use]
    pub fn from_digits(digits: &str) -> Option<Self> {
        NumberRef::from_digits(digits).map(NumberRef::to_owned)
    }

    /// This number, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> NumberRef<'_> {
        NumberRef(match &self.0 {
            Repr::Int(value) => Repr::Int(*value),
            Repr::UInt(value) => Repr::UInt(*value),
            Repr::Float(value) => Repr::Float(*value),
            Repr::Digits(digits) => Repr::Digits(digits),
            Repr::FloatDigits(value, digits) => Repr::FloatDigits(*value, digits),
        })
    }

    /// The number, if it is a whole number in the range of `i64`. See [`NumberRef::as_i64`].
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_ref().as_i64()
    }

    /// The number, if it is a whole number in the range of `u64`. See [`NumberRef::as_u64`].
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.as_ref().as_u64()
    }

    /// The nearest float; `None` for digits beyond the range of `f64`. See [`NumberRef::as_f64`].
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        self.as_ref().as_f64()
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref(), f)
    }
}

impl From<i64> for Number {
    #[inline]
    fn from(value: i64) -> Self {
        Self(Repr::Int(value))
    }
}

impl From<u64> for Number {
    #[inline]
    fn from(value: u64) -> Self {
        Self(i64::try_from(value).map_or(Repr::UInt(value), Repr::Int))
    }
}

impl From<f64> for Number {
    #[inline]
    fn from(value: f64) -> Self {
        Self(Repr::Float(value))
    }
}

macro_rules! from_wide_type {
    ($($type:ty)+) => {
        $(impl From<$type> for Number {
            fn from(value: $type) -> Self {
                let digits = value.to_string();
                Self(digits::whole(&digits).unwrap_or_else(|| Repr::Digits(digits.into())))
            }
        })+
    };
}

from_wide_type!(i128 u128);

#[cfg(test)]
mod tests {
    use super::*;

    fn number(digits: &str) -> Number {
        Number::from_digits(digits).unwrap()
    }

    #[test]
    fn numbers_are_equal_however_they_are_written() {
        let equal = [
            (number("12.50"), Number::from(12.5)),
            (number("0.1"), Number::from(0.1)),
            (number("5.0"), Number::from(5_i64)),
            (number("50e-1"), number("5")),
            (number("-0.0"), number("0")),
            (number("1e999"), number("10E+998")),
            (Number::from(u64::MAX), number("18446744073709551615")),
            (Number::from(1e300), number("1e300")),
            (number("1e99999999999999999999"), number("10e99999999999999999998")),
        ];
        for (a, b) in equal {
            assert_eq!(a, b);
        }
        let different = [
            (number("12345678901234567890123"), number("12345678901234567890124")),
            (number("12345678901234567890123"), Number::from(12_345_678_901_234_567_890_123.0)),
            (number("0.99999999999999999999"), Number::from(1_i64)),
            (number("-5"), number("5")),
            (number("50"), number("5")),
            (Number::from(9_007_199_254_740_992.0), Number::from(9_007_199_254_740_993_i64)),
            (Number::from(f64::NAN), Number::from(f64::NAN)),
            (Number::from(f64::INFINITY), number("1e999")),
        ];
        for (a, b) in different {
            assert_ne!(a, b);
        }
    }

    #[test]
    fn digits_are_kept_and_read_on_demand() {
        for digits in ["12.50", "1e999", "12345678901234567890123", "-0", "5.0", "1E5", "7", "-1", "0"] {
            assert_eq!(number(digits).to_string(), digits);
        }
        for digits in ["007", "+5", ".5", "5.", "", " 1", "NaN", "inf", "0x1"] {
            assert!(Number::from_digits(digits).is_none(), "{digits}");
        }
        assert_eq!((number("1e3").as_i64(), number("-1").as_u64()), (Some(1000), None));
        assert_eq!((number("1e999").as_f64(), number("1e999").as_i64()), (None, None));
        assert_eq!(number("0.99999999999999999999").as_i64(), None);
        assert_eq!(Number::from(12.0).to_string(), "12.0");
    }
}
