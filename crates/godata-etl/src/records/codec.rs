//! Rows of dynamic records as bytes, and back.

use std::sync::{Arc, Mutex, PoisonError};

use time::UtcDateTime;

use super::batch::Records;
use super::builder::RecordsBuilder;
use super::cell::{Cell, Kind, Stored};
use super::names::Names;
use super::number::{Number, Repr};
use super::row::RecordRef;
use super::shape::Shape;
use super::storage::Storage;
use super::timestamp::Timestamp;
use super::value::Value;
use crate::bytes::{Bytes, Damaged, put_bytes, put_int};

/// Writes rows as bytes, and reads them back. A row keeps its cells as they are: digits, nulls and absent fields.
///
/// The names of the fields are not in the bytes. They are kept once for all batches that have the same.
#[derive(Debug, Default)]
pub(crate) struct RowCodec {
    layouts: Mutex<Vec<Layout>>,
}

/// What the rows of a batch share.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) shape: Arc<Shape>,
    pub(super) is_fixed: bool,
    empty_is_none: bool,
}

const ABSENT: u8 = 0;
const NULL: u8 = 1;
const TEXT: u8 = 2;
const DIGITS: u8 = 3;
const FLOAT: u8 = 4;
const FLOAT_DIGITS: u8 = 5;
const JSON: u8 = 6;
const FALSE: u8 = 7;
const TRUE: u8 = 8;
const INT: u8 = 9;
const UINT: u8 = 10;
const BYTES: u8 = 11;
const TIMESTAMP: u8 = 12;
const INSTANT: u8 = 13;
const LIST: u8 = 14;
const MAP: u8 = 15;

impl RowCodec {
    /// The number of the batch's layout, for [`write`](Self::write).
    pub(crate) fn layout(&self, batch: &Records) -> u64 {
        let is_same = |layout: &Layout| {
            layout.is_fixed == batch.has_fixed_names()
                && layout.empty_is_none == batch.empty_is_none
                && (Arc::ptr_eq(&layout.shape, &batch.shape)
                    || layout.shape.as_slice() == batch.shape.as_slice())
        };
        let mut layouts = self.layouts.lock().unwrap_or_else(PoisonError::into_inner);
        let at = layouts.iter().rposition(is_same).unwrap_or_else(|| {
            layouts.push(Layout {
                shape: Arc::clone(&batch.shape),
                is_fixed: batch.has_fixed_names(),
                empty_is_none: batch.empty_is_none,
            });
            layouts.len() - 1
        });
        at as u64
    }

    /// Appends the row at a position of a batch of this layout.
    pub(crate) fn write(layout: u64, batch: &Records, position: usize, out: &mut Vec<u8>) {
        put_int(layout, out);
        let Some(&row) = batch.rows.get(position) else { return };
        (0..batch.shape.len()).for_each(|column| write_cell(batch, column, row as usize, out));
    }

    /// The layouts so far, by their number.
    pub(super) fn layouts(&self) -> Vec<Layout> {
        self.layouts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The batch of these rows, in the memory of another batch.
    pub(crate) fn read<'a>(
        &self,
        rows: impl Iterator<Item = &'a [u8]>,
        memory: Records,
    ) -> Result<Records, Damaged> {
        let layouts = self.layouts();
        let mut rows = rows.peekable();
        let first = rows.peek().map(|row| Bytes(row).len()).transpose()?.unwrap_or(0);
        let Some(first_layout) = layouts.get(first) else { return Ok(Records::new()) };
        let mut builder = RecordsBuilder::recycled(Arc::clone(&first_layout.shape), memory);
        let (mut is_fixed, mut empty_is_none) = (true, false);
        for row in rows {
            let mut bytes = Bytes(row);
            let number = bytes.len()?;
            let layout = layouts.get(number).ok_or(Damaged)?;
            is_fixed &= layout.is_fixed && number == first;
            empty_is_none |= layout.empty_is_none;
            builder.begin_row();
            for name in layout.shape.as_slice() {
                if number != first {
                    builder.seek(name);
                }
                read_cell(&mut bytes, &mut builder)?;
            }
            builder.end_row().map_err(|_| Damaged)?;
        }
        let mut records = builder.finish();
        if !is_fixed {
            records.names = Names::Open;
        }
        records.empty_is_none = empty_is_none;
        Ok(records)
    }
}

fn write_cell(batch: &Records, column: usize, row: usize, out: &mut Vec<u8>) {
    let storage = &batch.storage;
    let cell = storage.cell(column, row);
    match cell.stored() {
        Stored::Absent => out.push(ABSENT),
        Stored::Null => out.push(NULL),
        Stored::Text { kind, .. } => {
            out.push(if kind == Kind::Text { TEXT } else { DIGITS });
            put_bytes(storage.text_part(cell).unwrap_or_default().as_bytes(), out);
        }
        Stored::Float(number) => match storage.floats.get(number) {
            Some(&(digits, float)) => write_float(float, storage.text_part(digits), out),
            None => out.push(ABSENT),
        },
        Stored::Value(number) => match storage.json_value(number) {
            Some((Some(json), value)) => {
                out.push(JSON);
                put_bytes(json.as_bytes(), out);
                write_value(value, out);
            }
            Some((None, value)) => write_value(value, out),
            None => out.push(ABSENT),
        },
    }
}

