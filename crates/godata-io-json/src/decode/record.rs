//! Dynamic records: objects decoded straight into the cells of a batch.

use std::fmt;

use godata_etl::{Records, RecordsBuilder, Value};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{
    explain::{explain_record, retrace},
    names::Names,
    nested::{self, DUPLICATE_KEY},
};
use crate::JsonError;

/// Fills a batch of dynamic records.
#[derive(Debug, Default)]
pub(crate) struct RecordDecoder {
    builder: RecordsBuilder,
    names: Names,
}

impl RecordDecoder {
    pub(super) fn push_row(&mut self, text: &str) -> Result<(), JsonError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let decoded = self.decode(&mut json).and_then(|()| json.end());
        decoded.map_err(|error| {
            let path = retrace(text, |json| self.decode(json));
            explain_record(text, &error, path.as_ref())
        })?;
        self.builder.end_row().expect("every cell was pushed after its name was sought");
        Ok(())
    }

    pub(super) fn into_records(self) -> Records {
        self.builder.finish()
    }

    fn decode<'de, D: Deserializer<'de>>(&mut self, json: D) -> Result<(), D::Error> {
        self.builder.begin_row();
        self.names.begin_row();
        json.deserialize_map(RowVisitor(self))
    }
}

/// One object: a row.
struct RowVisitor<'a>(&'a mut RecordDecoder);

impl<'de> Visitor<'de> for RowVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while fields.next_key_seed(Key(self.0))?.is_some() {
            fields.next_value_seed(Cell(&mut self.0.builder))?;
        }
        Ok(())
    }
}

/// The name of the next cell.
struct Key<'a>(&'a mut RecordDecoder);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        if !self.0.names.insert(name) {
            return Err(E::custom(DUPLICATE_KEY));
        }
        self.0.builder.seek(name);
        Ok(())
    }
}

/// The next cell, whose name was sought.
struct Cell<'a>(&'a mut RecordsBuilder);

impl<'de> DeserializeSeed<'de> for Cell<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl Cell<'_> {
    fn push<E>(self, value: impl Into<Value>) -> Result<(), E> {
        self.0.push_value(value.into());
        Ok(())
    }
}

impl<'de> Visitor<'de> for Cell<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.push(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.push(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.push(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.push(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.push(value)
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.push_text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        self.push(nested::list(elements)?)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<(), A::Error> {
        self.push(nested::map(fields)?)
    }
}
