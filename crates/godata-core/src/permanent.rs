//! The mark of an error that a retry can't fix.

use crate::BoxError;

/// Marks an error as permanent: the same work would fail again, so it is not retried.
///
/// The mark works anywhere in the chain of sources of a job's error; see [`JobErrorKind`](crate::JobErrorKind).
/// [`Transient`](crate::Transient) says the opposite.
///
/// # Example
///
/// ```
/// use godata_core::{BoxError, Failure, FailureKind, Permanent, RetryPolicy};
///
/// fn login(token: &str) -> Result<(), BoxError> {
///     if token.is_empty() {
///         return Err(Permanent::new("the token is empty").into());
///     }
///     Ok(())
/// }
///
/// let failure = Failure::from_error(&*login("").unwrap_err());
/// assert_eq!(failure.kind, FailureKind::Permanent);
/// assert_eq!(failure.to_string(), "permanent failure: the token is empty");
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
