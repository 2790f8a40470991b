//! Waiting until a run's final row is durable.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{RunId, StoreError};

type Outcome = Result<(), Option<Arc<StoreError>>>;

/// Says that the final row of a run is durable, or will not be; made by
/// [`RunHandle::with_completer`](crate::RunHandle::with_completer).
///
/// Dropped, it says that the row was not stored.
#[derive(Debug)]
#[must_use = "dropping it says that the row was not stored"]
pub struct Completer(watch::Sender<Option<Outcome>>);

impl Completer {
    /// The row is durable: who waits for [`done`](crate::RunHandle::done) goes on.
    pub fn complete(self) {
        self.0.send_replace(Some(Ok(())));
    }

    /// The row could not be stored: who waits gets this error.
    pub fn fail(self, error: StoreError) {
        self.0.send_replace(Some(Err(Some(Arc::new(error)))));
    }
}

/// The other end; empty if there is no row to wait for.
#[derive(Clone, Debug, Default)]
pub(super) struct Saved(Option<watch::Receiver<Option<Outcome>>>);

impl Saved {
    pub(super) fn pending() -> (Self, Completer) {
        let (sender, receiver) = watch::channel(None);
        (Self(Some(receiver)), Completer(sender))
    }

    pub(super) async fn wait(&self, run: RunId) -> Result<(), PersistError> {
        let Some(mut receiver) = self.0.clone() else { return Ok(()) };
        let outcome = match receiver.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None,
        };
        outcome.unwrap_or(Err(None)).map_err(|source| PersistError { run, source })
    }
}

/// A run has ended, and its final row is not stored. Its result is known all the same, from
/// [`RunHandle::finished`](crate::RunHandle::finished).
#[derive(Clone, thiserror::Error)]
#[error("the result of run {run} is not stored")]
pub struct PersistError {
    run: RunId,
    source: Option<Arc<StoreError>>,
}

debug_as_chain!(PersistError);

impl PersistError {
    /// The run.
    #[must_use]
    pub fn run(&self) -> RunId {
        self.run
    }
}
