//! The storage of a batch: its cells, texts and values.

use super::cell::{Cell, Kind, Stored};
use super::cell_ref::CellRef;
use super::cells::{Cells, Positions};
use super::date::parse_date;
use super::number::{Number, Repr};
use super::number_ref::NumberRef;
use super::value::Value;
use super::value_ref::ValueRef;
use super::written::{CellVisitor, WrittenText};

/// The cells of a batch, with their texts and values.
#[derive(Clone, Debug, Default)]
pub(super) struct Storage {
    /// The texts of all cells, with whatever was between them in the input.
    text: String,
    /// The values that are neither texts of the batch nor floats, each with the cell of the JSON that it was read from,
    /// or an absent cell.
    values: Vec<(Cell, Value)>,
    /// The floats, each with the cell of the digits that it was cast from, or an absent cell.
    pub(super) floats: Vec<(Cell, f64)>,
    cells: Cells,
}

impl Storage {
    /// A storage whose columns are all in the grid, in the memory of `self`.
    pub(super) fn recycled(mut self, width: usize) -> Self {
        self.text.clear();
        self.values.clear();
        self.floats.clear();
        Self { cells: self.cells.recycled(width), ..self }
    }

    /// How many bytes of memory it holds for later use.
    pub(super) fn capacity(&self) -> usize {
        self.text.capacity()
            + self.values.capacity() * size_of::<(Cell, Value)>()
            + self.floats.capacity() * size_of::<(Cell, f64)>()
            + self.cells.capacity()
    }

    #[inline]
    pub(super) fn cell(&self, column: usize, row: usize) -> Cell {
        self.cells.get(column, row)
    }

