//! Records that are left out, and why.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use godata_core::{BoxError, debug_as_chain, error_chain};

use crate::{ConvertError, ExpectationFailed, FieldError, Origin, Place, StepInfo};

/// Why a record could not be processed, for [`Work::reject`](crate::Work::reject).
///
/// Any error converts into one. A format that knows more says it with [`kind`](Self::kind) and [`column`](Self::column),
/// which a dead letter then has in fields of their own.
///
/// ```
/// use godata_etl::Reject;
///
/// let plain: Reject = "the line is not JSON".into();
/// let more = Reject::kind("columns", "expected 3 columns, found 2").column("amount");
/// # let _ = (plain, more);
/// ```
#[derive(Debug)]
pub struct Reject {
    pub(crate) kind: &'static str,
    pub(crate) column: Option<Arc<str>>,
    pub(crate) error: BoxError,
}

impl Reject {
    /// An error of this kind. The formats of godata use `columns`, `encoding`, `nul`, `quote`, `syntax`, `duplicate_key`,
    /// `too_long` and `type`. The steps use `type`, `expectation` and `other`.
    pub fn kind(kind: &'static str, error: impl Into<BoxError>) -> Self {
        Self { kind, column: None, error: error.into() }
    }

    /// Sets the name of the column that has the fault.
    #[must_use]
    pub fn column(self, name: impl Into<Arc<str>>) -> Self {
        Self { column: Some(name.into()), ..self }
    }
}

/// The kind is `type` for a [`FieldError`] or a [`ConvertError`], whose field is the column, `expectation` for an
/// [`ExpectationFailed`], and `other` for any other error.
impl<E: Into<BoxError>> From<E> for Reject {
    fn from(error: E) -> Self {
        let error = error.into();
        let field = error.downcast_ref::<FieldError>().map(FieldError::field);
        let field = field.or_else(|| error.downcast_ref::<ConvertError>().map(ConvertError::path));
        let kind = match field {
            Some(_) => "type",
            None if error.is::<ExpectationFailed>() => "expectation",
            None => "other",
        };
        let column = field.filter(|field| !field.is_empty()).map(Arc::from);
        Self { kind, column, error }
    }
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
    /// The kind of fault, such as `columns` or `type`; see [`Reject::kind`].
    pub kind: &'static str,
    /// The column that has the fault, if it is known.
    pub column: Option<Arc<str>>,
    /// Why.
    pub error: Arc<dyn Error + Send + Sync>,
    /// The bytes of the record as it was read, line end included. Kept only if the pipeline writes dead letters, and if
    /// the reader has bytes.
    pub raw: Option<Arc<[u8]>>,
    pub(crate) header: Option<Arc<str>>,
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
    pub(crate) fn new(stage: StageName, origin: &Origin, row: u32, reject: Reject) -> Self {
        let Reject { kind, column, error } = reject;
        let (byte, raw) = origin.raw(row).unzip();
        let place = Place { byte, ..origin.place(row) };
        Self { stage, place, kind, column, error: error.into(), raw, header: origin.header_of(row), row }
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
        let parts =
            |it: &Self| (it.stage.clone(), it.place.clone(), it.kind, it.column.clone(), it.raw.clone());
        parts(self) == parts(other) && error_chain(self).to_string() == error_chain(other).to_string()
    }
}

impl Error for Rejected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
