//! Cleaning the fields of a whole batch. A row that lacks a field stays without it, unless the method says otherwise. A field has
//! no value if it is absent, null, or empty in a format without null.

use super::batch::Records;
use super::cell::{Cell, Kind, Stored};
use super::codec::is_none;
use super::field_error::FieldError;
use super::shape_error::ShapeError;
use super::storage::Storage;
use super::value::Value;
use super::value_ref::ValueRef;

impl Records {
    /// Removes the spaces around the texts of these fields.
    pub(crate) fn trim<S: AsRef<str>>(&mut self, names: &[S]) -> Result<(), ShapeError> {
        self.change_cells(names, Storage::trimmed)
    }

    /// Makes these fields null where they are one of these values.
    pub(crate) fn null_if<S: AsRef<str>>(&mut self, names: &[S], values: &[Value]) -> Result<(), ShapeError> {
        self.change_cells(names, |storage, column, row| {
            let value = storage.value(column, row)?;
            values.iter().any(|null| null.as_ref() == value).then_some(Cell::NULL)
        })
    }

    /// Gives these fields a value where they have none.
    pub(crate) fn fill_null<S: AsRef<str>>(&mut self, names: &[S], value: &Value) -> Result<(), ShapeError> {
        // All are looked up first, so that an unknown name changes nothing.
        names.iter().try_for_each(|name| self.find(name.as_ref()).map(drop))?;
        let (mut filled, empties) = (None, self.empties.clone());
        for name in names {
            let column = self.column(name.as_ref());
            self.change_column(column, |storage, column, row| {
                if storage.has_value(column, row, empties.is_none(row)) {
                    return None;
                }
                let next = match filled {
                    Some(cell) => storage.copied(cell),
                    None => storage.shared_cell(value),
                };
                filled = Some(next);
                Some(next)
            });
        }
        Ok(())
    }

    /// Sets a field of each row to the first value among these fields, and to null if there is none.
    pub(crate) fn coalesce<S: AsRef<str>>(&mut self, into: &str, names: &[S]) -> Result<(), ShapeError> {
        let columns = self.positions(names)?;
        let (target, empties) = (self.column(into), self.empties.clone());
        self.change_column(target, |storage, target, row| {
            let found = columns.iter().find(|&&column| storage.has_value(column, row, empties.is_none(row)));
            match found.map(|&column| (column, storage.cell(column, row))) {
                Some((column, _)) if column == target => None,
                Some((_, cell)) => Some(storage.copied(cell)),
                None => Some(Cell::NULL),
            }
        });
        Ok(())
    }

    /// Fails if a row has no value in a field.
    pub(crate) fn require(
        &self,
        position: usize,
        column: Option<usize>,
        field: &str,
    ) -> Result<(), FieldError> {
        let value = column.and_then(|column| self.value_at(position, column));
        let record = self.row(position);
        if record.is_none_or(|record| !is_none(record, value)) {
            return Ok(());
        }
        Err(match value {
            None => FieldError::missing(field),
            Some(ValueRef::Null) => FieldError::null(field),
            Some(_) => FieldError::empty(field),
        })
    }

    fn change_cells<S: AsRef<str>>(
        &mut self,
        names: &[S],
        mut change: impl FnMut(&mut Storage, usize, usize) -> Option<Cell>,
    ) -> Result<(), ShapeError> {
        for column in self.positions(names)? {
            self.change_column(column, &mut change);
        }
        Ok(())
    }

    /// Puts the cells that `change` returns for the rows of a column.
    fn change_column(
        &mut self,
        column: usize,
        mut change: impl FnMut(&mut Storage, usize, usize) -> Option<Cell>,
    ) {
        for position in 0..self.rows.len() {
            let row = self.rows[position] as usize;
            if let Some(cell) = change(&mut self.storage, column, row) {
                self.storage.put(column, row, cell);
                self.forget_source(row);
            }
        }
    }
}

impl Storage {
    /// Whether a row has a value in a column. `empty_is_none` says whether an empty text is one.
    pub(super) fn has_value(&self, column: usize, row: usize, empty_is_none: bool) -> bool {
        let is_there = self.cell(column, row).has_value();
        is_there && !(empty_is_none && self.text_value(column, row).is_some_and(str::is_empty))
    }

    /// The cell of a text without the spaces around it; `None` if there are none.
    fn trimmed(&mut self, column: usize, row: usize) -> Option<Cell> {
        let cell = self.cell(column, row);
        let text = self.text_value(column, row)?;
        let (after, inner) = (text.trim_start().len(), text.trim());
        if inner.len() == text.len() {
            return None;
        }
        match cell.stored() {
            Stored::Text { start, len, .. } => Cell::text(start + len - after, inner.len(), Kind::Text),
            _ => {
                let inner = inner.to_owned();
                Some(self.text_cell(0, &inner, Kind::Text))
            }
        }
    }

    /// The cell of a value that many rows get. Those of a text share it.
    fn shared_cell(&mut self, value: &Value) -> Cell {
        match value {
            Value::Text(text) => self.text_cell(0, text, Kind::Text),
            value => self.value_cell(value.clone()),
        }
    }
}
