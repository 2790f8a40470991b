//! CSV as a file format: a header, and records below it.

use std::fmt;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{RunScope, Shape};
use godata_io::{Encoded, FileFormat, OldContent};

use crate::quoting::{CellWriter, Kind};
use crate::realign::realign;
use crate::{CsvError, open};

/// Writes the header, and makes sure that all records have its columns.
pub struct CsvFormat {
    cells: CellWriter,
    has_header: bool,
    /// The given names, or those of the first batch.
    names: Option<Arc<Shape>>,
    scope: RunScope,
}

impl CsvFormat {
    pub(crate) fn new(
        cells: CellWriter,
        has_header: bool,
        names: Option<Arc<Shape>>,
        scope: &RunScope,
    ) -> Self {
        Self { cells, has_header, names, scope: scope.clone() }
    }
}

impl FileFormat for CsvFormat {
    type Batch = Arc<Shape>;

    fn prepare(&mut self, mut encoded: Encoded<Arc<Shape>>) -> Result<Encoded<Arc<Shape>>, BoxError> {
        let names = self.names.get_or_insert_with(|| Arc::clone(encoded.batch()));
        if names.is_empty() {
            return Err(CsvError::NoFields.into());
        }
        if names != encoded.batch() {
            let old = realign(&self.cells, names, &mut encoded, self.scope.buffer())?;
            self.scope.recycle(old);
        }
        Ok(encoded)
    }

    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), BoxError> {
        let Some(names) = self.names.as_ref().filter(|_| self.has_header) else { return Ok(()) };
        let start = out.len();
        for (position, name) in names.names().enumerate() {
            if position > 0 {
                self.cells.delimit(out);
            }
            self.cells.push(out, name, name, Kind::Text)?;
        }
        self.cells.end_record(out, start);
        Ok(())
    }

    fn resume(&mut self, old: &OldContent, out: &mut Vec<u8>) -> Result<(), BoxError> {
        if !matches!(old.last(), b'\n' | b'\r') {
            out.extend_from_slice(self.cells.terminator());
        }
        if !self.has_header {
            return Ok(());
        }
        let mut header = Vec::new();
        self.begin(&mut header)?;
        Ok(open::same_header(old.head(), &header, self.cells.dialect())?)
    }
}

impl fmt::Debug for CsvFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvFormat").field("names", &self.names).finish_non_exhaustive()
    }
}
