//! Waiting until the final row of a run is durable.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{RunId, StoreError};

type Outcome = Result<(), Option<Arc<StoreError>>>;

/// For code that stores runs: reports whether the final row of a run is durable. Made by
/// [`RunHandle::with_completer`](crate::RunHandle::with_completer).
///
/// Dropping it reports that the row was not stored.
#[derive(Debug)]
#[must_use = "dropping it reports that the row was not stored"]
pub struct Completer(watch::Sender<Option<Outcome>>);

impl Completer {
    /// Reports that the row is durable. Callers that wait for [`done`](crate::RunHandle::done) get the result.
    pub fn complete(self) {
        self.0.send_replace(Some(Ok(())));
    }

    /// Reports that the row could not be stored. Callers that wait for [`done`](crate::RunHandle::done) get this error.
    pub fn fail(self, error: StoreError) {
        self.0.send_replace(Some(Err(Some(Arc::new(error)))));
    }
}

/// The receiving end of a [`Completer`]; empty if there is no row to wait for.
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

/// A run has ended, but its final row was not stored. [`RunHandle::finished`](crate::RunHandle::finished) still returns
/// the result.
///
/// It has no source if the [`Completer`] was dropped, for example because the orchestrator shut down.
#[derive(Clone, thiserror::Error)]
#[error("the result of run {run} was not stored")]
pub struct PersistError {
    run: RunId,
    source: Option<Arc<StoreError>>,
}

debug_as_chain!(PersistError);

impl PersistError {
    /// Returns the id of the run.
    #[must_use]
    pub fn run(&self) -> RunId {
        self.run
    }
}
