//! The attempts at one call.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use godata_core::{BoxError, Failure, JobErrorKind, RetryPolicy, debug_as_chain, error_chain};
use tokio::time::sleep;

use crate::RunScope;
use crate::engine::Stage;
use crate::error::contained;

/// The attempts at one call.
#[derive(Debug)]
pub(super) struct Attempts {
    policy: RetryPolicy,
    stage: Stage,
    /// How many have failed.
    failed: u32,
}

impl Attempts {
    pub(super) fn new(policy: &RetryPolicy, stage: Stage) -> Self {
        Self { policy: policy.clone(), stage, failed: 0 }
    }

    /// Calls `f` until it succeeds or the policy gives up.
    pub(super) async fn call<T, Fut>(
        &mut self,
        scope: &RunScope,
        mut f: impl FnMut() -> Fut,
    ) -> Result<T, BoxError>
    where
        Fut: Future<Output = Result<T, BoxError>>,
    {
        loop {
            match f().await {
                Ok(value) => return Ok(value),
                Err(error) => self.wait(scope, error).await?,
            }
        }
    }

    /// Waits before the next attempt, after one that failed with `error`. Returns the error if there is none.
    pub(super) async fn wait(&mut self, scope: &RunScope, error: BoxError) -> Result<(), BoxError> {
        self.failed = self.failed.saturating_add(1);
        let Some(wait) = self.delay(&error) else { return Err(error) };
        let Ok(sleeping) = contained(|| Ok(sleep(wait))) else {
            return Err(NoTimer { source: error }.into());
        };
        tracing::warn!(
            attempt = self.failed + 1,
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            error = %error_chain(&*error),
            "a call is retried"
        );
        scope.count_retry(self.stage);
        Ok(scope.context().cancellation().unless_canceled(sleeping).await?)
    }

    fn delay(&self, error: &BoxError) -> Option<Duration> {
        match JobErrorKind::of(&**error) {
            JobErrorKind::Transient { .. } => {
                self.policy.delay(self.failed, &Failure::from_error(&**error), random())
            }
            _ => None,
        }
    }
}

/// A random number from 0, inclusive, to 1, exclusive.
fn random() -> f64 {
    (RandomState::new().hash_one(()) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The runtime can't wait.
#[derive(thiserror::Error)]
#[error(
    "a call failed and can't be retried, because the tokio runtime has no timer; call `enable_time` on its builder"
)]
struct NoTimer {
    source: BoxError,
}

debug_as_chain!(NoTimer);
