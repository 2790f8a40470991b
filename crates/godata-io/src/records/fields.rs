//! The fields by which records go to files.

use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{Batch, CellRef, RecordRef, Records, Stop, to_record};
use serde::Serialize;

/// A batch whose records can be written one by one, and have fields by which a partitioned output tells them apart.
pub trait Fields: Batch {
    /// A record, borrowed.
    type Record<'a>;

    /// The record at an index from 0, or `None` if there are not so many.
    fn record(&self, index: usize) -> Option<Self::Record<'_>>;

    /// Calls `each` with every record in order: its index, and its cells of these fields, `None` for one that is
    /// absent; or why the record has no fields.
    ///
    /// # Errors
    /// Those of `each`, and a name that can't be one of the batch.
    fn cells(
        &self,
        names: &[Arc<str>],
        each: impl FnMut(usize, Result<&[Option<CellRef<'_>>], BoxError>) -> Result<(), Stop>,
    ) -> Result<(), Stop>;
}

impl Fields for Records {
    type Record<'a> = RecordRef<'a>;

    fn record(&self, index: usize) -> Option<RecordRef<'_>> {
        self.row(index)
    }

    fn cells(
        &self,
        names: &[Arc<str>],
        mut each: impl FnMut(usize, Result<&[Option<CellRef<'_>>], BoxError>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let columns: Vec<_> = names.iter().map(|name| self.find(name)).collect::<Result<_, _>>()?;
        let mut cells = Vec::with_capacity(columns.len());
        for (index, record) in self.iter().enumerate() {
            cells.clear();
            cells.extend(columns.iter().map(|column| column.and_then(|column| record.cell_at(column))));
            each(index, Ok(&cells))?;
        }
        Ok(())
    }
}

impl<T: Serialize + Send + 'static> Fields for Vec<T> {
    type Record<'a> = &'a T;

    fn record(&self, index: usize) -> Option<&T> {
        self.get(index)
    }

    fn cells(
        &self,
        names: &[Arc<str>],
        mut each: impl FnMut(usize, Result<&[Option<CellRef<'_>>], BoxError>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        for (index, item) in self.iter().enumerate() {
            match to_record(item) {
                Ok(record) => {
                    let cell = |name: &Arc<str>| record.get(name).map(CellRef::from);
                    each(index, Ok(&names.iter().map(cell).collect::<Vec<_>>()))?;
                }
                Err(error) => each(index, Err(error.into()))?,
            }
        }
        Ok(())
    }
}
