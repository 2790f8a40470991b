//! The file format: nothing but lines.

use godata_io::FileFormat;

/// Files of nothing but lines.
#[derive(Debug)]
pub struct JsonlFormat;

impl FileFormat for JsonlFormat {
    type Batch = ();
}
