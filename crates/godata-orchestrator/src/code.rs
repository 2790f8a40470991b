//! The job and the schedule of a pipeline. Dropping them runs foreign code.

use std::collections::BTreeMap;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, LazyLock};
use std::thread::Builder;
use std::time::Duration;

use godata_core::{AnyJob, Params, Schedule, job_fn, panic_message};
use time::UtcDateTime;
use tokio::runtime::Handle;

use crate::several::Several;
use crate::{ScheduleFault, logs};

/// The job and the schedule of a pipeline.
///
/// They are dropped where a thread may block, because a job may own a runtime or a connection that waits for its end. A panic
/// is contained.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) job: AnyJob,
    /// `None` if there is no schedule, or if it was stopped by a fault.
    pub(crate) schedule: Option<Arc<dyn Schedule>>,
    /// The same as the schedule, if it has several parts, or parameters.
    several: Option<Arc<Several>>,
}

impl Code {
    pub(crate) fn new(job: AnyJob, schedule: Option<Arc<dyn Schedule>>) -> Self {
        Self { job, schedule, several: None }
    }

    /// Adds a schedule whose runs get these parameters.
    pub(crate) fn add_schedule(&mut self, schedule: Arc<dyn Schedule>, params: Params) {
        if self.schedule.is_none() && params.is_empty() {
            self.schedule = Some(schedule);
            return;
        }
        let several = match (self.several.take(), self.schedule.take()) {
            (Some(several), _) => Arc::unwrap_or_clone(several),
            (None, Some(first)) => Several::default().with(first, Params::new()),
            (None, None) => Several::default(),
        };
        let several = Arc::new(several.with(schedule, params));
        self.schedule = Some(Arc::clone(&several) as Arc<dyn Schedule>);
        self.several = Some(several);
    }

    /// The parameters of the schedules that are due at this instant.
    pub(crate) fn params_at(&self, due: UtcDateTime) -> Result<Params, ScheduleFault> {
        self.several.as_ref().map_or_else(|| Ok(Params::new()), |several| several.params_at(due))
    }

    /// The parameters of each schedule that has any, by the text of the schedule. A schedule that panics has none.
    pub(crate) fn params_of_schedules(&self) -> BTreeMap<String, Params> {
        let parts = self.several.iter().flat_map(|several| several.params());
        let parts = parts.filter(|(_, params)| !params.is_empty());
        parts.filter_map(|(part, params)| Some((part.spec(None).ok()?.to_string(), params.clone()))).collect()
    }

    /// Forgets the schedule.
    pub(crate) fn stop_schedule(&mut self) {
        drop_aside((self.schedule.take(), self.several.take()));
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        let nothing = AnyJob::new(job_fn("", |_cx| async { Ok(()) }));
        drop_aside((mem::replace(&mut self.job, nothing), self.schedule.take(), self.several.take()));
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
