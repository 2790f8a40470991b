//! The storage of a batch: its cells, texts and values.

use super::cell::{Cell, Kind, Stored};
use super::cell_ref::CellRef;
use super::value::Value;
use super::value_ref::ValueRef;
use super::written::{CellVisitor, WrittenText};

/// The cells of a batch, with their texts and values.
///
/// The cells that were read are in one grid, row after row, as they come from a file. The cells that a step set are in a
/// column of their own.
#[derive(Clone, Debug, Default)]
pub(super) struct Storage {
    /// The texts of all cells, with whatever was between them in the input.
    text: String,
    /// The values that are neither texts of the batch nor floats, each with the cell of the JSON that it was read from,
    /// or an absent cell.
    values: Vec<(Cell, Value)>,
    /// The floats, each with the cell of the digits that it was cast from, or an absent cell.
    pub(super) floats: Vec<(Cell, f64)>,
    /// The cells of the rows as they were read, `width` per row. Cells missing at the end are absent.
    grid: Vec<Cell>,
    width: usize,
    columns: Vec<Column>,
}

/// Where the cells of a column are.
#[derive(Clone, Debug)]
enum Column {
    /// At this position in each row of the grid.
    Grid(usize),
    /// Here, by the index of the row. Cells missing at the end are absent.
    Own(Vec<Cell>),
}

impl Storage {
    /// A storage whose columns are all in the grid, in the memory of `self`.
    pub(super) fn recycled(mut self, width: usize) -> Self {
        self.text.clear();
        self.values.clear();
        self.floats.clear();
        self.grid.clear();
        self.columns.clear();
        self.columns.extend((0..width).map(Column::Grid));
        Self { width, ..self }
    }

    /// How many bytes of memory it holds for later use.
    pub(super) fn capacity(&self) -> usize {
        self.text.capacity()
            + self.values.capacity() * size_of::<(Cell, Value)>()
            + self.floats.capacity() * size_of::<(Cell, f64)>()
            + self.grid.capacity() * size_of::<Cell>()
    }

    #[inline]
    pub(super) fn cell(&self, column: usize, row: usize) -> Cell {
        let cell = match self.columns.get(column) {
            Some(&Column::Grid(place)) => self.grid.get(row * self.width + place),
            Some(Column::Own(cells)) => cells.get(row),
            None => None,
        };
        cell.copied().unwrap_or(Cell::ABSENT)
    }

