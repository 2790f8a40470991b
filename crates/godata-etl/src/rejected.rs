//! Records that are left out, and why.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use godata_core::{BoxError, debug_as_chain, error_chain, error_levels};

use crate::{CastError, ConvertError, ExpectationFailed, FieldError, Origin, Place, StepInfo};

/// Why a record could not be processed, for [`Work::reject`](crate::Work::reject).
///
/// Any error converts into one. Code that knows more says it with [`new`](Self::new) and [`column`](Self::column), which a
/// dead letter then has in fields of their own.
///
/// ```
/// use godata_etl::{RejectKind, RejectReason};
///
/// let plain: RejectReason = "the line is not JSON".into();
/// let more = RejectReason::new(RejectKind::Columns, "expected 3 columns, found 2").column("amount");
/// # let _ = (plain, more);
/// ```
#[derive(Debug)]
pub struct RejectReason {
    /// `None` if the error tells the kind and the column.
    pub(crate) kind: Option<RejectKind>,
    pub(crate) column: Option<Arc<str>>,
    pub(crate) error: BoxError,
    /// Whether only the beginning of the record was read.
    pub(crate) is_cut: bool,
}

impl RejectReason {
    /// Makes a reason from a kind of fault and an error.
    pub fn new(kind: RejectKind, error: impl Into<BoxError>) -> Self {
        Self { kind: Some(kind), column: None, error: error.into(), is_cut: false }
    }

    /// Sets the name of the column that has the fault.
    #[must_use]
    pub fn column(self, name: impl Into<Arc<str>>) -> Self {
        Self { column: Some(name.into()), ..self }
    }

    /// Says that only the beginning of the record was read, because it is too long. Its bytes are then not kept: they could be
    /// taken for a whole record.
    #[must_use]
    pub fn cut(self) -> Self {
        Self { is_cut: true, ..self }
    }
}

/// The kind of fault for which a record was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectKind {
    /// Too few or too many columns: `columns`.
    Columns,
    /// The bytes are not text in the encoding of the file: `encoding`.
    Encoding,
    /// A NUL: `nul`.
    Nul,
    /// A quote where none may be, or one that is not closed: `quote`.
    Quote,
    /// The text is not in the format of the file: `syntax`.
    Syntax,
    /// A key occurs twice: `duplicate_key`.
    DuplicateKey,
    /// The record is longer than the reader allows: `too_long`.
    TooLong,
    /// A value has the wrong type, or is missing: `type`.
    Type,
    /// An [`expect`](crate::Flow::expect) is not met: `expectation`.
    Expectation,
    /// The output refused the record: `refused`.
    Refused,
    /// Any other fault: `other`.
    Other,
    /// A kind of your own.
    Custom(&'static str),
}

impl RejectKind {
    /// The text that a dead letter has.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Columns => "columns",
            Self::Encoding => "encoding",
            Self::Nul => "nul",
            Self::Quote => "quote",
            Self::Syntax => "syntax",
            Self::DuplicateKey => "duplicate_key",
            Self::TooLong => "too_long",
            Self::Type => "type",
            Self::Expectation => "expectation",
            Self::Refused => "refused",
            Self::Other => "other",
            Self::Custom(kind) => kind,
        }
    }
}

impl fmt::Display for RejectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// If a [`FieldError`] or a [`ConvertError`] is in the chain of the error, the kind is [`Type`](RejectKind::Type), and its
/// field is the column. A [`CastError`] has the same kind and knows no field. If an [`ExpectationFailed`] is, the kind is [`Expectation`](RejectKind::Expectation), otherwise
/// [`Other`](RejectKind::Other).
impl<E: Into<BoxError>> From<E> for RejectReason {
    fn from(error: E) -> Self {
        Self { kind: None, column: None, error: error.into(), is_cut: false }
    }
}

/// The kind of an error, and the column, if its type tells it.
fn kind_of(error: &(dyn Error + 'static)) -> (RejectKind, Option<Arc<str>>) {
    for level in error_levels(error) {
        let field = level.downcast_ref::<FieldError>().map(FieldError::field);
        let field = field.or_else(|| level.downcast_ref::<ConvertError>().map(ConvertError::path));
        if let Some(field) = field {
            return (RejectKind::Type, Some(field).filter(|field| !field.is_empty()).map(Arc::from));
        }
        if level.is::<CastError>() {
            return (RejectKind::Type, None);
        }
        if level.is::<ExpectationFailed>() {
            return (RejectKind::Expectation, None);
        }
    }
    (RejectKind::Other, None)
}

/// A record that was left out: the stage that rejected it, the record's place, and why.
///
/// `Display` prints the first two, as in `step[2] (cast) rejected record 7 (orders.csv:8)`. The cause is the
/// [`source`](Error::source).
#[derive(Clone)]
#[non_exhaustive]
pub struct Rejected {
    /// The stage that could not process it.
    pub stage: StageName,
    /// The record.
    pub place: Place,
    /// The kind of fault.
    pub kind: RejectKind,
    /// The column that has the fault, if it is known.
    pub column: Option<Arc<str>>,
    /// Why.
    pub error: Arc<dyn Error + Send + Sync>,
    /// The bytes of the record as it was read, line end included. Kept only if the pipeline writes dead letters, and if
    /// the reader has bytes.
    pub raw: Option<Arc<[u8]>>,
    /// The header of its file, which [`raw`](Self::raw) can't be read without.
    pub header: Option<Arc<str>>,
    /// Its row in the batch as it was read.
    pub(crate) row: u32,
}

/// A stage of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StageName {
    /// Reading and decoding.
    Read,
    /// A step.
    Step(StepInfo),
    /// Encoding and writing.
    Write,
}

impl Rejected {
    pub(crate) fn new(stage: StageName, origin: &Origin, row: u32, reason: RejectReason) -> Self {
        let RejectReason { kind, column, error, is_cut } = reason;
        let (kind, column) = match kind {
            Some(kind) => (kind, column),
            None => {
                let (kind, found) = kind_of(&*error);
                (kind, column.or(found))
            }
        };
        let (byte, raw) = origin.raw(row).unzip();
        let raw = raw.filter(|_| !is_cut);
        let place = Place { byte, ..origin.place(row) };
        Self {
            stage,
            place,
            kind,
            column,
            error: error.into(),
            raw,
            header: origin.header_of(row),
            row: origin.row_read(row),
        }
    }

    /// A copy with at most this many bytes of the record.
    pub(crate) fn excerpt(&self, most: usize) -> Self {
        let raw = self.raw.as_ref().map(|raw| match raw.get(..most) {
            Some(start) => start.into(),
            None => Arc::clone(raw),
        });
        Self { raw, ..self.clone() }
    }
}

impl PartialEq for Rejected {
    /// Whether both have the same stage, place, kind, column, bytes and messages.
    fn eq(&self, other: &Self) -> bool {
        let is_same = self.stage == other.stage && self.place == other.place && self.kind == other.kind;
        is_same
            && self.column == other.column
            && self.raw == other.raw
            && error_chain(self).to_string() == error_chain(other).to_string()
    }
}

impl Error for Rejected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return write!(f, "{}", error_chain(self));
        }
        write!(f, "{} rejected {}", self.stage, self.place)
    }
}

debug_as_chain!(Rejected);

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::Step(step) => step.fmt(f),
            Self::Write => f.write_str("write"),
        }
    }
}
