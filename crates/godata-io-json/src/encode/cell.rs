//! Writes the fields of dynamic records.

use std::io::Write;

use godata_etl::{CellRef, NumberRef, Timestamp, Value, ValueRef};
use serde::ser::Error;

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
        CellRef::Value(ValueRef::Number(number)) => write_number(out, number),
        CellRef::Value(value) => write_value(out, value),
        // A kind that a later version of the engine adds.
        other => Err(Problem::Serialize(Error::custom(format_args!("{other:?}"))).into()),
    }
}

pub(super) fn write_value(out: &mut Vec<u8>, value: ValueRef<'_>) -> Result<(), Unwritable> {
    match value {
        ValueRef::Text(text) => write_text(out, text),
        ValueRef::Number(number) => write_number(out, number),
        ValueRef::Bytes(_) => Err(Problem::Bytes.into()),
        ValueRef::Timestamp(timestamp) => write_timestamp(out, timestamp),
        ValueRef::Decimal(decimal) => {
            // Writing to a vector can't fail.
            let _ = write!(out, "{decimal}");
            Ok(())
        }
        ValueRef::List(values) => write_list(out, values),
        ValueRef::Map(fields) => write_map(out, fields.iter().map(|(name, value)| (&**name, value.as_ref()))),
        scalar => write_json(out, &scalar),
    }
}

#[inline]
fn write_number(out: &mut Vec<u8>, number: NumberRef<'_>) -> Result<(), Unwritable> {
    if let Some(digits) = number.digits() {
        out.extend_from_slice(digits.as_bytes());
        return Ok(());
    }
    match number.as_f64() {
        Some(float) if !float.is_finite() => Err(Problem::NotFinite(float).into()),
        _ => write_json(out, &number),
    }
}

fn write_timestamp(out: &mut Vec<u8>, timestamp: Timestamp) -> Result<(), Unwritable> {
    if !timestamp.is_rfc3339() {
        return Err(Problem::Timestamp(timestamp.to_string()).into());
    }
    // Writing to a vector can't fail.
    let _ = write!(out, "\"{timestamp}\"");
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

pub(super) fn write_map<'a>(
    out: &mut Vec<u8>,
    fields: impl Iterator<Item = (&'a str, ValueRef<'a>)>,
) -> Result<(), Unwritable> {
    out.push(b'{');
    for (index, (name, value)) in fields.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_json(out, name)?;
        out.push(b':');
        write_value(out, value).map_err(|error| error.in_field(name))?;
    }
    out.push(b'}');
    Ok(())
}
