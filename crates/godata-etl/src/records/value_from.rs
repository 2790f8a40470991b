//! Conversions into values.

use std::borrow::Cow;

use time::{Date, UtcDateTime};

use super::decimal::Decimal;
use super::number::Number;
use super::number_ref::NumberRef;
use super::record::Record;
use super::timestamp::Timestamp;
use super::value::Value;
use super::value_ref::ValueRef;

macro_rules! from_number {
    ($wide:ty: $($narrow:ty)+) => {
        $(impl From<$narrow> for Value {
            #[inline]
            fn from(value: $narrow) -> Self {
                Self::Number(<$wide>::from(value).into())
            }
        })+
    };
}

from_number!(i64: i8 i16 i32 i64 u8 u16 u32);
from_number!(u64: u64);
from_number!(i128: i128);
from_number!(u128: u128);
from_number!(f64: f64);

impl From<f32> for Value {
    /// The float of 64 bits with the same shortest decimal, so that `0.1_f32` is `0.1` and not `0.10000000149011612`.
    fn from(value: f32) -> Self {
        let decimal = format!("{value:e}").parse().ok();
        // The decimal of a float near the middle of two others might not lead back to it. NaN equals no float.
        Self::from(decimal.filter(|&wide: &f64| wide as f32 == value).unwrap_or_else(|| value.into()))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

impl From<isize> for Value {
    fn from(value: isize) -> Self {
        Self::from(value as i64)
    }
}

impl From<Number> for Value {
    fn from(value: Number) -> Self {
        Self::Number(value)
    }
}

impl From<NumberRef<'_>> for Value {
    fn from(value: NumberRef<'_>) -> Self {
        Self::Number(value.to_owned())
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
        Self::Timestamp(value.into())
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Timestamp(value)
    }
}

impl From<Date> for Value {
    fn from(value: Date) -> Self {
        Self::Date(value)
    }
}

impl From<Decimal> for Value {
    fn from(value: Decimal) -> Self {
        Self::Decimal(value)
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
    use proptest::prelude::*;

    use super::*;
    use crate::record;

    #[test]
    fn numbers_of_all_types_convert() {
        assert_eq!(Value::from(5u64), Value::from(5usize));
        assert_eq!(Value::from(u64::MAX).to_string(), u64::MAX.to_string());
        assert_eq!(Value::from(u128::MAX).to_string(), u128::MAX.to_string());
        assert_eq!(Value::from(-1i128), Value::from(-1));
        assert_eq!(Value::from(0.5f32), Value::from(0.5));
    }

    #[test]
    fn a_float_of_32_bits_has_its_shortest_text() {
        let table = [(0.1, "0.1"), (-0.0, "-0.0"), (16_777_216.0, "16777216.0"), (f32::MAX, "3.4028235e38")];
        for (float, text) in table {
            assert_eq!(Value::from(float).to_string(), text);
        }
        assert_eq!(Value::from(f32::NAN).to_string(), "NaN");
        assert_eq!(Value::from(f32::NEG_INFINITY).to_string(), "-inf");
    }

    proptest! {
        #[test]
        fn floats_of_32_bits_lead_back_to_themselves(bits in any::<u32>()) {
            let float = f32::from_bits(bits);
            let value = Value::from(float);
            if float.is_finite() {
                prop_assert_eq!(value.to_string().parse::<f32>().unwrap().to_bits(), bits);
                prop_assert_eq!(value.de::<f32>().unwrap().to_bits(), bits);
            }
        }
    }

    #[test]
    fn options_lists_and_records_convert() {
        assert_eq!(Value::from(Some("a")), Value::Text("a".into()));
        assert_eq!(Value::from(vec![7u8]), Value::List(vec![Value::from(7)]));
        assert_eq!(Value::from(record! {"a" => 1}), Value::Map(vec![("a".into(), Value::from(1))]));
    }
}
