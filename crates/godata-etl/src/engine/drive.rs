//! The run: one loop that takes finished batches and writes them.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;
use godata_core::{BoxError, RunContext, debug_as_chain, error_chain};
use tokio::runtime::Handle;
use tracing::Instrument;

use super::permits::has_permit;
use super::rejects::Rejects;
use super::{Bracket, Computed, Lanes, LoggedBy, Opener, Plan, Pull, Run, RunScope, Stage, Stopped, Task};
use crate::error::Panicked;
use crate::hooks::JobObserver;
use crate::{Batch, Chunk, Outcome, PipelineError, RunReport, Sink, Writer};

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
    let (sink, result) = write_all(&run, open, make).instrument(span.clone()).await;
    // A task of its own: from here on the run ends properly even if the caller drops this future.
    let end = tokio::spawn(finish(Arc::clone(&run), sink, result).instrument(span));
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
    let (sink, result) = match open_both(&run, open, make).await {
        Ok((_source, _writer, sink)) => (Some(sink), Ok(())),
        Err(stopped) => (None, Err(stopped)),
    };
    abort(&run, sink).await;
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

/// Writes every batch. Returns the sink too, if it was opened.
async fn write_all<B: Batch, W: Writer<B>>(
    run: &Arc<Run>,
    open: &Opener<Chunk<B>>,
    make: &MakeWriter<W>,
) -> (Option<W::Sink>, Result<(), Stopped>) {
    match open_both(run, open, make).await {
        Ok((source, writer, mut sink)) => {
            let lanes =
                Lanes::new(run, Stage::Write, Box::new(EncodeStage { source, writer, is_first: true }));
            let rejects = Rejects::new(run);
            let result = write_batches(run, lanes, &mut sink, rejects).await;
            (Some(sink), result)
        }
        Err(stopped) => (None, Err(stopped)),
    }
}

type Opened<B, W> = (Box<dyn Pull<Chunk<B>>>, Arc<W>, <W as Writer<B>>::Sink);

async fn open_both<B: Batch, W: Writer<B>>(
    run: &Arc<Run>,
    open: &Opener<Chunk<B>>,
    make: &MakeWriter<W>,
) -> Result<Opened<B, W>, Stopped> {
    run.or_canceled(async {
        let source = open(Arc::clone(run)).await?;
        let scope = RunScope::new(run);
        let opened = in_write(run, async || {
            let writer = make(run.context())?;
            let sink = writer.open(&scope).await?;
            Ok((writer, sink))
        });
        let (writer, sink) = opened.await.map_err(|cause| run.stopped(Stage::Write, cause))?;
        Ok((source, writer, sink))
    })
    .await
}

/// The main loop: writes the oldest finished batch while the next ones are read and computed. A failure is returned in
/// its place in the order, after the batches before it are written.
async fn write_batches<E: Send + 'static, S: Sink<E>>(
    run: &Arc<Run>,
    mut lanes: Lanes<Encoded<E>>,
    sink: &mut S,
    mut rejects: Rejects,
) -> Result<(), Stopped> {
    let mut following = None;
    loop {
        let next = match following.take() {
            Some(next) => next,
            None => run.or_canceled(lanes.next()).await,
        };
        let Some(computed) = next? else { return rejects.end() };
        let mut writing = pin!(write_one(run, sink, &mut rejects, computed));
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
    sink: &mut S,
    rejects: &mut Rejects,
    Computed { made, carried }: Computed<Encoded<E>>,
) -> Result<(), Stopped> {
    rejects.judge(run, carried)?;
    let Some((encoded, mut bracket)) = made else { return Ok(()) };
    let records = bracket.records_in() - bracket.rejected();
    let start = Instant::now();
    let result = in_write(run, || sink.write(encoded)).await;
    bracket.add_time(start.elapsed());
    if let Err(cause) = result {
        return Err(run.stopped(Stage::Write, cause).close(bracket));
    }
    run.count_written(records);
    bracket.close(records, Outcome::Succeeded);
    Ok(())
}

/// Ends a run whose batches have been written, or that has stopped: waits until nothing works for it any more, then
/// commits or aborts. A cancellation is honored until the commit begins.
async fn finish<E, S: Sink<E>>(
    run: Arc<Run>,
    sink: Option<S>,
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
    let result = match (sink, result) {
        (Some(sink), Ok(())) => {
            run.begin_commit();
            in_write(&run, || sink.commit()).await.map_err(|cause| run.stopped(Stage::Write, cause))
        }
        (sink, result) => {
            abort(&run, sink).await;
            result
        }
    };
    run.idle().await;
    run.end(result)
}

async fn abort<E, S: Sink<E>>(run: &Run, sink: Option<S>) {
    let Some(sink) = sink else { return };
    if let Err(cause) = in_write(run, || sink.abort().map(Ok)).await {
        tracing::error!(error = %error_chain(&*cause), "a sink failed to abort");
    }
}

/// Runs the async code of a writer or a sink, in the span of the last stage.
async fn in_write<T, F, Fut>(run: &Run, code: F) -> Result<T, BoxError>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, BoxError>>,
{
    contained_async(code).instrument(run.span(Stage::Write).clone()).await
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
