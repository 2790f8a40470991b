//! The life of one run, decided in one place.
//!
//! All of it is under one mutex, so whoever starts, stops, ends or watches a run comes before or after the others and
//! never between. Nothing foreign runs under the mutex but the closure that makes the result, and the clone of a waker:
//! to wake or to drop one may run anything, also what comes back here.
//!
//! 1. A run is queued, then running, then ended. It may end without running, and it never goes back.
//! 2. It ends once: whoever ends it second is refused, and the first result stays.
//! 3. Why it shall stop is said once: the first reason counts, and none is taken after the end.
//! 4. `waiters` are who waits for the end. Each is woken by it once, and after it nobody waits.

use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use time::UtcDateTime;

use super::sync::Mutex;

/// The life of a run whose result is an `R`.
pub(super) struct RunCell<R>(Mutex<State<R>>);

struct State<R> {
    phase: Phase<R>,
    stop: Option<StopReason>,
    waiters: Vec<(u64, Waker)>,
    next_waiter: u64,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase<R> {
    Queued,
    Running(UtcDateTime),
    Ended(R),
}

/// Why a run was asked to stop. It decides what becomes of a run that stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// Somebody asked for it: the run is canceled.
    Requested,
    /// It took longer than this: the run has failed.
    TimedOut(Duration),
    /// Its runner shuts down: the run is interrupted.
    Shutdown,
}

impl<R: Clone> RunCell<R> {
    pub(super) fn new() -> Self {
        let waiters = Vec::new();
        Self(Mutex::new(State { phase: Phase::Queued, stop: None, waiters, next_waiter: 0 }))
    }

    pub(super) fn phase(&self) -> Phase<R> {
        self.with(|state| state.phase.clone())
    }

    pub(super) fn stop_reason(&self) -> Option<StopReason> {
        self.with(|state| state.stop)
    }

    /// Whether it starts: not if it has already, or has ended.
    pub(super) fn start(&self, at: UtcDateTime) -> bool {
        self.with(|state| {
            let starts = matches!(state.phase, Phase::Queued);
            if starts {
                state.phase = Phase::Running(at);
            }
            starts
        })
    }

    /// Whether this is why it stops: not if another reason was first, or it has ended.
    pub(super) fn stop(&self, reason: StopReason) -> bool {
        self.with(|state| {
            let first = state.stop.is_none() && !matches!(state.phase, Phase::Ended(_));
            if first {
                state.stop = Some(reason);
            }
            first
        })
    }

    /// Ends it with a result that is made from when it started and why it shall stop, and wakes who waits. `None` if
    /// it has ended already.
    pub(super) fn end(&self, result: impl FnOnce(Option<UtcDateTime>, Option<StopReason>) -> R) -> Option<R> {
        let (result, waiters) = self.with(|state| {
            let started_at = match state.phase {
                Phase::Queued => None,
                Phase::Running(at) => Some(at),
                Phase::Ended(_) => return None,
            };
            let result = result(started_at, state.stop);
            state.phase = Phase::Ended(result.clone());
            Some((result, std::mem::take(&mut state.waiters)))
        })?;
        for (_, waiter) in waiters {
            waiter.wake();
        }
        Some(result)
    }

    /// Completes with the result.
    pub(super) fn ended(&self) -> Ended<'_, R> {
        Ended { cell: self, waiter: None }
    }

    fn poll_ended(&self, waiter: &mut Option<u64>, cx: &Context<'_>) -> Poll<R> {
        let (poll, _replaced) = self.with(|state| {
            if let Phase::Ended(result) = &state.phase {
                *waiter = None;
                return (Poll::Ready(result.clone()), None);
            }
            let new = cx.waker().clone();
            let replaced =
                match waiter.and_then(|id| state.waiters.iter_mut().find(|(waiter, _)| *waiter == id)) {
                    Some((_, waker)) => Some(std::mem::replace(waker, new)),
                    None => {
                        *waiter = Some(state.next_waiter);
                        state.waiters.push((state.next_waiter, new));
                        state.next_waiter += 1;
                        None
                    }
                };
            (Poll::Pending, replaced)
        });
        poll
    }

    fn with<T>(&self, f: impl FnOnce(&mut State<R>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Waits for the end of a run. Dropped, it no longer waits.
pub(super) struct Ended<'a, R: Clone> {
    cell: &'a RunCell<R>,
    waiter: Option<u64>,
}

impl<R: Clone> Future for Ended<'_, R> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        let cell = self.cell;
        cell.poll_ended(&mut self.waiter, cx)
    }
}

impl<R: Clone> Drop for Ended<'_, R> {
    fn drop(&mut self) {
        if let Some(id) = self.waiter {
            let _left = self.cell.with(|state| {
                let position = state.waiters.iter().position(|(waiter, _)| *waiter == id);
                position.map(|position| state.waiters.remove(position))
            });
        }
    }
}
