//! Errors of reading and writing JSON.

use std::fmt;
use std::sync::Arc;

use godata_core::{debug_as_chain, excerpt_path, excerpt_within};
use godata_etl::{RejectKind, RejectReason};

/// What is wrong with a record, or with a document of records.
///
/// Most variants are about one record. They have the column, the field and the value. The record's number, file and line are
/// in the [`PipelineError`](crate::PipelineError) that has this error as its source:
/// `read failed at record 101 (orders.jsonl:103): column 25: field `amount`: expected f64, found string "abc"`.
///
/// A column counts bytes from 1, within the line that the pipeline's error names. A field is a path such as
/// `customer.emails[2]`; it is empty for the record as a whole.
///
/// # Example
///
/// ```
/// use std::collections::BTreeMap;
/// use std::error::Error;
///
/// use godata_io_json::{BoxError, Input, JsonError, Pipeline, RunContext, jsonl};
///
/// # fn main() -> Result<(), BoxError> {
/// let input = Input::bytes("ages", "{\"Ada\": 36}\n{\"Alan\": \"old\"}\n");
/// let pipeline = Pipeline::builder("ages")
///     .read(jsonl::read::<BTreeMap<String, u8>>(input))
///     .write_fn(|_cx, _ages| async { Ok(()) })?;
///
/// let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
/// let cause = error.source().and_then(|cause| cause.downcast_ref::<JsonError>());
/// assert!(matches!(cause, Some(JsonError::Mismatch { path, .. }) if path == "Alan"));
/// # Ok(())
/// # }
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// A record is not JSON.
    #[error("column {column}: {}{}", long_excerpt(reason), Hint(.hint))]
    #[non_exhaustive]
    Syntax {
        /// Where the error is, in bytes from 1.
        column: usize,
        /// What was expected.
        reason: String,
        /// What the text seems to be, and what reads it.
        hint: Option<&'static str>,
    },
    /// A value does not have the type that the record needs there.
    #[error("column {column}: {}expected {}, found {}{}", Field(.path), long_excerpt(expected), long_excerpt(found), Hint(.hint))]
    #[non_exhaustive]
    Mismatch {
        /// Where decoding stopped, in bytes from 1. In most cases this is the end of the value.
        column: usize,
        /// The field.
        path: String,
        /// What the type needs.
        expected: String,
        /// The value, cut after 80 characters.
        found: String,
        /// What the text seems to be, and what reads it.
        hint: Option<&'static str>,
    },
    /// The record's type refuses a value, or misses a field.
    #[error("column {column}: {}{}{}", Field(.path), long_excerpt(reason), Found(.found))]
    #[non_exhaustive]
    Invalid {
        /// Where decoding stopped, in bytes from 1.
        column: usize,
        /// The field.
        path: String,
        /// The error of the type.
        reason: String,
        /// The value, unless it is an array or an object, or is part of the reason already.
        found: Option<String>,
    },
    /// A number is beyond the range of a float: of its field's `f32`, or of `f64`.
    #[error("column {column}: {}the number `{}` is beyond the range of a {bits}-bit float", Field(.path), long_excerpt(digits))]
    #[non_exhaustive]
    NumberRange {
        /// Where the number begins, in bytes from 1.
        column: usize,
        /// The field.
        path: String,
        /// The number.
        digits: String,
        /// The size of the float: 32 or 64.
        bits: u32,
    },
    /// A dynamic record is nested too deep.
    #[error("column {column}: nested more than {max_depth} deep")]
    #[non_exhaustive]
    TooDeep {
        /// Where the array or object that exceeds the limit begins, in bytes from 1.
        column: usize,
        /// The limit, which `max_depth` on the reader sets.
        max_depth: usize,
    },
    /// A dynamic record is not an object.
    #[error("expected an object, found {}{}", long_excerpt(found), Hint(.hint))]
    #[non_exhaustive]
    NotAnObject {
        /// What it is instead.
        found: String,
        /// What the text seems to be, and what reads it.
        hint: Option<&'static str>,
    },
    /// A key appears twice in an object of a dynamic record.
    #[error("column {column}: field `{}` appears twice", long_excerpt(path))]
    #[non_exhaustive]
    DuplicateKey {
        /// Where the second one ends, in bytes from 1.
        column: usize,
        /// The field.
        path: String,
    },
    /// A record is not UTF-8. [`Input::encoding`](crate::Input::encoding) reads text in other encodings.
    #[error("column {column}: invalid UTF-8; `Input::encoding` reads other text")]
    #[non_exhaustive]
    Utf8 {
        /// The first invalid byte, from 1.
        column: usize,
    },
    /// A record has NUL bytes, which JSON does not allow. The file is not UTF-8, or it has a part that was never written:
    /// its space was allocated in advance, or the power failed.
    #[error("column {column}: {}", Nuls(*.len))]
    #[non_exhaustive]
    Nul {
        /// The first NUL byte, from 1.
        column: usize,
        /// How many follow one another, in this line.
        len: usize,
    },
    /// The place of the array is not a JSON pointer as defined by RFC 6901.
    #[error("`{}` is not a JSON pointer: {reason}", long_excerpt(pointer))]
    #[non_exhaustive]
    Pointer {
        /// The text that was given.
        pointer: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A document is not JSON outside the elements of its array. Or bad records are left out, and an element or a concatenated value
    /// has a structure that is broken, so that the records after it may be inside it.
    #[error("{}:{line}: column {column}: {}{}", excerpt_path(&**file), long_excerpt(reason), Hint(.hint))]
    #[non_exhaustive]
    Document {
        /// The file.
        file: Arc<str>,
        /// The line, from 1.
        line: u64,
        /// The column, in bytes from 1.
        column: u64,
        /// What was expected.
        reason: String,
        /// What the text seems to be, and what reads it.
        hint: Option<&'static str>,
    },
    /// The value to read as an array is something else.
    #[error("{}:{line}: column {column}: expected an array{}, found {found}{}", excerpt_path(&**file), AtPointer(.pointer), Hint(.hint))]
    #[non_exhaustive]
    NoArray {
        /// The file.
        file: Arc<str>,
        /// The line on which the value begins, from 1.
        line: u64,
        /// The column at which it begins, in bytes from 1.
        column: u64,
        /// The pointer to the value; empty for the whole document.
        pointer: String,
        /// What it is instead.
        found: &'static str,
        /// What the text seems to be, and what reads it.
        hint: Option<&'static str>,
    },
    /// A pointer leads to nothing.
    #[error("{}:{line}: there is nothing at `{}`: {}", excerpt_path(&**file), long_excerpt(pointer), long_excerpt(found))]
    #[non_exhaustive]
    PointerMissing {
        /// The file.
        file: Arc<str>,
        /// The line on which this became clear, from 1: in most cases the end of an object or array.
        line: u64,
        /// The pointer.
        pointer: String,
        /// What is there instead.
        found: String,
    },
    /// A key on the path of a pointer appears twice, so it is not clear which array is meant.
    #[error("{}:{line}: column {column}: `{}` appears twice", excerpt_path(&**file), long_excerpt(pointer))]
    #[non_exhaustive]
    PointerTwice {
        /// The file.
        file: Arc<str>,
        /// The line of the second key, from 1.
        line: u64,
        /// The column at which the second key ends, in bytes from 1.
        column: u64,
        /// The pointer to the key.
        pointer: String,
    },
    /// A field to write has bytes, and JSON has only text.
    #[error("{}JSON can't hold bytes", Field(.path))]
    #[non_exhaustive]
    Bytes {
        /// The field.
        path: String,
    },
    /// A float to write is NaN or infinite, which JSON can't express.
    #[error("{}JSON can't hold the number {value}", Field(.path))]
    #[non_exhaustive]
    NotFinite {
        /// The field.
        path: String,
        /// NaN or an infinity.
        value: f64,
    },
    /// A timestamp to write is outside the years 0 to 9999 of RFC 3339.
    #[error("{}RFC 3339 can't hold the timestamp {}", Field(.path), long_excerpt(value))]
    #[non_exhaustive]
    Timestamp {
        /// The field.
        path: String,
        /// The timestamp.
        value: String,
    },
    /// A record's type can't be written as JSON.
    #[error("{}can't be written as JSON", Field(.path))]
    #[non_exhaustive]
    Serialize {
        /// The field.
        path: String,
        /// Why not.
        source: serde_json::Error,
    },
}

