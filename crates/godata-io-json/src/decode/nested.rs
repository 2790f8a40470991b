//! Arrays and objects within a dynamic record.

use std::{collections::HashSet, fmt};

use godata_etl::Value;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// What an object with a key twice fails with, for `explain` to know it again.
pub(super) const DUPLICATE_KEY: &str = "duplicate key";

/// Up to this many keys of an object a scan finds one sooner than a table does.
const SCAN_LIMIT: usize = 16;

pub(super) fn list<'de, A: SeqAccess<'de>>(mut elements: A) -> Result<Value, A::Error> {
    let mut values = Vec::new();
    while let Some(value) = elements.next_element_seed(Nested)? {
        values.push(value);
    }
    Ok(Value::List(values))
}

pub(super) fn map<'de, A: MapAccess<'de>>(mut fields: A) -> Result<Value, A::Error> {
    let mut known = Fields::default();
    while let Some(name) = fields.next_key_seed(NewKey(&mut known))? {
        let value = fields.next_value_seed(Nested)?;
        known.fields.push((name, value));
    }
    Ok(Value::Map(known.fields))
}

/// The fields of an object so far.
#[derive(Default)]
struct Fields {
    fields: Vec<(String, Value)>,
    /// Their names, once there are many.
    names: HashSet<String>,
}

impl Fields {
    /// Adds a name; false if it is there.
    fn insert(&mut self, name: &str) -> bool {
        if self.fields.len() < SCAN_LIMIT {
            return self.fields.iter().all(|(known, _)| known != name);
        }
        if self.names.is_empty() {
            self.names.extend(self.fields.iter().map(|(known, _)| known.clone()));
        }
        self.names.insert(name.to_owned())
    }
}

/// A key that must not be among those before it.
struct NewKey<'a>(&'a mut Fields);

impl<'de> DeserializeSeed<'de> for NewKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<String, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for NewKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<String, E> {
        if self.0.insert(name) { Ok(name.to_owned()) } else { Err(E::custom(DUPLICATE_KEY)) }
    }
}

/// A value within a cell.
struct Nested;

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Value, A::Error> {
        list(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Value, A::Error> {
        map(fields)
    }
}
