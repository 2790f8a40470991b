//! Reasons to refuse a dynamic record.

use crate::located::Located;

/// What is wrong with a dynamic record, and in which field.
pub(super) type Refused = Located<Problem>;

/// What is wrong. Columns count the bytes of the record from 1.
#[derive(Debug)]
pub(super) enum Problem {
    /// It is not JSON. serde_json finds out why and where.
    Syntax,
    /// It is not an object.
    NotAnObject,
    /// A string has an escape that serde_json refuses.
    Text { begin: usize, error: serde_json::Error },
    /// Arrays and objects are nested too deep.
    TooDeep { column: usize },
    /// A key appears twice.
    Duplicate { column: usize },
}
