//! Writes the fields of dynamic records.

use godata_etl::{CellRef, Value, ValueRef};
use serde::ser::Error;
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

use super::problem::{Problem, Unwritable, write_json};
use super::text::write_text;

/// Writes a field. If it fails, part of the field can have been written.
#[inline]
pub(super) fn write_cell(out: &mut Vec<u8>, cell: CellRef<'_>) -> Result<(), Unwritable> {
    match cell {
        CellRef::Null => write_value(out, ValueRef::Null),
        CellRef::Text(text) => write_text(out, text),
        CellRef::Number(json) | CellRef::Json(json) => {
            out.extend_from_slice(json.as_bytes());
            Ok(())
        }
        CellRef::Value(ValueRef::Float(float)) if float.is_finite() => write_json(out, &float),
        CellRef::Value(value) => write_value(out, value),
        // A kind that a later version of the engine adds.
        other => Err(Problem::Serialize(Error::custom(format_args!("{other:?}"))).into()),
    }
}

fn write_value(out: &mut Vec<u8>, value: ValueRef<'_>) -> Result<(), Unwritable> {
    match value {
        ValueRef::Text(text) => write_text(out, text),
        ValueRef::Float(value) if !value.is_finite() => Err(Problem::NotFinite(value).into()),
        ValueRef::Bytes(_) => Err(Problem::Bytes.into()),
        ValueRef::Timestamp(instant) => write_timestamp(out, instant),
        ValueRef::List(values) => write_list(out, values),
        ValueRef::Map(fields) => write_map(out, fields),
        scalar => write_json(out, &scalar),
    }
}

fn write_timestamp(out: &mut Vec<u8>, instant: UtcDateTime) -> Result<(), Unwritable> {
    out.push(b'"');
    let written = instant.format_into(out, &Rfc3339);
    written.map_err(|_| Problem::Timestamp(ValueRef::Timestamp(instant).to_string()))?;
    out.push(b'"');
    Ok(())
}

fn write_list(out: &mut Vec<u8>, values: &[Value]) -> Result<(), Unwritable> {
    out.push(b'[');
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_value(out, value.as_ref()).map_err(|error| error.in_index(index))?;
    }
    out.push(b']');
    Ok(())
}

fn write_map(out: &mut Vec<u8>, fields: &[(String, Value)]) -> Result<(), Unwritable> {
    out.push(b'{');
    for (index, (name, value)) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_json(out, name)?;
        out.push(b':');
        write_value(out, value.as_ref()).map_err(|error| error.in_field(name))?;
    }
    out.push(b'}');
    Ok(())
}
