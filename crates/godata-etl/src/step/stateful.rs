//! Steps that see the batches in order, keep a state, and may pass records on after the end of the input.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use godata_core::{BoxError, CancelOnDrop, Cancellation, RunContext};

use crate::engine::{Computed, Lanes, Opener, Pull, Run, Stage, Stopped, Task, compute, then};
use crate::error::Panicked;
use crate::{Batch, Chunk, Stop, Unit, Work};

/// A step that keeps a state from batch to batch, and may pass records on after the end of the input: a sort, a total, a
/// window. [`Flow::stateful_step`](crate::Flow::stateful_step) appends it.
///
/// One value serves one run. Its methods are called on the workers, one at a time, and in the order of the input. The steps
/// before and after it stay parallel.
///
/// ```
/// use godata_etl::{BoxError, Chunk, Origin, Pipeline, StatefulStep, Stop, Unit, Work};
///
/// /// Passes on the greatest number.
/// #[derive(Default)]
/// struct Max(Option<u32>);
///
/// impl StatefulStep for Max {
///     type In = Vec<u32>;
///     type Out = Vec<u32>;
///
///     fn accept(&mut self, chunk: Chunk<Vec<u32>>, _: &mut Work) -> Result<Option<Unit<Vec<u32>>>, Stop> {
///         self.0 = chunk.batch().iter().copied().chain(self.0).max();
///         Ok(None)
///     }
///
///     fn finish(&mut self, _: &mut Work) -> Result<Option<Unit<Vec<u32>>>, Stop> {
///         Ok(self.0.take().map(|max| Unit::ready(Chunk::new(vec![max], Origin::default()))))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let flow = Pipeline::builder("max").read_vec(vec![3, 7, 5]).stateful_step("max", |_cx| Ok(Max::default()));
/// assert_eq!(flow.collect(10).await?, [7]);
/// # Ok(())
/// # }
/// ```
pub trait StatefulStep: Send + 'static {
    /// The batches that come in.
    type In: Batch;
    /// The batches that go out.
    type Out: Batch;

    /// Takes the next batch in, and returns what can be passed on already. [`Work::reject`] leaves a record out.
    ///
    /// # Errors
    ///
    /// [`Stop`] fails the run.
    fn accept(&mut self, chunk: Chunk<Self::In>, work: &mut Work) -> Result<Option<Unit<Self::Out>>, Stop>;

    /// Returns the next batch after the end of the input. Called until it returns `None`, which is the default.
    ///
    /// # Errors
    ///
    /// [`Stop`] fails the run.
    fn finish(&mut self, _work: &mut Work) -> Result<Option<Unit<Self::Out>>, Stop> {
        Ok(None)
    }
}

/// The state of a step whose batches are prepared in parallel before it sees them.
pub(crate) trait Accumulate<P>: Send + 'static {
    type Out: Batch;

    /// Takes what was made of the next batch.
    fn add(&mut self, prepared: P, work: &mut Work) -> Result<Option<Unit<Self::Out>>, Stop>;

    /// Whether [`more`](Self::more) is to be called before the next batch is added.
    fn has_more(&self) -> bool {
        false
    }

    /// Further records that were made of the last batch.
    fn more(&mut self, _work: &mut Work) -> Result<Option<Unit<Self::Out>>, Stop> {
        Ok(None)
    }

    /// The next batch after the end of the input.
    fn finish(&mut self, work: &mut Work) -> Result<Option<Unit<Self::Out>>, Stop>;
}

/// Hands unprepared batches to a step of the user.
pub(crate) struct Unprepared<S>(pub(crate) S);

impl<S: StatefulStep> Accumulate<Chunk<S::In>> for Unprepared<S> {
    type Out = S::Out;

    fn add(&mut self, chunk: Chunk<S::In>, work: &mut Work) -> Result<Option<Unit<S::Out>>, Stop> {
        self.0.accept(chunk, work)
    }

    fn finish(&mut self, work: &mut Work) -> Result<Option<Unit<S::Out>>, Stop> {
        self.0.finish(work)
    }
}

/// Makes the state of a step for a run, and the code that prepares its batches.
pub(crate) type Prepare<B, P> = Arc<dyn Fn(Chunk<B>, &mut Work) -> Result<P, Stop> + Send + Sync>;

/// Appends step `index`. `make` makes the state for each run, and the code that prepares batches on the workers.
pub(crate) fn stateful<B, P, S, M>(open: Opener<Chunk<B>>, index: usize, make: M) -> Opener<Chunk<S::Out>>
where
    B: Batch,
    P: Send + 'static,
    S: Accumulate<P>,
    M: Fn(&RunContext) -> Result<(Prepare<B, P>, S), BoxError> + Send + Sync + 'static,
{
    then(open, move |run, source| stage(run, source, index, || make(run.context())))
}

