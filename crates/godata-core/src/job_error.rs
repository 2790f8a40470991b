//! How a job fails.

use std::error::Error;
use std::fmt;
use std::io;
use std::iter;
use std::time::Duration;

use crate::cancel::Canceled;
use crate::{BoxError, Transient, error_chain};

/// Why a job did not succeed: any error, and what its caller can do about it.
///
/// `?` makes one from every error type, so a job's code need not know this one. The [kind](Self::kind) is read off
/// the chain of sources: [`Canceled`](crate::Canceled) in it means canceled, else [`Transient`] in it means that it
/// may pass, else the job has failed. Errors that are wrapped in an [`io::Error`] are found too.
///
/// `{}` prints the error's own message; `{:#}` and `{:?}` print it with all its sources, so a
/// `fn main() -> Result<(), JobError>` ends readably.
///
/// It does not implement [`Error`] itself (that would rule out the conversion from every error), but it converts
/// into a boxed one, and back again without losing its kind.
///
/// # Example
///
/// ```
/// use godata_core::{JobError, JobErrorKind};
///
/// fn count(text: &str) -> Result<u32, JobError> {
///     if text.is_empty() {
///         return Err(JobError::new("nothing to count"));
///     }
///     Ok(text.parse()?)
/// }
///
/// assert_eq!(count("12")?, 12);
/// assert_eq!(count("x").unwrap_err().kind(), JobErrorKind::Failed);
/// assert_eq!(count("").unwrap_err().to_string(), "nothing to count");
/// # Ok::<(), JobError>(())
/// ```
pub struct JobError {
    kind: JobErrorKind,
    source: BoxError,
}

/// What the caller of a job can do about its [`JobError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobErrorKind {
    /// It failed, and would again.
    Failed,
    /// It stopped because it was asked to.
    Canceled,
    /// It failed, and may succeed if it is tried again.
    Transient {
        /// The least time to wait before that, if the failure said so.
        retry_after: Option<Duration>,
    },
}

impl JobError {
    /// An error from a message, or from a boxed error, for which `?` does not work.
    ///
    /// The kind is read off the chain of sources, as `?` does. An `anyhow::Error` hides the type of its outermost
    /// error when it is converted; its `reallocate_into_boxed_dyn_error_without_backtrace` does not.
    ///
    /// ```
    /// use godata_core::{BoxError, JobError};
    ///
    /// fn fetch() -> Result<(), BoxError> {
    ///     Err("no route to host".into())
    /// }
    ///
    /// let error = fetch().map_err(JobError::new).unwrap_err();
    /// assert_eq!(error.to_string(), "no route to host");
    /// ```
    pub fn new(source: impl Into<BoxError>) -> Self {
        let source = source.into();
        Self { kind: kind_of(&*source), source }
    }

    /// The end of a run that was asked to stop.
    ///
    /// Return it only when the run's own [`Cancellation`](crate::Cancellation) asked:
    /// [`RunContext::check`](crate::RunContext::check) does both at once.
    #[must_use]
    pub fn canceled() -> Self {
        Self::new(Canceled::new())
    }

    /// A failure, whatever its chain holds: for who knows that a [`Canceled`](crate::Canceled) in it is not the job's
    /// own but that of something the job had asked for.
    ///
    /// ```
    /// use godata_core::{Cancellation, JobError, JobErrorKind};
    ///
    /// let other = Cancellation::new();
    /// other.cancel();
    /// let error = JobError::failed(other.check().unwrap_err());
    /// assert_eq!(error.kind(), JobErrorKind::Failed);
    /// ```
    pub fn failed(source: impl Into<BoxError>) -> Self {
        Self { kind: JobErrorKind::Failed, source: source.into() }
    }

    /// A failure that may pass: trying again may succeed.
    ///
    /// An error that holds [`Canceled`](crate::Canceled) stays canceled, and one that already says how long to wait
    /// keeps that.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use godata_core::{JobError, JobErrorKind};
    ///
    /// let error = JobError::transient("too many requests").retry_after(Duration::from_secs(5));
    /// assert_eq!(error.kind(), JobErrorKind::Transient { retry_after: Some(Duration::from_secs(5)) });
    /// assert_eq!(error.to_string(), "too many requests");
    /// ```
    pub fn transient(source: impl Into<BoxError>) -> Self {
        let error = Self::new(source);
        match error.kind {
            JobErrorKind::Failed => Self { kind: JobErrorKind::Transient { retry_after: None }, ..error },
            JobErrorKind::Canceled | JobErrorKind::Transient { .. } => error,
        }
    }

