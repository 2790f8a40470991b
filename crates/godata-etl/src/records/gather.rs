//! Several rows in place of one.

use std::sync::Arc;

use super::batch::Records;
use super::cell::{Cell, Kind};
use super::cells::Cells;
use super::shape::Shape;
use super::shape_error::ShapeError;
use super::storage::Storage;
use super::value::Value;

impl Records {
    /// Rows in place of those of the batch: each is the row at a position, which ascend, with a value in `column`.
    pub(crate) fn repeat(&mut self, column: usize, made: Vec<(u32, Option<Value>)>) {
        let columns: Vec<usize> = (0..self.shape.len()).collect();
        self.gather(made.iter().map(|(position, _)| *position), &columns, columns.len());
        for (row, (_, value)) in made.into_iter().enumerate() {
            if let Some(value) = value {
                self.storage.put_value(column, row, value);
            }
        }
    }

    /// A row for each of these fields in place of each row. It has the name of the field in `name` and its value in `value`,
    /// and the other fields as they were.
    pub(crate) fn unpivot<S: AsRef<str>>(
        &mut self,
        names: &[S],
        name: &str,
        value: &str,
    ) -> Result<(), ShapeError> {
        let found: Vec<_> = names.iter().map(|name| self.find(name.as_ref())).collect::<Result<_, _>>()?;
        let is_double =
            |&(at, name): &(usize, &S)| names[..at].iter().any(|other| other.as_ref() == name.as_ref());
        if let Some((_, double)) = names.iter().enumerate().find(is_double) {
            return Err(ShapeError::Duplicate { name: double.as_ref().to_owned() });
        }
        let kept: Vec<usize> =
            (0..self.shape.len()).filter(|column| !found.contains(&Some(*column))).collect();
        let others = kept.iter().map(|&column| Arc::clone(&self.shape.as_slice()[column]));
        let shape = Shape::new(others.chain([name.into(), value.into()]))?;
        let rows = self.rows.clone();
        let positions = (0..).zip(&rows).flat_map(|(position, _)| names.iter().map(move |_| position));
        let before = self.gather(positions, &kept, shape.len());
        self.shape = Arc::new(shape);
        for (field, column) in found.into_iter().enumerate() {
            let label = self.storage.text_cell(0, names[field].as_ref(), Kind::Text);
            for (position, &row) in rows.iter().enumerate() {
                let to = position * names.len() + field;
                let label = if position == 0 { label } else { self.storage.copied(label) };
                let cell = column.map_or(Cell::ABSENT, |column| before.get(column, row as usize));
                self.storage.put(kept.len(), to, label);
                self.storage.put(kept.len() + 1, to, if cell.is_absent() { Cell::NULL } else { cell });
            }
        }
        Ok(())
    }

    /// Makes the rows at these positions, which ascend and may repeat, the rows of the batch, with these of their columns and
    /// empty ones after them. Returns the cells as they were.
    fn gather(&mut self, positions: impl Iterator<Item = u32>, columns: &[usize], width: usize) -> Cells {
        let rows: Vec<u32> = positions.filter_map(|at| self.rows.get(at as usize).copied()).collect();
        let before = self.storage.gather(&rows, columns, width);
        self.empties.gather(&rows);
        self.height = rows.len();
        self.rows.clear();
        // As many rows as there are values of `u32` would not fit into memory.
        self.rows.extend(0..u32::try_from(self.height).unwrap_or(u32::MAX));
        self.sources.clear();
        before
    }
}

impl Storage {
    /// Replaces the cells by those of other rows and columns, and returns the old ones.
    fn gather(&mut self, rows: &[u32], columns: &[usize], width: usize) -> Cells {
        let before = self.replace_cells(Cells::default().recycled(width));
        let most = columns.iter().map(|&column| column + 1).max().unwrap_or(0);
        let mut places = vec![None; most];
        columns.iter().enumerate().for_each(|(place, &column)| places[column] = Some(place));
        let mut last = None;
        for (to, &from) in rows.iter().enumerate() {
            let is_repeated = last.replace(from) == Some(from);
            for column in before.positions(from as usize) {
                let Some(&Some(place)) = places.get(column) else { continue };
                let cell = before.get(column, from as usize);
                if !cell.is_absent() {
                    let cell = if is_repeated { self.copied(cell) } else { cell };
                    self.put(place, to, cell);
                }
            }
        }
        before
    }
}
