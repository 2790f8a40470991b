//! The trait of clocks.

mod manual;
mod system;

pub use manual::ManualClock;
pub use system::SystemClock;

use std::sync::Arc;

use futures::future::BoxFuture;
use time::UtcDateTime;

/// Tells the time and waits for instants.
///
/// Code that acts at an instant takes a clock, so that tests can control the time: [`SystemClock`] in production,
/// [`ManualClock`] in tests. Durations, such as timeouts, do not depend on a wall clock that can be set; they are
/// measured with `tokio::time`.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use godata_core::{Clock, SystemClock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock: Arc<dyn Clock> = Arc::new(SystemClock);
/// let at = clock.now() + Duration::from_millis(2);
/// clock.sleep_until(at).await;
/// assert!(clock.now() >= at);
/// # Ok(())
/// # }
/// ```
pub trait Clock: Send + Sync + 'static {
    /// Returns the current instant, in whole milliseconds.
    ///
    /// Called often and from any thread. The clock may be set back, so a later call may return an earlier instant.
    fn now(&self) -> UtcDateTime;

    /// Waits until the clock has reached `at`: never completes earlier, and completes at once if it already has.
    ///
    /// Called concurrently; the calls are independent. Dropping the future ends the wait and leaves nothing behind. The
    /// future may complete late, for example after the machine was suspended, and the clock may have been set back by
    /// the time the caller continues. A caller that depends on the time calls [`now`](Self::now) again.
    fn sleep_until(&self, at: UtcDateTime) -> BoxFuture<'static, ()>;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> UtcDateTime {
        (**self).now()
    }

    fn sleep_until(&self, at: UtcDateTime) -> BoxFuture<'static, ()> {
        (**self).sleep_until(at)
    }
}
