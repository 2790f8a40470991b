//! Values and rows, serialized by serde.

use serde::ser::{Error, SerializeMap};
use serde::{Serialize, Serializer};

use super::super::batch::Records;
use super::super::number::{Number, Repr};
use super::super::number_ref::{Narrow, NumberRef};
use super::super::record::Record;
use super::super::row::RecordRef;
use super::super::timestamp::Timestamp;
use super::super::value::Value;
use super::super::value_ref::ValueRef;

impl Serialize for ValueRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(value),
            Self::Number(value) => value.serialize(serializer),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::Timestamp(value) => serialize_timestamp(value, serializer),
            Self::Date(value) => serializer.collect_str(&value),
            Self::Decimal(value) => value.serialize(serializer),
            Self::List(values) => serializer.collect_seq(values),
            Self::Map(fields) => serializer.collect_map(fields.iter().map(|(name, value)| (name, value))),
        }
    }
}

impl Serialize for NumberRef<'_> {
    /// The narrowest of `i64`, `u64`, `i128` and `f64` that has this number.
    #[inline(always)]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Repr::Int(value) => serializer.serialize_i64(value),
            Repr::UInt(value) => serializer.serialize_u64(value),
            Repr::Float(value) => serializer.serialize_f64(value),
            Repr::Digits(digits) | Repr::FloatDigits(_, digits) => {
                serialize_digits(*self, digits, serializer)
            }
        }
    }
}

fn serialize_digits<S: Serializer>(
    number: NumberRef<'_>,
    digits: &str,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match number.narrow() {
        Some(Narrow::Int(value)) => serializer.serialize_i64(value),
        Some(Narrow::UInt(value)) => serializer.serialize_u64(value),
        Some(Narrow::Float(value)) => match digits.parse::<i128>() {
            Ok(wide) => serializer.serialize_i128(wide),
            Err(_) => serializer.serialize_f64(value),
        },
        None => Err(S::Error::custom(format_args!("no type of 64 bits holds the number {number}"))),
    }
}

impl Serialize for Number {
    /// As [`NumberRef`].
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(serializer)
    }
}

fn serialize_timestamp<S: Serializer>(value: Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    if !value.is_rfc3339() {
        return Err(S::Error::custom(format_args!("RFC 3339 can't hold the timestamp {value}")));
    }
    serializer.collect_str(&value)
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(serializer)
    }
}

impl Serialize for RecordRef<'_> {
    /// A map of the fields that the row has.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, &value)?;
        }
        map.end()
    }
}

impl Serialize for Record {
    /// A map.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(serializer)
    }
}

impl Serialize for Records {
    /// A sequence of maps.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}