    /// The columns in which a row may have a cell, in order.
    #[inline]
    pub(super) fn positions(&self, row: usize) -> Positions<'_> {
        self.cells.positions(row)
    }

    /// The cells of a row, column by column; `None` if rows have only the cells that are not absent.
    #[inline]
    pub(super) fn dense_row(&self, row: usize) -> Option<impl Iterator<Item = Cell>> {
        match &self.cells {
            Cells::Dense(dense) => Some(dense.row(row)),
            Cells::Sparse(_) => None,
        }
    }

    /// Makes the cells sparse, as they become by themselves when there are very many.
    #[cfg(test)]
    pub(super) fn make_sparse(&mut self) {
        self.cells.make_sparse();
    }

    /// For each column, whether one of these rows has a cell in it.
    pub(super) fn used(&self, columns: usize, rows: &[u32]) -> Vec<bool> {
        self.cells.used(columns, rows)
    }

    /// The value, parsed if need be; `None` if absent.
    #[inline(always)]
    pub(super) fn value(&self, column: usize, row: usize) -> Option<ValueRef<'_>> {
        match self.cell(column, row).stored() {
            Stored::Absent => None,
            Stored::Null => Some(ValueRef::Null),
            Stored::Text { start, len, kind: Kind::Text } => Some(ValueRef::Text(self.text_at(start, len))),
            Stored::Text { start, len, kind: Kind::Number } => {
                Some(ValueRef::Number(NumberRef(Repr::Digits(self.text_at(start, len)))))
            }
            Stored::Text { start, len, kind } => Some(self.exact(start, len, kind)),
            Stored::Float(number) => {
                self.floats.get(number).map(|&(digits, float)| ValueRef::Number(self.float(digits, float)))
            }
            Stored::Value(number) => self.values.get(number).map(|(_, value)| value.as_ref()),
        }
    }

    /// The cell in the form in which it is written; `None` if absent.
    #[inline]
    pub(super) fn written(&self, column: usize, row: usize) -> Option<CellRef<'_>> {
        self.written_cell(self.cell(column, row))
    }

    /// The text of a cell, if it is text. Faster than [`value`](Self::value).
    #[inline]
    pub(super) fn text_value(&self, column: usize, row: usize) -> Option<&str> {
        match self.cell(column, row).as_text() {
            Some((start, len)) => self.text.get(start..start + len),
            None => self.value(column, row)?.as_str(),
        }
    }

    /// The float of a cell, by the rules of [`ValueRef::as_f64`]. Faster than [`value`](Self::value).
    #[inline]
    pub(super) fn float_value(&self, column: usize, row: usize) -> Option<f64> {
        match self.cell(column, row).as_float() {
            Some(number) => self.floats.get(number).map(|&(_, float)| float),
            None => self.value(column, row)?.as_f64(),
        }
    }

    /// Visits the cells that a row has, column by column.
    #[inline(always)]
    pub(super) fn visit<V: CellVisitor>(&self, row: usize, visitor: &mut V) -> Result<(), V::Error> {
        let dense = match &self.cells {
            Cells::Dense(dense) => dense,
            Cells::Sparse(sparse) => return self.visit_sparse(sparse.row(row), visitor),
        };
        dense.row(row).enumerate().try_for_each(|(at, cell)| self.visit_cell(at, cell, visitor))
    }

    #[cold]
    fn visit_sparse<V: CellVisitor>(&self, row: &[(u32, Cell)], visitor: &mut V) -> Result<(), V::Error> {
        row.iter().try_for_each(|&(at, cell)| self.visit_cell(at as usize, cell, visitor))
    }

    #[inline(always)]
    fn visit_cell<V: CellVisitor>(&self, at: usize, cell: Cell, visitor: &mut V) -> Result<(), V::Error> {
        if let Some((start, len)) = cell.as_text() {
            visitor.text(at, WrittenText::part(&self.text, start, len))
        } else if let Some(cell) = self.written_cell(cell) {
            visitor.cell(at, cell)
        } else {
            Ok(())
        }
    }

    #[inline(always)]
    fn written_cell(&self, cell: Cell) -> Option<CellRef<'_>> {
        match cell.stored() {
            Stored::Absent => None,
            Stored::Null => Some(CellRef::Null),
            Stored::Text { start, len, kind: Kind::Text } => Some(CellRef::Text(self.text_at(start, len))),
            Stored::Text { start, len, kind: Kind::Number } => {
                Some(CellRef::Number(self.text_at(start, len)))
            }
            Stored::Text { start, len, kind: Kind::Decimal } => {
                Some(CellRef::Number(self.text_at(start, len)))
            }
            Stored::Text { start, len, kind } => Some(CellRef::Value(self.exact(start, len, kind))),
            Stored::Float(number) => self.floats.get(number).map(|&(digits, float)| match digits.stored() {
                Stored::Text { start, len, .. } => CellRef::Number(self.text_at(start, len)),
                _ => CellRef::Value(ValueRef::from(float)),
            }),
            Stored::Value(number) => match self.values.get(number) {
                Some((json, value)) => match json.stored() {
                    Stored::Text { start, len, .. } => Some(CellRef::Json(self.text_at(start, len))),
                    _ => Some(value.as_ref().into()),
                },
                None => None,
            },
        }
    }

    /// A float that was cast from these digits, unless they are absent.
    #[inline]
    fn float(&self, digits: Cell, float: f64) -> NumberRef<'_> {
        NumberRef(match digits.stored() {
            Stored::Text { start, len, .. } => Repr::FloatDigits(float, self.text_at(start, len)),
            _ => Repr::Float(float),
        })
    }

    /// A text that is read as a decimal or a date. It has the form of one.
    #[inline(never)]
    fn exact(&self, start: usize, len: usize, kind: Kind) -> ValueRef<'_> {
        let text = self.text_at(start, len);
        let exact = match kind {
            Kind::Decimal => text.parse().ok().map(ValueRef::Decimal),
            Kind::Date => parse_date(text).map(ValueRef::Date),
            Kind::Text | Kind::Number => None,
        };
        exact.unwrap_or(ValueRef::Text(text))
    }

    #[inline]
    fn text_at(&self, start: usize, len: usize) -> &str {
        self.text.get(start..start + len).unwrap_or_default()
    }

    /// Puts a cell at a position. The column must exist.
    #[inline]
    pub(super) fn put(&mut self, column: usize, row: usize, cell: Cell) {
        self.cells.put(column, row, cell);
    }

    /// Puts a value at a position. The column must exist.
    #[inline]
    pub(super) fn put_value(&mut self, column: usize, row: usize, value: Value) {
        let cell = self.value_cell(value);
        self.put(column, row, cell);
    }

    /// Takes the value at a position out, and leaves the cell absent.
    pub(super) fn take(&mut self, column: usize, row: usize) -> Option<Value> {
        let cell = self.cell(column, row);
        let value = match cell.stored() {
            Stored::Value(number) => self.values.get_mut(number).map(|(_, value)| std::mem::take(value)),
            _ => self.value(column, row).map(ValueRef::to_owned),
        };
        if !cell.is_absent() {
            self.put(column, row, Cell::ABSENT);
        }
        value
    }

    /// A second cell with the same content. Text is not copied.
    pub(super) fn copied(&mut self, cell: Cell) -> Cell {
        match cell.stored() {
            Stored::Value(number) => match self.values.get(number).cloned() {
                Some((json, value)) => self.json_cell(json, value),
                None => cell,
            },
            _ => cell,
        }
    }

    /// The cell of a new value.
    ///
    /// # Panics
    ///
    /// If the batch has 2^32 values, which take 128 GiB.
    #[inline]
    pub(super) fn value_cell(&mut self, value: Value) -> Cell {
        match value {
            Value::Null => Cell::NULL,
            Value::Number(Number(Repr::Float(float))) => self.float_cell(Cell::ABSENT, float),
            value => self.json_cell(Cell::ABSENT, value),
        }
    }

    /// The cell of a value that is written as the JSON of another cell, unless that cell is absent.
    pub(super) fn json_cell(&mut self, json: Cell, value: Value) -> Cell {
        let cell = Cell::value(self.values.len()).expect("a batch has fewer than 2^32 values");
        self.values.push((json, value));
        cell
    }

    /// The value at this index, and the JSON that it was read from, if any.
    pub(super) fn json_value(&self, number: usize) -> Option<(Option<&str>, &Value)> {
        self.values.get(number).map(|(json, value)| (self.text_part(*json), value))
    }

    /// The cell of a float that is written with the digits of another cell, unless that cell is absent.
    #[inline]
    pub(super) fn float_cell(&mut self, digits: Cell, float: f64) -> Cell {
        let cell = Cell::float(self.floats.len()).expect("a batch has fewer than 2^32 floats");
        self.floats.push((digits, float));
        cell
    }

    /// The cell of a copy of this text. `before` is how many bytes will be inserted before the text of the batch.
    pub(super) fn text_cell(&mut self, before: usize, text: &str, kind: Kind) -> Cell {
        match Cell::text(before + self.text.len(), text.len(), kind) {
            Some(cell) => {
                self.text.push_str(text);
                cell
            }
            None => self.value_cell(match kind {
                Kind::Text => text.into(),
                Kind::Number => NumberRef(Repr::Digits(text)).into(),
                Kind::Decimal => text.parse().map_or_else(|_| text.into(), Value::Decimal),
                Kind::Date => parse_date(text).map_or_else(|| text.into(), Value::Date),
            }),
        }
    }

    pub(super) fn text_len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A part of the text.
    pub(super) fn text_part(&self, cell: Cell) -> Option<&str> {
        match cell.stored() {
            Stored::Text { start, len, .. } => Some(self.text_at(start, len)),
            _ => None,
        }
    }

    pub(super) fn set_text(&mut self, text: String) {
        self.text = text;
    }

    /// Sets the cells of all rows and columns.
    pub(super) fn set_grid(&mut self, grid: Vec<Cell>) {
        if let Cells::Dense(dense) = &mut self.cells {
            dense.set_grid(grid);
        }
    }

    /// Takes the memory of the grid out, to be refilled.
    pub(super) fn take_grid(&mut self) -> Vec<Cell> {
        match &mut self.cells {
            Cells::Dense(dense) => dense.take_grid(),
            Cells::Sparse(_) => Vec::new(),
        }
    }

    /// Sets the cells, and returns the old ones.
    pub(super) fn replace_cells(&mut self, cells: Cells) -> Cells {
        std::mem::replace(&mut self.cells, cells)
    }

    /// Takes the text out, so that its memory can be reused.
    pub(super) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Removes the columns from `columns` on, the rows from `height` on, and the text from `text` on.
    pub(super) fn truncate(&mut self, columns: usize, height: usize, text: usize) {
        self.cells.truncate(columns, height);
        self.text.truncate(text);
    }

    /// Adds a column at the end, with all cells absent. It is in the grid while there is no row.
    pub(super) fn push_column(&mut self, height: usize) {
        self.cells.push_column(height);
    }

    /// Adds `column`, the one after the last, with a null cell for each of the stored rows.
    pub(super) fn push_null_column(&mut self, column: usize, height: usize) {
        self.cells.push_column(height);
        (0..height).for_each(|row| self.cells.put(column, row, Cell::NULL));
    }

    /// Inserts a column, with all cells absent.
    pub(super) fn insert_column(&mut self, column: usize) {
        self.cells.insert_column(column);
    }

    pub(super) fn remove_column(&mut self, column: usize) {
        self.cells.remove_column(column);
    }

    /// Keeps these columns, in this order. No column may appear twice.
    pub(super) fn select(&mut self, kept: &[usize]) {
        self.cells.select(kept);
    }
}
