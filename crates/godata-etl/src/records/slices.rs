//! Builds a batch from parts of one text.

use std::sync::Arc;

use super::batch::Records;
use super::cell::{Cell, Kind};
use super::shape::Shape;

/// Builds a batch from parts of one text, which is not copied: a block of a file, say. For readers of formats.
///
/// All rows have all fields of the shape. The text is given at the end, to [`finish`](Self::finish), so it can be bytes
/// that are checked later. For everything else, use [`RecordsBuilder`](crate::RecordsBuilder).
///
/// ```
/// use std::sync::Arc;
/// use godata_etl::{Records, Shape, SlicesBuilder, record};
///
/// let shape = Arc::new(Shape::new(["id", "amount"])?);
/// let mut builder = SlicesBuilder::new(&shape, Records::new());
/// builder.push(0, 3);
/// builder.push(4, 5);
///
/// let rows = builder.finish("A-1,12.50\n".into()).map(Records::into_records);
/// assert_eq!(rows, Ok(vec![record! {"id" => "A-1", "amount" => "12.50"}]));
/// # Ok::<(), godata_etl::ShapeError>(())
/// ```
#[derive(Debug)]
pub struct SlicesBuilder {
    records: Records,
    cells: Vec<Cell>,
}

impl SlicesBuilder {
    /// A builder of rows of this shape, in the memory of a batch that is no longer needed.
    #[must_use]
    pub fn new(shape: &Arc<Shape>, memory: Records) -> Self {
        let mut records = Records::recycled(Arc::clone(shape), memory);
        let cells = records.storage.take_grid();
        Self { records, cells }
    }

    /// Adds the next cell, in the order of the shape, row after row: `len` bytes of the text from `start` on. They must be
    /// within the text. This is not checked: the content of a cell beyond the text is unspecified.
    #[inline]
    pub fn push(&mut self, start: usize, len: usize) {
        self.cells.push(Cell::text_unchecked(start, len, Kind::Text));
    }

    /// The number of whole rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.cells.len().checked_div(self.records.shape().len()).unwrap_or_default()
    }

    /// Removes the last cells, such as those of a record that turns out to have too many.
    pub fn pop(&mut self, cells: usize) {
        self.cells.truncate(self.cells.len().saturating_sub(cells));
    }

    /// The batch of rows whose cells are parts of `text`. A part that starts or ends within a character becomes an empty
    /// text.
    ///
    /// # Errors
    ///
    /// The text, if it has 512 MiB or more, which is too long for a batch.
    ///
    /// # Panics
    ///
    /// If the last row lacks cells.
    pub fn finish(self, text: String) -> Result<Records, String> {
        let Self { mut records, cells } = self;
        if Cell::text(text.len(), text.len(), Kind::Text).is_none() {
            return Err(text);
        }
        records.fill(cells, text);
        Ok(records)
    }

    /// Discards the rows and returns the memory, for later use.
    #[must_use]
    pub fn discard(self) -> Records {
        let Self { mut records, cells } = self;
        records.storage.set_grid(cells);
        records
    }
}
