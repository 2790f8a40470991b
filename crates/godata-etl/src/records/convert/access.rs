//! The parts of the deserializer that return fields and elements, and add their path to errors.

use std::slice;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::super::row::RecordRef;
use super::super::value::Value;
use super::super::value_ref::ValueRef;
use super::empty::EmptyCell;
use super::error::ConvertError;

/// The fields of a row or a map.
pub(super) struct Fields<'de, I> {
    fields: I,
    /// The field whose name has been returned, and whose value comes next.
    current: Option<(&'de str, ValueRef<'de>)>,
    /// Whether an empty text stands for no value.
    empty_is_none: bool,
}

impl<'de> Fields<'de, ()> {
    /// The fields of a row.
    pub(super) fn of(row: RecordRef<'de>) -> Fields<'de, impl Iterator<Item = (&'de str, ValueRef<'de>)>> {
        Fields { empty_is_none: row.empty_is_none(), ..Fields::new(row.iter()) }
    }
}

impl<'de, I: Iterator<Item = (&'de str, ValueRef<'de>)>> Fields<'de, I> {
    pub(super) fn new(fields: I) -> Self {
        Self { fields, current: None, empty_is_none: false }
    }
}

impl<'de, I: Iterator<Item = (&'de str, ValueRef<'de>)>> MapAccess<'de> for Fields<'de, I> {
    type Error = ConvertError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ConvertError> {
        self.current = self.fields.next();
        let Some((name, _)) = self.current else { return Ok(None) };
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ConvertError> {
        let current = self.current.take();
        let (name, value) =
            current.ok_or_else(|| ConvertError::message("a value was asked for before its name"))?;
        let read = match value {
            ValueRef::Text("") if self.empty_is_none => seed.deserialize(EmptyCell),
            _ => seed.deserialize(value),
        };
        read.map_err(|error| error.with_found(value).in_field(name))
    }
}

/// The elements of a list.
pub(super) struct Elements<'de> {
    values: slice::Iter<'de, Value>,
    /// How many elements have been returned.
    index: usize,
}

impl<'de> Elements<'de> {
    pub(super) fn new(values: &'de [Value]) -> Self {
        Self { values: values.iter(), index: 0 }
    }
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = ConvertError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ConvertError> {
        let Some(value) = self.values.next().map(Value::as_ref) else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(value).map(Some).map_err(|error| error.with_found(value).in_index(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
}
