//! The cell of a run under loom, which tries every order in which threads can meet at it.

#[path = "../src/run/cell.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is public in its crate, and a test does not need all of it")]
mod cell;

/// Loom's twin of what the cell is made of.
mod sync {
    pub(super) use loom::sync::Mutex;
}

use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake};

use loom::sync::Arc;
use loom::thread;
use time::UtcDateTime;

use cell::{Ended, Phase, RunCell, StopReason};

const START: UtcDateTime = UtcDateTime::UNIX_EPOCH;

type Result = (&'static str, Option<UtcDateTime>, Option<StopReason>);

fn explore(test: impl Fn(Arc<RunCell<Result>>) + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || test(Arc::new(RunCell::new())));
}

fn end(cell: &RunCell<Result>, who: &'static str) -> Option<Result> {
    cell.end(|started_at, stop| (who, started_at, stop))
}

/// Counts how often it is woken. It is not loom's: nothing waits for it.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn one_of_two_ends_wins_and_everybody_sees_its_result() {
    explore(|cell| {
        let other = thread::spawn({
            let cell = Arc::clone(&cell);
            move || end(&cell, "task")
        });
        let ours = end(&cell, "runtime");
        let theirs = other.join().unwrap();
        assert!(ours.is_some() != theirs.is_some());
        let winner = ours.or(theirs).unwrap();
        assert_eq!(cell.phase(), Phase::Ended(winner));
    });
}

#[test]
fn a_run_that_is_stopped_while_it_starts_and_ends_has_one_reason_and_never_goes_back() {
    explore(|cell| {
        let stopper = thread::spawn({
            let cell = Arc::clone(&cell);
            move || (cell.stop(StopReason::Requested), cell.stop(StopReason::Shutdown))
        });
        let task = thread::spawn({
            let cell = Arc::clone(&cell);
            move || {
                assert!(cell.start(START) && !cell.start(START));
                end(&cell, "task").unwrap()
            }
        });
        let seen = [cell.phase(), cell.phase()];
        let ranks = seen.map(|phase| match phase {
            Phase::Queued => 0,
            Phase::Running(_) => 1,
            Phase::Ended(_) => 2,
        });
        assert!(ranks.is_sorted());
        let (first, second) = stopper.join().unwrap();
        let (_, started_at, stop) = task.join().unwrap();
        assert_eq!(started_at, Some(START));
        assert!(!second, "a second reason was taken");
        assert_eq!(stop, first.then_some(StopReason::Requested));
        assert!(!cell.start(START) && !cell.stop(StopReason::Requested));
    });
}

#[test]
fn who_waits_is_woken_once_and_who_has_left_is_not() {
    explore(|cell| {
        let task = thread::spawn({
            let cell = Arc::clone(&cell);
            move || assert!(end(&cell, "task").is_some())
        });
        let (waiting, leaving) = (StdArc::new(Bell::default()), StdArc::new(Bell::default()));
        let mut left = Box::pin(cell.ended());
        let left_ready = left.as_mut().poll(&mut Context::from_waker(&StdArc::clone(&leaving).into()));
        drop(left);
        let rung_by_then = leaving.0.load(SeqCst);

        let mut ended = Box::pin(cell.ended());
        let waker = StdArc::clone(&waiting).into();
        let first = ended.as_mut().poll(&mut Context::from_waker(&waker));
        task.join().unwrap();
        assert_eq!(waiting.0.load(SeqCst), usize::from(first.is_pending()), "woken if it had to wait");
        assert!(matches!(ended.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Ready(_)));
        assert!(leaving.0.load(SeqCst) <= 1 && (left_ready.is_pending() || rung_by_then == 0));
    });
}

#[test]
fn who_has_left_before_the_end_is_not_woken_by_it() {
    explore(|cell| {
        let bells = [StdArc::new(Bell::default()), StdArc::new(Bell::default())];
        let [mut left, mut stays] = [Box::pin(cell.ended()), Box::pin(cell.ended())];
        for (ended, bell) in [(&mut left, &bells[0]), (&mut stays, &bells[1])] {
            let waker = StdArc::clone(bell).into();
            assert!(ended.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        drop(left);
        assert!(end(&cell, "task").is_some());
        assert_eq!(bells.map(|bell| bell.0.load(SeqCst)), [0, 1]);
    });
}

/// As the waker of a task does that is the last to know of its task, whose future looks at the run when it is dropped.
struct LooksWhenDropped(StdArc<RunCell<Result>>);

impl Wake for LooksWhenDropped {
    fn wake(self: StdArc<Self>) {}
}

impl Drop for LooksWhenDropped {
    fn drop(&mut self) {
        self.0.phase();
    }
}

#[test]
fn a_waker_may_look_at_the_run_when_it_is_dropped() {
    loom::model(|| {
        let cell = StdArc::new(RunCell::new());
        let poll = |ended: &mut Pin<Box<Ended<'_, Result>>>| {
            let waker = StdArc::new(LooksWhenDropped(StdArc::clone(&cell))).into();
            assert!(ended.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        };
        let mut ended = Box::pin(cell.ended());
        poll(&mut ended);
        poll(&mut ended);
        drop(ended);
    });
}
