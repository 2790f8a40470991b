//! The formats whose rows a batch can keep as they were read.

/// A format in which a batch keeps its rows as they were read; see [`RecordRef::as_read`](crate::RecordRef::as_read).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceFormat {
    /// One JSON object (RFC 8259) without a line feed.
    Json,
}
