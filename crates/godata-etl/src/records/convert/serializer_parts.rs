//! The parts of the serializer that collect lists and maps.

use serde::{Serialize, ser};

use super::super::value::Value;
use super::error::ConvertError;
use super::serializer::{ValueSerializer, in_variant};

/// Collects the elements of a list.
pub(super) struct ListSerializer {
    values: Vec<Value>,
    /// The variant of an enum whose content the list is.
    variant: Option<&'static str>,
}

impl ListSerializer {
    pub(super) fn new(len: Option<usize>, variant: Option<&'static str>) -> Self {
        Self { values: Vec::with_capacity(len.unwrap_or(0)), variant }
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ConvertError> {
        let value = value.serialize(ValueSerializer).map_err(|error| error.in_index(self.values.len()))?;
        self.values.push(value);
        Ok(())
    }

    fn finish(self) -> Value {
        wrap(self.variant, Value::List(self.values))
    }
}

/// Collects the fields of a map.
pub(super) struct MapSerializer {
    fields: Vec<(String, Value)>,
    /// The key whose value comes next.
    key: Option<String>,
    /// The variant of an enum whose content the map is.
    variant: Option<&'static str>,
}

impl MapSerializer {
    pub(super) fn new(len: Option<usize>, variant: Option<&'static str>) -> Self {
        Self { fields: Vec::with_capacity(len.unwrap_or(0)), key: None, variant }
    }

    fn push<T: Serialize + ?Sized>(&mut self, name: String, value: &T) -> Result<(), ConvertError> {
        let value = value.serialize(ValueSerializer).map_err(|error| error.in_field(&name))?;
        self.fields.push((name, value));
        Ok(())
    }

    fn finish(self) -> Value {
        wrap(self.variant, Value::Map(self.fields))
    }
}

fn wrap(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(variant) => in_variant(variant, value),
        None => value,
    }
}

/// A key as text.
fn key_text(key: Value) -> Result<String, ConvertError> {
    match key {
        Value::Text(text) => Ok(text),
        Value::Bool(_) | Value::Number(_) => Ok(key.to_string()),
        other => Err(ConvertError::expected("text as a key", other.as_ref())),
    }
}

macro_rules! list_part {
    ($($part:ident::$method:ident)+) => {
        $(impl ser::$part for ListSerializer {
            type Ok = Value;
            type Error = ConvertError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ConvertError> {
                self.push(value)
            }

            fn end(self) -> Result<Value, ConvertError> {
                Ok(self.finish())
            }
        })+
    };
}

list_part! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

macro_rules! struct_part {
    ($($part:ident)+) => {
        $(impl ser::$part for MapSerializer {
            type Ok = Value;
            type Error = ConvertError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), ConvertError> {
                self.push(name.to_owned(), value)
            }

            fn end(self) -> Result<Value, ConvertError> {
                Ok(self.finish())
            }
        })+
    };
}

struct_part!(SerializeStruct SerializeStructVariant);

impl ser::SerializeMap for MapSerializer {
    type Ok = Value;
    type Error = ConvertError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ConvertError> {
        self.key = Some(key_text(key.serialize(ValueSerializer)?)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ConvertError> {
        let key = self.key.take().ok_or_else(|| ConvertError::message("a value of a map has no key"))?;
        self.push(key, value)
    }

    fn end(self) -> Result<Value, ConvertError> {
        Ok(self.finish())
    }
}