/// The stage of step `index`, over the stage before it.
pub(crate) fn stage<B, P, S>(
    run: &Arc<Run>,
    source: Box<dyn Pull<Chunk<B>>>,
    index: usize,
    make: impl FnOnce() -> Result<(Prepare<B, P>, S), BoxError>,
) -> Result<StatefulStage<P, S>, Stopped>
where
    B: Batch,
    P: Send + 'static,
    S: Accumulate<P>,
{
    let made = catch_unwind(AssertUnwindSafe(make))
        .unwrap_or_else(|panic| Err(Panicked::from_payload(panic).into()));
    let (prepare, state) = made.map_err(|cause| run.stopped(Stage::Step(index), cause))?;
    let stop = run.context().cancellation().child();
    Ok(StatefulStage {
        lanes: Some(Lanes::new(run, Stage::Step(index), Box::new(PrepareStage { source, index, prepare }))),
        index,
        state: Some(state),
        run: Arc::clone(run),
        _stop_on_drop: stop.drop_guard(),
        stop,
    })
}

/// Prepares the batches, on the workers.
struct PrepareStage<B, P> {
    source: Box<dyn Pull<Chunk<B>>>,
    index: usize,
    prepare: Prepare<B, P>,
}

/// What was made of a batch, and its origin.
struct Prepared<P> {
    made: P,
    origin: Arc<crate::Origin>,
}

impl<B: Batch, P: Send + 'static> Pull<Prepared<P>> for PrepareStage<B, P> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<Prepared<P>>>, Stopped>> {
        Box::pin(async {
            let Some(task) = self.source.next().await? else { return Ok(None) };
            let (index, prepare) = (self.index, Arc::clone(&self.prepare));
            let task: Task<_> = Box::new(move |work| {
                let Some(chunk) = task(work)? else { return Ok(None) };
                let origin = Arc::clone(&chunk.origin);
                let made = work.take_in(index, chunk, |chunk, work| prepare(chunk, work))?;
                Ok(Some(Prepared { made, origin }))
            });
            Ok(Some(task))
        })
    }
}

pub(crate) struct StatefulStage<P, S> {
    /// `None` once the input has ended.
    lanes: Option<Lanes<Prepared<P>>>,
    index: usize,
    /// `None` while a worker has it, and after the end.
    state: Option<S>,
    run: Arc<Run>,
    stop: Cancellation,
    _stop_on_drop: CancelOnDrop,
}

impl<P: Send + 'static, S: Accumulate<P>> StatefulStage<P, S> {
    async fn next_batch(&mut self) -> Result<Option<Task<Chunk<S::Out>>>, Stopped> {
        loop {
            if self.state.as_ref().is_some_and(S::has_more) {
                let index = self.index;
                let more = move |state: &mut S, work: &mut Work| {
                    work.keep(index, &Arc::default(), |work| state.more(work))
                };
                let more = self.with_state(more).await?;
                match self.passed_on(more) {
                    Some(task) => return Ok(Some(task)),
                    None => continue,
                }
            }
            let Some(lanes) = &mut self.lanes else { return self.finish().await };
            let Some(Computed { made, carried }) = lanes.next().await? else {
                self.lanes = None;
                continue;
            };
            let index = self.index;
            let Some(Prepared { made, origin }) = made else {
                return Ok(Some(Computed { made: None, carried }.into_task()));
            };
            let unit =
                self.with_state(move |state, work| work.keep(index, &origin, |work| state.add(made, work)));
            let Computed { made: unit, carried: more } = unit.await?;
            let mut carried = carried;
            carried.add(more);
            if let Some(task) = self.passed_on(Computed { made: unit, carried }) {
                return Ok(Some(task));
            }
        }
    }

    async fn finish(&mut self) -> Result<Option<Task<Chunk<S::Out>>>, Stopped> {
        if self.state.is_none() {
            return Ok(None);
        }
        let index = self.index;
        let unit =
            self.with_state(move |state, work| work.keep(index, &Arc::default(), |work| state.finish(work)));
        let Computed { made: unit, carried } = unit.await?;
        if unit.is_none() {
            self.state = None;
            self.run.end_step(index);
        }
        Ok(self.passed_on(Computed { made: unit, carried }))
    }

    /// The task that passes on what was made, if there is anything.
    fn passed_on(&self, Computed { made, carried }: Computed<Unit<S::Out>>) -> Option<Task<Chunk<S::Out>>> {
        if made.is_none() && carried.is_empty() {
            return None;
        }
        let index = self.index;
        Some(Box::new(move |work| {
            work.carry(carried);
            made.map(|unit| work.pass_on(index, unit)).transpose()
        }))
    }

    /// Runs `f` with the state, on a worker.
    async fn with_state<F>(&mut self, f: F) -> Result<Computed<Unit<S::Out>>, Stopped>
    where
        F: FnOnce(&mut S, &mut Work) -> Result<Option<Unit<S::Out>>, Stopped> + Send + 'static,
    {
        let Some(mut state) = self.state.take() else { return Err(self.run.canceled()) };
        let task = move |work: &mut Work| {
            let made = f(&mut state, work)?;
            Ok(Some((state, made)))
        };
        let done = compute(&self.run, self.stop.clone(), Stage::Step(self.index), Box::new(task)).await?;
        let Computed { made, carried } = done;
        let (state, made) = made.ok_or_else(|| self.run.canceled())?;
        self.state = Some(state);
        Ok(Computed { made, carried })
    }
}

impl<P: Send + 'static, S: Accumulate<P>> Pull<Chunk<S::Out>> for StatefulStage<P, S> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<Chunk<S::Out>>>, Stopped>> {
        self.next_batch().boxed()
    }
}
