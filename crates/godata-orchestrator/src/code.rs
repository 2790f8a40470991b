//! The job and the schedule of a pipeline, which are foreign code even when they are dropped.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use godata_core::{AnyJob, Schedule, job_fn, panic_message};
use tokio::runtime::Handle;

use crate::logs;

/// The job and the schedule of a pipeline.
///
/// They are dropped where a thread may block, because a job may own a runtime or a connection that waits for its end. A panic
/// is contained.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) job: AnyJob,
    /// `None` if there is no schedule, or if it was stopped by a fault.
    pub(crate) schedule: Option<Arc<dyn Schedule>>,
}

impl Code {
    /// Forgets the schedule.
    pub(crate) fn stop_schedule(&mut self) {
        drop_aside(self.schedule.take());
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        let nothing = AnyJob::new(job_fn("", |_cx| async { Ok(()) }));
        drop_aside((mem::replace(&mut self.job, nothing), self.schedule.take()));
    }
}

/// Drops a value on a thread that may block, or here if there is no runtime and so none to hold up.
fn drop_aside(value: impl Send + 'static) {
    let drop_it = || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
            logs::drop_panicked(&panic_message(panic));
        }
    };
    match Handle::try_current() {
        // Tokio panics if the system grants it no thread.
        Ok(runtime) => match catch_unwind(AssertUnwindSafe(|| runtime.spawn_blocking(drop_it))) {
            Ok(task) => drop(task),
            Err(panic) => logs::drop_panicked(&panic_message(panic)),
        },
        Err(_no_runtime) => drop_it(),
    }
}