    /// The value, parsed if need be; `None` if absent.
    #[inline(always)]
    pub(super) fn value(&self, column: usize, row: usize) -> Option<ValueRef<'_>> {
        match self.cell(column, row).stored() {
            Stored::Absent => None,
            Stored::Null => Some(ValueRef::Null),
            Stored::Text { start, len, kind: Kind::Text } => Some(ValueRef::Text(self.text_at(start, len))),
            Stored::Text { start, len, kind } => Some(kind.read(self.text_at(start, len))),
            Stored::Float(number) => self.floats.get(number).map(|&(_, float)| ValueRef::Float(float)),
            Stored::Value(number) => self.values.get(number).map(|(_, value)| value.as_ref()),
        }
    }

    /// The cell in the form in which it is written; `None` if absent.
    #[inline]
    pub(super) fn written(&self, column: usize, row: usize) -> Option<CellRef<'_>> {
        self.written_cell(self.cell(column, row))
    }

    /// The text of a cell, if it is text.
    #[inline]
    pub(super) fn text_value(&self, column: usize, row: usize) -> Option<&str> {
        let cell = self.cell(column, row);
        match cell.as_text() {
            Some((start, len)) => self.text.get(start..start + len),
            None => self.text_of(cell).filter(|&(_, kind)| kind == Kind::Text).map(|(text, _)| text),
        }
    }

    /// Visits the cells that a row has, column by column.
    #[inline(always)]
    pub(super) fn visit<V: CellVisitor>(&self, row: usize, visitor: &mut V) -> Result<(), V::Error> {
        let cells = self.grid.get(row * self.width..).unwrap_or_default();
        for (at, column) in self.columns.iter().enumerate() {
            let cell = match column {
                Column::Grid(place) => cells.get(*place),
                Column::Own(cells) => cells.get(row),
            };
            // Cells missing at the end of the last row are absent.
            let cell = cell.copied().unwrap_or(Cell::ABSENT);
            if let Some((start, len)) = cell.as_text() {
                visitor.text(at, WrittenText::part(&self.text, start, len))?;
            } else if let Some(cell) = self.written_cell(cell) {
                visitor.cell(at, cell)?;
            }
        }
        Ok(())
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
            Stored::Float(number) => self.floats.get(number).map(|&(digits, float)| match digits.stored() {
                Stored::Text { start, len, .. } => CellRef::Number(self.text_at(start, len)),
                _ => CellRef::Value(ValueRef::Float(float)),
            }),
            Stored::Value(number) => self.values.get(number).map(|(json, value)| match json.stored() {
                Stored::Text { start, len, .. } => CellRef::Json(self.text_at(start, len)),
                _ => value.as_ref().into(),
            }),
        }
    }

    /// The text of a cell, if it has one, and how it is read.
    #[inline]
    pub(super) fn text_of(&self, cell: Cell) -> Option<(&str, Kind)> {
        match cell.stored() {
            Stored::Text { start, len, kind } => Some((self.text_at(start, len), kind)),
            Stored::Float(number) => {
                self.text_of(self.floats.get(number)?.0).map(|(text, _)| (text, Kind::Number))
            }
            Stored::Value(number) => match self.values.get(number)? {
                (_, Value::Text(text)) => Some((text, Kind::Text)),
                _ => None,
            },
            Stored::Absent | Stored::Null => None,
        }
    }

    #[inline]
    fn text_at(&self, start: usize, len: usize) -> &str {
        self.text.get(start..start + len).unwrap_or_default()
    }

    /// Puts a cell at a position. The column must exist.
    #[inline]
    pub(super) fn put(&mut self, column: usize, row: usize, cell: Cell) {
        match &mut self.columns[column] {
            Column::Grid(place) => {
                let at = row * self.width + *place;
                if at < self.grid.len() {
                    self.grid[at] = cell;
                } else {
                    self.grid.resize(at, Cell::ABSENT);
                    self.grid.push(cell);
                }
            }
            Column::Own(cells) => {
                if cells.len() <= row {
                    cells.resize(row + 1, Cell::ABSENT);
                }
                cells[row] = cell;
            }
        }
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
            Value::Float(float) => self.float_cell(Cell::ABSENT, float),
            value => self.json_cell(Cell::ABSENT, value),
        }
    }

    /// The cell of a value that is written as the JSON of another cell, unless that cell is absent.
    pub(super) fn json_cell(&mut self, json: Cell, value: Value) -> Cell {
        let cell = Cell::value(self.values.len()).expect("a batch has fewer than 2^32 values");
        self.values.push((json, value));
        cell
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
            None => self.value_cell(kind.read(text).to_owned()),
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

    pub(super) fn set_grid(&mut self, grid: Vec<Cell>) {
        self.grid = grid;
    }

    /// Takes the memory of the grid out, to be refilled.
    pub(super) fn take_grid(&mut self) -> Vec<Cell> {
        std::mem::take(&mut self.grid)
    }

    /// Takes the text out, so that its memory can be reused.
    pub(super) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Removes the columns from `columns` on, the rows from `height` on, and the text from `text` on.
    pub(super) fn truncate(&mut self, columns: usize, height: usize, text: usize) {
        for column in self.columns.drain(columns..) {
            // A column of the grid is only ever added before the first row has ended.
            if let Column::Grid(_) = column {
                self.width -= 1;
            }
        }
        self.grid.truncate(height * self.width);
        for column in &mut self.columns {
            if let Column::Own(cells) = column {
                cells.truncate(height);
            }
        }
        self.text.truncate(text);
    }

    /// Adds a column at the end, with all cells absent. It is in the grid while there is no row.
    pub(super) fn push_column(&mut self, height: usize) {
        if height > 0 {
            self.columns.push(Column::Own(Vec::new()));
        } else {
            self.columns.push(Column::Grid(self.width));
            self.width += 1;
        }
    }

    /// Inserts a column, with all cells absent.
    pub(super) fn insert_column(&mut self, column: usize) {
        self.columns.insert(column, Column::Own(Vec::new()));
    }

    pub(super) fn remove_column(&mut self, column: usize) {
        self.columns.remove(column);
    }

    /// Keeps these columns, in this order. No column may appear twice.
    pub(super) fn select(&mut self, kept: &[usize]) {
        let take = |&column: &usize| std::mem::replace(&mut self.columns[column], Column::Grid(usize::MAX));
        self.columns = kept.iter().map(take).collect();
    }
}
