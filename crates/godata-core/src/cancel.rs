//! Asking a run to stop.

use tokio_util::sync::CancellationToken;

/// A request to stop, shared by whoever may ask and whoever has to listen.
///
/// Cancellation is a request: nothing is interrupted by it. Code that can stop looks at
/// [`is_canceled`](Self::is_canceled) or [`check`](Self::check) between two pieces of work, or waits for
/// [`canceled`](Self::canceled) beside what else it waits for. It happens at most once and is never taken back.
///
/// Clones are the same request. A [`child`](Self::child) is a narrower one: canceled with its parent, and on its
/// own without touching the parent.
///
/// # Example
///
/// ```
/// use godata_core::Cancellation;
///
/// let run = Cancellation::new();
/// let (read, write) = (run.child(), run.child());
///
/// read.cancel();
/// assert!(read.is_canceled() && !run.is_canceled() && !write.is_canceled());
///
/// run.cancel();
/// assert!(write.check().is_err());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancellation(CancellationToken);

impl Cancellation {
    /// A request that nobody has made yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everyone who listens to this, to a clone of it or to a child of it, to stop.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether to stop.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Completes when it is time to stop, at once if it already is.
    ///
    /// Dropping the future loses nothing; it suits a `select!` in a loop.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use godata_core::{Canceled, Cancellation};
    /// use tokio::time::sleep;
    ///
    /// async fn pause(cancellation: &Cancellation) -> Result<(), Canceled> {
    ///     tokio::select! {
    ///         () = cancellation.canceled() => cancellation.check(),
    ///         () = sleep(Duration::from_secs(60)) => Ok(()),
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let cancellation = Cancellation::new();
    /// cancellation.cancel();
    /// assert!(pause(&cancellation).await.is_err());
    /// # }
    /// ```
    pub async fn canceled(&self) {
        self.0.cancelled().await;
    }

    /// Awaits a future, unless and until it is time to stop; the future is dropped then.
    ///
    /// # Errors
    ///
    /// [`Canceled`], if that came first or both were ready.
    ///
    /// ```
    /// use godata_core::Cancellation;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let cancellation = Cancellation::new();
    /// assert_eq!(cancellation.unless_canceled(async { 1 }).await, Ok(1));
    /// cancellation.cancel();
    /// assert!(cancellation.unless_canceled(std::future::pending::<()>()).await.is_err());
    /// # }
    /// ```
    pub async fn unless_canceled<F: Future>(&self, future: F) -> Result<F::Output, Canceled> {
        self.check()?;
        let output = self.0.run_until_cancelled(future).await;
        self.check()?;
        output.ok_or_else(Canceled::new)
    }

    /// Returns an error if it is time to stop, so that `?` leaves the function.
    ///
    /// # Errors
    ///
    /// [`Canceled`], if [`is_canceled`](Self::is_canceled).
    ///
    /// ```
    /// use godata_core::{Canceled, Cancellation};
    ///
    /// fn sum(numbers: &[u64], cancellation: &Cancellation) -> Result<u64, Canceled> {
    ///     let mut sum = 0;
    ///     for number in numbers {
    ///         cancellation.check()?;
    ///         sum += number;
    ///     }
    ///     Ok(sum)
    /// }
    ///
    /// assert_eq!(sum(&[1, 2], &Cancellation::new())?, 3);
    /// # Ok::<(), Canceled>(())
    /// ```
    pub fn check(&self) -> Result<(), Canceled> {
        if self.is_canceled() { Err(Canceled(())) } else { Ok(()) }
    }

    /// A request that is made whenever this one is, and can also be made alone.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }

    /// A guard that cancels when it is dropped, so that work which was handed to others stops with its owner.
    ///
    /// ```
    /// let cancellation = godata_core::Cancellation::new();
    /// {
    ///     let _guard = cancellation.drop_guard();
    ///     assert!(!cancellation.is_canceled());
    /// }
    /// assert!(cancellation.is_canceled());
    /// ```
    pub fn drop_guard(&self) -> CancelOnDrop {
        CancelOnDrop(self.clone())
    }
}

/// Cancels when it is dropped; made by [`Cancellation::drop_guard`].
#[derive(Debug)]
#[must_use = "an unused guard cancels at once"]
pub struct CancelOnDrop(Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The run was asked to stop, and did.
///
/// Only [`Cancellation::check`] makes one. Anywhere in the
/// chain of sources of a job's error, it makes that error count as canceled.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the run was canceled")]
pub struct Canceled(());

debug_as_chain!(Canceled);

impl Canceled {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn a_parent_cancels_its_children_but_not_the_reverse() {
        let parent = Cancellation::new();
        let child = parent.child();
        let sibling = parent.child();
        child.cancel();
        assert!(!parent.is_canceled() && !sibling.is_canceled());
        parent.clone().cancel();
        assert!(parent.is_canceled() && sibling.is_canceled());
    }

    #[test]
    fn waiting_ends_with_the_request() {
        let cancellation = Cancellation::new();
        let waiting = cancellation.canceled();
        futures::pin_mut!(waiting);
        assert_eq!((&mut waiting).now_or_never(), None);
        cancellation.cancel();
        assert_eq!(waiting.now_or_never(), Some(()));
    }

    #[test]
    fn check_says_that_the_run_was_canceled() {
        let cancellation = Cancellation::new();
        assert_eq!(cancellation.check(), Ok(()));
        cancellation.cancel();
        assert_eq!(cancellation.check().unwrap_err().to_string(), "the run was canceled");
    }
}
