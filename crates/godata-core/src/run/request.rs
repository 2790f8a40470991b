//! How to run a job.

use std::sync::Arc;
use std::time::Duration;

use crate::RunContext;

/// How to run a job once: in which context, for how long, in which pool.
///
/// A [`RunContext`] becomes one, where the job has to know more than its ids.
///
/// ```
/// use std::time::Duration;
///
/// use godata_core::{RunContext, RunRequest};
///
/// let request = RunRequest::from(RunContext::new().with_param("day", "2024-02-29"))
///     .with_timeout(Duration::from_secs(60))
///     .with_pool("database");
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RunRequest {
    cx: Option<RunContext>,
    timeout: Option<Duration>,
    pool: Option<Arc<str>>,
}

impl RunRequest {
    /// A first attempt, by hand, without parameters; no timeout but the runner's, no pool but the default.
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

    /// The timeout, if one was set.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The pool, if one was set.
    #[must_use]
    pub fn pool(&self) -> Option<&str> {
        self.pool.as_deref()
    }

    /// The context for the run, for a runner. What stops it can be stopped alone, also when the caller has given
    /// several runs the same [`Cancellation`](crate::Cancellation).
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
