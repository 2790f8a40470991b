//! Values and rows as serde deserializers.

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::super::cast::Type;
use super::super::number_ref::Narrow;
use super::super::record::Record;
use super::super::row::RecordRef;
use super::super::value::Value;
use super::super::value_ref::ValueRef;
use super::access::{Elements, Fields};
use super::error::ConvertError;

macro_rules! read_as {
    ($read:ident: $($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConvertError> {
            $read(self, visitor)
        })+
    };
}

/// By the rules of [`RecordRef::de`].
impl<'de> Deserializer<'de> for ValueRef<'de> {
    type Error = ConvertError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Number(number) => match number.narrow() {
                Some(Narrow::Int(value)) => visitor.visit_i64(value),
                Some(Narrow::UInt(value)) => visitor.visit_u64(value),
                Some(Narrow::Float(value)) => visitor.visit_f64(value),
                None => Err(ConvertError::expected("a number that 64 bits can hold", self)),
            },
            Self::Text(value) => visitor.visit_borrowed_str(value),
            Self::Bytes(value) => visitor.visit_borrowed_bytes(value),
            Self::Timestamp(_) | Self::Date(_) | Self::Decimal(_) => visitor.visit_string(self.to_string()),
            Self::List(values) => visitor.visit_seq(Elements::new(values)),
            Self::Map(fields) => visitor.visit_map(fields_of(fields)),
        }
    }

    read_as!(read_int: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128);
    read_as!(read_int: deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128);
    read_as!(read_f32: deserialize_f32);
    read_as!(read_float: deserialize_f64);

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        match (self, self.as_bool()) {
            (Self::Text(_), Some(value)) => visitor.visit_bool(value),
            (Self::Text(_), None) => Err(ConvertError::expected(Type::Bool.expected(), self)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        match self {
            Self::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConvertError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConvertError> {
        match self {
            Self::Text(variant) => visitor.visit_enum(BorrowedStrDeserializer::new(variant)),
            Self::Map(fields) => visitor.visit_enum(MapAccessDeserializer::new(fields_of(fields))),
            _ => Err(ConvertError::expected("the name of a variant or a map", self)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
    }
}

/// A whole number of any width. The visitor checks the range.
fn read_int<'de, V: Visitor<'de>>(value: ValueRef<'de>, visitor: V) -> Result<V::Value, ConvertError> {
    if !matches!(value, ValueRef::Text(_) | ValueRef::Number(_) | ValueRef::Decimal(_)) {
        return value.deserialize_any(visitor);
    }
    match (value.as_i64(), value.as_u64()) {
        (Some(int), _) => visitor.visit_i64(int),
        (None, Some(uint)) => visitor.visit_u64(uint),
        (None, None) => Err(ConvertError::expected("a whole number", value)),
    }
}

fn read_float<'de, V: Visitor<'de>>(value: ValueRef<'de>, visitor: V) -> Result<V::Value, ConvertError> {
    match (value, value.as_f64()) {
        (ValueRef::Text(_) | ValueRef::Number(_) | ValueRef::Decimal(_), Some(float)) => {
            visitor.visit_f64(float)
        }
        (ValueRef::Text(_) | ValueRef::Number(_), None) => {
            Err(ConvertError::expected(Type::Float.expected(), value))
        }
        _ => value.deserialize_any(visitor),
    }
}

/// A float of 32 bits. A visitor would make an infinity of a number beyond its range.
fn read_f32<'de, V: Visitor<'de>>(value: ValueRef<'de>, visitor: V) -> Result<V::Value, ConvertError> {
    let Some(float) = value.as_f64().filter(|float| float.is_finite()) else {
        return read_float(value, visitor);
    };
    let narrow = match value {
        ValueRef::Text(text) => text.parse().unwrap_or(f32::INFINITY),
        _ => float as f32,
    };
    if narrow.is_finite() {
        visitor.visit_f32(narrow)
    } else {
        Err(ConvertError::expected("a number in the range of f32", value))
    }
}

fn fields_of<'de>(
    fields: &'de [(String, Value)],
) -> Fields<'de, impl Iterator<Item = (&'de str, ValueRef<'de>)>> {
    Fields::new(fields.iter().map(|(name, value)| (name.as_str(), value.as_ref())))
}

/// By the rules of [`RecordRef::de`].
impl<'de> Deserializer<'de> for RecordRef<'de> {
    type Error = ConvertError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        visitor.visit_map(Fields::of(self))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConvertError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConvertError> {
        visitor.visit_enum(MapAccessDeserializer::new(Fields::of(self)))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier
    }
}

impl<'de> IntoDeserializer<'de, ConvertError> for &'de Value {
    type Deserializer = ValueRef<'de>;

    fn into_deserializer(self) -> ValueRef<'de> {
        self.as_ref()
    }
}

impl<'de> IntoDeserializer<'de, ConvertError> for &'de Record {
    type Deserializer = RecordRef<'de>;

    fn into_deserializer(self) -> RecordRef<'de> {
        self.as_ref()
    }
}