fn write_float(float: f64, digits: Option<&str>, out: &mut Vec<u8>) {
    out.push(if digits.is_some() { FLOAT_DIGITS } else { FLOAT });
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
        Value::Null => out.push(NULL),
        Value::Bool(bool) => out.push(if *bool { TRUE } else { FALSE }),
        Value::Number(Number(number)) => match number {
            Repr::Int(int) => {
                out.push(INT);
                out.extend_from_slice(&int.to_le_bytes());
            }
            Repr::UInt(int) => {
                out.push(UINT);
                out.extend_from_slice(&int.to_le_bytes());
            }
            Repr::Float(float) => write_float(*float, None, out),
            Repr::FloatDigits(float, digits) => write_float(*float, Some(digits), out),
            Repr::Digits(digits) => tagged(DIGITS, digits.as_bytes(), out),
        },
        Value::Text(text) => tagged(TEXT, text.as_bytes(), out),
        Value::Bytes(bytes) => tagged(BYTES, bytes, out),
        Value::Timestamp(at) if at.is_rfc3339() => tagged(TIMESTAMP, at.to_string().as_bytes(), out),
        Value::Timestamp(at) => {
            out.push(INSTANT);
            out.extend_from_slice(&at.instant().unix_timestamp_nanos().to_le_bytes());
        }
        Value::List(values) => {
            out.push(LIST);
            put_int(values.len() as u64, out);
            values.iter().for_each(|value| write_value(value, out));
        }
        Value::Map(fields) => {
            out.push(MAP);
            put_int(fields.len() as u64, out);
            for (name, value) in fields {
                put_bytes(name.as_bytes(), out);
                write_value(value, out);
            }
        }
    }
}

fn read_cell(bytes: &mut Bytes<'_>, builder: &mut RecordsBuilder) -> Result<(), Damaged> {
    match bytes.byte()? {
        ABSENT => builder.skip(),
        NULL => builder.push_null(),
        TEXT => builder.push_text(bytes.text()?),
        tag => {
            let cell = read_cell_of(tag, bytes, builder.storage())?;
            builder.push_cell(cell);
        }
    }
    Ok(())
}

/// Reads a cell, and puts its text or value into a storage if it is wanted.
pub(super) fn read_cell_into(
    bytes: &mut Bytes<'_>,
    storage: &mut Storage,
    is_wanted: bool,
) -> Result<Cell, Damaged> {
    if is_wanted {
        let tag = bytes.byte()?;
        return read_cell_of(tag, bytes, storage);
    }
    skip_cell(bytes)?;
    Ok(Cell::ABSENT)
}

fn read_cell_of(tag: u8, bytes: &mut Bytes<'_>, storage: &mut Storage) -> Result<Cell, Damaged> {
    Ok(match tag {
        ABSENT => Cell::ABSENT,
        NULL => Cell::NULL,
        TEXT => storage.text_cell(0, bytes.text()?, Kind::Text),
        DIGITS => storage.text_cell(0, bytes.text()?, Kind::Number),
        FLOAT_DIGITS => {
            let float = f64::from_le_bytes(bytes.array()?);
            let digits = storage.text_cell(0, bytes.text()?, Kind::Number);
            storage.float_cell(digits, float)
        }
        JSON => {
            let json = storage.text_cell(0, bytes.text()?, Kind::Text);
            let value = read_value(bytes.byte()?, bytes)?;
            storage.json_cell(json, value)
        }
        tag => storage.value_cell(read_value(tag, bytes)?),
    })
}

fn skip_cell(bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
    match bytes.byte()? {
        ABSENT | NULL => {}
        TEXT | DIGITS => drop(bytes.bytes()?),
        FLOAT_DIGITS => {
            bytes.take(size_of::<f64>())?;
            bytes.bytes()?;
        }
        JSON => {
            bytes.bytes()?;
            read_value(bytes.byte()?, bytes)?;
        }
        tag => drop(read_value(tag, bytes)?),
    }
    Ok(())
}

fn read_value(tag: u8, bytes: &mut Bytes<'_>) -> Result<Value, Damaged> {
    let number = |repr| Value::Number(Number(repr));
    Ok(match tag {
        NULL => Value::Null,
        FALSE => Value::Bool(false),
        TRUE => Value::Bool(true),
        INT => number(Repr::Int(i64::from_le_bytes(bytes.array()?))),
        UINT => number(Repr::UInt(u64::from_le_bytes(bytes.array()?))),
        FLOAT => number(Repr::Float(f64::from_le_bytes(bytes.array()?))),
        FLOAT_DIGITS => {
            let float = f64::from_le_bytes(bytes.array()?);
            number(Repr::FloatDigits(float, bytes.text()?.into()))
        }
        DIGITS => number(Repr::Digits(bytes.text()?.into())),
        TEXT => Value::Text(bytes.text()?.to_owned()),
        BYTES => Value::Bytes(bytes.bytes()?.to_vec()),
        TIMESTAMP => Value::Timestamp(bytes.text()?.parse().map_err(|_| Damaged)?),
        INSTANT => {
            let nanos = i128::from_le_bytes(bytes.array()?);
            let at = UtcDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| Damaged)?;
            Value::Timestamp(Timestamp::from(at))
        }
        LIST => {
            let mut values = Vec::new();
            for _ in 0..bytes.int()? {
                values.push(read_value(bytes.byte()?, bytes)?);
            }
            Value::List(values)
        }
        MAP => {
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

/// Whether a field counts as having no value for a key: absent, null, or empty in a format without null.
pub(crate) fn is_none(record: RecordRef<'_>, value: Option<super::ValueRef<'_>>) -> bool {
    match value {
        None | Some(super::ValueRef::Null) => true,
        Some(super::ValueRef::Text("")) => record.empty_is_none(),
        Some(_) => false,
    }
}