debug_as_chain!(JsonError);

/// How many characters of a path, or of a type's own words, a message shows.
const TEXT: usize = 300;

pub(crate) fn long_excerpt(text: &str) -> String {
    excerpt_within(text, TEXT)
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
            | Self::Nul { column, .. } => Some(column),
            _ => None,
        }
    }

    /// What a dead letter says about the record.
    #[cold]
    pub(crate) fn into_reason(self) -> RejectReason {
        let (kind, column) = match &self {
            Self::Utf8 { .. } => (RejectKind::Encoding, None),
            Self::Nul { .. } => (RejectKind::Nul, None),
            Self::DuplicateKey { path, .. } => (RejectKind::DuplicateKey, Some(path)),
            Self::Mismatch { path, .. }
            | Self::Invalid { path, .. }
            | Self::NumberRange { path, .. }
            | Self::Bytes { path }
            | Self::NotFinite { path, .. }
            | Self::Timestamp { path, .. }
            | Self::Serialize { path, .. } => (RejectKind::Type, Some(path)),
            Self::NotAnObject { .. } => (RejectKind::Type, None),
            _ => (RejectKind::Syntax, None),
        };
        let column = column.filter(|path| !path.is_empty()).map(|path| Arc::<str>::from(&**path));
        let reason = RejectReason::new(kind, self);
        match column {
            Some(column) => reason.column(column),
            None => reason,
        }
    }

    /// Says what the text seems to be, if `hint` knows.
    pub(crate) fn with_hint(mut self, hint: Option<&'static str>) -> Self {
        if let Self::Syntax { hint: old, .. }
        | Self::Mismatch { hint: old, .. }
        | Self::NotAnObject { hint: old, .. } = &mut self
        {
            *old = hint.or(*old);
        }
        self
    }
}

