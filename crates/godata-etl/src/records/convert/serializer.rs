//! A serde serializer that makes values.

use serde::Serialize;
use serde::ser::Serializer;

use super::super::value::Value;
use super::decimal;
use super::error::ConvertError;
use super::serializer_parts::{ListSerializer, MapSerializer};

/// Makes a [`Value`] from the data that a type serializes.
pub(super) struct ValueSerializer;

/// The content of an enum's variant: a map of one field.
pub(super) fn in_variant(variant: &str, value: Value) -> Value {
    Value::Map(vec![(variant.to_owned(), value)])
}

macro_rules! by_from {
    ($($method:ident($type:ty))+) => {
        $(fn $method(self, value: $type) -> Result<Value, ConvertError> {
            Ok(Value::from(value))
        })+
    };
}

impl Serializer for ValueSerializer {
    type Ok = Value;
    type Error = ConvertError;
    type SerializeSeq = ListSerializer;
    type SerializeTuple = ListSerializer;
    type SerializeTupleStruct = ListSerializer;
    type SerializeTupleVariant = ListSerializer;
    type SerializeMap = MapSerializer;
    type SerializeStruct = MapSerializer;
    type SerializeStructVariant = MapSerializer;

    by_from! {
        serialize_bool(bool)
        serialize_i8(i8)
        serialize_i16(i16)
        serialize_i32(i32)
        serialize_i64(i64)
        serialize_u8(u8)
        serialize_u16(u16)
        serialize_u32(u32)
        serialize_u64(u64)
        serialize_i128(i128)
        serialize_u128(u128)
        serialize_f32(f32)
        serialize_f64(f64)
        serialize_str(&str)
    }

    fn serialize_char(self, value: char) -> Result<Value, ConvertError> {
        Ok(Value::Text(value.into()))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Value, ConvertError> {
        Ok(Value::Bytes(value.to_vec()))
    }

    fn serialize_none(self) -> Result<Value, ConvertError> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, ConvertError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, ConvertError> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, ConvertError> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, ConvertError> {
        Ok(Value::from(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value, ConvertError> {
        match value.serialize(self)? {
            Value::Text(text) if name == decimal::NAME => {
                text.parse().map(Value::Decimal).or(Ok(Value::Text(text)))
            }
            value => Ok(value),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, ConvertError> {
        let value = value.serialize(self).map_err(|error| error.in_field(variant))?;
        Ok(in_variant(variant, value))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<ListSerializer, ConvertError> {
        Ok(ListSerializer::new(len, None))
    }

    fn serialize_tuple(self, len: usize) -> Result<ListSerializer, ConvertError> {
        Ok(ListSerializer::new(Some(len), None))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<ListSerializer, ConvertError> {
        Ok(ListSerializer::new(Some(len), None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<ListSerializer, ConvertError> {
        Ok(ListSerializer::new(Some(len), Some(variant)))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<MapSerializer, ConvertError> {
        Ok(MapSerializer::new(len, None))
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<MapSerializer, ConvertError> {
        Ok(MapSerializer::new(Some(len), None))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<MapSerializer, ConvertError> {
        Ok(MapSerializer::new(Some(len), Some(variant)))
    }
}
