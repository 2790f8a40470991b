//! An array that is being written.

use godata_core::BoxError;
use godata_etl::{BlockingSink, RunScope};
use godata_io::OutputFile;

/// A file that is being written: it takes the encoded batches, each of which begins with a comma.
#[derive(Debug)]
pub struct JsonSink {
    file: OutputFile,
    scope: RunScope,
    pretty: bool,
    /// Whether nothing was written.
    empty: bool,
}

impl JsonSink {
    pub(super) fn new(file: OutputFile, pretty: bool, scope: &RunScope) -> Self {
        Self { file, scope: scope.clone(), pretty, empty: true }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), BoxError> {
        self.file.write_all(bytes)?;
        self.scope.count_bytes_written(bytes.len() as u64);
        Ok(())
    }
}

impl BlockingSink<Vec<u8>> for JsonSink {
    fn write(&mut self, mut encoded: Vec<u8>) -> Result<(), BoxError> {
        if let Some(comma) = encoded.first_mut().filter(|_| self.empty) {
            *comma = b'[';
            self.empty = false;
        }
        self.put(&encoded)?;
        self.scope.recycle(encoded);
        Ok(())
    }

    fn commit(mut self) -> Result<(), BoxError> {
        let end: &[u8] = match (self.empty, self.pretty) {
            (true, _) => b"[]",
            (false, false) => b"]",
            (false, true) => b"\n]",
        };
        self.put(end)?;
        Ok(self.file.commit()?)
    }
}
