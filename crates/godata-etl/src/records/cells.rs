//! The cells of a batch, by row and column.

use std::ops::Range;
use std::slice;

use super::cell::Cell;
use super::dense::Dense;
use super::sparse::Sparse;

/// The cells of a batch, by row and column. Cells that were not put are absent.
///
/// Most batches are tables: their rows have the same fields. If the rows have fields of their own, such as ids as keys, then a
/// table would have a cell for each row and each name. So once a table has many more cells than the rows have fields, only the
/// fields are kept. `n` fields in `m` rows therefore take at most 256 (n + m) bytes and 2 MiB.
#[derive(Clone, Debug)]
pub(super) enum Cells {
    Dense(Dense),
    Sparse(Sparse),
}

/// The columns in which a row may have a cell, in order.
#[derive(Clone, Debug)]
pub(super) enum Positions<'a> {
    All(Range<usize>),
    Present(slice::Iter<'a, (u32, Cell)>),
}

impl Default for Cells {
    fn default() -> Self {
        Self::Dense(Dense::default())
    }
}

impl Cells {
    /// No rows of `width` columns, in the memory of `self`.
    pub(super) fn recycled(self, width: usize) -> Self {
        let dense = match self {
            Self::Dense(dense) => dense,
            Self::Sparse(_) => Dense::default(),
        };
        Self::Dense(dense.recycled(width))
    }

    /// How many bytes of memory it has.
    pub(super) fn capacity(&self) -> usize {
        match self {
            Self::Dense(dense) => dense.capacity(),
            Self::Sparse(sparse) => sparse.capacity(),
        }
    }

    #[inline(always)]
    pub(super) fn get(&self, column: usize, row: usize) -> Cell {
        match self {
            Self::Dense(dense) => dense.get(column, row),
            Self::Sparse(sparse) => sparse.get(column, row),
        }
    }

    /// Puts a cell at a position. The column must exist.
    #[inline]
    pub(super) fn put(&mut self, column: usize, row: usize, cell: Cell) {
        let is_put = match self {
            Self::Dense(dense) => dense.put(column, row, cell),
            Self::Sparse(_) => false,
        };
        if !is_put {
            self.put_sparse(column, row, cell);
        }
    }

    #[cold]
    fn put_sparse(&mut self, column: usize, row: usize, cell: Cell) {
        self.make_sparse();
        if let Self::Sparse(sparse) = self {
            sparse.put(column, row, cell);
        }
    }

    /// Keeps only the cells that are not absent.
    pub(super) fn make_sparse(&mut self) {
        if let Self::Dense(dense) = self {
            *self = Self::Sparse(dense.to_sparse());
        }
    }

    pub(super) fn positions(&self, row: usize) -> Positions<'_> {
        match self {
            Self::Dense(dense) => Positions::All(0..dense.columns()),
            Self::Sparse(sparse) => Positions::Present(sparse.row(row).iter()),
        }
    }

    /// For each column, whether one of these rows has a cell in it.
    pub(super) fn used(&self, columns: usize, rows: &[u32]) -> Vec<bool> {
        match self {
            Self::Dense(dense) => (0..columns).map(|column| dense.is_used(column, rows)).collect(),
            Self::Sparse(sparse) => sparse.used(columns, rows),
        }
    }

    /// Removes the columns from `columns` on, and the rows from `height` on. Only the removed rows have cells in the
    /// removed columns.
    pub(super) fn truncate(&mut self, columns: usize, height: usize) {
        match self {
            Self::Dense(dense) => dense.truncate(columns, height),
            Self::Sparse(sparse) => sparse.truncate(height),
        }
    }

    /// Adds a column at the end. It is in the grid while there is no row.
    pub(super) fn push_column(&mut self, height: usize) {
        if let Self::Dense(dense) = self {
            dense.push_column(height);
        }
    }

    pub(super) fn insert_column(&mut self, column: usize) {
        match self {
            Self::Dense(dense) => dense.insert_column(column),
            Self::Sparse(sparse) => sparse.insert_column(column),
        }
    }

    pub(super) fn remove_column(&mut self, column: usize) {
        match self {
            Self::Dense(dense) => dense.remove_column(column),
            Self::Sparse(sparse) => sparse.remove_column(column),
        }
    }

    /// Keeps these columns, in this order. No column may occur twice.
    pub(super) fn select(&mut self, kept: &[usize]) {
        match self {
            Self::Dense(dense) => dense.select(kept),
            Self::Sparse(sparse) => sparse.select(kept),
        }
    }
}

impl Iterator for Positions<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        match self {
            Self::All(columns) => columns.next(),
            Self::Present(cells) => cells.next().map(|&(column, _)| column as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cell::Kind;
    use super::*;

    fn cell(n: usize) -> Cell {
        Cell::text(n, 1, Kind::Text).unwrap()
    }

    /// Checks the bound that [`Cells`] states.
    #[track_caller]
    fn assert_bounded(cells: &Cells, fields: usize, rows: usize) {
        assert!(cells.capacity() <= 256 * (fields + rows) + (2 << 20), "{}", cells.capacity());
    }

    #[test]
    fn rows_with_names_of_their_own_take_memory_by_their_fields() {
        let rows = 20_000;
        let mut cells = Cells::default();
        for row in 0..rows {
            cells.push_column(row);
            cells.put(row, row, cell(row));
        }
        assert_bounded(&cells, rows, rows);
        for row in 0..rows {
            assert_eq!(cells.get(row, row), cell(row));
            assert_eq!(cells.positions(row).collect::<Vec<_>>(), [row]);
        }
        assert!(cells.get(3, 7).is_absent());
    }

    #[test]
    fn a_wide_row_before_many_short_ones_does_not_make_them_wide() {
        let (width, rows) = (10_000, 50_000);
        let mut cells = Cells::default();
        (0..width).for_each(|_| cells.push_column(0));
        (0..width).for_each(|column| cells.put(column, 0, cell(column)));
        cells.put(width - 1, rows, cell(1));
        (1..rows).for_each(|row| cells.put(row % width, row, cell(row)));
        assert_bounded(&cells, width + rows, rows);
        assert_eq!((cells.get(5, 0), cells.get(width - 1, rows)), (cell(5), cell(1)));
    }

    #[test]
    fn a_full_table_stays_a_table() {
        let (columns, rows) = (100, 3_000);
        let mut cells = Cells::default();
        (0..columns).for_each(|_| cells.push_column(0));
        for row in 0..rows {
            // The last field comes first, so that each row begins with a gap.
            (0..columns).rev().for_each(|column| cells.put(column, row, cell(row)));
        }
        assert!(matches!(cells, Cells::Dense(_)));
    }
}
