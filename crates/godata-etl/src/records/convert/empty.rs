//! The empty cell of a format that has no null.

use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::super::value_ref::ValueRef;
use super::error::ConvertError;

/// An empty text that stands for no value: `None` for an `Option`, and text for everything else.
pub(super) struct EmptyCell;

const TEXT: ValueRef<'static> = ValueRef::Text("");

macro_rules! read_as_text {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConvertError> {
            TEXT.$method(visitor)
        })+
    };
}

impl<'de> Deserializer<'de> for EmptyCell {
    type Error = ConvertError;

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        visitor.visit_none()
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
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConvertError> {
        TEXT.deserialize_enum(name, variants, visitor)
    }

    read_as_text! {
        deserialize_any deserialize_bool deserialize_ignored_any
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
    }
}
