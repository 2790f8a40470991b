//! One borrowed value, and the rules by which it is read as a type.

use std::fmt;

use time::{Date, UtcDateTime};

use super::date::parse_date;
use super::decimal::Decimal;
use super::digits;
use super::number::Repr;
use super::number_ref::NumberRef;
use super::timestamp::Timestamp;
use super::value::Value;

/// One value of a dynamic record, borrowed: a copyable view of a [`Value`] or of a cell of a batch.
///
/// Text that was cast to a number appears as that number. The `as_` methods define the rules of all typed getters. They
/// return `None` where a getter returns an error.
///
/// ```
/// use godata_etl::ValueRef;
///
/// assert_eq!(ValueRef::Text("12.5").as_f64(), Some(12.5));
/// assert_eq!(ValueRef::from(3.0).as_i64(), Some(3));
/// assert_eq!(ValueRef::from(3.5).as_i64(), None);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum ValueRef<'a> {
    /// A field that is present and has no value.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(NumberRef<'a>),
    /// Text.
    Text(&'a str),
    /// Bytes that are not text.
    Bytes(&'a [u8]),
    /// An instant.
    Timestamp(Timestamp),
    /// A day of the calendar.
    Date(Date),
    /// An exact decimal number.
    Decimal(Decimal),
    /// Values in order.
    List(&'a [Value]),
    /// Named values in order.
    Map(&'a [(String, Value)]),
}

impl<'a> ValueRef<'a> {
    /// Whether this is null.
    #[must_use]
    pub fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if this is text.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A bool, or the text `true` or `false`.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(value),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A whole number in the range of `i64`: from a whole number, from a float without a fraction and below 2^53 (a larger
    /// float represents several whole numbers), or from text.
    ///
    /// Text is parsed as by Rust's `parse`: an optional sign, digits, and no spaces.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            Self::Decimal(decimal) => whole(decimal),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A whole number in the range of `u64`, by the rules of [`as_i64`](Self::as_i64).
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_u64(),
            Self::Decimal(decimal) => whole(decimal),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A number as a float; a whole number over 2^53 is rounded to the nearest one.
    ///
    /// Text is parsed as by Rust's `parse`, without spaces, and the result must be finite. `nan`, `inf` and `infinity` in any
    /// case, and numbers that overflow (`1e999`), are not numbers.
    #[must_use]
    pub fn as_f64(self) -> Option<f64> {
        match self {
            Self::Number(number) => number.as_f64(),
            Self::Decimal(decimal) => Some(decimal.to_f64()),
            Self::Text(text) => digits::parse_float(text),
            _ => None,
        }
    }

    /// An instant, or RFC 3339 text with any offset, in UTC. [`Timestamp`] has the rules.
    #[must_use]
    pub fn as_timestamp(self) -> Option<UtcDateTime> {
        match self {
            Self::Timestamp(value) => Some(value.instant()),
            Self::Text(text) => text.parse().ok().map(Timestamp::instant),
            _ => None,
        }
    }

    /// A date, or the text of one, such as `2024-05-01`.
    #[must_use]
    pub fn as_date(self) -> Option<Date> {
        match self {
            Self::Date(value) => Some(value),
            Self::Text(text) => parse_date(text),
            _ => None,
        }
    }

    /// An exact number of at most 38 digits: a decimal, a number, or text that [`Decimal`] can be parsed from. A computed float
    /// is the decimal that it is written as.
    #[must_use]
    pub fn as_decimal(self) -> Option<Decimal> {
        match self {
            Self::Decimal(value) => Some(value),
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => match number.digits() {
                Some(digits) => digits.parse().ok(),
                None => number.to_string().parse().ok(),
            },
            _ => None,
        }
    }

    /// An owned copy.
    #[must_use]
    pub fn to_owned(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(value) => Value::Number(value.to_owned()),
            Self::Text(value) => Value::Text(value.to_owned()),
            Self::Bytes(value) => Value::Bytes(value.to_vec()),
            Self::Timestamp(value) => Value::Timestamp(value),
            Self::Date(value) => Value::Date(value),
            Self::Decimal(value) => Value::Decimal(value),
            Self::List(value) => Value::List(value.to_vec()),
            Self::Map(value) => Value::Map(value.to_vec()),
        }
    }

    /// The kind in one word, for messages.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "timestamp",
            Self::Date(_) => "date",
            Self::Decimal(_) => "decimal",
            Self::List(_) => "list",
            Self::Map(_) => "map",
        }
    }
}

impl PartialEq for ValueRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Timestamp(a), Self::Timestamp(b)) => a == b,
            (Self::Date(a), Self::Date(b)) => a == b,
            (Self::Decimal(a), Self::Decimal(b)) => a == b,
            (Self::Decimal(decimal), Self::Number(number))
            | (Self::Number(number), Self::Decimal(decimal)) => {
                NumberRef(Repr::Digits(&decimal.to_string())) == number
            }
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            _ => false,
        }
    }
}

