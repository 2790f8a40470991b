//! When to try again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Failure, FailureKind};

/// How often a job is tried, and how long to wait in between. It is data; whoever stores runs acts on it.
///
/// The wait before attempt *n* + 1 is a random share of `initial` · 2ⁿ⁻¹, which is at most `max`: full jitter, so
/// that what failed together is not tried together.
///
/// ```
/// use std::time::Duration;
///
/// use godata_core::{Failure, JobError, RetryPolicy};
///
/// let policy = RetryPolicy::attempts(3).backoff(Duration::from_secs(1), Duration::from_secs(60));
/// let busy = Failure::from(&JobError::transient("busy"));
///
/// assert!(policy.delay(2, &busy, 0.5) == Some(Duration::from_secs(1)));
/// assert!(policy.delay(3, &busy, 0.5).is_none(), "it was the last attempt");
///
/// let broken = Failure::from(&JobError::new("no such column"));
/// assert!(policy.delay(1, &broken, 0.5).is_none(), "it would fail again");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a job is tried, the first time included.
    pub attempts: u32,
    /// The most that is waited before the second attempt.
    pub initial: Duration,
    /// The most that is waited before any.
    pub max: Duration,
    /// Which failures are tried again.
    pub on: RetryOn,
}

/// Which failures are tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RetryOn {
    /// Those that say of themselves that they may pass, and timeouts: the default.
    #[default]
    Transient,
    /// All, also panics.
    Any,
}

impl RetryPolicy {
    /// One attempt, and none after it.
    #[must_use]
    pub fn never() -> Self {
        Self::attempts(1)
    }

    /// This many attempts, the first included; before the second up to 1 s is waited, doubling up to 5 minutes.
    #[must_use]
    pub fn attempts(attempts: u32) -> Self {
        let (initial, max) = (Duration::from_secs(1), Duration::from_secs(300));
        Self { attempts, initial, max, on: RetryOn::default() }
    }

    /// Sets the most that is waited before the second attempt, and before any.
    #[must_use]
    pub fn backoff(self, initial: Duration, max: Duration) -> Self {
        Self { initial, max, ..self }
    }

    /// Sets which failures are tried again. Default: [`RetryOn::Transient`].
    #[must_use]
    pub fn on(self, on: RetryOn) -> Self {
        Self { on, ..self }
    }

    /// How long to wait after an attempt that failed; `None` if it is not tried again.
    ///
    /// `attempt` counts from 1. `random` is the caller's, from 0 to 1; what is outside counts as the nearer of these.
    /// The wait is at most `max`, unless the failure itself asked for a longer one.
    #[must_use]
    pub fn delay(&self, attempt: u32, failure: &Failure, random: f64) -> Option<Duration> {
        let may_pass = matches!(failure.kind, FailureKind::Transient | FailureKind::TimedOut);
        if attempt >= self.attempts || !(may_pass || self.on == RetryOn::Any) {
            return None;
        }
        let doublings = attempt.saturating_sub(1);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let bound = self.initial.saturating_mul(factor).min(self.max);
        let share = if random.is_nan() { 1.0 } else { random.clamp(0.0, 1.0) };
        Some(bound.mul_f64(share).min(bound).max(failure.retry_after.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transient() -> Failure {
        Failure::new(FailureKind::Transient, "busy")
    }

    #[test]
    fn the_bound_doubles_up_to_the_cap_and_no_further() {
        let policy = RetryPolicy::attempts(u32::MAX).backoff(Duration::from_secs(1), Duration::from_secs(10));
        for (attempt, seconds) in
            [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (33, 10), (u32::MAX - 1, 10)]
        {
            for (random, expected) in [(1.0, seconds), (f64::INFINITY, seconds), (-1.0, 0)] {
                let delay = policy.delay(attempt, &transient(), random);
                assert_eq!(delay, Some(Duration::from_secs(expected)), "{attempt}, {random}");
            }
        }
        let endless = policy.backoff(Duration::MAX, Duration::MAX);
        assert!(endless.delay(7, &transient(), 0.999).is_some());
    }

    #[test]
    fn a_failure_that_asks_for_a_longer_wait_gets_it() {
        let mut failure = transient();
        failure.retry_after = Some(Duration::from_secs(1_000));
        assert_eq!(RetryPolicy::attempts(2).delay(1, &failure, 0.0), Some(Duration::from_secs(1_000)));
    }

    #[test]
    fn only_what_may_pass_is_tried_again_unless_all_is() {
        for (kind, passes) in [
            (FailureKind::Failed, false),
            (FailureKind::Panicked, false),
            (FailureKind::Transient, true),
            (FailureKind::TimedOut, true),
        ] {
            let failure = Failure::new(kind, "");
            let policy = RetryPolicy::attempts(2);
            assert_eq!(policy.delay(1, &failure, 0.5).is_some(), passes, "{kind:?}");
            assert!(policy.on(RetryOn::Any).delay(1, &failure, 0.5).is_some(), "{kind:?}");
            assert!(RetryPolicy::never().on(RetryOn::Any).delay(1, &failure, 0.5).is_none());
        }
    }
}
