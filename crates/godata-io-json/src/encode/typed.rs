//! Writes values of any type that implements `Serialize`.

use std::any::Any;
use std::cell::Cell;
use std::io;

use godata_etl::{Record, Value, to_value};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::cell::{write_map, write_value};
use super::finite::find_not_finite;
use super::problem::{Problem, Unwritable};
use crate::JsonError;

/// Writes a value as JSON on one line. Records and values skip serde, which keeps neither digits nor timestamps.
pub(crate) fn write_typed<T: Serialize + 'static>(out: &mut Vec<u8>, value: &T) -> Result<(), JsonError> {
    let any: &dyn Any = value;
    if let Some(record) = any.downcast_ref::<Record>() {
        return Ok(write_map(out, record.iter())?);
    }
    if let Some(value) = any.downcast_ref::<Value>() {
        return Ok(write_value(out, value.as_ref())?);
    }
    write_by_serde(out, value)
}

/// serde_json writes a float that is not finite as `null`. So if a `null` was written, the value is searched for such a
/// float.
fn write_by_serde<T: Serialize>(out: &mut Vec<u8>, value: &T) -> Result<(), JsonError> {
    let has_null = Cell::new(false);
    let mut json = Serializer::with_formatter(out, Line { has_null: &has_null });
    value.serialize(&mut json).map_err(|error| Unwritable::from(Problem::Serialize(error)))?;
    match has_null.get().then(|| find_not_finite(value)).flatten() {
        Some(float) => Err(located(value, float).into()),
        None => Ok(()),
    }
}

/// The error for a float that is not finite, with its field if that can be found.
fn located<T: Serialize>(value: &T, float: f64) -> Unwritable {
    let in_field = to_value(value).ok().and_then(|value| check(&value).err());
    in_field.unwrap_or_else(|| Problem::NotFinite(float).into())
}

fn check(value: &Value) -> Result<(), Unwritable> {
    match value {
        Value::Number(number) => match number.as_f64().filter(|float| !float.is_finite()) {
            Some(float) => Err(Problem::NotFinite(float).into()),
            None => Ok(()),
        },
        Value::List(values) => values
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| check(value).map_err(|error| error.in_index(index))),
        Value::Map(fields) => {
            fields.iter().try_for_each(|(name, value)| check(value).map_err(|error| error.in_field(name)))
        }
        _ => Ok(()),
    }
}

/// Compact JSON on one line.
struct Line<'a> {
    /// Whether a `null` was written.
    has_null: &'a Cell<bool>,
}

impl Formatter for Line<'_> {
    fn write_null<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.has_null.set(true);
        writer.write_all(b"null")
    }

    /// Raw JSON (`RawValue`) can have line breaks. They are always between tokens, so a space can replace them.
    fn write_raw_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, json: &str) -> io::Result<()> {
        let mut lines = json.split(['\n', '\r']);
        writer.write_all(lines.next().unwrap_or_default().as_bytes())?;
        lines.try_for_each(|line| {
            writer.write_all(b" ")?;
            writer.write_all(line.as_bytes())
        })
    }
}
