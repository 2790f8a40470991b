//! Tasks in flight.

use std::future::{poll_fn, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use godata_core::{CancelOnDrop, Cancellation};

use super::scope::{Load, on_thread};
use super::{Computed, InFlight, Pull, Run, Stage, Stopped, Task};
use crate::Work;

/// How many tasks are in flight per worker. One is being computed; the others are being read or wait to be written, so
/// that workers wait for neither.
const IN_FLIGHT_PER_WORKER: usize = 3;

/// Runs the tasks of a stage on workers, with a bounded number in flight. Returns their results in the order of the
/// tasks, or as they are ready if the run is unordered. Dropping it stops the tasks in flight (invariant 3).
pub(crate) struct Lanes<T> {
    run: Arc<Run>,
    reading: Reading<T>,
    in_flight: InFlight<Lane<T>>,
    limit: usize,
    /// The last stage that the tasks contain.
    stage: Stage,
    stop: Cancellation,
    _stop_on_drop: CancelOnDrop,
}

type NextTask<T> = Result<Option<Task<T>>, Stopped>;
type Lane<T> = BoxFuture<'static, Result<Computed<T>, Stopped>>;

/// The stage before. One task at a time is requested from it. The request is kept between polls, because dropping it
/// could lose a task.
enum Reading<T> {
    Idle(Box<dyn Pull<T>>),
    Requested(BoxFuture<'static, (Box<dyn Pull<T>>, NextTask<T>)>),
    Ended,
}

impl<T: Send + 'static> Lanes<T> {
    pub(crate) fn new(run: &Arc<Run>, stage: Stage, source: Box<dyn Pull<T>>) -> Self {
        let stop = run.context().cancellation().child();
        Self {
            run: Arc::clone(run),
            reading: Reading::Idle(source),
            in_flight: InFlight::new(run.ordered),
            limit: run.workers.get().saturating_mul(IN_FLIGHT_PER_WORKER),
            stage,
            _stop_on_drop: stop.drop_guard(),
            stop,
        }
    }

    /// The next result, or `None` at the end. Not to be called again after an error. Dropping the future loses
    /// nothing.
    pub(crate) async fn next(&mut self) -> Result<Option<Computed<T>>, Stopped> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Computed<T>>, Stopped>> {
        loop {
            self.fill(cx);
            match self.in_flight.poll_next(cx) {
                Poll::Ready(Some(Ok(computed))) if computed.is_empty() => {}
                Poll::Ready(Some(result)) => return Poll::Ready(result.map(Some)),
                Poll::Ready(None) if matches!(self.reading, Reading::Ended) => return Poll::Ready(Ok(None)),
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Puts tasks in flight until the limit is reached or the stage before has none ready.
    fn fill(&mut self, cx: &mut Context<'_>) {
        while self.in_flight.len() < self.limit {
            match std::mem::replace(&mut self.reading, Reading::Ended) {
                Reading::Idle(source) => self.reading = Reading::Requested(request(source)),
                Reading::Requested(mut answer) => match answer.poll_unpin(cx) {
                    Poll::Pending => {
                        self.reading = Reading::Requested(answer);
                        return;
                    }
                    Poll::Ready((source, Ok(Some(task)))) => {
                        self.reading = Reading::Idle(source);
                        self.start(task);
                    }
                    Poll::Ready((_, Ok(None))) => {}
                    // A failure keeps its place behind the tasks before it.
                    Poll::Ready((_, Err(stopped))) => self.in_flight.push(ready(Err(stopped)).boxed()),
                },
                Reading::Ended => return,
            }
        }
    }

    fn start(&mut self, task: Task<T>) {
        self.in_flight.push(compute(&self.run, self.stop.clone(), self.stage, task).boxed());
    }
}

/// Runs a task on a worker. It is submitted when this returns.
pub(crate) fn compute<T: Send + 'static>(
    run: &Arc<Run>,
    stop: Cancellation,
    stage: Stage,
    task: Task<T>,
) -> impl Future<Output = Result<Computed<T>, Stopped>> + Send + 'static {
    let run = Arc::clone(run);
    let mut work = Work::new(Arc::clone(&run), stop);
    let task = move || Ok(task(&mut work).map(|made| Computed { made, carried: work.take_carried() }));
    let computing = on_thread(run.at_work(), Load::Computes, task);
    async move { computing.await.unwrap_or_else(|cause| Err(run.stopped(stage, cause))) }
}

fn request<T: 'static>(mut source: Box<dyn Pull<T>>) -> BoxFuture<'static, (Box<dyn Pull<T>>, NextTask<T>)> {
    Box::pin(async move {
        let task = source.next().await;
        (source, task)
    })
}
