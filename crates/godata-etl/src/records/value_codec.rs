//! Values of dynamic records as bytes, and back.

use time::{Date, UtcDateTime};

use super::cell::{Cell, Kind, Stored};
use super::number::{Number, Repr};
use super::storage::Storage;
use super::timestamp::Timestamp;
use super::value::Value;
use crate::bytes::{Bytes, Damaged, put_bytes, put_int};

// The kinds of values.
mod tag {
    pub(super) const NULL: u8 = 1;
    pub(super) const TEXT: u8 = 2;
    pub(super) const DIGITS: u8 = 3;
    pub(super) const FLOAT: u8 = 4;
    pub(super) const FLOAT_DIGITS: u8 = 5;
    pub(super) const JSON: u8 = 6;
    pub(super) const FALSE: u8 = 7;
    pub(super) const TRUE: u8 = 8;
    pub(super) const INT: u8 = 9;
    pub(super) const UINT: u8 = 10;
    pub(super) const BYTES: u8 = 11;
    pub(super) const TIMESTAMP: u8 = 12;
    pub(super) const INSTANT: u8 = 13;
    pub(super) const LIST: u8 = 14;
    pub(super) const MAP: u8 = 15;
    pub(super) const DECIMAL: u8 = 16;
    pub(super) const DATE: u8 = 17;
}

/// Appends the float or the value of a cell.
pub(super) fn write_value_of(storage: &Storage, cell: Cell, out: &mut Vec<u8>) {
    match cell.stored() {
        Stored::Float(number) => match storage.floats.get(number) {
            Some(&(digits, float)) => write_float(float, storage.text_part(digits), out),
            None => out.push(tag::NULL),
        },
        Stored::Value(number) => match storage.json_value(number) {
            Some((Some(json), value)) => {
                out.push(tag::JSON);
                put_bytes(json.as_bytes(), out);
                write_value(value, out);
            }
            Some((None, value)) => write_value(value, out),
            None => out.push(tag::NULL),
        },
        Stored::Absent | Stored::Null | Stored::Text { .. } => {}
    }
}

pub(super) fn read_value_cell(bytes: &mut Bytes<'_>, storage: &mut Storage) -> Result<Cell, Damaged> {
    Ok(match bytes.byte()? {
        tag::FLOAT_DIGITS => {
            let float = f64::from_le_bytes(bytes.array()?);
            let digits = storage.text_cell(0, bytes.text()?, Kind::Number);
            storage.float_cell(digits, float)
        }
        tag::JSON => {
            let json = storage.text_cell(0, bytes.text()?, Kind::Text);
            let value = read_value(bytes.byte()?, bytes)?;
            storage.json_cell(json, value)
        }
        tag => storage.value_cell(read_value(tag, bytes)?),
    })
}

fn write_float(float: f64, digits: Option<&str>, out: &mut Vec<u8>) {
    out.push(if digits.is_some() { tag::FLOAT_DIGITS } else { tag::FLOAT });
    out.extend_from_slice(&float.to_le_bytes());
    if let Some(digits) = digits {
        put_bytes(digits.as_bytes(), out);
    }
}

/// Appends a value with its kind.
fn write_value(value: &Value, out: &mut Vec<u8>) {
    let tagged = |tag, bytes: &[u8], out: &mut Vec<u8>| {
        out.push(tag);
        put_bytes(bytes, out);
    };
    match value {
        Value::Null => out.push(tag::NULL),
        Value::Bool(bool) => out.push(if *bool { tag::TRUE } else { tag::FALSE }),
        Value::Number(Number(number)) => match number {
            Repr::Int(int) => {
                out.push(tag::INT);
                out.extend_from_slice(&int.to_le_bytes());
            }
            Repr::UInt(int) => {
                out.push(tag::UINT);
                out.extend_from_slice(&int.to_le_bytes());
            }
            Repr::Float(float) => write_float(*float, None, out),
            Repr::FloatDigits(float, digits) => write_float(*float, Some(digits), out),
            Repr::Digits(digits) => tagged(tag::DIGITS, digits.as_bytes(), out),
        },
        Value::Text(text) => tagged(tag::TEXT, text.as_bytes(), out),
        Value::Bytes(bytes) => tagged(tag::BYTES, bytes, out),
        Value::Timestamp(at) if at.is_rfc3339() => tagged(tag::TIMESTAMP, at.to_string().as_bytes(), out),
        Value::Timestamp(at) => {
            out.push(tag::INSTANT);
            out.extend_from_slice(&at.instant().unix_timestamp_nanos().to_le_bytes());
        }
        Value::Decimal(decimal) => tagged(tag::DECIMAL, decimal.to_string().as_bytes(), out),
        Value::Date(date) => {
            out.push(tag::DATE);
            out.extend_from_slice(&date.to_julian_day().to_le_bytes());
        }
        Value::List(values) => {
            out.push(tag::LIST);
            put_int(values.len() as u64, out);
            values.iter().for_each(|value| write_value(value, out));
        }
        Value::Map(fields) => {
            out.push(tag::MAP);
            put_int(fields.len() as u64, out);
            for (name, value) in fields {
                put_bytes(name.as_bytes(), out);
                write_value(value, out);
            }
        }
    }
}

fn read_value(tag: u8, bytes: &mut Bytes<'_>) -> Result<Value, Damaged> {
    let number = |repr| Value::Number(Number(repr));
    Ok(match tag {
        tag::NULL => Value::Null,
        tag::FALSE => Value::Bool(false),
        tag::TRUE => Value::Bool(true),
        tag::INT => number(Repr::Int(i64::from_le_bytes(bytes.array()?))),
        tag::UINT => number(Repr::UInt(u64::from_le_bytes(bytes.array()?))),
        tag::FLOAT => number(Repr::Float(f64::from_le_bytes(bytes.array()?))),
        tag::FLOAT_DIGITS => {
            let float = f64::from_le_bytes(bytes.array()?);
            number(Repr::FloatDigits(float, bytes.text()?.into()))
        }
        tag::DIGITS => number(Repr::Digits(bytes.text()?.into())),
        tag::TEXT => Value::Text(bytes.text()?.to_owned()),
        tag::BYTES => Value::Bytes(bytes.bytes()?.to_vec()),
        tag::TIMESTAMP => Value::Timestamp(bytes.text()?.parse().map_err(|_| Damaged)?),
        tag::INSTANT => {
            let nanos = i128::from_le_bytes(bytes.array()?);
            let at = UtcDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| Damaged)?;
            Value::Timestamp(Timestamp::from(at))
        }
        tag::DECIMAL => Value::Decimal(bytes.text()?.parse().map_err(|_| Damaged)?),
        tag::DATE => {
            let day = i32::from_le_bytes(bytes.array()?);
            Value::Date(Date::from_julian_day(day).map_err(|_| Damaged)?)
        }
        tag::LIST => {
            let mut values = Vec::new();
            for _ in 0..bytes.int()? {
                values.push(read_value(bytes.byte()?, bytes)?);
            }
            Value::List(values)
        }
        tag::MAP => {
            let mut fields = Vec::new();
            for _ in 0..bytes.int()? {
                let name = bytes.text()?.to_owned();
                fields.push((name, read_value(bytes.byte()?, bytes)?));
            }
            Value::Map(fields)
        }
        _ => return Err(Damaged),
    })
}