impl fmt::Display for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => f.write_str(value),
            Self::Bytes(value) => write!(f, "{} bytes", value.len()),
            Self::Timestamp(value) => value.fmt(f),
            Self::Date(value) => value.fmt(f),
            Self::Decimal(value) => value.fmt(f),
            Self::List(values) => fmt_list(values, f),
            Self::Map(fields) => fmt_map(fields, f),
        }
    }
}

/// A whole decimal, out of the way of the other numbers.
#[inline(never)]
fn whole<T: TryFrom<i128>>(decimal: Decimal) -> Option<T> {
    decimal.to_i128()?.try_into().ok()
}

fn fmt_list(values: &[Value], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("[")?;
    for (i, value) in values.iter().enumerate() {
        write!(f, "{}{value}", separator(i))?;
    }
    f.write_str("]")
}

fn fmt_map(fields: &[(String, Value)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("{")?;
    for (i, (name, value)) in fields.iter().enumerate() {
        write!(f, "{}{name}: {value}", separator(i))?;
    }
    f.write_str("}")
}

fn separator(position: usize) -> &'static str {
    if position == 0 { "" } else { ", " }
}

macro_rules! from_copy {
    ($($kind:ident($($type:ty),+))+) => {
        $($(impl<'a> From<$type> for ValueRef<'a> {
            fn from(value: $type) -> Self {
                Self::$kind(value.into())
            }
        })+)+
    };
}

from_copy! {
    Bool(bool) Number(NumberRef<'a>, i64, u64, f64) Text(&'a str) Timestamp(Timestamp, UtcDateTime) Date(Date)
    Decimal(Decimal)
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        value.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_from_text_are_finite_and_untrimmed() {
        for text in ["1", "+1.5", ".5", "5.", "1e3", "-0"] {
            assert!(ValueRef::Text(text).as_f64().is_some(), "{text}");
        }
        for text in ["", " 1", "1 ", "inf", "INF", "-inf", "Infinity", "nan", "NaN", "1e999", "1,5", "0x10"] {
            assert_eq!(ValueRef::Text(text).as_f64(), None, "{text}");
        }
    }

    #[test]
    fn whole_numbers_from_floats_are_exact() {
        let table = [
            (1.0, Some(1)),
            (-1.0, Some(-1)),
            (1.5, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
            (9_007_199_254_740_991.0, Some(9_007_199_254_740_991)),
            (9_007_199_254_740_992.0, None),
            (-9_007_199_254_740_992.0, None),
            (i64::MIN as f64, None),
        ];
        for (float, int) in table {
            assert_eq!(ValueRef::from(float).as_i64(), int, "{float}");
        }
        assert_eq!(ValueRef::from(-1.0).as_u64(), None);
        assert_eq!(ValueRef::from(u64::MAX as f64).as_u64(), None);
    }

    #[test]
    fn whole_numbers_from_text_have_no_spaces_and_no_fraction() {
        assert_eq!(ValueRef::Text("007").as_i64(), Some(7));
        for text in ["", " 7", "7.0", "1e3", "9223372036854775808"] {
            assert_eq!(ValueRef::Text(text).as_i64(), None, "{text}");
        }
        assert_eq!(ValueRef::Text("18446744073709551615").as_u64(), Some(u64::MAX));
        assert_eq!(ValueRef::Text("-1").as_u64(), None);
    }

    #[test]
    fn bools_from_text_are_true_or_false_only() {
        assert_eq!(ValueRef::Text("true").as_bool(), Some(true));
        for text in ["True", "1", "yes", ""] {
            assert_eq!(ValueRef::Text(text).as_bool(), None, "{text}");
        }
        assert_eq!(ValueRef::from(1_i64).as_bool(), None);
    }

    #[test]
    fn timestamps_are_read_with_their_offset() {
        let noon = ValueRef::Text("2024-05-01T12:00:00Z").as_timestamp();
        assert!(noon.is_some());
        assert_eq!(ValueRef::Text("2024-05-01T14:00:00+02:00").as_timestamp(), noon);
        for text in ["2024-05-01", "", "9999-12-31T23:59:59-23:59"] {
            assert_eq!(ValueRef::Text(text).as_timestamp(), None, "{text}");
        }
    }
}
