//! The run: one loop that takes finished batches and writes them.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;
use futures::future::{BoxFuture, try_join};
use godata_core::{BoxError, RunContext, debug_as_chain, error_chain};
use tokio::runtime::Handle;
use tracing::Instrument;

use super::permits::has_permit;
use super::rejects::Rejects;
use super::side::SideOutputs;
use super::{Bracket, Computed, Lanes, LoggedBy, Opener, Plan, Pull, Run, RunScope, Stage, Stopped, Task};
use crate::error::Panicked;
use crate::hooks::JobObserver;
use crate::{Batch, Chunk, Outcome, PipelineError, Rejected, RunReport, Sink, Writer};

/// Makes the writer for a run.
pub(crate) type MakeWriter<W> = Arc<dyn Fn(&RunContext) -> Result<Arc<W>, BoxError> + Send + Sync>;

/// Runs a pipeline from its reader, which `open` opens, to its writer, which `make` makes.
pub(crate) async fn run<B: Batch, W: Writer<B>>(
    plan: &Plan,
    open: &Opener<Chunk<B>>,
    make: &MakeWriter<W>,
    cx: &RunContext,
    job: Option<JobObserver>,
    logged_by: LoggedBy,
) -> Result<RunReport, PipelineError> {
    let run = Run::begin(plan, cx, job, logged_by, require_runtime(plan)?);
    let _stop_on_drop = run.context().cancellation().drop_guard();
    let span = run.run_span().clone();
    let (output, result) = write_all(&run, open, make).instrument(span.clone()).await;
    // A task of its own: from here on the run ends properly even if the caller drops this future.
    let end = tokio::spawn(finish(Arc::clone(&run), output, result).instrument(span));
    match end.await {
        Ok(result) => result,
        // The runtime is shutting down. The last thread that works for the run ends it.
        Err(_) => run.conclude(Err(run.cut_off())).1,
    }
}

/// Opens the reader and the writer, and drops both again. Hooks and logs don't see it.
pub(crate) async fn check<B: Batch, W: Writer<B>>(
    plan: &Plan,
    open: &Opener<Chunk<B>>,
    make: &MakeWriter<W>,
    cx: &RunContext,
) -> Result<(), PipelineError> {
    let silent = Plan { hooks: Vec::new(), ..plan.clone() };
    let run = Run::begin(&silent, cx, None, LoggedBy::Caller, require_runtime(plan)?);
    run.suppress_end();
    let _stop_on_drop = run.context().cancellation().drop_guard();
    let (output, result) = match open_both(&run, open, make).await {
        Ok((_source, _writer, output)) => (Some(output), Ok(())),
        Err(stopped) => (None, Err(stopped)),
    };
    abort(&run, output).await;
    run.idle().await;
    run.conclude(result).1.map(drop)
}

fn require_runtime(plan: &Plan) -> Result<Handle, PipelineError> {
    if has_permit() {
        return Err(PipelineError::wrong_place(&plan.name, WithinStep));
    }
    Handle::try_current().map_err(|_| PipelineError::wrong_place(&plan.name, NoRuntime))
}

#[derive(thiserror::Error)]
#[error(
    "there is no tokio runtime: call `run_blocking`, or await `run` on one, such as below #[tokio::main]"
)]
struct NoRuntime;

/// A step that waits for a pipeline holds a permit to compute, which that pipeline may need.
#[derive(thiserror::Error)]
#[error("a step can't wait for a pipeline; await it in `map_async`, in a writer, or beside this one")]
struct WithinStep;

debug_as_chain!(NoRuntime, WithinStep);

/// The open outputs, and what becomes of rejected records.
struct Output<S> {
    sink: S,
    sides: SideOutputs,
    rejects: Rejects,
}

/// Writes every batch. Returns the output too, if it was opened.
async fn write_all<B: Batch, W: Writer<B>>(
    run: &Arc<Run>,
    open: &Opener<Chunk<B>>,
    make: &MakeWriter<W>,
) -> (Option<Output<W::Sink>>, Result<(), Stopped>) {
    match open_both(run, open, make).await {
        Ok((source, writer, mut output)) => {
            let lanes =
                Lanes::new(run, Stage::Write, Box::new(EncodeStage { source, writer, is_first: true }));
            let result = write_batches(run, lanes, &mut output).await;
            (Some(output), result)
        }
        Err(stopped) => (None, Err(stopped)),
    }
}

