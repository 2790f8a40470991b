//! The mark of a failure that a retry can't mend.

use crate::BoxError;

/// Marks an error as permanent: the same work would fail again, so it is not retried.
///
/// It works anywhere in the chain of sources of a job's error; see [`JobErrorKind`](crate::JobErrorKind).
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use godata_core::{BoxError, Failure, FailureKind, Permanent, RetryPolicy};
///
/// fn login(token: &str) -> Result<(), BoxError> {
///     if token.is_empty() { Err(Permanent::new("the token is empty").into()) } else { Ok(()) }
/// }
///
/// let failure = Failure::from_error(&*login("").unwrap_err());
/// assert_eq!(failure.kind, FailureKind::Permanent);
/// assert_eq!(failure.message, "permanent failure: the token is empty");
/// assert_eq!(RetryPolicy::attempts(3).delay(1, &failure, 0.5), None, "it is not retried");
/// ```
#[derive(thiserror::Error)]
#[error("permanent failure")]
pub struct Permanent {
    source: BoxError,
}

impl Permanent {
    /// Marks `source` as permanent.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self { source: source.into() }
    }
}

debug_as_chain!(Permanent);
