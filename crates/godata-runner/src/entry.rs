//! A run in its runner.

use std::sync::Arc;

use godata_core::{ActiveRun, JobEnd, RunHandle, RunResult};

use crate::runner::Inner;
use crate::slots::Held;
use crate::{RunEvent, logs};

/// A run that was accepted. However it ends, also when its task is dropped, its runner gets to know.
pub(crate) struct Entry {
    runner: Arc<Inner>,
    pub(crate) handle: RunHandle,
    /// `None` once it has ended.
    run: Option<ActiveRun>,
    /// Given back when this is dropped, which is after the end, as also the task of a runtime that shuts down drops it.
    slots: Option<Held>,
}

impl Entry {
    pub(crate) fn new(runner: Arc<Inner>, handle: RunHandle, run: ActiveRun) -> Self {
        runner.events.tell(|| RunEvent::Queued(handle.result()));
        Self { runner, handle, run: Some(run), slots: None }
    }

    pub(crate) fn runner(&self) -> &Arc<Inner> {
        &self.runner
    }

    pub(crate) fn start(&mut self, slots: Option<Held>) {
        self.slots = slots;
        if let Some(run) = &self.run {
            run.start();
        }
        logs::started();
        self.runner.events.tell(|| RunEvent::Started(self.handle.result()));
    }

    pub(crate) fn end(mut self, end: JobEnd) {
        if let Some(run) = self.run.take() {
            run.end(end);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // Dropped before it ended, the run ends here.
        drop(self.run.take());
        if let Some(result) = self.handle.final_result() {
            logs::ended(&result);
            self.runner.registry.ended(Arc::clone(&result));
            self.runner.events.tell(|| RunEvent::Ended(RunResult::clone(&result)));
        }
    }
}