type Opened<B, W> = (Box<dyn Pull<Chunk<B>>>, Arc<W>, Output<<W as Writer<B>>::Sink>);

async fn open_both<B: Batch, W: Writer<B>>(
    run: &Arc<Run>,
    open: &Opener<Chunk<B>>,
    make: &MakeWriter<W>,
) -> Result<Opened<B, W>, Stopped> {
    run.or_canceled(async {
        let source = open(Arc::clone(run)).await?;
        let sides = SideOutputs::open(run).await?;
        let scope = RunScope::new(run);
        let opened = in_stage(run, Stage::Write, async || {
            let writer = make(run.context())?;
            let sink = writer.open(&scope).await?;
            let rejects = Rejects::open(run).await?;
            Ok((writer, sink, rejects))
        });
        match opened.await {
            Ok((writer, sink, rejects)) => Ok((source, writer, Output { sink, sides, rejects })),
            Err(cause) => {
                sides.abort(run).await;
                Err(run.stopped(Stage::Write, cause))
            }
        }
    })
    .await
}

/// The main loop: writes the oldest finished batch while the next ones are read and computed. A failure is returned in
/// its place in the order, after the batches before it are written.
async fn write_batches<E: Send + 'static, S: Sink<E>>(
    run: &Arc<Run>,
    mut lanes: Lanes<Encoded<E>>,
    output: &mut Output<S>,
) -> Result<(), Stopped> {
    let mut following = None;
    loop {
        let next = match following.take() {
            Some(next) => next,
            None => run.or_canceled(lanes.next()).await,
        };
        let Some(computed) = next? else {
            run.check_end()?;
            return output.rejects.end();
        };
        let mut writing = pin!(write_one(run, output, computed));
        loop {
            tokio::select! {
                biased;
                () = run.context().canceled() => return Err(run.canceled()),
                result = &mut writing => break result?,
                next = lanes.next(), if following.is_none() => following = Some(next),
            }
        }
    }
}

async fn write_one<E: Send + 'static, S: Sink<E>>(
    run: &Arc<Run>,
    Output { sink, sides, rejects }: &mut Output<S>,
    Computed { made, mut carried }: Computed<Encoded<E>>,
) -> Result<(), Stopped> {
    let before = rejects.tally();
    let (read, to_sides) = (carried.read, carried.take_sides());
    let rejected = rejects.judge(run, carried)?;
    let (mut refused, more) = try_join(sides.write(run, to_sides), write_batch(run, sink, made)).await?;
    refused.extend(more);
    let rejected = rejects.judge_refused(run, before, rejected, refused, read)?;
    if rejected.is_empty() {
        return Ok(());
    }
    let letters = in_stage(run, Stage::Write, || rejects.write(run, rejected));
    letters.await.map_err(|cause| run.stopped(Stage::Write, cause))
}

/// Writes a batch, if there is one. Returns the records that the sink has rejected.
async fn write_batch<E: Send + 'static, S: Sink<E>>(
    run: &Arc<Run>,
    sink: &mut S,
    encoded: Option<Encoded<E>>,
) -> Result<Vec<Rejected>, Stopped> {
    let Some((encoded, mut bracket)) = encoded else { return Ok(Vec::new()) };
    run.refused.begin();
    let start = Instant::now();
    let result = in_stage(run, Stage::Write, || sink.write(encoded)).await;
    bracket.add_time(start.elapsed());
    let refused = run.refused.end();
    if let Err(cause) = result {
        return Err(run.stopped(Stage::Write, cause).close(bracket));
    }
    bracket.add_rejected(refused.len() as u64);
    let records = bracket.records_in().saturating_sub(bracket.rejected());
    run.count_written(records);
    bracket.close(records, Outcome::Succeeded);
    Ok(refused)
}