/// The place of an array in a document; nothing for the whole document.
struct AtPointer<'a>(&'a str);

impl fmt::Display for AtPointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " at `{}`", long_excerpt(self.0)) }
    }
}

/// The start of a message about a field; nothing for the whole record.
struct Field<'a>(&'a str);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "field `{}`: ", long_excerpt(self.0)) }
    }
}

/// The end of a message, which says what reads the text.
struct Hint<'a>(&'a Option<&'static str>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

/// NUL bytes that follow one another. UTF-16 has single ones.
struct Nuls(usize);

impl fmt::Display for Nuls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("a NUL byte, as in UTF-16, which `Input::encoding` reads"),
            len => write!(f, "{len} NUL bytes, as in a file with a part that was never written"),
        }
    }
}

/// The end of a message about a value.
struct Found<'a>(&'a Option<String>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |found| write!(f, ", found {}", long_excerpt(found)))
    }
}

#[cfg(test)]
mod tests {
    use godata_core::BoxError;

    use super::*;

    /// `main` prints an error that it returns in its `Debug` form.
    #[test]
    fn every_variant_prints_its_message_in_display_and_its_chain_in_debug() {
        let path = || "a[1].b".to_owned();
        let file = || Arc::from("in.json");
        let refused = serde_json::from_str::<u8>("").unwrap_err();
        let table = [
            (
                JsonError::Syntax { column: 2, reason: "expected value".into(), hint: None },
                "column 2: expected value",
            ),
            (
                JsonError::Syntax { column: 2, reason: "expected value".into(), hint: Some("it is C") },
                "column 2: expected value; it is C",
            ),
            (
                JsonError::Mismatch {
                    column: 2,
                    path: path(),
                    expected: "u8".into(),
                    found: "null".into(),
                    hint: None,
                },
                "column 2: field `a[1].b`: expected u8, found null",
            ),
            (
                JsonError::Invalid {
                    column: 2,
                    path: path(),
                    reason: "no day".into(),
                    found: Some("text `x`".into()),
                },
                "column 2: field `a[1].b`: no day, found text `x`",
            ),
            (
                JsonError::Invalid {
                    column: 2,
                    path: String::new(),
                    reason: "missing field `b`".into(),
                    found: None,
                },
                "column 2: missing field `b`",
            ),
            (
                JsonError::NumberRange { column: 2, path: path(), digits: "1e999".into(), bits: 64 },
                "column 2: field `a[1].b`: the number `1e999` is beyond the range of a 64-bit float",
            ),
            (JsonError::TooDeep { column: 2, max_depth: 128 }, "column 2: nested more than 128 deep"),
            (JsonError::NotAnObject { found: "null".into(), hint: None }, "expected an object, found null"),
            (JsonError::DuplicateKey { column: 2, path: path() }, "column 2: field `a[1].b` appears twice"),
            (JsonError::Utf8 { column: 2 }, "column 2: invalid UTF-8; `Input::encoding` reads other text"),
            (
                JsonError::Nul { column: 2, len: 1 },
                "column 2: a NUL byte, as in UTF-16, which `Input::encoding` reads",
            ),
            (
                JsonError::Nul { column: 2, len: 9 },
                "column 2: 9 NUL bytes, as in a file with a part that was never written",
            ),
            (
                JsonError::Pointer { pointer: "a".into(), reason: "it does not begin with `/`" },
                "`a` is not a JSON pointer: it does not begin with `/`",
            ),
            (
                JsonError::Document {
                    file: file(),
                    line: 3,
                    column: 2,
                    reason: "trailing comma".into(),
                    hint: None,
                },
                "in.json:3: column 2: trailing comma",
            ),
            (
                JsonError::NoArray {
                    file: file(),
                    line: 3,
                    column: 2,
                    pointer: "/a".into(),
                    found: "null",
                    hint: None,
                },
                "in.json:3: column 2: expected an array at `/a`, found null",
            ),
            (
                JsonError::PointerMissing {
                    file: file(),
                    line: 3,
                    pointer: "/a".into(),
                    found: "the object has no `a`".into(),
                },
                "in.json:3: there is nothing at `/a`: the object has no `a`",
            ),
            (
                JsonError::PointerTwice { file: file(), line: 3, column: 2, pointer: "/a".into() },
                "in.json:3: column 2: `/a` appears twice",
            ),
            (JsonError::Bytes { path: path() }, "field `a[1].b`: JSON can't hold bytes"),
            (
                JsonError::NotFinite { path: path(), value: f64::INFINITY },
                "field `a[1].b`: JSON can't hold the number inf",
            ),
            (
                JsonError::Timestamp { path: path(), value: "-0001-01-01".into() },
                "field `a[1].b`: RFC 3339 can't hold the timestamp -0001-01-01",
            ),
            (
                JsonError::Serialize { path: path(), source: refused },
                "field `a[1].b`: can't be written as JSON: EOF while parsing a value at line 1 column 0",
            ),
        ];
        for (error, expected) in table {
            let message =
                expected.strip_suffix(": EOF while parsing a value at line 1 column 0").unwrap_or(expected);
            assert_eq!(error.to_string(), message);
            assert_eq!(format!("{:?}", BoxError::from(error)), expected);
        }
    }

