//! Permits to compute, shared by the whole process.

use std::cell::Cell;
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

/// There are as many permits as cores. Without them, a hundred pipelines would put a hundred busy threads before those
/// of the runtime, and every timer of the process would be late.
static PERMITS: LazyLock<Mutex<Permits>> = LazyLock::new(|| Mutex::new(Permits::new(cores().get())));

/// Wakes the [lender](lend) when something waits for a permit.
static HAS_WAITING: Condvar = Condvar::new();

/// If something waits this long and no permit is passed on, one more is lent. By then, the holders of permits probably block
/// their threads and use no core; a batch that computes for so long looks the same.
const PATIENCE: Duration = Duration::from_secs(1);

thread_local! {
    static HAS_PERMIT: Cell<bool> = const { Cell::new(false) };
}

/// How many cores this process may use.
pub(crate) fn cores() -> NonZeroUsize {
    available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Whether the current thread has a permit. It must not wait for another one then.
pub(super) fn has_permit() -> bool {
    HAS_PERMIT.get()
}

struct Permits {
    free: usize,
    /// How many permits there are beyond the number of cores. For each, one that has been held for [`PATIENCE`] is not passed
    /// on when it is dropped.
    lent: usize,
    /// How many permits were given to something that waited for one.
    passed_on: u64,
    /// First come, first served. Empty while a permit is free.
    waiting: VecDeque<Waiting>,
    has_lender: bool,
}

impl Permits {
    fn new(free: usize) -> Self {
        Self { free, lent: 0, passed_on: 0, waiting: VecDeque::new(), has_lender: false }
    }

    fn next(&mut self) -> Option<Waiting> {
        let next = self.waiting.pop_front();
        self.passed_on += u64::from(next.is_some());
        next
    }
}

type Computation = Box<dyn FnOnce(&Permit) + Send>;

struct Waiting {
    runtime: Handle,
    compute: Computation,
}

impl Waiting {
    /// Uses the permit on a blocking thread, which runs without being polled, so a permit is never held by something
    /// that makes no progress (invariant 4). If the runtime has shut down, the permit is dropped, which passes it on.
    fn start(self, permit: Permit) {
        let Self { runtime, compute } = self;
        runtime.spawn_blocking(move || {
            HAS_PERMIT.set(true);
            compute(&permit);
            HAS_PERMIT.set(false);
        });
    }
}

/// Calls `compute` on a blocking thread of `runtime` as soon as it gets a permit. Drops it if the runtime shuts down
/// before that.
pub(super) fn when_permitted(runtime: Handle, compute: Computation) {
    let waiting = Waiting { runtime, compute };
    let mut permits = lock();
    if permits.free == 0 {
        permits.waiting.push_back(waiting);
        wake_lender(&mut permits);
        return;
    }
    permits.free -= 1;
    drop(permits);
    waiting.start(Permit::new());
}

fn wake_lender(permits: &mut Permits) {
    if !permits.has_lender {
        // If the system grants no thread, nothing is lent.
        permits.has_lender = thread::Builder::new().name("godata-permits".to_owned()).spawn(lend).is_ok();
    }
    HAS_WAITING.notify_one();
}

/// Lends a permit whenever none was passed on for [`PATIENCE`] while something waits, so that steps that block their threads
/// stop no other run.
fn lend() {
    let mut permits = lock();
    loop {
        permits = HAS_WAITING
            .wait_while(permits, |permits| permits.waiting.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let before = permits.passed_on;
        drop(permits);
        thread::sleep(PATIENCE);
        permits = lock();
        if permits.passed_on == before
            && let Some(next) = permits.next()
        {
            permits.lent += 1;
            drop(permits);
            next.start(Permit::new());
            permits = lock();
        }
    }
}

/// The right to compute. Dropping it passes it on, unless a lent one has replaced it.
pub(super) struct Permit {
    held_since: Instant,
}

impl Permit {
    fn new() -> Self {
        Self { held_since: Instant::now() }
    }

    /// Whether somebody waits for it.
    #[expect(clippy::unused_self, reason = "only the holder of a permit may ask")]
    pub(super) fn is_wanted(&self) -> bool {
        !lock().waiting.is_empty()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut permits = lock();
        let was_replaced = permits.lent > 0 && self.held_since.elapsed() >= PATIENCE;
        if was_replaced {
            permits.lent -= 1;
            return;
        }
        match permits.next() {
            Some(next) => {
                drop(permits);
                next.start(Self::new());
            }
            None => permits.free += 1,
        }
    }
}

fn lock() -> MutexGuard<'static, Permits> {
    PERMITS.lock().unwrap_or_else(PoisonError::into_inner)
}
