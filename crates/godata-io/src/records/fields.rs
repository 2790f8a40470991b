//! The fields that decide the file of a record.

use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{Batch, CellRef, RecordRef, Records, Stop, to_record};
use serde::Serialize;

/// A batch whose records can be encoded one by one, and whose fields can decide the file of a record in a partitioned
/// output. It is implemented for [`Records`] and for vectors of structs.
pub trait Fields: Batch {
    /// A record, borrowed.
    type Record<'a>;

    /// The record at an index from 0, or `None` if there are fewer records.
    fn record(&self, index: usize) -> Option<Self::Record<'_>>;

    /// Calls `each` for every record in order, with its index and its cells of the named fields, or the reason why the
    /// record has no fields. An absent field is `None`.
    ///
    /// # Errors
    ///
    /// The errors of `each`, and a name that the batch can't have.
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
