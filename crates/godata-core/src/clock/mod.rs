//! What time it is.

mod manual;
mod system;

pub use manual::ManualClock;
pub use system::SystemClock;

use std::sync::Arc;

use futures::future::BoxFuture;
use time::UtcDateTime;

/// Tells the time, and waits for it.
///
/// Whatever acts at an instant takes a clock, so that a test can turn it: [`SystemClock`] in production,
/// [`ManualClock`] in tests. Durations, such as a timeout, are no matter of a clock that people can set; they are
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
    /// The current instant, in whole milliseconds.
    ///
    /// Called often and from any thread. It may go back when the clock is set: two calls need not be in order.
    fn now(&self) -> UtcDateTime;

    /// Completes once the clock has reached `at`: never earlier, and at once if it already has.
    ///
    /// Called concurrently; each call waits for itself. Dropping the future ends the wait and leaves nothing behind.
    /// It may complete late, after the machine slept, and the clock may have been set back by the time the caller
    /// continues: what matters is asked again of [`now`](Self::now).
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
