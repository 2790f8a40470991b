//! Conversions into values.

use std::borrow::Cow;

use time::UtcDateTime;

use super::record::Record;
use super::value::Value;
use super::value_ref::ValueRef;

macro_rules! from_number {
    ($kind:ident($wide:ty): $($narrow:ty)+) => {
        $(impl From<$narrow> for Value {
            fn from(value: $narrow) -> Self {
                Self::$kind(<$wide>::from(value))
            }
        })+
    };
}

from_number!(Int(i64): i8 i16 i32 i64 u8 u16 u32);
from_number!(Float(f64): f32 f64);

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::UInt(value), Self::Int)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

impl From<isize> for Value {
    fn from(value: isize) -> Self {
        Self::Int(value as i64)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Cow<'_, str>> for Value {
    fn from(value: Cow<'_, str>) -> Self {
        Self::Text(value.into_owned())
    }
}

impl From<UtcDateTime> for Value {
    fn from(value: UtcDateTime) -> Self {
        Self::Timestamp(value)
    }
}

impl From<()> for Value {
    /// Null.
    fn from((): ()) -> Self {
        Self::Null
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    /// `None` becomes null.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    /// A list, also for a vector of bytes. Use [`Value::Bytes`] for bytes.
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl From<Record> for Value {
    /// A map.
    fn from(record: Record) -> Self {
        let fields = record.into_fields();
        Self::Map(fields.into_iter().map(|(name, value)| (String::from(&*name), value)).collect())
    }
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record;

    #[test]
    fn whole_numbers_have_one_representation() {
        assert!(matches!(Value::from(5u64), Value::Int(5)));
        assert!(matches!(Value::from(5usize), Value::Int(5)));
        assert!(matches!(Value::from(u64::MAX), Value::UInt(u64::MAX)));
    }

    #[test]
    fn options_lists_and_records_convert() {
        assert_eq!(Value::from(Some("a")), Value::Text("a".into()));
        assert_eq!(Value::from(vec![7u8]), Value::List(vec![Value::Int(7)]));
        assert_eq!(Value::from(record! {"a" => 1}), Value::Map(vec![("a".into(), Value::Int(1))]));
    }
}
