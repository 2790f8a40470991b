//! Rows with fields from the rows of another batch.

use std::ops::Range;
use std::sync::Arc;

use super::batch::Records;
use super::cell::Cell;
use super::codec::{Layout, RowCodec};
use super::names::Names;
use super::shape_error::ShapeError;
use super::value_ref::ValueRef;
use crate::bytes::Damaged;

impl Records {
    /// Makes row `i` a copy of the row at `positions[i]`. The positions ascend, and one may occur several times.
    pub(crate) fn repeat_rows(&mut self, positions: &[u32]) {
        let rows = std::mem::take(&mut self.rows);
        let mut last = None;
        for &position in positions {
            let Some(&row) = rows.get(position as usize) else { continue };
            let row = if last == Some(position) { self.copy_row(row as usize) } else { row };
            self.rows.push(row);
            last = Some(position);
        }
    }

    /// Stores a copy of a stored row. Texts are not copied.
    fn copy_row(&mut self, row: usize) -> u32 {
        let copy = self.height;
        for column in 0..self.shape.len() {
            let cell = self.storage.cell(column, row);
            if !cell.is_absent() {
                let cell = self.storage.copied(cell);
                self.storage.put(column, copy, cell);
            }
        }
        self.empties.add(copy, self.empties.is_none(row));
        self.height += 1;
        u32::try_from(copy).unwrap_or(u32::MAX)
    }
}

impl Records {
    fn has_empty_text(&self, row: usize, column: usize) -> bool {
        matches!(self.storage.value(column, row), Some(ValueRef::Text("")))
    }

    /// Makes the empty texts of a stored row null, in these columns.
    fn empty_to_null(&mut self, row: usize, columns: Range<usize>) {
        for column in columns {
            if self.has_empty_text(row, column) {
                self.storage.put(column, row, Cell::NULL);
            }
        }
    }
}

/// The columns that the fields of another table have in a batch.
pub(crate) struct JoinedColumns {
    layouts: Vec<Layout>,
    /// For each layout, the column of each field, unless it is left out.
    columns: Vec<Vec<Option<usize>>>,
    /// The columns that were added.
    added: Range<usize>,
}

impl RowCodec {
    /// Adds the fields of all rows to a batch, except those named in `left_out`.
    pub(crate) fn add_columns(
        &self,
        batch: &mut Records,
        left_out: &[Arc<str>],
    ) -> Result<JoinedColumns, ShapeError> {
        let mut joined = JoinedColumns { layouts: self.layouts(), columns: Vec::new(), added: 0..0 };
        let known = batch.shape.len();
        for layout in &joined.layouts {
            let mut at = Vec::with_capacity(layout.shape.len());
            for name in layout.shape.as_slice() {
                if left_out.contains(name) {
                    at.push(None);
                    continue;
                }
                let column = batch.column(name);
                if column < known {
                    return Err(ShapeError::Duplicate { name: String::from(&**name) });
                }
                at.push(Some(column));
            }
            if !layout.is_fixed {
                batch.names = Names::Open;
            }
            joined.columns.push(at);
        }
        joined.added = known..batch.shape.len();
        Ok(joined)
    }
}

impl JoinedColumns {
    /// Sets the added fields of the row at a position to those of a row that was kept as bytes, or to null.
    pub(crate) fn set(
        &self,
        batch: &mut Records,
        position: usize,
        row: Option<&[u8]>,
    ) -> Result<(), Damaged> {
        let Some(&stored) = batch.rows.get(position) else { return Ok(()) };
        batch.forget_source(stored as usize);
        let Some(row) = row else {
            self.added.clone().for_each(|column| batch.storage.put(column, stored as usize, Cell::NULL));
            return Ok(());
        };
        let row = RowCodec::cells(row, &self.layouts)?;
        let columns = self.columns.get(row.layout()).ok_or(Damaged)?;
        row.put(&mut batch.storage, |storage, field, cell| {
            if let Some(&Some(column)) = columns.get(field)
                && !cell.is_absent()
            {
                storage.put(column, stored as usize, cell);
            }
        })?;
        self.keep_empties(batch, stored as usize, row.empty_is_none());
        Ok(())
    }

    /// Keeps what the empty texts of both rows stand for, if that differs. Those that stand for no value become null, where there
    /// are others that don't.
    fn keep_empties(&self, batch: &mut Records, stored: usize, is_none: bool) {
        let known = 0..self.added.start;
        match (batch.empties.is_none(stored), is_none) {
            (false, true) => batch.empty_to_null(stored, self.added.clone()),
            (true, false) if self.added.clone().any(|column| batch.has_empty_text(stored, column)) => {
                batch.empty_to_null(stored, known);
                batch.empties.clear(stored, batch.height);
            }
            _ => {}
        }
    }
}
