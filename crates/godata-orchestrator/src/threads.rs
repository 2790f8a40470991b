//! The threads that all orchestrators of the process share.

use std::io;
use std::panic::catch_unwind;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use godata_core::panic_message;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::builder::usual_concurrency;

/// The runtime of the loops and the runtime of the jobs. They are separate, so that no job can hold up a loop, its timers, its
/// calls of the store, or the signals that it listens for. They live as long as the process, so that what jobs and stores have
/// opened on them and share with others, such as the connections of a pool, keeps working after a shutdown.
static RUNTIMES: Mutex<[Option<Runtime>; 2]> = Mutex::new([None, None]);

/// Where the loop of an orchestrator and its jobs run.
#[derive(Clone, Debug)]
pub(crate) struct Threads {
    pub(crate) of_loop: Handle,
    /// `None` if jobs run where the loop does.
    pub(crate) of_jobs: Option<Handle>,
}

impl Threads {
    /// The threads that orchestrators share, which are started if they are not running yet.
    pub(crate) fn shared() -> io::Result<Self> {
        let [loops, jobs] = &mut *RUNTIMES.lock().unwrap_or_else(PoisonError::into_inner);
        let of_loop = handle(loops, "godata-loop", 1)?;
        // One more than the jobs that run at a time by default: even if all of them block, one thread is left for timers.
        let of_jobs = handle(jobs, "godata-job", usual_concurrency().saturating_add(1))?;
        Ok(Self { of_loop, of_jobs: Some(of_jobs) })
    }

    /// The runtime of the caller.
    pub(crate) fn of(runtime: Handle) -> Self {
        Self { of_loop: runtime, of_jobs: None }
    }
}

/// Spawns an empty task on the jobs' runtime at short intervals while jobs run.
///
/// One thread of a tokio runtime waits for timers and sockets, and also runs the tasks that they wake. If such a task blocks
/// it, no other thread takes over the waiting until it gets a task. This is that task.
pub(crate) struct Pulse {
    jobs: Handle,
    ticks: Interval,
}

impl Pulse {
    const PERIOD: Duration = Duration::from_millis(20);

    /// Must be called on the runtime of the loop.
    pub(crate) fn new(jobs: Handle) -> Self {
        let mut ticks = interval(Self::PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { jobs, ticks }
    }

    pub(crate) async fn beat(&mut self) {
        self.ticks.tick().await;
        drop(self.jobs.spawn(async {}));
    }

    /// The runtime on which jobs run.
    pub(crate) fn jobs(&self) -> &Handle {
        &self.jobs
    }
}

fn handle(runtime: &mut Option<Runtime>, name: &str, threads: usize) -> io::Result<Handle> {
    let start = || Builder::new_multi_thread().worker_threads(threads).thread_name(name).enable_all().build();
    let running = match runtime.take() {
        Some(running) => running,
        // Tokio panics if the system grants it no thread.
        None => catch_unwind(start).unwrap_or_else(|panic| Err(io::Error::other(panic_message(panic))))?,
    };
    Ok(runtime.insert(running).handle().clone())
}
