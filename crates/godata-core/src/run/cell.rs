//! The state machine of one run.
//!
//! All state is under one mutex, so starting, stopping, ending and watching a run happen one after the other. Under the
//! mutex, the only foreign code that runs is the closure that makes the result, and the clone of a waker. Wakers are
//! woken and dropped after it is unlocked, because that may run any code, including code that calls this cell.
//!
//! 1. A run is queued, then running, then ended. It may end without running, and it never goes back.
//! 2. It ends once. The first result stays, and a second one is refused.
//! 3. It has at most one stop reason: the first. None is accepted after the end.
//! 4. `waiters` wait for the end. The end wakes each of them once, and there are none after it.

use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use time::UtcDateTime;

use super::sync::Mutex;

/// The state of a run whose result is an `R`.
pub(super) struct RunCell<R>(Mutex<State<R>>);

struct State<R> {
    phase: Phase<R>,
    stop: Option<StopReason>,
    waiters: Vec<(u64, Waker)>,
    next_waiter: u64,
}

/// The phase that a run is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase<R> {
    Queued,
    Running(UtcDateTime),
    Ended(R),
}

/// Why a run was asked to stop. The reason decides the status of a run that stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// A caller asked for it. The run ends as canceled.
    Requested,
    /// The job took longer than this timeout. The run ends as failed.
    TimedOut(Duration),
    /// The runner shuts down. The run ends as interrupted.
    Shutdown,
    /// The lease of this instance can't be kept, and others may take over its runs. The run ends as interrupted.
    LeaseLost,
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

    /// Starts the run. Returns `false` if it was started before or has ended.
    pub(super) fn start(&self, at: UtcDateTime) -> bool {
        self.with(|state| {
            let starts = matches!(state.phase, Phase::Queued);
            if starts {
                state.phase = Phase::Running(at);
            }
            starts
        })
    }

    /// Sets the stop reason. Returns `false` if there already is one or the run has ended.
    pub(super) fn stop(&self, reason: StopReason) -> bool {
        self.with(|state| {
            let first = state.stop.is_none() && !matches!(state.phase, Phase::Ended(_));
            if first {
                state.stop = Some(reason);
            }
            first
        })
    }

    /// Ends the run and wakes the waiters. The closure makes the result from the start and the stop reason. `None` if
    /// the run had already ended.
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

    /// Waits for the end of the run, and completes with the result.
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

/// Waits for the end of a run. Dropping it removes its waiter.
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
            let _removed = self.cell.with(|state| {
                let position = state.waiters.iter().position(|(waiter, _)| *waiter == id);
                position.map(|position| state.waiters.remove(position))
            });
        }
    }
}
