//! One owned value.

use std::fmt;

use serde::Deserialize;
use time::UtcDateTime;

use super::convert::{ConvertError, deserialize};
use super::value_ref::ValueRef;

/// One value of a dynamic record.
///
/// A whole number has one representation: [`Int`](Self::Int) if it fits into an `i64`, and [`UInt`](Self::UInt) otherwise.
/// The `From` impls follow this rule. An `Int` and a `UInt` with the same number are equal.
///
/// `Display` is for people: text has no quotes, a float keeps its point (`12.0`), and null is `null`.
///
/// serde sees the content of a value. A [`Timestamp`](Self::Timestamp) is written as RFC 3339 text, and is therefore read
/// back as [`Text`](Self::Text).
///
/// ```
/// use godata_etl::Value;
///
/// assert_eq!(Value::from(7u64), Value::Int(7));
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
    /// A whole number of 64 bits.
    Int(i64),
    /// A whole number that is too big for an `i64`.
    UInt(u64),
    /// A floating point number.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes that are not text. A `Vec<u8>` does not become this by `From`: it becomes a list.
    Bytes(Vec<u8>),
    /// An instant.
    Timestamp(UtcDateTime),
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
            Self::Int(value) => ValueRef::Int(*value),
            Self::UInt(value) => ValueRef::UInt(*value),
            Self::Float(value) => ValueRef::Float(*value),
            Self::Text(value) => ValueRef::Text(value),
            Self::Bytes(value) => ValueRef::Bytes(value),
            Self::Timestamp(value) => ValueRef::Timestamp(*value),
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
    use super::*;

    #[test]
    fn display_is_for_people() {
        let map = Value::Map(vec![("a".into(), Value::from(vec![1.0, 2.5])), ("b".into(), "x".into())]);
        assert_eq!(map.to_string(), "{a: [1.0, 2.5], b: x}");
        assert_eq!(Value::Null.to_string(), "null");
        assert_eq!(Value::Bytes(vec![1, 2]).to_string(), "2 bytes");
        assert_eq!(Value::Timestamp(UtcDateTime::UNIX_EPOCH).to_string(), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn int_and_uint_of_one_number_are_equal_and_floats_are_not() {
        assert_eq!(Value::UInt(5), Value::Int(5));
        assert_ne!(Value::UInt(u64::MAX), Value::Int(-1));
        assert_ne!(Value::Float(5.0), Value::Int(5));
    }

    #[test]
    fn a_timestamp_beyond_rfc_3339_still_prints() {
        assert!(!Value::Timestamp(UtcDateTime::MIN).to_string().is_empty());
    }
}
