//! Permits to compute, shared by the whole process.

use std::cell::Cell;
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use tokio::runtime::Handle;

/// There are as many permits as cores. Without them, a hundred pipelines would put a hundred busy threads before those
/// of the runtime, and every timer of the process would be late.
static PERMITS: LazyLock<Mutex<Permits>> =
    LazyLock::new(|| Mutex::new(Permits { free: cores().get(), waiting: VecDeque::new() }));

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
    /// First come, first served. Empty while a permit is free.
    waiting: VecDeque<Waiting>,
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
        return;
    }
    permits.free -= 1;
    drop(permits);
    waiting.start(Permit(()));
}

/// The right to compute. Dropping it passes it on.
pub(super) struct Permit(());

impl Permit {
    /// Whether somebody waits for it.
    #[expect(clippy::unused_self, reason = "only the holder of a permit may ask")]
    pub(super) fn is_wanted(&self) -> bool {
        !lock().waiting.is_empty()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut permits = lock();
        match permits.waiting.pop_front() {
            Some(next) => {
                drop(permits);
                next.start(Self(()));
            }
            None => permits.free += 1,
        }
    }
}

fn lock() -> MutexGuard<'static, Permits> {
    PERMITS.lock().unwrap_or_else(PoisonError::into_inner)
}
