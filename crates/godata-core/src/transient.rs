//! The mark of an error that a retry may fix.

use std::time::Duration;

use crate::BoxError;

/// Marks an error as transient: the same work may succeed if it is retried.
///
/// The mark works anywhere in the chain of sources of a job's error, so code far below the job can return it; see
/// [`JobErrorKind`](crate::JobErrorKind). [`Permanent`](crate::Permanent) says the opposite.
///
/// # Example
///
/// ```
/// use std::io;
/// use std::time::Duration;
///
/// use godata_core::{BoxError, JobErrorKind, Transient};
///
/// /// This iterator can only fail with an `io::Error`, which wraps the mark.
/// fn lines() -> impl Iterator<Item = io::Result<String>> {
///     let busy = Transient::new("the server is busy").retry_after(Duration::from_secs(30));
///     std::iter::once(Err(io::Error::other(busy)))
/// }
///
/// fn job() -> Result<usize, BoxError> {
///     let lines: Vec<String> = lines().collect::<io::Result<_>>()?;
///     Ok(lines.len())
/// }
///
/// let error = job().unwrap_err();
/// let kind = JobErrorKind::of(&*error);
/// assert_eq!(kind, JobErrorKind::Transient { retry_after: Some(Duration::from_secs(30)) });
/// ```
#[derive(thiserror::Error)]
#[error("temporary failure")]
pub struct Transient {
    retry_after: Option<Duration>,
    source: BoxError,
}

impl Transient {
    /// Marks `source` as transient. The caller's [`RetryPolicy`](crate::RetryPolicy) decides when to retry.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self { retry_after: None, source: source.into() }
    }

    /// Asks the caller to wait at least this long before the next attempt, as the HTTP header `Retry-After` does.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    pub(crate) fn wait(&self) -> Option<Duration> {
        self.retry_after
    }
}

debug_as_chain!(Transient);