    #[test]
    fn no_error_prints_a_character_that_a_terminal_obeys_or_a_text_without_end() {
        for text in ["a\n\u{1b}[2J\u{202e}\u{200b}\u{2028}\u{9b}\u{e0041}".to_owned(), "x".repeat(1 << 20)] {
            let t = || text.clone();
            let file = || Arc::from(&*text);
            let source = <serde_json::Error as serde::ser::Error>::custom(&text);
            let errors = [
                JsonError::Syntax { column: 2, reason: t(), hint: None },
                JsonError::Mismatch { column: 2, path: t(), expected: t(), found: t(), hint: None },
                JsonError::Invalid { column: 2, path: t(), reason: t(), found: Some(t()) },
                JsonError::NumberRange { column: 2, path: t(), digits: t(), bits: 64 },
                JsonError::NotAnObject { found: t(), hint: None },
                JsonError::DuplicateKey { column: 2, path: t() },
                JsonError::Pointer { pointer: t(), reason: "a reason" },
                JsonError::Document { file: file(), line: 3, column: 2, reason: t(), hint: None },
                JsonError::NoArray {
                    file: file(),
                    line: 3,
                    column: 2,
                    pointer: t(),
                    found: "null",
                    hint: None,
                },
                JsonError::PointerMissing { file: file(), line: 3, pointer: t(), found: t() },
                JsonError::PointerTwice { file: file(), line: 3, column: 2, pointer: t() },
                JsonError::Bytes { path: t() },
                JsonError::Timestamp { path: t(), value: t() },
                JsonError::Serialize { path: t(), source },
            ];
            for error in errors {
                let chain = format!("{error:?}");
                assert!(chain.len() < 4_000 && excerpt_within(&chain, chain.len()) == chain, "{chain}");
            }
        }
    }
}
