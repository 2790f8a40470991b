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
///     .timeout(Duration::from_secs(60))
///     .pool("database");
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

    /// How long the job may take, on a clock that nobody sets. Default: as long as the runner says.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// The pool that the run waits in until there is a slot. Default: none.
    pub fn pool(self, name: impl Into<Arc<str>>) -> Self {
        Self { pool: Some(name.into()), ..self }
    }

    /// The timeout that was set.
    #[must_use]
    pub fn get_timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The pool that was set.
    #[must_use]
    pub fn get_pool(&self) -> Option<&str> {
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
