//! An async step with several records in flight.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Instant;
use std::vec;

use futures::FutureExt;
use futures::future::BoxFuture;
use godata_core::{BoxError, CancelOnDrop, Canceled, Cancellation};
use tokio::task::{JoinError, JoinHandle};
use tracing::Instrument;

use crate::chunk::RowMap;
use crate::engine::{
    AtWork, Bracket, Carried, Computed, InFlight, Lanes, Opener, Pull, Run, Stage, Stopped, Task,
    contained_async, then,
};
use crate::records::Missed;
use crate::{BuildError, Chunk, Origin, Outcome, StepInfo};

/// How many records of a [`map_async`](crate::Flow::map_async) are in flight at once, over all its batches, and whether
/// the results keep the order of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Concurrency {
    /// Up to this many. The results keep the order of the records: a slow record holds back the records after it, and at
    /// most this many wait for it.
    Ordered(usize),
    /// Up to this many. The results of a batch come as they are ready, and a finished batch overtakes an unfinished
    /// earlier one.
    Unordered(usize),
}

/// Appends `step`, which awaits `f` for each record.
pub(crate) fn map_async<T, U, F, Fut>(
    open: Opener<Chunk<Vec<T>>>,
    pipeline: &str,
    step: &StepInfo,
    concurrency: Concurrency,
    f: F,
) -> Result<Opener<Chunk<Vec<U>>>, BuildError>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(T) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<U, BoxError>> + Send + 'static,
{
    let (Concurrency::Ordered(limit) | Concurrency::Unordered(limit)) = concurrency;
    if limit == 0 {
        return Err(BuildError::NoConcurrency { pipeline: pipeline.to_owned(), step: step.clone() });
    }
    let is_ordered = matches!(concurrency, Concurrency::Ordered(_));
    let index = step.index;
    let f = Arc::new(f);
    Ok(then(open, move |run, source| {
        let stop = run.context().cancellation().child();
        Ok(AsyncStage {
            lanes: Some(Lanes::new(run, Stage::Step(index), source)),
            failure: None,
            waiting: None,
            in_flight: InFlight::new(is_ordered),
            is_ordered,
            open: VecDeque::new(),
            batches: 0,
            _stop_on_drop: stop.drop_guard(),
            stop,
            index,
            limit,
            f: Arc::clone(&f),
            run: Arc::clone(run),
        })
    }))
}

/// How many batches may wait behind a slow one although none of their records is in flight, because all are rejected.
const NOTHING_IN_FLIGHT: usize = 16;

struct AsyncStage<T, U, F> {
    /// `None` once the input has ended.
    lanes: Option<Lanes<Chunk<Vec<T>>>>,
    /// How the input failed. The records before the failure are returned first.
    failure: Option<Stopped>,
    /// The records of the last open batch that are not in flight yet.
    waiting: Option<vec::IntoIter<T>>,
    in_flight: InFlight<JoinHandle<Done<U>>>,
    is_ordered: bool,
    /// The batches that wait for records in flight, their own or those of batches before them; oldest first.
    open: VecDeque<OpenBatch<U>>,
    /// How many batches have been opened.
    batches: u64,
    stop: Cancellation,
    _stop_on_drop: CancelOnDrop,
    index: usize,
    limit: usize,
    f: Arc<F>,
    run: Arc<Run>,
}

/// A batch some of whose records are in flight.
struct OpenBatch<U> {
    number: u64,
    origin: Arc<Origin>,
    rows: RowMap,
    /// The unknown names that the closure asks the records for.
    missed: Option<Arc<Missed>>,
    /// The position of the next record whose future is to be started.
    next: usize,
    /// The results so far, and the row that each came from.
    made: Vec<U>,
    made_rows: Vec<u32>,
    size: usize,
    /// How many records were rejected.
    rejected: usize,
    carried: Carried,
    bracket: Bracket,
    since: Instant,
}

impl<U> OpenBatch<U> {
    fn is_finished(&self) -> bool {
        self.made.len() + self.rejected == self.size
    }
}

/// A record whose future has finished. The fields drop in this order, and the run last (invariant 1).
struct Done<U> {
    result: Result<U, BoxError>,
    batch: u64,
    row: u32,
    _at_work: AtWork,
}

impl<T, U, F, Fut> AsyncStage<T, U, F>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(T) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<U, BoxError>> + Send + 'static,
{
    async fn next_batch(&mut self) -> Result<Option<Task<Chunk<Vec<U>>>>, Stopped> {
        loop {
            if let Some(ready) = self.take_ready() {
                return Ok(Some(ready.into_task()));
            }
            let has_room = self.in_flight.len() < self.limit;
            if has_room && self.start_waiting() {
                continue;
            }
            let takes_in = has_room && self.open.len() < self.in_flight.len() + NOTHING_IN_FLIGHT;
            let Self { lanes, in_flight, .. } = self;
            tokio::select! {
                biased;
                Some(done) = poll_fn(|cx| in_flight.poll_next(cx)) => self.finish_record(done)?,
                computed = next_of(lanes), if takes_in && lanes.is_some() => self.take_in(computed),
                else => return self.failure.take().map_or(Ok(None), Err),
            }
        }
    }

