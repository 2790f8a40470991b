//! The clock for tests.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::BoxFuture;
use time::UtcDateTime;
use tokio::sync::watch;

use super::Clock;

/// A clock for tests, which stands still until it is moved.
///
/// Clones are the same clock. Moving it wakes exactly the sleepers whose time has come. A sleeper that was woken stays
/// awake even if the clock is set back before its task continues. The clock works on any runtime.
///
/// A test should move the clock only while the code under test sleeps;
/// [`wait_for_sleepers`](Self::wait_for_sleepers) waits for that.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use godata_core::{Clock, ManualClock};
/// use time::UtcDateTime;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = ManualClock::new(UtcDateTime::from_unix_timestamp(1_700_000_000)?);
/// let bell = clock.now() + Duration::from_secs(60);
/// let task = tokio::spawn(clock.sleep_until(bell));
///
/// clock.wait_for_sleepers(1).await;
/// clock.advance(Duration::from_secs(59));
/// assert_eq!(clock.sleepers(), 1);
///
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(clock.sleepers(), 0);
/// task.await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    state: watch::Sender<State>,
}

/// Invariant: every instant in `asleep` is later than `now`. A sleeper is woken by removing it, in the same step that
/// moves `now`, so it can neither be missed nor be counted after its time has come.
#[derive(Debug)]
struct State {
    now: UtcDateTime,
    asleep: BTreeMap<u64, UtcDateTime>,
    next_sleeper: u64,
}

impl ManualClock {
    /// Makes a clock that shows `at`, truncated to whole milliseconds.
    #[must_use]
    pub fn new(at: UtcDateTime) -> Self {
        let now = at.truncate_to_millisecond();
        Self { state: watch::Sender::new(State { now, asleep: BTreeMap::new(), next_sleeper: 0 }) }
    }

    /// Moves the clock forward. It stops at [`UtcDateTime::MAX`]. The result is truncated to whole milliseconds.
    pub fn advance(&self, by: Duration) {
        let by = time::Duration::try_from(by).unwrap_or(time::Duration::MAX);
        self.state.send_modify(|state| state.move_to(state.now.saturating_add(by)));
    }

    /// Sets the clock to `at`, truncated to whole milliseconds. This may move it back.
    pub fn set(&self, at: UtcDateTime) {
        self.state.send_modify(|state| state.move_to(at));
    }

    /// Returns the number of sleepers: futures of [`sleep_until`](Clock::sleep_until) that have been polled and whose
    /// time has not come.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.state.borrow().asleep.len()
    }

    /// Waits until there are at least `count` [`sleepers`](Self::sleepers).
    pub async fn wait_for_sleepers(&self, count: usize) {
        wait_until(&self.state, |state| state.asleep.len() >= count).await;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UtcDateTime {
        self.state.borrow().now
    }

    fn sleep_until(&self, at: UtcDateTime) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(async move {
            if let Some(sleeper) = Sleeper::new(clock, at) {
                sleeper.woken().await;
            }
        })
    }
}

impl State {
    fn move_to(&mut self, at: UtcDateTime) {
        let now = at.truncate_to_millisecond();
        self.now = now;
        self.asleep.retain(|_, at| *at > now);
    }
}

/// An entry in `asleep`, which is removed when its future is dropped.
struct Sleeper {
    clock: ManualClock,
    id: u64,
}

impl Sleeper {
    /// `None` if the time has already come.
    fn new(clock: ManualClock, at: UtcDateTime) -> Option<Self> {
        let mut id = None;
        clock.state.send_if_modified(|state| {
            if at > state.now {
                state.asleep.insert(state.next_sleeper, at);
                id = Some(state.next_sleeper);
                state.next_sleeper += 1;
            }
            id.is_some()
        });
        id.map(|id| Self { clock, id })
    }

    async fn woken(&self) {
        wait_until(&self.clock.state, |state| !state.asleep.contains_key(&self.id)).await;
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.clock.state.send_if_modified(|state| state.asleep.remove(&self.id).is_some());
    }
}

