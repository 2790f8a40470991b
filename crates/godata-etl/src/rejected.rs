//! Why a record is left out.

use std::sync::Arc;

use godata_core::BoxError;

use crate::records::{ConvertError, FieldError};

/// Why a record could not be processed, for [`Work::reject`](crate::Work::reject).
///
/// Any error converts into one. A format that knows more says it with [`kind`](Self::kind) and [`column`](Self::column), which
/// a dead letter then has in fields of their own.
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

/// The kind is `type` for a [`FieldError`] or a [`ConvertError`], whose field is the column, and `other` for any other error.
impl<E: Into<BoxError>> From<E> for Reject {
    fn from(error: E) -> Self {
        let error = error.into();
        let field = error.downcast_ref::<FieldError>().map(FieldError::field);
        let field = field.or_else(|| error.downcast_ref::<ConvertError>().map(ConvertError::path));
        let kind = if field.is_some() { "type" } else { "other" };
        let column = field.filter(|field| !field.is_empty()).map(Arc::from);
        Self { kind, column, error }
    }
}
