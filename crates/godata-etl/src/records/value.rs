//! One owned value.

use std::fmt;

use serde::Deserialize;
use time::Date;

use super::convert::{ConvertError, deserialize};
use super::decimal::Decimal;
use super::number::Number;
use super::timestamp::Timestamp;
use super::value_ref::ValueRef;

/// One value of a dynamic record.
///
/// A [`Number`] or a [`Timestamp`] that was read is written as it was read, wherever the value goes. Two values are equal
/// if they have the same content, however it is written: `12.50` is 12.5, and a decimal equals the same [`Number`].
///
/// `Display` is for people: text has no quotes, a computed float keeps its point (`12.0`), and null is `null`.
///
/// serde sees the content of a value. A [`Timestamp`](Self::Timestamp) is written as RFC 3339 text, a [`Date`](Self::Date) as
/// `2024-05-01`, and a [`Decimal`](Self::Decimal) as its digits. All three are therefore read back as [`Text`](Self::Text).
///
/// # In files
///
/// CSV and JSON have no dates and decimals. They hold a date as the text `2024-05-01` and a decimal as a number with exactly
/// its digits, `12.50`, without quotes in JSON. A [`cast`](crate::Flow::cast) to [`Type::Date`](crate::Type::Date) or
/// [`Type::Decimal`](crate::Type::Decimal) brings back the same values after the file is read. No digit is lost in between,
/// because the numbers of dynamic records keep their digits.
///
/// ```
/// use godata_etl::Value;
///
/// assert_eq!(Value::from(7u64), Value::from(7.0));
/// assert_eq!(Value::from(12.0).to_string(), "12.0");
/// assert_eq!(Value::from(None::<i64>), Value::Null);
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Value {
    /// A field that is present and has no value.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(String),
    /// Bytes that are not text. A `Vec<u8>` does not become this by `From`: it becomes a list.
    Bytes(Vec<u8>),
    /// An instant.
    Timestamp(Timestamp),
    /// A day of the calendar.
    Date(Date),
    /// An exact decimal number.
    Decimal(Decimal),
    /// Values in order.
    List(Vec<Self>),
    /// Named values in order.
    Map(Vec<(String, Self)>),
}

impl Value {
    /// This value, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::Number(value) => ValueRef::Number(value.as_ref()),
            Self::Text(value) => ValueRef::Text(value),
            Self::Bytes(value) => ValueRef::Bytes(value),
            Self::Timestamp(value) => ValueRef::Timestamp(*value),
            Self::Date(value) => ValueRef::Date(*value),
            Self::Decimal(value) => ValueRef::Decimal(*value),
            Self::List(value) => ValueRef::List(value),
            Self::Map(value) => ValueRef::Map(value),
        }
    }

    /// Converts to any type that serde can deserialize, by the rules of [`RecordRef::de`](crate::RecordRef::de).
    ///
    /// # Errors
    ///
    /// [`ConvertError`] with the path to the part that does not fit.
    ///
    /// ```
    /// use godata_etl::Value;
    ///
    /// let list = Value::from(vec![1, 2, 3]);
    /// assert_eq!(list.de::<Vec<u8>>()?, [1, 2, 3]);
    /// # Ok::<(), godata_etl::ConvertError>(())
    /// ```
    pub fn de<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ConvertError> {
        deserialize(self.as_ref())
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use time::UtcDateTime;

    use super::*;

    #[test]
    fn display_is_for_people() {
        let map = Value::Map(vec![("a".into(), Value::from(vec![1.0, 2.5])), ("b".into(), "x".into())]);
        assert_eq!(map.to_string(), "{a: [1.0, 2.5], b: x}");
        assert_eq!(Value::Null.to_string(), "null");
        assert_eq!(Value::Bytes(vec![1, 2]).to_string(), "2 bytes");
        assert_eq!(Value::from(UtcDateTime::UNIX_EPOCH).to_string(), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_number_is_equal_to_itself_in_another_type() {
        assert_eq!(Value::from(5_u64), Value::from(5_i64));
        assert_eq!(Value::from(5.0), Value::from(5));
        assert_ne!(Value::from(u64::MAX), Value::from(-1));
        assert_ne!(Value::from("5"), Value::from(5));
    }

    #[test]
    fn a_decimal_is_equal_to_the_same_number() {
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        for number in [Value::from(12.5), crate::Number::from_digits("12.500").into()] {
            assert_eq!(decimal("12.50"), number);
            assert_eq!(number, decimal("12.5"));
        }
        assert_eq!(decimal("5.0"), Value::from(5));
        assert_ne!(decimal("5"), Value::from("5"));
        assert_ne!(decimal("5"), Value::from(f64::NAN));
        assert_ne!(decimal("0.1"), Value::from(0.1 + 0.2 - 0.2));
    }

    #[test]
    fn dates_and_decimals_do_not_make_values_larger() {
        assert_eq!((size_of::<Value>(), align_of::<Value>()), (32, 8));
        assert_eq!((size_of::<ValueRef<'_>>(), align_of::<ValueRef<'_>>()), (32, 8));
    }

    #[test]
    fn a_timestamp_beyond_rfc_3339_still_prints() {
        assert!(!Value::from(UtcDateTime::MIN).to_string().is_empty());
    }
}
