//! Searches values for floats that JSON can't hold.

use std::fmt;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// The first float that is NaN or infinite.
pub(super) fn find_not_finite<T: Serialize>(value: &T) -> Option<f64> {
    value.serialize(FindNotFinite).err().and_then(|found| found.0)
}

/// Writes nothing, and fails at a float that is not finite.
struct FindNotFinite;

/// The float; `None` if the type failed to serialize.
#[derive(Debug)]
struct Found(Option<f64>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Found {}

impl serde::ser::Error for Found {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(None)
    }
}

fn check(value: f64) -> Result<(), Found> {
    if value.is_finite() { Ok(()) } else { Err(Found(Some(value))) }
}

macro_rules! pass {
    ($($method:ident($($type:ty),*))+) => {
        $(fn $method(self, $(_: $type),*) -> Result<(), Found> {
            Ok(())
        })+
    };
}

macro_rules! enter {
    ($($method:ident($($type:ty),*) -> $part:ident;)+) => {
        $(type $part = Self;)+
        $(fn $method(self, $(_: $type),*) -> Result<Self, Found> {
            Ok(self)
        })+
    };
}

impl Serializer for FindNotFinite {
    type Ok = ();
    type Error = Found;

    fn serialize_f32(self, value: f32) -> Result<(), Found> {
        check(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Found> {
        check(value)
    }

    pass! {
        serialize_bool(bool)
        serialize_i8(i8)
        serialize_i16(i16)
        serialize_i32(i32)
        serialize_i64(i64)
        serialize_i128(i128)
        serialize_u8(u8)
        serialize_u16(u16)
        serialize_u32(u32)
        serialize_u64(u64)
        serialize_u128(u128)
        serialize_char(char)
        serialize_str(&str)
        serialize_bytes(&[u8])
        serialize_none()
        serialize_unit()
        serialize_unit_struct(&'static str)
        serialize_unit_variant(&'static str, u32, &'static str)
    }

    fn collect_str<T: ?Sized + fmt::Display>(self, _: &T) -> Result<(), Found> {
        Ok(())
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Found> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Found> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Found> {
        value.serialize(self)
    }

    enter! {
        serialize_seq(Option<usize>) -> SerializeSeq;
        serialize_tuple(usize) -> SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_map(Option<usize>) -> SerializeMap;
        serialize_struct(&'static str, usize) -> SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
    }
}

/// The parts of an array or object. Map keys are skipped, because serde_json refuses such a float there.
macro_rules! parts {
    ($($part:ident::$method:ident($($key:ty),*))+) => {
        $(impl $part for FindNotFinite {
            type Ok = ();
            type Error = Found;

            fn $method<T: ?Sized + Serialize>(&mut self, $(_: $key,)* value: &T) -> Result<(), Found> {
                value.serialize(Self)
            }

            fn end(self) -> Result<(), Found> {
                Ok(())
            }
        })+
    };
}

parts! {
    SerializeSeq::serialize_element()
    SerializeTuple::serialize_element()
    SerializeTupleStruct::serialize_field()
    SerializeTupleVariant::serialize_field()
    SerializeStruct::serialize_field(&'static str)
    SerializeStructVariant::serialize_field(&'static str)
}

impl SerializeMap for FindNotFinite {
    type Ok = ();
    type Error = Found;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, _: &T) -> Result<(), Found> {
        Ok(())
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Found> {
        value.serialize(Self)
    }

    fn end(self) -> Result<(), Found> {
        Ok(())
    }
}
