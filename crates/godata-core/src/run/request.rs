//! The request to run a job.

use std::sync::Arc;
use std::time::Duration;

use crate::RunContext;

/// How to run a job once: its context, its timeout and its pool.
///
/// A [`RunContext`] converts into a request with that context.
///
/// ```
/// use std::time::Duration;
///
/// use godata_core::{RunContext, RunRequest};
///
/// let request = RunRequest::from(RunContext::new().with_param("day", "2024-02-29"))
///     .with_timeout(Duration::from_secs(60))
///     .with_pool("database");
///
/// assert_eq!(request.timeout(), Some(Duration::from_secs(60)));
/// assert_eq!(request.pool(), Some("database"));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RunRequest {
    cx: Option<RunContext>,
    timeout: Option<Duration>,
    pool: Option<Arc<str>>,
}

impl RunRequest {
    /// Makes a request for a first attempt without parameters, with the timeout of the runner, outside of any pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long the job may take, in monotonic time. Default: the runner's timeout.
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Sets the pool in which the run waits for a slot. Default: none.
    pub fn with_pool(self, name: impl Into<Arc<str>>) -> Self {
        Self { pool: Some(name.into()), ..self }
    }

    /// Returns the timeout, if one was set.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Returns the name of the pool, if one was set.
    #[must_use]
    pub fn pool(&self) -> Option<&str> {
        self.pool.as_deref()
    }

    /// For implementors of runners: returns the context for the run.
    ///
    /// Its [`Cancellation`](crate::Cancellation) is a child of the one that the caller has set, so that the run can be
    /// stopped alone even if several runs were given the same one.
    #[must_use]
    pub fn into_context(self) -> RunContext {
        match self.cx {
            Some(cx) => {
                let own = cx.cancellation().child();
                cx.with_cancellation(own)
            }
            None => RunContext::new(),
        }
    }
}

impl From<RunContext> for RunRequest {
    fn from(cx: RunContext) -> Self {
        Self { cx: Some(cx), ..Self::default() }
    }
}
