//! The clock of the machine.

use std::time::Duration;

use futures::future::BoxFuture;
use time::UtcDateTime;

use super::Clock;

/// The longest time after which the wall clock is looked at again. A timer does not notice that the clock was set,
/// and does not advance while the machine is suspended; this bounds how late either makes a sleeper.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// The clock of the machine, cut to whole milliseconds.
///
/// Sleepers follow the wall clock: when it is set, or the machine was suspended, they wake at most 30 s late, and
/// never early.
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
        let left = at - now();
        if !left.is_positive() {
            return;
        }
        tokio::time::sleep(left.unsigned_abs().min(LONGEST_NAP)).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const EPOCH: UtcDateTime = UtcDateTime::UNIX_EPOCH;
    const HOUR: Duration = Duration::from_secs(3_600);

    /// How long a sleeper of one hour sleeps if the wall clock jumps by `jump` seconds after ten minutes.
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
    async fn the_past_is_reached_at_once() {
        let start = Instant::now();
        SystemClock.sleep_until(SystemClock.now()).await;
        SystemClock.sleep_until(UtcDateTime::MIN).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    /// Paused, tokio's timers complete before the wall clock has moved.
    #[tokio::test(start_paused = true)]
    async fn a_timer_that_completes_early_does_not_wake_the_sleeper() {
        let at = SystemClock.now() + Duration::from_millis(5);
        SystemClock.sleep_until(at).await;
        assert!(SystemClock.now() >= at);
    }
}
