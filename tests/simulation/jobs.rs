//! The jobs of the simulation: they do nothing for some time, and then end in one way or another.

use std::sync::Arc;
use std::time::Duration;

use godata::{AnyJob, Canceled, Cancellation, RunContext, RunId, Transient, job_fn};

use crate::clock::MachineClock;
use crate::ledger::{End, Incarnation, Ledger};
use crate::random::Random;

/// The payload of planned panics, which tells them from others.
pub(crate) const PLANNED_PANIC: &str = "a job that panics, as it was planned";

/// How the runs of a pipeline usually end, out of a thousand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    longest: Duration,
    fails: u64,
    fails_transiently: u64,
    panics: u64,
    /// Ignores cancellation.
    is_deaf: u64,
}

impl Habits {
    /// Jobs that succeed at once.
    pub(crate) fn quiet() -> Self {
        Self { longest: Duration::ZERO, fails: 0, fails_transiently: 0, panics: 0, is_deaf: 0 }
    }

    /// Jobs that succeed after up to this long.
    pub(crate) fn reliable(longest: Duration) -> Self {
        Self { longest, ..Self::quiet() }
    }

    pub(crate) fn any(random: &mut Random) -> Self {
        let longest = *random.pick(&[10, 500, 3_000, 20_000, 180_000]);
        let mut share = || *random.pick(&[0, 20, 300]);
        Self {
            longest: Duration::from_millis(longest),
            fails: share(),
            fails_transiently: share(),
            panics: share() / 2,
            is_deaf: share() / 4,
        }
    }
}

/// Tells the ledger that a job was dropped, unless it ended by itself.
struct Running {
    ledger: Arc<Ledger>,
    by: Incarnation,
    machine: MachineClock,
    run: RunId,
    end: Option<End>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let end = self.end.unwrap_or(End::Dropped);
        self.ledger.job_ends(self.by, self.machine.truth(), self.run, end);
    }
}

/// The job of one pipeline on one instance. What a run does depends only on its id.
pub(crate) fn job(
    name: &str,
    habits: Habits,
    seed: u64,
    by: Incarnation,
    machine: &MachineClock,
    ledger: &Arc<Ledger>,
) -> AnyJob {
    let (machine, ledger) = (machine.clone(), Arc::clone(ledger));
    AnyJob::new(job_fn(name, move |cx| {
        let (machine, ledger) = (machine.clone(), Arc::clone(&ledger));
        async move {
            ledger.job_starts(by, machine.truth(), &cx);
            let mut running = Running { ledger, by, machine, run: cx.run_id(), end: None };
            let end = work(&cx, habits, seed).await;
            running.end = Some(end);
            match end {
                End::Succeeded | End::Dropped => Ok(()),
                End::Canceled => Err(other_canceled().into()),
                End::Failed => Err("it failed, as it was planned".into()),
                End::Transient => Err(Transient::new("it is busy, as it was planned").into()),
                End::Panicked => std::panic::panic_any(PLANNED_PANIC),
            }
        }
    }))
}

async fn work(cx: &RunContext, habits: Habits, seed: u64) -> End {
    let (high, low) = cx.run_id().as_uuid().as_u64_pair();
    let random = &mut Random::new(seed ^ high.rotate_left(32) ^ low);
    let time = random.duration(habits.longest);
    let lot = random.below(1_000);
    if random.per_mille(habits.is_deaf) {
        tokio::time::sleep(time).await;
    } else if tokio::time::timeout(time, cx.canceled()).await.is_ok() {
        return End::Canceled;
    }
    let failed = habits.fails;
    let transient = failed + habits.fails_transiently;
    let panicked = transient + habits.panics;
    match lot {
        _ if lot < failed => End::Failed,
        _ if lot < transient => End::Transient,
        _ if lot < panicked => End::Panicked,
        _ => End::Succeeded,
    }
}

/// The error of a job that was canceled by something other than its run.
fn other_canceled() -> Canceled {
    let other = Cancellation::new();
    other.cancel();
    other.check().expect_err("it was canceled")
}
