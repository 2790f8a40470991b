//! The clocks of the simulated machines, and the store's.

use std::future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use godata::Clock;
use time::UtcDateTime;
use tokio::time::Instant;

/// As the system's clock: how long a sleeper may not notice that the clock was set.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// What one machine takes the time to be. The time that passes is that of the machine's runtime; how far its wall clock
/// is from the truth is set from outside.
#[derive(Clone, Debug)]
pub(crate) struct MachineClock(Arc<Machine>);

#[derive(Debug)]
struct Machine {
    booted: Instant,
    booted_at: UtcDateTime,
    /// For how many milliseconds the machine was suspended: its timers stood still, its wall clock did not.
    suspended: AtomicI64,
    /// How many milliseconds its wall clock is ahead of the truth.
    skew: AtomicI64,
}

impl MachineClock {
    /// Made within the machine's runtime.
    pub(crate) fn boot(at: UtcDateTime, skew_ms: i64) -> Self {
        Self(Arc::new(Machine {
            booted: Instant::now(),
            booted_at: at,
            suspended: AtomicI64::new(0),
            skew: AtomicI64::new(skew_ms),
        }))
    }

    /// The time as it really is for this machine: within its runtime.
    pub(crate) fn truth(&self) -> UtcDateTime {
        let suspended = time::Duration::milliseconds(self.0.suspended.load(Relaxed));
        (self.0.booted_at + self.0.booted.elapsed() + suspended).truncate_to_millisecond()
    }

    pub(crate) fn suspend(&self, by: Duration) {
        self.0.suspended.fetch_add(by.as_millis() as i64, Relaxed);
    }

    pub(crate) fn skew(&self) -> i64 {
        self.0.skew.load(Relaxed)
    }

    pub(crate) fn set_skew(&self, ms: i64) {
        self.0.skew.store(ms, Relaxed);
    }
}

impl Clock for MachineClock {
    fn now(&self) -> UtcDateTime {
        self.truth() + time::Duration::milliseconds(self.skew())
    }

    fn sleep_until(&self, at: UtcDateTime) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let clock = self.clone();
        Box::pin(async move {
            loop {
                let left = at - clock.now();
                if !left.is_positive() {
                    return;
                }
                tokio::time::sleep(left.unsigned_abs().min(LONGEST_NAP)).await;
            }
        })
    }
}

/// The clock of a shared store: right, and it never goes back.
#[derive(Clone, Debug)]
pub(crate) struct StoreClock(Arc<AtomicI64>);

impl StoreClock {
    pub(crate) fn new(at: UtcDateTime) -> Self {
        Self(Arc::new(AtomicI64::new(at.unix_timestamp() * 1_000)))
    }

    /// Somebody asks the store at this time.
    pub(crate) fn reach(&self, at: UtcDateTime) {
        let ms = at.unix_timestamp_nanos() / 1_000_000;
        self.0.fetch_max(ms as i64, Relaxed);
    }
}

impl Clock for StoreClock {
    fn now(&self) -> UtcDateTime {
        UtcDateTime::UNIX_EPOCH + time::Duration::milliseconds(self.0.load(Relaxed))
    }

    fn sleep_until(&self, _at: UtcDateTime) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(future::pending())
    }
}
