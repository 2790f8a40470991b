//! Whose turn it is to compute, in the whole process.

use std::cell::Cell;
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use tokio::runtime::Handle;

/// As many threads as there are cores have a turn at once. Without it, a hundred pipelines put a hundred busy
/// threads before the runtime's own, and every timer of the process is late.
static TURNS: LazyLock<Mutex<Turns>> =
    LazyLock::new(|| Mutex::new(Turns { free: cores().get(), waiting: VecDeque::new() }));

thread_local! {
    static HAS_TURN: Cell<bool> = const { Cell::new(false) };
}

/// How many cores this process may use.
pub(crate) fn cores() -> NonZeroUsize {
    available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Whether the current thread has a turn, so that it must not wait for another's.
pub(super) fn has_turn() -> bool {
    HAS_TURN.get()
}

struct Turns {
    free: usize,
    /// First come, first served. Not all wait while one is free.
    waiting: VecDeque<Waiting>,
}

type Turned = Box<dyn FnOnce(&Turn) + Send>;

struct Waiting {
    runtime: Handle,
    run: Turned,
}

impl Waiting {
    /// Has the turn on a blocking thread. That needs no one to poll anything, so a turn is never with somebody
    /// who is not at work (invariant 4). If the runtime has shut down, the turn is dropped and so handed on.
    fn start(self, turn: Turn) {
        let Self { runtime, run } = self;
        runtime.spawn_blocking(move || {
            HAS_TURN.set(true);
            run(&turn);
            HAS_TURN.set(false);
        });
    }
}

/// Calls `run` on a blocking thread of `runtime` when there is a turn for it; drops it if the runtime shuts down
/// before.
pub(super) fn wait_for_turn(runtime: Handle, run: Turned) {
    let waiting = Waiting { runtime, run };
    let mut turns = lock();
    if turns.free == 0 {
        turns.waiting.push_back(waiting);
        return;
    }
    turns.free -= 1;
    drop(turns);
    waiting.start(Turn(()));
}

/// The right to compute, handed on when dropped.
pub(super) struct Turn(());

impl Turn {
    /// Whether somebody waits for it.
    #[expect(clippy::unused_self, reason = "only who has a turn may ask")]
    pub(super) fn is_wanted(&self) -> bool {
        !lock().waiting.is_empty()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = lock();
        match turns.waiting.pop_front() {
            Some(next) => {
                drop(turns);
                next.start(Self(()));
            }
            None => turns.free += 1,
        }
    }
}

fn lock() -> MutexGuard<'static, Turns> {
    TURNS.lock().unwrap_or_else(PoisonError::into_inner)
}
