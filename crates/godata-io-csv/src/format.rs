//! A CSV file that is written.

use std::{fmt, sync::Arc};

use godata_core::BoxError;
use godata_etl::{BlockingSink, RunScope, Shape};
use godata_io::OutputFile;

use crate::{
    CsvError,
    encode::Encoded,
    quoting::{CellWriter, Kind},
    realign::realign,
};

/// Writes the header, and the records under it.
pub struct CsvSink {
    file: OutputFile,
    cells: CellWriter,
    /// Whether the header is to be written, still.
    owes_header: bool,
    /// The names that were given, or else those of the first batch.
    names: Option<Arc<Shape>>,
    scope: RunScope,
}

impl CsvSink {
    pub(crate) fn new(
        file: OutputFile,
        cells: CellWriter,
        names: Option<Arc<Shape>>,
        scope: &RunScope,
    ) -> Self {
        Self { file, cells, owes_header: true, names, scope: scope.clone() }
    }

    #[must_use]
    pub(crate) fn no_header(mut self) -> Self {
        self.owes_header = false;
        self
    }

    /// The names by which all records are written.
    fn begin(&mut self, encoded: &Encoded) -> Result<Arc<Shape>, BoxError> {
        let names = Arc::clone(self.names.get_or_insert_with(|| Arc::clone(&encoded.names)));
        if names.is_empty() {
            return Err(CsvError::NoFields.into());
        }
        self.header(&names)?;
        Ok(names)
    }

    fn header(&mut self, names: &Shape) -> Result<(), BoxError> {
        if !std::mem::take(&mut self.owes_header) {
            return Ok(());
        }
        let mut header = Vec::new();
        for (position, name) in names.names().enumerate() {
            if position > 0 {
                self.cells.delimit(&mut header);
            }
            self.cells.push(&mut header, name, name, Kind::Text)?;
        }
        self.cells.end_record(&mut header, 0);
        self.append(&header)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), BoxError> {
        self.file.write_all(bytes)?;
        self.scope.count_bytes_written(bytes.len() as u64);
        Ok(())
    }
}

impl BlockingSink<Encoded> for CsvSink {
    fn write(&mut self, encoded: Encoded) -> Result<(), BoxError> {
        let names = self.begin(&encoded)?;
        if names == encoded.names {
            self.append(&encoded.bytes)?;
        } else {
            let mut aligned = self.scope.buffer();
            realign(&self.cells, &names, &encoded, &mut aligned)?;
            self.append(&aligned)?;
            self.scope.recycle(aligned);
        }
        self.scope.recycle(encoded.bytes);
        Ok(())
    }

    fn commit(mut self) -> Result<(), BoxError> {
        if let Some(names) = self.names.take() {
            self.header(&names)?;
        }
        Ok(self.file.commit()?)
    }
}

impl fmt::Debug for CsvSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvSink")
            .field("file", &self.file)
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}
