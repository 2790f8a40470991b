//! The job and the schedule of a pipeline. Dropping them runs foreign code.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, LazyLock};
use std::thread::Builder;
use std::time::Duration;

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

type Task = Box<dyn FnOnce() + Send>;

/// A thread that drops values one after the other. It is not one of tokio's, because tokio's paused time stands still while one
/// of its blocking threads is busy.
static DROPS: LazyLock<Sender<Task>> = LazyLock::new(|| {
    let (drops, received) = channel::<Task>();
    // If the system grants no thread, nothing is received, and values are dropped where they are.
    drop(Builder::new().name("godata-drop".to_owned()).spawn(move || received.iter().for_each(|it| it())));
    drops
});

/// Blocks until what was dropped before is gone, for at most a second.
pub(crate) fn wait_for_drops() {
    let (done, is_done) = channel::<()>();
    if DROPS.send(Box::new(move || drop(done))).is_ok() {
        // It ends when `done` is dropped.
        is_done.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
    }
}

/// Drops a value on a thread that may block. Without a runtime, nothing can be held up, and it is dropped here.
fn drop_aside(value: impl Send + 'static) {
    let drop_it = || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
            logs::drop_panicked(&panic_message(panic));
        }
    };
    let Ok(runtime) = Handle::try_current() else { return drop_it() };
    let on_runtime = move || {
        let _context = runtime.enter();
        drop_it();
    };
    if let Err(not_sent) = DROPS.send(Box::new(on_runtime)) {
        (not_sent.0)();
    }
}
