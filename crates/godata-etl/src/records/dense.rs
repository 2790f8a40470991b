//! The cells of a batch as a table.

use super::cell::Cell;
use super::sparse::Sparse;

/// The cells of a batch as a table.
///
/// The cells that were read are in one grid, row after row, as they come from a file. The cells that a step set are in a column
/// of their own.
#[derive(Clone, Debug)]
pub(super) struct Dense {
    /// The cells of the rows as they were read, `width` per row. Cells missing at the end are absent.
    grid: Vec<Cell>,
    width: usize,
    columns: Vec<Column>,
    /// How many cells have been skipped. Some were put later.
    skipped: usize,
    /// How many may be skipped until the cells are counted.
    limit: usize,
}

/// Where the cells of a column are.
#[derive(Clone, Debug)]
pub(super) enum Column {
    /// At this position in each row of the grid.
    Grid(usize),
    /// Here, by the index of the row. Cells missing at the end are absent.
    Own(Vec<Cell>),
}

/// A table with this many cells is never too sparse.
const SMALL: usize = 1 << 16;

/// How many cells there may be for each that is not absent.
const CELLS_PER_FIELD: usize = 8;

impl Default for Dense {
    fn default() -> Self {
        Self { grid: Vec::new(), width: 0, columns: Vec::new(), skipped: 0, limit: SMALL }
    }
}

impl Dense {
    pub(super) fn recycled(mut self, width: usize) -> Self {
        self.grid.clear();
        self.columns.clear();
        self.columns.extend((0..width).map(Column::Grid));
        Self { width, skipped: 0, limit: SMALL, ..self }
    }

    pub(super) fn capacity(&self) -> usize {
        let cells = self.grid.capacity() + self.own().map(Vec::capacity).sum::<usize>();
        cells * size_of::<Cell>()
    }

    pub(super) fn columns(&self) -> usize {
        self.columns.len()
    }

    #[inline(always)]
    pub(super) fn get(&self, column: usize, row: usize) -> Cell {
        let cell = match self.columns.get(column) {
            Some(&Column::Grid(place)) => self.grid.get(row * self.width + place),
            Some(Column::Own(cells)) => cells.get(row),
            None => None,
        };
        cell.copied().unwrap_or(Cell::ABSENT)
    }

    /// The cells of a row, column by column.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = Cell> {
        let cells = self.grid.get(row * self.width..).unwrap_or_default();
        self.columns.iter().map(move |column| {
            let cell = match column {
                Column::Grid(place) => cells.get(*place),
                Column::Own(cells) => cells.get(row),
            };
            // Cells missing at the end of the last row are absent.
            cell.copied().unwrap_or(Cell::ABSENT)
        })
    }

    /// Puts a cell at a position. The column must exist. Returns false, and puts nothing, if that would make the table too
    /// sparse.
    #[inline]
    pub(super) fn put(&mut self, column: usize, row: usize, cell: Cell) -> bool {
        let (cells, at) = match &mut self.columns[column] {
            Column::Grid(place) => (&mut self.grid, row * self.width + *place),
            Column::Own(cells) => (cells, row),
        };
        if let Some(known) = cells.get_mut(at) {
            *known = cell;
            return true;
        }
        let skipped = at - cells.len();
        if skipped == 0 {
            cells.push(cell);
            return true;
        }
        self.put_after(skipped, column, at, cell)
    }

    /// Puts a cell where `skipped` cells before it are missing.
    fn put_after(&mut self, skipped: usize, column: usize, at: usize, cell: Cell) -> bool {
        if !self.has_room_for(skipped) {
            return false;
        }
        let cells = match &mut self.columns[column] {
            Column::Grid(_) => &mut self.grid,
            Column::Own(cells) => cells,
        };
        cells.resize(at, Cell::ABSENT);
        cells.push(cell);
        true
    }

    /// Whether `skipped` more cells can be absent.
    fn has_room_for(&mut self, skipped: usize) -> bool {
        self.skipped += skipped;
        if self.skipped <= self.limit {
            return true;
        }
        let cells = || self.own().chain([&self.grid]).flatten();
        let len = cells().count() + skipped;
        if len > SMALL && len > CELLS_PER_FIELD * cells().filter(|cell| !cell.is_absent()).count() {
            return false;
        }
        // The next count comes only after as many skipped cells as this one has read, so counting costs no more than they.
        self.limit = self.skipped + len.max(SMALL);
        true
    }

    /// The same cells without those that are absent.
    pub(super) fn to_sparse(&self) -> Sparse {
        let mut sparse = Sparse::default();
        let in_grid = self.grid.len().checked_div(self.width).map_or(0, |rows| rows + 1);
        let rows = self.own().map(Vec::len).fold(in_grid, usize::max);
        for row in 0..rows {
            let present = self.row(row).enumerate().filter(|(_, cell)| !cell.is_absent());
            present.for_each(|(column, cell)| sparse.put(column, row, cell));
        }
        sparse
    }

    pub(super) fn is_used(&self, column: usize, rows: &[u32]) -> bool {
        rows.iter().any(|&row| !self.get(column, row as usize).is_absent())
    }

    pub(super) fn set_grid(&mut self, grid: Vec<Cell>) {
        self.grid = grid;
    }

    pub(super) fn take_grid(&mut self) -> Vec<Cell> {
        std::mem::take(&mut self.grid)
    }

    pub(super) fn truncate(&mut self, columns: usize, height: usize) {
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
    }

    pub(super) fn push_column(&mut self, height: usize) {
        if height > 0 {
            self.columns.push(Column::Own(Vec::new()));
        } else {
            self.columns.push(Column::Grid(self.width));
            self.width += 1;
        }
    }

    pub(super) fn insert_column(&mut self, column: usize) {
        self.columns.insert(column, Column::Own(Vec::new()));
    }

    pub(super) fn remove_column(&mut self, column: usize) {
        self.columns.remove(column);
    }

    pub(super) fn select(&mut self, kept: &[usize]) {
        let take = |&column: &usize| std::mem::replace(&mut self.columns[column], Column::Grid(usize::MAX));
        self.columns = kept.iter().map(take).collect();
    }

    /// The columns that are not in the grid.
    fn own(&self) -> impl Iterator<Item = &Vec<Cell>> {
        self.columns.iter().filter_map(|column| match column {
            Column::Grid(_) => None,
            Column::Own(cells) => Some(cells),
        })
    }
}
