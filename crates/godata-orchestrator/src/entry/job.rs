//! A run that is watched here, and the handle that a caller has for it.

use std::sync::Arc;

use godata_core::{
    ActiveRun, Completer, Failure, FailureKind, JobEnd, RunHandle, RunId, RunKey, RunStatus, StopReason,
    StoreError,
};
use time::UtcDateTime;
use tokio::time::Instant;

use crate::slots::Held;

/// A run that is watched here, because its job runs or because a caller has its handle.
pub(crate) struct Job {
    pub(crate) run: RunId,
    pub(crate) key: RunKey,
    /// The runner's handle. `None` before the job starts, and after it has ended.
    pub(crate) handle: Option<RunHandle>,
    pub(crate) waiter: Option<Waiter>,
    pub(crate) slot: Held,
    /// When the job ended.
    pub(crate) ended: Option<Instant>,
    pub(crate) overdue_at: Option<UtcDateTime>,
    pub(crate) is_cancel_logged: bool,
}

/// The handle that callers get for a run, and its other end.
pub(crate) struct Waiter {
    pub(crate) handle: RunHandle,
    run: Option<ActiveRun>,
    completer: Option<Completer>,
}

impl Waiter {
    pub(crate) fn new(handle: RunHandle, run: ActiveRun) -> Self {
        let (handle, completer) = handle.with_completer();
        Self { handle, run: Some(run), completer: Some(completer) }
    }

    /// For a run whose job had started before a caller asked for its handle. The runner ends it.
    pub(crate) fn of_running(handle: RunHandle) -> Self {
        let (handle, completer) = handle.with_completer();
        Self { handle, run: None, completer: Some(completer) }
    }

    pub(crate) fn start(&self) {
        if let Some(run) = &self.run {
            run.start();
        }
    }

    /// Ends the handle as the job has ended. `reason` is why the job was asked to stop.
    pub(crate) fn end(&mut self, status: RunStatus, error: Option<Failure>, reason: Option<StopReason>) {
        let Some(run) = self.run.take() else { return };
        if let Some(reason) = reason {
            self.handle.stop_because(reason);
        }
        let failure = || Failure::new(FailureKind::Failed, "it failed");
        run.end(match status {
            RunStatus::Succeeded => JobEnd::Succeeded,
            RunStatus::Failed => JobEnd::Failed(error.unwrap_or_else(failure)),
            RunStatus::Interrupted => {
                self.handle.stop_because(StopReason::Shutdown);
                JobEnd::Dropped
            }
            _ => {
                self.handle.stop();
                JobEnd::Dropped
            }
        });
    }

    /// The final row is durable, with this status. If the job ended otherwise, another instance has written the row meanwhile,
    /// and the caller of `done` learns that the result it sees is not stored.
    pub(crate) fn complete(self, stored: RunStatus) {
        let status = self.handle.result().status;
        let is_stored = match stored {
            RunStatus::Skipped => status == RunStatus::Canceled,
            RunStatus::Canceled => matches!(status, RunStatus::Canceled | RunStatus::Interrupted),
            stored => status == stored,
        };
        if let Some(completer) = self.completer.filter(|_| is_stored) {
            completer.complete();
        }
    }

    /// The final row can't be stored for now.
    pub(crate) fn fail(&mut self, error: &Arc<StoreError>) {
        if let Some(completer) = self.completer.take() {
            completer.fail(StoreError::unavailable(Arc::clone(error)));
        }
    }
}

impl Job {
    pub(crate) fn new(run: RunId, key: RunKey) -> Self {
        Self {
            run,
            key,
            handle: None,
            waiter: None,
            slot: Held::default(),
            ended: None,
            overdue_at: None,
            is_cancel_logged: false,
        }
    }
}
