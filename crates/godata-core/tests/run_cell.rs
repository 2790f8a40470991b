//! The cell of a run under loom, which explores every interleaving of the threads that use it.

#[path = "../src/run/cell.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the module is written for its crate, and this test uses a part of it"
)]
mod cell;

/// Replaces the mutex of the cell by loom's.
mod sync {
    pub(super) use loom::sync::Mutex;
}

use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
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

fn end(cell: &RunCell<Result>, by: &'static str) -> Option<Result> {
    cell.end(|started_at, stop| (by, started_at, stop))
}

/// A waker that counts how often it is woken. The counter is not loom's, because no thread waits for it.
#[derive(Default)]
struct CountingWaker(AtomicUsize);

impl Wake for CountingWaker {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn one_of_two_ends_wins_and_both_threads_see_its_result() {
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
fn a_run_that_is_stopped_while_it_starts_and_ends_has_one_stop_reason_and_never_goes_back() {
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
        assert!(!second, "a second stop reason was accepted");
        assert_eq!(stop, first.then_some(StopReason::Requested));
        assert!(!cell.start(START) && !cell.stop(StopReason::Requested));
    });
}

#[test]
fn a_waiter_is_woken_once_and_a_dropped_one_is_not() {
    explore(|cell| {
        let task = thread::spawn({
            let cell = Arc::clone(&cell);
            move || assert!(end(&cell, "task").is_some())
        });
        let waiting = StdArc::new(CountingWaker::default());
        let leaving = StdArc::new(CountingWaker::default());
        let mut dropped = Box::pin(cell.ended());
        let polled = dropped.as_mut().poll(&mut Context::from_waker(&StdArc::clone(&leaving).into()));
        drop(dropped);
        let woken_before_the_drop = leaving.0.load(SeqCst);

        let mut ended = Box::pin(cell.ended());
        let waker = StdArc::clone(&waiting).into();
        let first = ended.as_mut().poll(&mut Context::from_waker(&waker));
        task.join().unwrap();
        assert_eq!(waiting.0.load(SeqCst), usize::from(first.is_pending()), "woken if it had to wait");
        assert!(matches!(ended.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Ready(_)));
        assert!(leaving.0.load(SeqCst) <= 1 && (polled.is_pending() || woken_before_the_drop == 0));
    });
}

#[test]
fn a_waiter_that_is_dropped_before_the_end_is_not_woken_by_it() {
    explore(|cell| {
        let wakers = [StdArc::new(CountingWaker::default()), StdArc::new(CountingWaker::default())];
        let [mut dropped, mut kept] = [Box::pin(cell.ended()), Box::pin(cell.ended())];
        for (ended, waker) in [(&mut dropped, &wakers[0]), (&mut kept, &wakers[1])] {
            let waker = StdArc::clone(waker).into();
            assert!(ended.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        drop(dropped);
        assert!(end(&cell, "task").is_some());
        assert_eq!(wakers.map(|waker| waker.0.load(SeqCst)), [0, 1]);
    });
}

/// A waker that reads the run when it is dropped. A real one can do so: if it holds the last reference to its task,
/// dropping it drops the task's future, which may hold a handle of the run.
struct ReadsWhenDropped(StdArc<RunCell<Result>>);

impl Wake for ReadsWhenDropped {
    fn wake(self: StdArc<Self>) {}
}

impl Drop for ReadsWhenDropped {
    fn drop(&mut self) {
        self.0.phase();
    }
}

#[test]
fn a_waker_may_read_the_run_when_it_is_dropped() {
    loom::model(|| {
        let cell = StdArc::new(RunCell::new());
        let poll = |ended: &mut Pin<Box<Ended<'_, Result>>>| {
            let waker = StdArc::new(ReadsWhenDropped(StdArc::clone(&cell))).into();
            assert!(ended.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        };
        let mut ended = Box::pin(cell.ended());
        poll(&mut ended);
        poll(&mut ended);
        drop(ended);
    });
}
