//! The mark of a failure that may pass.

use std::time::Duration;

use crate::BoxError;

/// Marks an error as temporary: the same work may succeed if it is tried again.
///
/// Return it from code that is far from the job and has error types of its own. Anywhere in the chain of sources
/// of a job's error, it makes that error count as [`JobErrorKind::Transient`](crate::JobErrorKind::Transient).
/// In the job itself, [`JobError::transient`](crate::JobError::transient) is shorter.
///
/// # Example
///
/// ```
/// use std::io;
/// use std::time::Duration;
///
/// use godata_core::{JobError, JobErrorKind, Transient};
///
/// /// An iterator of lines, as a library wants it, can only fail with an `io::Error`.
/// fn lines() -> impl Iterator<Item = io::Result<String>> {
///     let busy = Transient::new("the server is busy").retry_after(Duration::from_secs(30));
///     std::iter::once(Err(io::Error::other(busy)))
/// }
///
/// fn job() -> Result<usize, JobError> {
///     let lines: Vec<String> = lines().collect::<io::Result<_>>()?;
///     Ok(lines.len())
/// }
///
/// let error = job().unwrap_err();
/// assert_eq!(error.kind(), JobErrorKind::Transient { retry_after: Some(Duration::from_secs(30)) });
/// assert_eq!(format!("{error:#}"), "temporary failure: the server is busy");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("temporary failure")]
pub struct Transient {
    retry_after: Option<Duration>,
    source: BoxError,
}

impl Transient {
    /// Marks `source` as temporary. When to try again is left to whoever retries.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self { retry_after: None, source: source.into() }
    }

    /// Asks to wait at least this long before the next attempt, as a server's `Retry-After` does.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        self.with_wait(Some(wait))
    }

    pub(crate) fn with_wait(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..self }
    }

    pub(crate) fn wait(&self) -> Option<Duration> {
        self.retry_after
    }
}
