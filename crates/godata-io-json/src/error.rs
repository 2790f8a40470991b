//! How reading and writing JSON fail.

use std::{fmt, sync::Arc};

/// What is wrong with a record that is read or written.
///
/// It names the column (bytes from 1, within the line that the pipeline's error names), the field and the value. File and line
/// are for the [`PipelineError`](godata_etl::PipelineError) whose cause this is:
/// `read failed at record 101 (orders.jsonl:103)`.
///
/// Fields are told as paths such as `customer.emails[2]`; a `path` is empty for the record as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// A line is not JSON.
    #[error("column {column}: {reason}")]
    Syntax {
        /// Where, in bytes from 1.
        column: usize,
        /// What was expected.
        reason: String,
    },
    /// A value is not of the type that the record has there.
    #[error("column {column}: {}expected {expected}, found {found}", Field(.path))]
    Mismatch {
        /// Where decoding stopped, in bytes from 1: at the end of the value, most of the time.
        column: usize,
        /// The field.
        path: String,
        /// What the type needs.
        expected: String,
        /// What there is, in at most some 80 characters.
        found: String,
    },
    /// The type refuses a value, or lacks one.
    #[error("column {column}: {}{reason}{}", Field(.path), Found(.found))]
    Invalid {
        /// Where decoding stopped, in bytes from 1.
        column: usize,
        /// The field.
        path: String,
        /// What the type said.
        reason: String,
        /// What there is, if it is no array or object and the reason does not tell it already.
        found: Option<String>,
    },
    /// A number that no 64-bit float can hold.
    #[error("column {column}: {}the number `{digits}` is beyond the range of a 64-bit float", Field(.path))]
    NumberRange {
        /// Where the number begins, in bytes from 1.
        column: usize,
        /// The field.
        path: String,
        /// The number.
        digits: String,
    },
    /// A dynamic record is nested deeper than it may be.
    #[error("column {column}: nested over {max_depth} deep")]
    TooDeep {
        /// Where the array or object begins that is one too many, in bytes from 1.
        column: usize,
        /// How deep it may be.
        max_depth: usize,
    },
    /// What is to be a dynamic record is not an object.
    #[error("expected an object, found {found}")]
    NotAnObject {
        /// What there is.
        found: String,
    },
    /// An object of a dynamic record has a key twice.
    #[error("column {column}: field `{path}` is there twice")]
    DuplicateKey {
        /// Where the second one ends, in bytes from 1.
        column: usize,
        /// The field.
        path: String,
    },
    /// A line is not UTF-8. Text in another encoding is read with [`Input::encoding`](godata_io::Input::encoding).
    #[error("column {column}: invalid UTF-8; `Input::encoding` reads other text")]
    Utf8 {
        /// Where, in bytes from 1.
        column: usize,
    },
    /// A line has a NUL byte, which JSON does not allow: the file is broken, or not UTF-8.
    #[error("column {column}: a NUL byte, as in UTF-16, which `Input::encoding` reads")]
    Nul {
        /// Where, in bytes from 1.
        column: usize,
    },
    /// A text that was given as the place of an array is no JSON pointer by RFC 6901.
    #[error("`{pointer}` is not a JSON pointer: {reason}")]
    Pointer {
        /// The text.
        pointer: String,
        /// Why not.
        reason: &'static str,
    },
    /// A document is not JSON outside of the elements of its array.
    #[error("{file}:{line}: column {column}: {reason}")]
    Document {
        /// The file.
        file: Arc<str>,
        /// The line, from 1.
        line: u64,
        /// Where in the line, in bytes from 1.
        column: u64,
        /// What was expected.
        reason: String,
    },
    /// What is to be read as an array is something else.
    #[error("{file}:{line}: column {column}: expected an array{}, found {found}", AtPointer(.pointer))]
    NoArray {
        /// The file.
        file: Arc<str>,
        /// The line on which the value begins, from 1.
        line: u64,
        /// Where in the line it begins, in bytes from 1.
        column: u64,
        /// Where in the document the array was to be; empty for the document itself.
        pointer: String,
        /// What there is.
        found: &'static str,
    },
    /// A pointer leads to nothing.
    #[error("{file}:{line}: there is nothing at `{pointer}`: {found}")]
    PointerMissing {
        /// The file.
        file: Arc<str>,
        /// The line on which that became clear, from 1: that of the end of an object or array, mostly.
        line: u64,
        /// Where in the document the array was to be.
        pointer: String,
        /// What there is on the way.
        found: String,
    },
    /// A key on the way of a pointer is there twice, so that nobody can know which array is meant.
    #[error("{file}:{line}: column {column}: `{pointer}` is there twice")]
    PointerTwice {
        /// The file.
        file: Arc<str>,
        /// The line of the second one, from 1.
        line: u64,
        /// Where in the line the second one ends, in bytes from 1.
        column: u64,
        /// The place of the key in the document.
        pointer: String,
    },
    /// A field to be written has bytes, and JSON has only text.
    #[error("{}JSON can't hold bytes", Field(.path))]
    Bytes {
        /// The field.
        path: String,
    },
    /// A float to be written is not a number or infinite, which JSON can't say.
    #[error("{}JSON can't hold the number {value}", Field(.path))]
    NotFinite {
        /// The field.
        path: String,
        /// NaN or an infinity.
        value: f64,
    },
    /// A timestamp to be written is outside of the years 0 to 9999, those of RFC 3339.
    #[error("{}RFC 3339 can't hold the timestamp {value}", Field(.path))]
    Timestamp {
        /// The field.
        path: String,
        /// The timestamp.
        value: String,
    },
    /// The type of a record refuses to be written as JSON.
    #[error("{}can't be written as JSON", Field(.path))]
    Serialize {
        /// The field.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
}

impl JsonError {
    /// The column within a record.
    pub(crate) fn column_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::Syntax { column, .. }
            | Self::Mismatch { column, .. }
            | Self::Invalid { column, .. }
            | Self::NumberRange { column, .. }
            | Self::TooDeep { column, .. }
            | Self::DuplicateKey { column, .. }
            | Self::Utf8 { column }
            | Self::Nul { column } => Some(column),
            _ => None,
        }
    }
}

/// The place of an array in a document; nothing for the document itself.
struct AtPointer<'a>(&'a str);

impl fmt::Display for AtPointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " at `{}`", self.0) }
    }
}

/// The beginning of a message about a field; nothing for the record as a whole.
struct Field<'a>(&'a str);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "field `{}`: ", self.0) }
    }
}

/// The end of a message about a value.
struct Found<'a>(&'a Option<String>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |found| write!(f, ", found {found}"))
    }
}