/// Ends a run whose batches have been written, or that has stopped: waits until nothing works for it any more, then
/// commits or aborts. A cancellation is honored until the commit begins.
async fn finish<E, S: Sink<E>>(
    run: Arc<Run>,
    output: Option<Output<S>>,
    result: Result<(), Stopped>,
) -> Result<RunReport, PipelineError> {
    if result.is_err() {
        run.context().cancel();
    }
    run.idle().await;
    let result = match result {
        Ok(()) if run.context().is_canceled() => Err(run.canceled()),
        result => result,
    };
    let result = match (output, result) {
        (Some(output), Ok(())) => {
            run.begin_commit();
            commit(&run, output).await
        }
        (output, result) => {
            abort(&run, output).await;
            result
        }
    };
    run.idle().await;
    run.end(result)
}

/// Prepares all outputs, then commits the dead letters, then the outputs, that of the `write` last. If the process dies between
/// the commits, the next run replaces the letters; in the other order, they would be lost.
async fn commit<E, S: Sink<E>>(run: &Run, output: Output<S>) -> Result<(), Stopped> {
    let Output { mut sink, mut sides, rejects } = output;
    if let Err(stopped) = try_join(sides.prepare(run), prepare(run, &mut sink)).await {
        abort(run, Some(Output { sink, sides, rejects })).await;
        return Err(stopped);
    }
    if let Err(cause) = in_stage(run, Stage::Write, || rejects.commit()).await {
        sides.abort(run).await;
        abort_sink(run, Stage::Write, || sink.abort()).await;
        return Err(run.stopped(Stage::Write, cause));
    }
    if let Err(stopped) = sides.commit(run).await {
        abort_sink(run, Stage::Write, || sink.abort()).await;
        return Err(stopped);
    }
    let committed = in_stage(run, Stage::Write, || sink.commit()).await;
    committed.map_err(|cause| run.stopped(Stage::Write, cause))
}

async fn prepare<E, S: Sink<E>>(run: &Run, sink: &mut S) -> Result<(), Stopped> {
    let prepared = in_stage(run, Stage::Write, || sink.prepare()).await;
    prepared.map_err(|cause| run.stopped(Stage::Write, cause))
}

async fn abort<E, S: Sink<E>>(run: &Run, output: Option<Output<S>>) {
    let Some(Output { sink, sides, rejects }) = output else { return };
    sides.abort(run).await;
    abort_sink(run, Stage::Write, || sink.abort()).await;
    abort_sink(run, Stage::Write, || rejects.abort()).await;
}

pub(super) async fn abort_sink<Fut>(run: &Run, stage: Stage, abort: impl FnOnce() -> Fut)
where
    Fut: Future<Output = ()>,
{
    if let Err(cause) = in_stage(run, stage, || abort().map(Ok)).await {
        tracing::error!(error = %error_chain(&*cause), "a sink failed to abort");
    }
}

/// Runs the async code of a writer or a sink, in the span of its stage.
pub(super) async fn in_stage<T, F, Fut>(run: &Run, stage: Stage, code: F) -> Result<T, BoxError>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, BoxError>>,
{
    contained_async(code).instrument(run.span(stage).clone()).await
}

/// Runs the user's async code: a panic in it, before or while it is awaited, becomes an error.
pub(crate) async fn contained_async<T, F, Fut>(code: F) -> Result<T, BoxError>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, BoxError>>,
{
    AssertUnwindSafe(async { code().await })
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(Panicked::from_payload(panic).into()))
}

/// An encoded batch, ready to be written, with the bracket of its writing.
type Encoded<E> = (E, Bracket);

/// The last stage: encodes the batches that the steps made.
struct EncodeStage<B, W> {
    source: Box<dyn Pull<Chunk<B>>>,
    writer: Arc<W>,
    /// Whether the next batch is the first one.
    is_first: bool,
}

impl<B: Batch, W: Writer<B>> Pull<Encoded<W::Encoded>> for EncodeStage<B, W> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<Encoded<W::Encoded>>>, Stopped>> {
        Box::pin(async {
            let Some(task) = self.source.next().await? else { return Ok(None) };
            let writer = Arc::clone(&self.writer);
            let is_first = std::mem::take(&mut self.is_first);
            let encode: Task<_> = Box::new(move |work| match task(work)? {
                Some(chunk) if !chunk.is_empty() || (is_first && writer.encodes_empty(chunk.batch())) => {
                    work.encode(chunk, |chunk, work| writer.encode(chunk, work)).map(Some)
                }
                _ => Ok(None),
            });
            Ok(Some(encode))
        })
    }
}
