//! A file of lines that is being written.

use godata_core::BoxError;
use godata_etl::{BlockingSink, RunScope};
use godata_io::OutputFile;

/// A file that is being written: it takes the encoded batches as they are.
#[derive(Debug)]
pub struct JsonlSink {
    file: OutputFile,
    scope: RunScope,
}

impl JsonlSink {
    pub(super) fn new(file: OutputFile, scope: &RunScope) -> Self {
        Self { file, scope: scope.clone() }
    }
}

impl BlockingSink<Vec<u8>> for JsonlSink {
    fn write(&mut self, encoded: Vec<u8>) -> Result<(), BoxError> {
        self.file.write_all(&encoded)?;
        self.scope.count_bytes_written(encoded.len() as u64);
        self.scope.recycle(encoded);
        Ok(())
    }

    fn commit(self) -> Result<(), BoxError> {
        Ok(self.file.commit()?)
    }
}
