//! Values that JSON can't hold.

use serde::Serialize;

use crate::JsonError;
use crate::error::long_excerpt;
use crate::located::Located;

/// A value that JSON can't hold, and in which field.
pub(super) type Unwritable = Located<Problem>;

/// Why JSON can't hold a value.
#[derive(Debug)]
pub(super) enum Problem {
    Bytes,
    NotFinite(f64),
    /// A timestamp, in its `Display` form.
    Timestamp(String),
    Serialize(serde_json::Error),
}

impl From<Unwritable> for JsonError {
    fn from(unwritable: Unwritable) -> Self {
        let (path, problem) = unwritable.into_parts();
        let path = long_excerpt(&path);
        match problem {
            Problem::Bytes => Self::Bytes { path },
            Problem::NotFinite(value) => Self::NotFinite { path, value },
            Problem::Timestamp(value) => Self::Timestamp { path, value },
            Problem::Serialize(source) => Self::Serialize { path, source },
        }
    }
}

/// Writes a value that serde_json can write.
pub(super) fn write_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), Unwritable> {
    serde_json::to_writer(out, value).map_err(|error| Problem::Serialize(error).into())
}
