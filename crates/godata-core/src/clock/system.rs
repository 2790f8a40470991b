//! The system clock.

use std::time::Duration;

use futures::future::BoxFuture;
use time::UtcDateTime;

use super::Clock;

/// The longest time between two looks at the wall clock. A timer does not notice that the clock was set, and stands
/// still while the machine is suspended; this limits how late a sleeper wakes after either.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// The system's wall clock, truncated to whole milliseconds.
///
/// Sleepers follow the wall clock. If it is set, or the machine is suspended, they wake at most 30 s late and never
/// early.
///
/// # Panics
///
/// The futures of [`sleep_until`](Clock::sleep_until) panic unless they are polled on a tokio runtime with its
/// timer enabled.
///
/// # Example
///
/// ```
/// use godata_core::{Clock, SystemClock};
///
/// assert_eq!(SystemClock.now().microsecond() % 1_000, 0);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UtcDateTime {
        UtcDateTime::now().truncate_to_millisecond()
    }

    fn sleep_until(&self, at: UtcDateTime) -> BoxFuture<'static, ()> {
        Box::pin(sleep_by(|| Self.now(), at))
    }
}

async fn sleep_by(now: impl Fn() -> UtcDateTime, at: UtcDateTime) {
    loop {
        let remaining = at - now();
        if !remaining.is_positive() {
            return;
        }
        tokio::time::sleep(remaining.unsigned_abs().min(LONGEST_NAP)).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const EPOCH: UtcDateTime = UtcDateTime::UNIX_EPOCH;
    const HOUR: Duration = Duration::from_secs(3_600);

    /// How long a sleeper sleeps that is to wake in an hour, if the wall clock jumps by `jump` seconds after ten minutes.
    async fn time_asleep(jump: i64) -> Duration {
        let start = Instant::now();
        let wall = move || {
            let passed = start.elapsed();
            let jumped = if passed > HOUR / 6 { jump } else { 0 };
            EPOCH + passed + time::Duration::seconds(jumped)
        };
        sleep_by(wall, EPOCH + HOUR).await;
        assert!(wall() >= EPOCH + HOUR);
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleeper_follows_the_wall_clock() {
        let minutes = |m: u64| Duration::from_secs(60 * m);
        for (jump, expected) in
            [(0, minutes(60)), (-600, minutes(70)), (600, minutes(50)), (7_200, minutes(10))]
        {
            let asleep = time_asleep(jump).await;
            let late = asleep.checked_sub(expected).expect("a sleeper never wakes early");
            assert!(late <= LONGEST_NAP, "{late:?} late after a jump of {jump} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn sleeping_until_the_present_or_the_past_ends_at_once() {
        let start = Instant::now();
        SystemClock.sleep_until(SystemClock.now()).await;
        SystemClock.sleep_until(UtcDateTime::MIN).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    /// While tokio's time is paused, its timers complete before the wall clock has moved.
    #[tokio::test(start_paused = true)]
    async fn a_timer_that_completes_early_does_not_wake_the_sleeper() {
        let at = SystemClock.now() + Duration::from_millis(5);
        SystemClock.sleep_until(at).await;
        assert!(SystemClock.now() >= at);
    }
}
