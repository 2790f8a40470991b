//! A CSV file that is written.

use std::{fmt, sync::Arc};

use godata_core::BoxError;
use godata_etl::{BlockingSink, RunScope, Shape};
use godata_io::OutputFile;

use crate::{
    CsvError,
    encode::Encoded,
    quoting::{Quoting, end_record},
    realign::realign,
};

/// Writes the header, and the records under it.
pub struct CsvSink {
    file: OutputFile,
    quoting: Quoting,
    has_header: bool,
    /// The names of the first batch.
    names: Option<Arc<Shape>>,
    scope: RunScope,
}

impl CsvSink {
    pub(crate) fn new(file: OutputFile, quoting: Quoting, has_header: bool, scope: &RunScope) -> Self {
        Self { file, quoting, has_header, names: None, scope: scope.clone() }
    }

    /// The names by which all records are written: those of the first batch.
    fn begin(&mut self, encoded: &Encoded) -> Result<Arc<Shape>, BoxError> {
        if let Some(names) = &self.names {
            return Ok(Arc::clone(names));
        }
        let names = Arc::clone(&encoded.names);
        if names.is_empty() {
            return Err(CsvError::NoFields.into());
        }
        if self.has_header {
            let mut header = Vec::new();
            for (position, name) in names.names().enumerate() {
                if position > 0 {
                    self.quoting.delimit(&mut header);
                }
                self.quoting.push(&mut header, name, name)?;
            }
            end_record(&mut header, 0);
            self.append(&header)?;
        }
        self.names = Some(Arc::clone(&names));
        Ok(names)
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
            realign(&self.quoting, &names, &encoded, &mut aligned)?;
            self.append(&aligned)?;
            self.scope.recycle(aligned);
        }
        self.scope.recycle(encoded.bytes);
        Ok(())
    }

    fn commit(self) -> Result<(), BoxError> {
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
