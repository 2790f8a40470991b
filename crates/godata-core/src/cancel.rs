//! Requests to stop.

use tokio_util::sync::CancellationToken;

/// A request to stop, shared between the code that makes it and the code that has to stop.
///
/// Cancellation is cooperative: it interrupts nothing. Code that can stop calls [`check`](Self::check) or
/// [`is_canceled`](Self::is_canceled) between two pieces of work, or waits for [`canceled`](Self::canceled) in a
/// `select!`. The request is made at most once and never withdrawn.
///
/// Clones share one request. A [`child`](Self::child) is canceled with its parent, and can be canceled alone without
/// affecting the parent.
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
    /// Makes a request that has not been made yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the request, for all clones and children.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether the request was made.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until the request is made; returns at once if it already was.
    ///
    /// The future is cancel safe, so it can be used in a `select!` in a loop.
    ///
    /// # Example
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

    /// Awaits a future until the request is made, and then drops the future.
    ///
    /// # Errors
    ///
    /// [`Canceled`], if the request was made before the future completed, or at the same time.
    ///
    /// # Example
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

    /// Returns an error if the request was made, so that `?` leaves the function.
    ///
    /// # Errors
    ///
    /// [`Canceled`], if the request was made.
    ///
    /// # Example
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

    /// Makes a child, which is canceled with this one and can be canceled alone.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }

    /// Returns a guard that makes the request when it is dropped, so that tasks stop with the code that spawned them.
    ///
    /// # Example
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

/// Makes the request to stop when it is dropped. Returned by [`Cancellation::drop_guard`].
#[derive(Debug)]
#[must_use = "an unused guard cancels at once"]
pub struct CancelOnDrop(Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The error of code that was asked to stop.
///
/// It can't be constructed: [`Cancellation::check`] and the other methods of [`Cancellation`] and
/// [`RunContext`](crate::RunContext) return it. Anywhere in the chain of sources of a job's error, it makes the error
/// count as [canceled](crate::JobErrorKind::Canceled).
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
    fn waiting_ends_when_the_request_is_made() {
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
