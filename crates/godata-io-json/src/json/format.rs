//! The file format: one array per file.

use godata_core::BoxError;
use godata_io::FileFormat;

/// Files that each hold one array.
#[derive(Debug)]
pub struct JsonFormat {
    pretty: bool,
}

impl JsonFormat {
    pub(super) fn new(pretty: bool) -> Self {
        Self { pretty }
    }
}

impl FileFormat for JsonFormat {
    type Batch = ();

    const SEPARATOR: &'static [u8] = b",";

    /// The array of an existing file is finished.
    const APPENDS: bool = false;

    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), BoxError> {
        out.push(b'[');
        Ok(())
    }

    fn end(&self, records: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.pretty && records > 0 { b"\n]" } else { b"]" });
    }
}
