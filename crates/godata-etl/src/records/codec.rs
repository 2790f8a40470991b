//! Rows of dynamic records as bytes, and back.

use std::sync::{Arc, Mutex, PoisonError};

use time::{Date, UtcDateTime};

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

// The kinds of cells. The length of a text is beside its kind.
const ABSENT: u64 = 0;
const NULL: u64 = 1;
const TEXT: u64 = 2;
const DIGITS: u64 = 3;
/// The value is after the texts of the row.
const VALUE: u64 = 4;
const DECIMAL: u64 = 5;
const DATE: u64 = 6;
const KIND_BITS: u32 = 3;

/// The kinds and lengths of the cells of a row, then their texts, then their values.
#[derive(Clone, Copy)]
struct RowBytes<'a> {
    layout: usize,
    /// How many cells there are, and whether each has the number of its column, because the row has few of them.
    cells: usize,
    is_sparse: bool,
    heads: Bytes<'a>,
    texts: Bytes<'a>,
    values: Bytes<'a>,
}

impl<'a> RowBytes<'a> {
    fn parse(row: &'a [u8], layouts: &[Layout]) -> Result<Self, Damaged> {
        let mut bytes = Bytes(row);
        let head = bytes.len()?;
        let (layout, is_sparse) = (head >> 1, head & 1 == 1);
        let cells = if is_sparse { bytes.len()? } else { layouts.get(layout).ok_or(Damaged)?.shape.len() };
        let heads = bytes;
        let mut texts = 0_usize;
        for _ in 0..cells {
            if is_sparse {
                bytes.int()?;
            }
            let cell = bytes.int()?;
            if text_kind(cell & KINDS).is_some() {
                texts += (cell >> KIND_BITS) as usize;
            }
        }
        let texts = Bytes(bytes.take(texts)?);
        Ok(Self { layout, cells, is_sparse, heads, texts, values: bytes })
    }

    /// Calls `f` with each cell: its column, its kind and the length of its text.
    fn each(&self, mut f: impl FnMut(usize, u64, usize) -> Result<(), Damaged>) -> Result<(), Damaged> {
        let mut heads = self.heads;
        for at in 0..self.cells {
            let column = if self.is_sparse { heads.len()? } else { at };
            let cell = heads.int()?;
            f(column, cell & KINDS, (cell >> KIND_BITS) as usize)?;
        }
        Ok(())
    }
}

const KINDS: u64 = (1 << KIND_BITS) - 1;

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

    /// Appends the row at a position of a batch of this layout. `memory` is reused.
    pub(crate) fn write(
        layout: u64,
        batch: &Records,
        position: usize,
        memory: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) {
        let Some(&row) = batch.rows.get(position) else { return };
        let (storage, row, texts) = (&batch.storage, row as usize, memory);
        let is_sparse = storage.is_sparse();
        put_int(layout << 1 | u64::from(is_sparse), out);
        if is_sparse {
            put_int(storage.positions(row).count() as u64, out);
        }
        texts.clear();
        let mut has_values = false;
        for column in storage.positions(row) {
            if is_sparse {
                put_int(column as u64, out);
            }
            let cell = storage.cell(column, row);
            let head = match cell.stored() {
                Stored::Absent => ABSENT,
                Stored::Null => NULL,
                Stored::Text { kind, .. } => {
                    let text = storage.text_part(cell).unwrap_or_default();
                    texts.extend_from_slice(text.as_bytes());
                    (text.len() as u64) << KIND_BITS | head_of(kind)
                }
                Stored::Float(_) | Stored::Value(_) => VALUE,
            };
            has_values |= head == VALUE;
            put_int(head, out);
        }
        out.extend_from_slice(texts);
        if has_values {
            let cells = storage.positions(row).map(|column| storage.cell(column, row));
            cells.for_each(|cell| write_value_of(storage, cell, out));
        }
    }

    /// The layouts so far, by their number.
    pub(super) fn layouts(&self) -> Vec<Layout> {
        self.layouts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The batch of these rows, in the memory of another batch.
    pub(crate) fn read<'a>(
        &self,
        rows: impl Iterator<Item = &'a [u8]> + Clone,
        memory: Records,
    ) -> Result<Records, Damaged> {
        let layouts = self.layouts();
        let Some(first) = rows.clone().next() else { return Ok(Records::new()) };
        let first = Bytes(first).len()? >> 1;
        let Some(layout) = layouts.get(first) else { return Err(Damaged) };
        let memory = match read_texts(rows.clone(), first, layout, memory)? {
            Ok(records) => return Ok(records),
            Err(memory) => memory,
        };
        let mut builder = RecordsBuilder::recycled(Arc::clone(&layout.shape), memory);
        let (mut is_fixed, mut empty_is_none) = (true, false);
        for row in rows {
            let row = RowBytes::parse(row, &layouts)?;
            let layout = layouts.get(row.layout).ok_or(Damaged)?;
            is_fixed &= layout.is_fixed && row.layout == first;
            empty_is_none |= layout.empty_is_none;
            builder.begin_row();
            let (mut texts, mut values) = (row.texts, row.values);
            row.each(|column, kind, len| {
                let cell = read_cell(kind, len, &mut texts, &mut values, builder.storage())?;
                if row.layout != first || row.is_sparse {
                    builder.seek(layout.shape.name(column).ok_or(Damaged)?);
                }
                builder.push_cell(cell);
                Ok(())
            })?;
            builder.end_row().map_err(|_| Damaged)?;
        }
        let mut records = builder.finish();
        if !is_fixed {
            records.names = Names::Open;
        }
        records.empty_is_none = empty_is_none;
        Ok(records)
    }

    /// A row, to be read cell by cell.
    pub(super) fn cells<'a>(row: &'a [u8], layouts: &[Layout]) -> Result<RowCells<'a>, Damaged> {
        RowBytes::parse(row, layouts).map(RowCells)
    }
}

