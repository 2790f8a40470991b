//! What JSON can't hold, and where it stood.

use godata_etl::ValueRef;
use serde::Serialize;

use crate::{JsonError, excerpt::cut};

/// How much of a path is told.
const PATH: usize = 300;

/// A value that JSON can't hold. Its path grows from the inside while the error is returned.
#[derive(Debug)]
pub(super) struct Unwritable(Box<Parts>);

#[derive(Debug)]
struct Parts {
    path: String,
    problem: Problem,
}

/// What JSON can't hold.
#[derive(Debug)]
pub(super) enum Problem {
    Bytes,
    NotFinite(f64),
    /// A timestamp, in its `Display`.
    Timestamp(String),
    Serialize(serde_json::Error),
}

impl Unwritable {
    /// Of a value that is a field.
    pub(super) fn in_field(self, name: &str) -> Self {
        self.within(name)
    }

    /// Of a value that is an element of a list, counted from 0.
    pub(super) fn in_index(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }

    pub(super) fn timestamp(value: ValueRef<'_>) -> Self {
        Problem::Timestamp(value.to_string()).into()
    }

    fn within(mut self, outer: &str) -> Self {
        let path = &mut self.0.path;
        let separator = if path.is_empty() || path.starts_with('[') { "" } else { "." };
        path.insert_str(0, separator);
        path.insert_str(0, outer);
        self
    }
}

impl From<Problem> for Unwritable {
    fn from(problem: Problem) -> Self {
        Self(Box::new(Parts { path: String::new(), problem }))
    }
}

impl From<Unwritable> for JsonError {
    fn from(unwritable: Unwritable) -> Self {
        let Parts { path, problem } = *unwritable.0;
        let path = cut(&path, PATH);
        match problem {
            Problem::Bytes => Self::Bytes { path },
            Problem::NotFinite(value) => Self::NotFinite { path, value },
            Problem::Timestamp(value) => Self::Timestamp { path, value },
            Problem::Serialize(source) => Self::Serialize { path, source },
        }
    }
}

/// Writes what serde_json knows how to write.
pub(super) fn write_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), Unwritable> {
    serde_json::to_writer(out, value).map_err(|error| Problem::Serialize(error).into())
}
