//! What the caller of a job can do about its error.

use std::error::Error;
use std::time::Duration;

use crate::error::error_levels;
use crate::{Canceled, ParamError, Permanent, Transient};

/// What the caller of a job can do about its error.
///
/// A job can return any error. The kind is read from the error's chain of sources, outermost error first, so code far
/// below the job can decide it:
///
/// | the chain contains | the kind is | retried |
/// |---|---|---|
/// | [`Canceled`] | `Canceled` | never, if the run was asked to stop |
/// | [`Permanent`] or [`ParamError`] before any [`Transient`] | `Permanent` | never |
/// | [`Transient`] before any of these two | `Transient` | by every [`RetryPolicy`](crate::RetryPolicy) |
/// | none of them | `Failed` | unless the policy is [`only_transient`](crate::RetryPolicy::only_transient) |
///
/// Errors wrapped in an [`io::Error`](std::io::Error) or an `Arc<dyn Error + Send + Sync>` are found too, and so are marks in
/// a `Box` or an `Arc`. An error with `#[error(transparent)]` of `thiserror` hides the type of the error that it wraps, so a
/// mark directly in one is not found. Use `#[error("...")]` with a `#[source]` instead.
///
/// A run that was not asked to stop was not canceled. Its error may still contain a `Canceled`, for example that of another
/// run that it waited for. Then the run failed, and the other marks decide whether it is retried; see
/// [`Failure::from_error`](crate::Failure::from_error).
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use godata_core::{BoxError, JobErrorKind, Permanent, Transient};
///
/// fn fetch(status: u16) -> Result<(), BoxError> {
///     match status {
///         200 => Ok(()),
///         401 => Err(Permanent::new("the token is not valid").into()),
///         429 => Err(Transient::new("too many requests").retry_after(Duration::from_secs(5)).into()),
///         _ => Err(format!("the server answered {status}").into()),
///     }
/// }
///
/// let kind = |status| fetch(status).map_err(|error| JobErrorKind::of(&*error));
/// assert_eq!(kind(200), Ok(()));
/// assert_eq!(kind(401), Err(JobErrorKind::Permanent));
/// assert_eq!(kind(429), Err(JobErrorKind::Transient { retry_after: Some(Duration::from_secs(5)) }));
/// assert_eq!(kind(500), Err(JobErrorKind::Failed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobErrorKind {
    /// It failed, and does not say whether a retry can help.
    Failed,
    /// It failed, and would fail again.
    Permanent,
    /// It failed, and may succeed if it is retried.
    Transient {
        /// The least time to wait before the retry, if the error names one.
        retry_after: Option<Duration>,
    },
    /// It stopped because it was asked to.
    Canceled,
}

