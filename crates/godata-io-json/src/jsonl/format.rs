//! Lines in files.

use godata_io::FileFormat;

/// Files that have nothing but lines.
#[derive(Debug)]
pub struct JsonlFormat;

impl FileFormat for JsonlFormat {
    type Batch = ();
}