async fn wait_until(state: &watch::Sender<State>, reached: impl Fn(&State) -> bool) {
    let mut states = state.subscribe();
    // It fails only if the channel closes, which the borrowed sender prevents.
    let _ = states.wait_for(|state| reached(state)).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt as _;

    use super::*;

    fn at(seconds: u64) -> UtcDateTime {
        UtcDateTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// One sleeper per instant, each polled once.
    fn asleep(clock: &ManualClock, seconds: &[u64]) -> Vec<BoxFuture<'static, ()>> {
        let mut sleepers: Vec<_> = seconds.iter().map(|&s| clock.sleep_until(at(s))).collect();
        assert_eq!(awake(&mut sleepers), vec![false; seconds.len()]);
        sleepers
    }

    fn awake(sleepers: &mut [BoxFuture<'static, ()>]) -> Vec<bool> {
        sleepers.iter_mut().map(|sleeper| sleeper.now_or_never().is_some()).collect()
    }

    #[test]
    fn exactly_the_sleepers_whose_time_has_come_wake() {
        let clock = ManualClock::new(at(0));
        let mut sleepers = asleep(&clock, &[30, 10, 20, 20, 31]);
        clock.advance(Duration::from_millis(19_999));
        clock.advance(Duration::from_millis(1));
        assert_eq!(clock.sleepers(), 2);
        assert_eq!(awake(&mut sleepers), [false, true, true, true, false]);
    }

    #[test]
    fn a_woken_sleeper_stays_awake_when_the_clock_is_set_back() {
        let clock = ManualClock::new(at(0));
        let mut sleepers = asleep(&clock, &[10, 100]);
        clock.set(at(50));
        clock.set(at(5));
        assert_eq!(awake(&mut sleepers), [true, false]);
        assert_eq!(clock.now(), at(5));
    }

    #[test]
    fn a_clock_that_was_set_back_has_to_catch_up() {
        let clock = ManualClock::new(at(50));
        let mut sleepers = asleep(&clock, &[60]);
        clock.set(at(0));
        clock.advance(Duration::from_secs(59));
        assert_eq!(awake(&mut sleepers), [false]);
        clock.advance(Duration::from_secs(1));
        assert_eq!(awake(&mut sleepers), [true]);
    }

    #[test]
    fn sleeping_until_the_present_or_the_past_ends_at_once() {
        let clock = ManualClock::new(at(10));
        for seconds in [10, 0] {
            assert!(clock.sleep_until(at(seconds)).now_or_never().is_some());
        }
        assert_eq!(clock.sleepers(), 0);
    }

    #[test]
    fn a_dropped_sleeper_is_not_counted() {
        let clock = ManualClock::new(at(0));
        let sleepers = asleep(&clock, &[10, 20]);
        assert_eq!(clock.sleepers(), 2);
        drop(sleepers);
        assert_eq!(clock.sleepers(), 0);
    }

    #[test]
    fn the_clock_stops_at_the_last_instant() {
        let clock = ManualClock::new(at(0));
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), UtcDateTime::MAX.truncate_to_millisecond());
    }

    #[test]
    fn instants_are_whole_milliseconds() {
        let micros = Duration::from_micros(1_999);
        let clock = ManualClock::new(at(1) + micros);
        clock.advance(micros);
        assert_eq!(clock.now(), at(1) + Duration::from_millis(2));
        clock.set(at(2) + micros);
        assert_eq!(clock.now(), at(2) + Duration::from_millis(1));
    }

    /// Tokio's own time is paused, so that a lost wakeup ends in the timeout at once.
    #[tokio::test(start_paused = true)]
    async fn a_test_and_a_ticker_take_turns() {
        let clock = ManualClock::new(at(0));
        let ticks = Arc::new(watch::Sender::new(0));
        let ticker = tokio::spawn({
            let (clock, ticks) = (Arc::new(clock.clone()), Arc::clone(&ticks));
            async move {
                for tick in 1..=100 {
                    clock.sleep_until(at(tick)).await;
                    ticks.send_replace(tick);
                }
            }
        });
        let turns = async {
            for tick in 0..100 {
                clock.wait_for_sleepers(1).await;
                assert_eq!(*ticks.borrow(), tick);
                clock.advance(Duration::from_secs(1));
            }
            ticker.await.unwrap();
        };
        tokio::time::timeout(Duration::from_secs(1), turns).await.unwrap();
    }
}