impl JobErrorKind {
    /// Reads the kind of an error from its chain of sources. Only the first 64 errors of the chain are read.
    ///
    /// If several errors of the chain are transient, `retry_after` comes from the outermost one that names a time to
    /// wait.
    ///
    /// When `?` converts an `anyhow::Error` into a [`BoxError`](crate::BoxError), it hides the type of the outermost
    /// error, so a mark there is not found. A mark below a `context(…)` is found, and
    /// `error.reallocate_into_boxed_dyn_error_without_backtrace()` keeps the type of the outermost error.
    #[must_use]
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        if error_levels(error).any(|level| level.is::<Canceled>()) {
            return Self::Canceled;
        }
        Self::of_failure(error)
    }

    /// The kind of the error of a run that was not canceled. A `Canceled` in the chain is ignored.
    pub(crate) fn of_failure(error: &(dyn Error + 'static)) -> Self {
        let mut kind = Self::Failed;
        for level in error_levels(error) {
            kind = match (kind, level.downcast_ref::<Transient>()) {
                (Self::Failed, None) if level.is::<Permanent>() || level.is::<ParamError>() => {
                    Self::Permanent
                }
                (Self::Failed | Self::Transient { retry_after: None }, Some(transient)) => {
                    Self::Transient { retry_after: transient.wait() }
                }
                (kind, _) => kind,
            };
        }
        kind
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use super::*;
    use crate::{BoxError, Params};

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Wrapped(&'static str, #[source] BoxError);

    const WAIT: Duration = Duration::from_secs(7);
    const TRANSIENT: JobErrorKind = JobErrorKind::Transient { retry_after: None };
    const TRANSIENT_AFTER_WAIT: JobErrorKind = JobErrorKind::Transient { retry_after: Some(WAIT) };

    fn wrap(source: impl Into<BoxError>) -> Wrapped {
        Wrapped("read failed", source.into())
    }

    fn canceled() -> Canceled {
        Canceled::new()
    }

    #[test]
    fn the_kind_is_found_anywhere_in_the_chain() {
        let cases: Vec<(BoxError, JobErrorKind)> = vec![
            ("plain".into(), JobErrorKind::Failed),
            (wrap("plain").into(), JobErrorKind::Failed),
            (canceled().into(), JobErrorKind::Canceled),
            (wrap(wrap(canceled())).into(), JobErrorKind::Canceled),
            (Transient::new("busy").into(), TRANSIENT),
            (wrap(wrap(Transient::new("busy"))).into(), TRANSIENT),
            (wrap(Transient::new("busy").retry_after(WAIT)).into(), TRANSIENT_AFTER_WAIT),
            (Permanent::new("no such column").into(), JobErrorKind::Permanent),
            (wrap(wrap(Permanent::new("no such column"))).into(), JobErrorKind::Permanent),
            (wrap(Params::new().require("day").unwrap_err()).into(), JobErrorKind::Permanent),
            (Transient::new(Params::new().require("day").unwrap_err()).into(), TRANSIENT),
            (
                io::Error::other(wrap(io::Error::other(io::Error::other(canceled())))).into(),
                JobErrorKind::Canceled,
            ),
            (io::Error::other(Transient::new("busy")).into(), TRANSIENT),
            (io::Error::other(Box::new(Transient::new("busy"))).into(), TRANSIENT),
            (Box::new(Box::new(Permanent::new("no such column"))), JobErrorKind::Permanent),
            (Box::new(Arc::new(Permanent::new("no such column"))), JobErrorKind::Permanent),
            (wrap(Arc::new(Transient::new("busy"))).into(), TRANSIENT),
            (Box::new(Arc::new(canceled())), JobErrorKind::Canceled),
            (Box::new(Arc::new(io::Error::other(Permanent::new("no such column")))), JobErrorKind::Permanent),
            (Box::new(Box::new(io::Error::other(Transient::new("busy")))), TRANSIENT),
            (
                Box::new(Arc::<dyn Error + Send + Sync>::from(BoxError::from(canceled()))),
                JobErrorKind::Canceled,
            ),
            (
                wrap(Arc::<dyn Error + Send + Sync>::from(BoxError::from(Transient::new("busy")))).into(),
                TRANSIENT,
            ),
            (io::Error::from(io::ErrorKind::TimedOut).into(), JobErrorKind::Failed),
        ];
        for (error, kind) in cases {
            assert_eq!(JobErrorKind::of(&*error), kind, "{error:?}");
        }
    }

    #[test]
    fn canceled_wins_over_every_mark() {
        assert_eq!(JobErrorKind::of(&Transient::new(canceled())), JobErrorKind::Canceled);
        assert_eq!(JobErrorKind::of(&Permanent::new(wrap(canceled()))), JobErrorKind::Canceled);
    }

    #[test]
    fn the_outermost_mark_counts() {
        let transient = || Transient::new("busy").retry_after(WAIT);
        assert_eq!(JobErrorKind::of(&Permanent::new(wrap(transient()))), JobErrorKind::Permanent);
        let transient_outside = Transient::new(wrap(Permanent::new(transient())));
        assert_eq!(JobErrorKind::of(&transient_outside), TRANSIENT_AFTER_WAIT);
    }

    #[test]
    fn the_outermost_time_to_wait_counts() {
        let inner = |wait| Transient::new("busy").retry_after(wait);
        assert_eq!(JobErrorKind::of(&Transient::new(inner(WAIT))), TRANSIENT_AFTER_WAIT);
        let outer = Transient::new(inner(WAIT * 2)).retry_after(WAIT);
        assert_eq!(JobErrorKind::of(&outer), TRANSIENT_AFTER_WAIT);
    }

    #[test]
    fn an_error_that_is_its_own_source_has_a_kind() {
        #[derive(Debug)]
        struct Cycle;

        impl std::fmt::Display for Cycle {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("cycle")
            }
        }

        impl Error for Cycle {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(self)
            }
        }

        assert_eq!(JobErrorKind::of(&Cycle), JobErrorKind::Failed);
        assert_eq!(JobErrorKind::of(&Transient::new(Cycle)), TRANSIENT);
    }
}
