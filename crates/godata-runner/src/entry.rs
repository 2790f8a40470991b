//! An accepted run, inside its runner.

use std::sync::Arc;

use godata_core::{ActiveRun, JobEnd, RunHandle, RunResult};

use crate::shared::Shared;
use crate::slots::Held;
use crate::{RunEvent, logs};

/// An accepted run. However it ends, its runner learns of it, even if the run's task is dropped.
pub(crate) struct Entry {
    runner: Arc<Shared>,
    pub(crate) handle: RunHandle,
    /// `None` once the run has ended.
    run: Option<ActiveRun>,
    /// Released when the entry is dropped. That is after the run's end, even when a runtime that shuts down drops the task.
    slots: Option<Held>,
}

impl Entry {
    pub(crate) fn new(runner: Arc<Shared>, handle: RunHandle, run: ActiveRun) -> Self {
        runner.events.send(|| RunEvent::Queued(handle.result()));
        Self { runner, handle, run: Some(run), slots: None }
    }

    pub(crate) fn runner(&self) -> &Arc<Shared> {
        &self.runner
    }

    pub(crate) fn start(&mut self, slots: Option<Held>) {
        self.slots = slots;
        if let Some(run) = &self.run {
            run.start();
        }
        logs::started();
        self.runner.events.send(|| RunEvent::Started(self.handle.result()));
    }

    pub(crate) fn end(mut self, end: JobEnd) {
        if let Some(run) = self.run.take() {
            run.end(end);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // If the run has not ended yet, it ends here.
        drop(self.run.take());
        if let Some(result) = self.handle.final_result() {
            logs::ended(&result);
            self.runner.registry.ended(Arc::clone(&result));
            self.runner.events.send(|| RunEvent::Ended(RunResult::clone(&result)));
        }
    }
}
