//! Rows of dynamic records as bytes, and back.

use std::sync::{Arc, Mutex, PoisonError};

use super::batch::Records;
use super::builder::RecordsBuilder;
use super::cell::{Cell, Kind, Stored};
use super::empties::Empties;
use super::names::Names;
use super::row::RecordRef;
use super::shape::Shape;
use super::storage::Storage;
use super::value_codec::{read_value_cell, write_value_of};
use super::value_ref::ValueRef;
use crate::bytes::{Bytes, Damaged, put_int};

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

/// What a row starts with.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Head {
    layout: usize,
    /// Whether an empty text stands for no value.
    empty_is_none: bool,
    /// Whether each cell has the number of its column, because the row has few of them.
    is_sparse: bool,
}

impl Head {
    fn write(self, out: &mut Vec<u8>) {
        let flags = u64::from(self.empty_is_none) << 1 | u64::from(self.is_sparse);
        put_int((self.layout as u64) << 2 | flags, out);
    }

    fn read(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let head = bytes.len()?;
        Ok(Self { layout: head >> 2, empty_is_none: head & 2 != 0, is_sparse: head & 1 != 0 })
    }
}

/// The kinds and lengths of the cells of a row, then their texts, then their values.
#[derive(Clone, Copy)]
struct RowBytes<'a> {
    head: Head,
    /// How many cells there are.
    cells: usize,
    heads: Bytes<'a>,
    texts: Bytes<'a>,
    values: Bytes<'a>,
}

impl<'a> RowBytes<'a> {
    fn parse(row: &'a [u8], layouts: &[Layout]) -> Result<Self, Damaged> {
        let mut bytes = Bytes(row);
        let head = Head::read(&mut bytes)?;
        let Head { layout, is_sparse, .. } = head;
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
        Ok(Self { head, cells, heads, texts, values: bytes })
    }

    /// Calls `f` with each cell: its column, its kind and the length of its text.
    fn each(&self, mut f: impl FnMut(usize, u64, usize) -> Result<(), Damaged>) -> Result<(), Damaged> {
        let mut heads = self.heads;
        for at in 0..self.cells {
            let column = if self.head.is_sparse { heads.len()? } else { at };
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
                && (Arc::ptr_eq(&layout.shape, &batch.shape)
                    || layout.shape.as_slice() == batch.shape.as_slice())
        };
        let mut layouts = self.layouts.lock().unwrap_or_else(PoisonError::into_inner);
        let at = layouts.iter().rposition(is_same).unwrap_or_else(|| {
            layouts.push(Layout { shape: Arc::clone(&batch.shape), is_fixed: batch.has_fixed_names() });
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
        texts.clear();
        let mut has_values = false;
        let mut put = |cell: Cell, out: &mut Vec<u8>| {
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
        };
        let cells = storage.dense_row(row);
        let empty_is_none = batch.empties.is_none(row);
        Head { layout: layout as usize, empty_is_none, is_sparse: cells.is_none() }.write(out);
        match cells {
            Some(cells) => cells.for_each(|cell| put(cell, out)),
            None => {
                put_int(storage.positions(row).count() as u64, out);
                for column in storage.positions(row) {
                    put_int(column as u64, out);
                    put(storage.cell(column, row), out);
                }
            }
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
        let first = Head::read(&mut Bytes(first))?;
        let Some(layout) = layouts.get(first.layout) else { return Err(Damaged) };
        let memory = match read_texts(rows.clone(), first, layout, memory)? {
            Ok(records) => return Ok(records),
            Err(memory) => memory,
        };
        let mut builder = RecordsBuilder::recycled(Arc::clone(&layout.shape), memory);
        let (mut is_fixed, mut empties) = (true, Vec::new());
        for row in rows {
            let row = RowBytes::parse(row, &layouts)?;
            let layout = layouts.get(row.head.layout).ok_or(Damaged)?;
            let is_same = row.head.layout == first.layout;
            is_fixed &= layout.is_fixed && is_same;
            empties.push(row.head.empty_is_none);
            builder.begin_row();
            let (mut texts, mut values) = (row.texts, row.values);
            row.each(|column, kind, len| {
                let cell = read_cell(kind, len, &mut texts, &mut values, builder.storage())?;
                if !is_same || row.head.is_sparse {
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
        records.empties = Empties::each(empties);
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
        self.0.head.layout
    }

    /// Whether an empty text stands for no value.
    pub(super) fn empty_is_none(&self) -> bool {
        self.0.head.empty_is_none
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
    rows: impl Iterator<Item = &'a [u8]> + Clone,
    head: Head,
    layout: &Layout,
    memory: Records,
) -> Result<Result<Records, Records>, Damaged> {
    let mut records = Records::recycled(Arc::clone(&layout.shape), memory);
    let (mut cells, mut text) = (records.storage.take_grid(), records.storage.take_text().into_bytes());
    let columns = layout.shape.len();
    cells.reserve(rows.size_hint().0 * columns);
    text.reserve(rows.clone().map(<[u8]>::len).sum());
    let mut is_plain = columns > 0 && !head.is_sparse;
    for row in rows {
        let mut bytes = Bytes(row);
        is_plain &= Head::read(&mut bytes)? == head;
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
    records.empties = Empties::all(head.empty_is_none);
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

/// The value of a field that is a key or part of one; `None` if it counts as having none.
#[inline]
pub(crate) fn key_value(batch: &Records, position: usize, column: usize) -> Option<ValueRef<'_>> {
    match batch.value_at(position, column)? {
        ValueRef::Null => None,
        ValueRef::Text("") if batch.row(position).is_some_and(RecordRef::empty_is_none) => None,
        value => Some(value),
    }
}

/// Whether a field has no value: absent, null, or empty in a format without null.
pub(super) fn is_none(record: RecordRef<'_>, value: Option<ValueRef<'_>>) -> bool {
    match value {
        None | Some(ValueRef::Null) => true,
        Some(ValueRef::Text("")) => record.empty_is_none(),
        Some(_) => false,
    }
}