/// A row, to be read cell by cell.
pub(super) struct RowCells<'a>(RowBytes<'a>);

impl RowCells<'_> {
    /// The number of its layout.
    pub(super) fn layout(&self) -> usize {
        self.0.layout
    }

    /// Calls `f` with each cell and its column, once the cell's text or value is in `storage`.
    pub(super) fn put(
        &self,
        storage: &mut Storage,
        mut f: impl FnMut(&mut Storage, usize, Cell),
    ) -> Result<(), Damaged> {
        let (mut texts, mut values) = (self.0.texts, self.0.values);
        self.0.each(|column, kind, len| {
            let cell = read_cell(kind, len, &mut texts, &mut values, storage)?;
            f(storage, column, cell);
            Ok(())
        })
    }
}

/// Reads rows that have the same fields, all of which are texts, digits or nothing, as those of a CSV file. Returns the memory if
/// there are others.
fn read_texts<'a>(
    rows: impl Iterator<Item = &'a [u8]>,
    number: usize,
    layout: &Layout,
    memory: Records,
) -> Result<Result<Records, Records>, Damaged> {
    let mut records = Records::recycled(Arc::clone(&layout.shape), memory);
    let (mut cells, mut text) = (records.storage.take_grid(), records.storage.take_text().into_bytes());
    let columns = layout.shape.len();
    let mut is_plain = columns > 0;
    for row in rows {
        let mut bytes = Bytes(row);
        is_plain &= bytes.len()? == number << 1;
        if !is_plain {
            break;
        }
        let mut at = text.len();
        for _ in 0..columns {
            let head = bytes.int()?;
            let (kind, len) = (head & KINDS, (head >> KIND_BITS) as usize);
            cells.push(match text_kind(kind) {
                Some(kind) => Cell::text_unchecked(at, len, kind),
                None if kind == NULL => Cell::NULL,
                None => Cell::ABSENT,
            });
            at += len;
            is_plain &= kind != VALUE;
        }
        // Nothing is after the texts.
        is_plain &= bytes.0.len() == at - text.len();
        text.extend_from_slice(bytes.0);
    }
    is_plain &= Cell::text(text.len(), 0, Kind::Text).is_some();
    if !is_plain {
        cells.clear();
        text.clear();
    }
    let text = String::from_utf8(text).map_err(|_| Damaged)?;
    if !is_plain {
        records.storage.set_grid(cells);
        records.storage.set_text(text);
        return Ok(Err(records));
    }
    records.fill(cells, text);
    if !layout.is_fixed {
        records.names = Names::Open;
    }
    records.empty_is_none = layout.empty_is_none;
    Ok(Ok(records))
}

/// Puts the text or the value of a cell into a storage.
fn read_cell(
    kind: u64,
    len: usize,
    texts: &mut Bytes<'_>,
    values: &mut Bytes<'_>,
    storage: &mut Storage,
) -> Result<Cell, Damaged> {
    match (kind, text_kind(kind)) {
        (_, Some(kind)) => {
            let text = std::str::from_utf8(texts.take(len)?).map_err(|_| Damaged)?;
            Ok(storage.text_cell(0, text, kind))
        }
        (ABSENT, None) => Ok(Cell::ABSENT),
        (NULL, None) => Ok(Cell::NULL),
        _ => read_value_cell(values, storage),
    }
}

/// What is written for a text that is read like this.
fn head_of(kind: Kind) -> u64 {
    match kind {
        Kind::Text => TEXT,
        Kind::Number => DIGITS,
        Kind::Decimal => DECIMAL,
        Kind::Date => DATE,
    }
}

/// How the text of a cell is read, if it has one.
fn text_kind(head: u64) -> Option<Kind> {
    match head {
        TEXT => Some(Kind::Text),
        DIGITS => Some(Kind::Number),
        DECIMAL => Some(Kind::Decimal),
        DATE => Some(Kind::Date),
        _ => None,
    }
}

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
fn write_value_of(storage: &Storage, cell: Cell, out: &mut Vec<u8>) {
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

fn read_value_cell(bytes: &mut Bytes<'_>, storage: &mut Storage) -> Result<Cell, Damaged> {
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

/// Whether a field counts as having no value for a key: absent, null, or empty in a format without null.
pub(crate) fn is_none(record: RecordRef<'_>, value: Option<super::ValueRef<'_>>) -> bool {
    match value {
        None | Some(super::ValueRef::Null) => true,
        Some(super::ValueRef::Text("")) => record.empty_is_none(),
        Some(_) => false,
    }
}