    /// Handles the result of the stage before.
    fn take_in(&mut self, computed: Result<Option<Computed<Chunk<Vec<T>>>>, Stopped>) {
        match computed {
            Ok(Some(computed)) => self.open(computed),
            Ok(None) => self.lanes = None,
            Err(stopped) => {
                self.lanes = None;
                self.failure = Some(stopped);
            }
        }
    }

    fn open(&mut self, Computed { made, carried }: Computed<Chunk<Vec<T>>>) {
        let chunk = made.unwrap_or_else(|| Chunk::new(Vec::new(), Origin::default()));
        if chunk.is_empty() && carried.is_empty() {
            return;
        }
        self.run.count_step_in(self.index, chunk.len() as u64);
        self.batches += 1;
        self.open.push_back(OpenBatch {
            number: self.batches,
            bracket: Bracket::open(&self.run, Stage::Step(self.index), chunk.len() as u64),
            since: Instant::now(),
            origin: chunk.origin,
            rows: chunk.rows,
            missed: Missed::of(&chunk.batch),
            next: 0,
            made: Vec::with_capacity(chunk.batch.len()),
            made_rows: Vec::with_capacity(chunk.batch.len()),
            size: chunk.batch.len(),
            rejected: 0,
            carried,
        });
        self.waiting = Some(chunk.batch.into_iter());
    }

    /// Starts the future of the next waiting record, as a task of its own, which makes progress whether or not this stage
    /// is polled. Returns `false` if no record waits.
    fn start_waiting(&mut self) -> bool {
        let (Some(item), Some(batch)) =
            (self.waiting.as_mut().and_then(Iterator::next), self.open.back_mut())
        else {
            return false;
        };
        let (number, row) = (batch.number, batch.rows.get(batch.next));
        batch.next += 1;
        let at_work = self.run.at_work();
        let (f, stop) = (Arc::clone(&self.f), self.stop.clone());
        let span = self.run.span(Stage::Step(self.index)).clone();
        let task = async move {
            let at_work = at_work;
            let result = stop.unless_canceled(contained_async(|| f(item))).await;
            let result = result.unwrap_or_else(|canceled| Err(canceled.into()));
            Done { result, batch: number, row, _at_work: at_work }
        };
        self.in_flight.push(tokio::spawn(task.instrument(span)));
        true
    }

    /// Puts a result into its batch.
    fn finish_record(&mut self, done: Result<Done<U>, JoinError>) -> Result<(), Stopped> {
        let Done { result, batch, row, .. } =
            done.map_err(|_the_runtime_is_shutting_down| self.run.canceled())?;
        let Some(at) = self.open.iter().position(|open| open.number == batch) else { return Ok(()) };
        let open = &mut self.open[at];
        let missed = open.missed.as_deref().and_then(|missed| missed.check().err());
        let result = match missed {
            Some(error) if !matches!(&result, Err(cause) if cause.is::<Canceled>()) => Err(error.into()),
            _ => result,
        };
        let cause = match result {
            Ok(made) => {
                open.made.push(made);
                open.made_rows.push(row);
                return Ok(());
            }
            Err(cause) => cause,
        };
        let stage = Stage::Step(self.index);
        match self.run.rejected(stage, &open.origin, row, cause.into()) {
            Ok(rejected) => {
                open.rejected += 1;
                open.carried.push(rejected);
                Ok(())
            }
            Err(cause) => {
                let place = Some(open.origin.place(row)).filter(|place| !place.is_unknown());
                let stopped = self.run.stopped(stage, cause).at(place);
                Err(match self.open.remove(at) {
                    Some(batch) => stopped.close(batch.bracket),
                    None => stopped,
                })
            }
        }
    }

    /// The oldest batch whose records have all finished. If the results are ordered, no other batch overtakes the oldest one, not
    /// even one without records.
    fn take_ready(&mut self) -> Option<Computed<Chunk<Vec<U>>>> {
        let candidates = if self.is_ordered { 1 } else { self.open.len() };
        let at = self.open.iter().take(candidates).position(OpenBatch::is_finished)?;
        let mut batch = self.open.remove(at)?;
        let (records, rejected) = (batch.made.len() as u64, batch.rejected as u64);
        self.run.count_step_out(self.index, batch.size as u64, records, 0, rejected);
        batch.bracket.add_time(batch.since.elapsed());
        batch.bracket.add_rejected(rejected);
        batch.bracket.close(records, Outcome::Succeeded);
        let chunk = Chunk { batch: batch.made, origin: batch.origin, rows: RowMap::Each(batch.made_rows) };
        Some(Computed { made: Some(chunk), carried: batch.carried })
    }
}

impl<T, U, F, Fut> Pull<Chunk<Vec<U>>> for AsyncStage<T, U, F>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(T) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<U, BoxError>> + Send + 'static,
{
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<Chunk<Vec<U>>>>, Stopped>> {
        self.next_batch().boxed()
    }
}

async fn next_of<T: Send + 'static>(lanes: &mut Option<Lanes<T>>) -> Result<Option<Computed<T>>, Stopped> {
    match lanes {
        Some(lanes) => lanes.next().await,
        None => Ok(None),
    }
}