    /// Makes the failure one that may pass, after at least this long. A canceled run stays canceled.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        if self.is_canceled() {
            return self;
        }
        Self { kind: JobErrorKind::Transient { retry_after: Some(wait) }, ..self }
    }

    /// What the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> JobErrorKind {
        self.kind
    }

    /// Whether the job stopped because it was asked to.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.kind == JobErrorKind::Canceled
    }

    /// The error as it was given, to print it with [`error_chain`] or to look for a type in it.
    ///
    /// ```
    /// use godata_core::{JobError, ParamError, Params};
    ///
    /// let error = JobError::from(Params::new().require("day").unwrap_err());
    /// assert!(error.as_error().is::<ParamError>());
    /// ```
    #[must_use]
    pub fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.source
    }

    /// The error as it was given, or in a wrapper that keeps its kind if its chain says another.
    #[must_use]
    pub fn into_error(self) -> BoxError {
        if self.kind == kind_of(&*self.source) {
            return self.source;
        }
        match self.kind {
            JobErrorKind::Transient { retry_after } => {
                Transient::new(self.source).with_wait(retry_after).into()
            }
            JobErrorKind::Failed | JobErrorKind::Canceled => Failed(self.source).into(),
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for JobError {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

impl From<JobError> for BoxError {
    fn from(error: JobError) -> Self {
        error.into_error()
    }
}

impl From<JobError> for Box<dyn Error> {
    fn from(error: JobError) -> Self {
        error.into_error()
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            write!(f, "{}", error_chain(self.as_error()))
        } else {
            write!(f, "{}", self.source)
        }
    }
}

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

/// An error that is a failure whatever its chain holds. It prints as the error itself.
#[derive(Debug)]
struct Failed(BoxError);

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Canceled wins over transient wherever they stand: a run that was stopped on purpose is not tried again.
/// Of several transients the outermost that names a time to wait counts.
fn kind_of(error: &(dyn Error + 'static)) -> JobErrorKind {
    let mut kind = JobErrorKind::Failed;
    for level in iter::successors(Some(error), |level| cause(*level)) {
        if level.is::<Canceled>() {
            return JobErrorKind::Canceled;
        }
        if level.is::<Failed>() {
            return kind;
        }
        if let Some(transient) = level.downcast_ref::<Transient>() {
            kind = match kind {
                JobErrorKind::Transient { retry_after: Some(_) } => kind,
                _ => JobErrorKind::Transient { retry_after: transient.wait() },
            };
        }
    }
    kind
}

/// The next error of the chain. An [`io::Error`] stands for the error it wraps: its `source` is that error's
/// source, which would pass over the wrapped error itself.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Wrapped(&'static str, #[source] BoxError);

    const WAIT: Duration = Duration::from_secs(7);
    const PASSES: JobErrorKind = JobErrorKind::Transient { retry_after: None };
    const PASSES_AFTER_WAIT: JobErrorKind = JobErrorKind::Transient { retry_after: Some(WAIT) };

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
            (Transient::new("busy").into(), PASSES),
            (wrap(wrap(Transient::new("busy"))).into(), PASSES),
            (wrap(Transient::new("busy").retry_after(WAIT)).into(), PASSES_AFTER_WAIT),
        ];
        for (error, kind) in cases {
            assert_eq!(JobError::new(error).kind(), kind);
        }
    }

    #[test]
    fn a_failure_stays_one_in_a_box_and_in_a_chain() {
        let failed = || JobError::failed(wrap(canceled()));
        assert_eq!(JobError::new(failed()).kind(), JobErrorKind::Failed);
        assert_eq!(JobError::new(wrap(failed())).kind(), JobErrorKind::Failed);
        assert_eq!(JobError::new(Transient::new(failed())).kind(), PASSES);
        assert_eq!(format!("{:#}", JobError::new(failed())), "read failed: the run was canceled");
    }

    #[test]
    fn the_kind_is_found_inside_io_errors() {
        let nested = io::Error::other(wrap(io::Error::other(io::Error::other(canceled()))));
        assert_eq!(JobError::from(nested).kind(), JobErrorKind::Canceled);
        assert_eq!(JobError::from(io::Error::other(Transient::new("busy"))).kind(), PASSES);
        assert_eq!(JobError::from(io::Error::from(io::ErrorKind::TimedOut)).kind(), JobErrorKind::Failed);
    }

    #[test]
    fn canceled_wins_over_transient() {
        assert!(JobError::from(Transient::new(canceled())).is_canceled());
        assert!(JobError::transient(canceled()).is_canceled());
        assert!(JobError::canceled().retry_after(WAIT).is_canceled());
    }

    #[test]
    fn the_outermost_time_to_wait_counts() {
        let inner = || Transient::new("busy").retry_after(WAIT);
        assert_eq!(JobError::from(Transient::new(inner())).kind(), PASSES_AFTER_WAIT);
        assert_eq!(JobError::transient(inner()).kind(), PASSES_AFTER_WAIT);
        let outer = Transient::new(Transient::new("busy").retry_after(WAIT * 2)).retry_after(WAIT);
        assert_eq!(JobError::from(outer).kind(), PASSES_AFTER_WAIT);
    }

    #[test]
    fn the_kind_survives_a_boxed_error() {
        let errors = [
            JobError::new("plain"),
            JobError::canceled(),
            JobError::transient("busy"),
            JobError::transient("busy").retry_after(WAIT),
            JobError::from(Transient::new("busy").retry_after(WAIT * 2)).retry_after(WAIT),
        ];
        for error in errors {
            let kind = error.kind();
            assert_eq!(JobError::from(wrap(error)).kind(), kind);
        }
    }

    #[test]
    fn an_error_is_only_wrapped_to_keep_its_kind() {
        assert!(JobError::from(wrap("plain")).into_error().is::<Wrapped>());
        assert!(JobError::from(wrap(Transient::new("busy"))).into_error().is::<Wrapped>());
        assert!(JobError::transient(wrap("busy")).into_error().is::<Transient>());
    }

    #[test]
    fn the_chain_is_printed_when_asked_for() {
        let error = JobError::from(wrap(Transient::new("busy")));
        assert_eq!(format!("{error}"), "read failed");
        assert_eq!(format!("{error:#}"), "read failed: temporary failure: busy");
        assert_eq!(format!("{error:?}"), format!("{error:#}"));
    }

    #[test]
    fn question_mark_works_into_a_boxed_error() {
        fn run() -> Result<(), Box<dyn Error>> {
            Err(JobError::new("plain"))?
        }
        assert_eq!(run().unwrap_err().to_string(), "plain");
    }
}
