//! The cells of a batch without those that are absent.

use super::cell::Cell;

/// The cells of a batch without those that are absent: for each row, its cells with their columns, in the order of the columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Sparse {
    rows: Vec<Vec<(u32, Cell)>>,
}

impl Sparse {
    pub(super) fn capacity(&self) -> usize {
        let cells: usize = self.rows.iter().map(Vec::capacity).sum();
        cells * size_of::<(u32, Cell)>() + self.rows.capacity() * size_of::<Vec<(u32, Cell)>>()
    }

    pub(super) fn row(&self, row: usize) -> &[(u32, Cell)] {
        self.rows.get(row).map(Vec::as_slice).unwrap_or_default()
    }

    #[cold]
    pub(super) fn get(&self, column: usize, row: usize) -> Cell {
        let row = self.row(row);
        row.binary_search_by_key(&key(column), |&(column, _)| column).map_or(Cell::ABSENT, |at| row[at].1)
    }

    pub(super) fn put(&mut self, column: usize, row: usize, cell: Cell) {
        if self.rows.len() <= row {
            self.rows.resize_with(row + 1, Vec::new);
        }
        let row = &mut self.rows[row];
        match row.binary_search_by_key(&key(column), |&(column, _)| column) {
            Ok(at) if cell.is_absent() => drop(row.remove(at)),
            Ok(at) => row[at].1 = cell,
            Err(_) if cell.is_absent() => {}
            Err(at) => {
                // Most rows have few cells, so this grows by one and not to the usual four.
                row.reserve_exact(usize::from(row.is_empty()));
                row.insert(at, (key(column), cell));
            }
        }
    }

    pub(super) fn used(&self, columns: usize, rows: &[u32]) -> Vec<bool> {
        let mut used = vec![false; columns];
        let cells = rows.iter().flat_map(|&row| self.row(row as usize));
        cells.for_each(|&(column, _)| used[column as usize] = true);
        used
    }

    pub(super) fn truncate(&mut self, height: usize) {
        self.rows.truncate(height);
    }

    pub(super) fn insert_column(&mut self, inserted: usize) {
        self.renumber(|column| Some(if column < key(inserted) { column } else { column + 1 }));
    }

    pub(super) fn remove_column(&mut self, removed: usize) {
        self.renumber(|column| match column.cmp(&key(removed)) {
            std::cmp::Ordering::Less => Some(column),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(column - 1),
        });
    }

    pub(super) fn select(&mut self, kept: &[usize]) {
        let mut columns = vec![None; kept.iter().max().map_or(0, |&last| last + 1)];
        kept.iter().zip(0..).for_each(|(&column, position)| columns[column] = Some(position));
        self.renumber(|column| columns.get(column as usize).copied().flatten());
        self.rows.iter_mut().for_each(|row| row.sort_unstable_by_key(|&(column, _)| column));
    }

    /// Moves the cells of each column to another one, or removes them.
    fn renumber(&mut self, column: impl Fn(u32) -> Option<u32>) {
        for row in &mut self.rows {
            row.retain_mut(|(at, _)| {
                column(*at).is_some_and(|column| {
                    *at = column;
                    true
                })
            });
        }
    }
}

/// A column has a name of its own, and the names of a batch fit into memory.
fn key(column: usize) -> u32 {
    u32::try_from(column).unwrap_or(u32::MAX)
}
