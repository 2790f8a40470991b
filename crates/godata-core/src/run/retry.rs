//! When failed runs are retried.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Failure, FailureKind};

/// How often a failed run is retried, and how long to wait in between.
///
/// Every failure that is not marked [`Permanent`](crate::Permanent) is retried: an error, a panic, a timeout. A run that
/// was canceled is not. [`only_transient`](Self::only_transient) narrows the policy to errors marked
/// [`Transient`](crate::Transient), and timeouts.
///
/// A mark is found at any depth of an error's sources, except as the outermost error in an `anyhow::Error`, which hides its
/// type. [`JobErrorKind::of`](crate::JobErrorKind::of) says what to do about that.
///
/// The policy is plain data. The orchestrator applies it, since it stores the runs; a runner alone never retries.
///
/// The backoff is exponential with full jitter: the wait before attempt *n* + 1 is a random part of
/// min(`initial` · 2ⁿ⁻¹, `max`), so that runs that failed together are not all retried together.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use godata_core::{Failure, FailureKind, RetryPolicy};
///
/// let policy = RetryPolicy::attempts(3).backoff(Duration::from_secs(1), Duration::from_secs(60));
/// let failed = Failure::new(FailureKind::Failed, "connection reset");
///
/// assert_eq!(policy.delay(2, &failed, 0.5), Some(Duration::from_secs(1)));
/// assert_eq!(policy.delay(3, &failed, 0.5), None, "that was the last attempt");
///
/// let permanent = Failure::new(FailureKind::Permanent, "no such column");
/// assert_eq!(policy.delay(1, &permanent, 0.5), None, "it would fail again");
/// assert_eq!(policy.only_transient().delay(1, &failed, 0.5), None, "it is not marked as transient");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The most attempts at a job, including the first.
    pub attempts: u32,
    /// The longest wait before the second attempt.
    pub initial: Duration,
    /// The longest wait before any attempt.
    pub max: Duration,
    /// Which failures are retried.
    pub on: RetryOn,
}

/// Which failures a [`RetryPolicy`] retries. A [permanent](crate::Permanent) failure is never retried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RetryOn {
    /// All failures: errors, panics, timeouts. The default.
    #[default]
    Any,
    /// Errors marked [`Transient`](crate::Transient), and timeouts.
    Transient,
}

impl RetryPolicy {
    /// Makes a policy that never retries.
    #[must_use]
    pub fn never() -> Self {
        Self::attempts(1)
    }

    /// Makes a policy with up to this many attempts, including the first. An orchestrator refuses 0. The longest wait before
    /// the second attempt is 1 s. It doubles with each further attempt, up to 5 minutes.
    #[must_use]
    pub fn attempts(attempts: u32) -> Self {
        let (initial, max) = (Duration::from_secs(1), Duration::from_secs(300));
        Self { attempts, initial, max, on: RetryOn::default() }
    }

    /// Sets the longest wait before the second attempt, and before any attempt. Default: 1 s and 5 minutes.
    #[must_use]
    pub fn backoff(self, initial: Duration, max: Duration) -> Self {
        Self { initial, max, ..self }
    }

    /// Retries only errors marked [`Transient`](crate::Transient), and timeouts. Default: every failure that is not permanent.
    #[must_use]
    pub fn only_transient(self) -> Self {
        Self { on: RetryOn::Transient, ..self }
    }

    /// Returns how long to wait after a failed attempt before the next one; `None` if the policy does not retry.
    ///
    /// `attempt` is the number of the attempt that failed; the first is 1. `random` is a random number from 0 to 1 that
    /// the caller provides; it is clamped to that range, and NaN counts as 1. The wait is at most `max`, unless the
    /// failure itself asks for a longer one.
    #[must_use]
    pub fn delay(&self, attempt: u32, failure: &Failure, random: f64) -> Option<Duration> {
        let is_retried = match failure.kind {
            FailureKind::Permanent => false,
            FailureKind::Transient | FailureKind::TimedOut => true,
            FailureKind::Failed | FailureKind::Panicked => self.on == RetryOn::Any,
        };
        if attempt >= self.attempts || !is_retried {
            return None;
        }
        let doublings = attempt.saturating_sub(1);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let bound = self.initial.saturating_mul(factor).min(self.max);
        let share = if random.is_nan() { 1.0 } else { random.clamp(0.0, 1.0) };
        // A share of 1 would round the longest bound up, beyond what a duration can hold.
        let wait =
            Duration::try_from_secs_f64(bound.as_secs_f64() * share).map_or(bound, |wait| wait.min(bound));
        Some(wait.max(failure.retry_after.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transient() -> Failure {
        Failure::new(FailureKind::Transient, "busy")
    }

    #[test]
    fn the_longest_wait_doubles_up_to_the_maximum() {
        let policy = RetryPolicy::attempts(u32::MAX).backoff(Duration::from_secs(1), Duration::from_secs(10));
        for (attempt, seconds) in
            [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (33, 10), (u32::MAX - 1, 10)]
        {
            for (random, expected) in [(1.0, seconds), (f64::INFINITY, seconds), (-1.0, 0)] {
                let delay = policy.delay(attempt, &transient(), random);
                assert_eq!(delay, Some(Duration::from_secs(expected)), "{attempt}, {random}");
            }
        }
        let longest = policy.backoff(Duration::MAX, Duration::MAX);
        for random in [0.999, 1.0, f64::NAN, f64::INFINITY] {
            assert!(longest.delay(7, &transient(), random).is_some(), "{random}");
        }
        assert_eq!(longest.delay(1, &transient(), 1.0), Some(Duration::MAX));
    }

    #[test]
    fn a_failure_that_asks_for_a_longer_wait_gets_it() {
        let mut failure = transient();
        failure.retry_after = Some(Duration::from_secs(1_000));
        assert_eq!(RetryPolicy::attempts(2).delay(1, &failure, 0.0), Some(Duration::from_secs(1_000)));
    }

    #[test]
    fn every_failure_except_a_permanent_one_is_retried() {
        for (kind, by_default, if_only_transient) in [
            (FailureKind::Failed, true, false),
            (FailureKind::Permanent, false, false),
            (FailureKind::Panicked, true, false),
            (FailureKind::Transient, true, true),
            (FailureKind::TimedOut, true, true),
        ] {
            let failure = Failure::new(kind, "");
            let policy = RetryPolicy::attempts(2);
            assert_eq!(policy.delay(1, &failure, 0.5).is_some(), by_default, "{kind:?}");
            let narrow = policy.only_transient();
            assert_eq!(narrow.delay(1, &failure, 0.5).is_some(), if_only_transient, "{kind:?}");
            assert!(RetryPolicy::never().delay(1, &failure, 0.5).is_none(), "{kind:?}");
        }
    }
}
