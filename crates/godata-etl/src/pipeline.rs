//! A pipeline: its description, and how to run it.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{Stream, StreamExt};
use godata_core::{BoxError, Job, Permanent, PipelineName, RunContext, debug_as_chain};

use crate::engine::{self, LoggedBy, MakeWriter, Opener, Plan, cores};
use crate::hooks::JobObserver;
use crate::reader::{ReadFn, ReadIter, ReadStream, ReadVec, ReadWith, opener};
use crate::{
    Batch, BuildError, Chunk, Flow, OnError, PipelineError, PipelineHook, Reader, RunReport, Writer,
};

/// A pipeline, ready to run: a reader, steps and a writer.
///
/// It is built once and runs many times, also concurrently; the runs share no state. It is a [`Job`], and cheap to
/// clone.
///
/// ```
/// use godata_etl::{Pipeline, RunContext};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), godata_etl::BoxError> {
/// let pipeline = Pipeline::builder("squares")
///     .read_vec(vec![1, 2, 3, 4])
///     .filter(|n| n % 2 == 0)
///     .map(|n| n * n)
///     .write_fn(|_, squares| async move {
///         assert_eq!(squares, [4, 16]);
///         Ok(())
///     })?;
///
/// let report = pipeline.run(&RunContext::new()).await?;
/// assert_eq!((report.read.records, report.written.records), (4, 2));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Pipeline {
    name: Arc<str>,
    runs: Arc<dyn Runs>,
}

impl Pipeline {
    /// Starts the description of a pipeline: first settings, then a `read`, steps, and a `write` that ends it.
    ///
    /// A name is 1 to 200 bytes long, without control or invisible characters, and without white space at either end. The
    /// `write` returns an error for any other name.
    pub fn builder(name: impl Into<String>) -> PipelineBuilder {
        PipelineBuilder::new(name.into())
    }

    /// The pipeline's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs the pipeline once, on the current tokio runtime.
    ///
    /// **Cancellation.** Canceling `cx` stops the run: it starts no new batches, those in progress stop within 256
    /// records, the output is discarded, and the result is [`PipelineError::Canceled`]. Once the commit of the output
    /// has started, the run finishes. Dropping the future does the same: the work in progress stops on its own, and the
    /// last thread that stops calls the end hooks.
    ///
    /// A closure that never returns keeps its run from ending.
    ///
    /// **Other pipelines.** All pipelines of a process together compute at most one batch per core at a time. If steps
    /// block their threads on all cores for a second, one more batch may be computed, so they don't stop other pipelines.
    /// Wait for other programs in [`map_async`](crate::Flow::map_async), which holds up nothing.
    ///
    /// **Logs.** The run is one span with an event at its start and at its end; see [Logs](crate#logs).
    ///
    /// # Errors
    ///
    /// [`PipelineError`] if a stage fails or panics, the run is canceled, there is no tokio runtime, or this is called
    /// from a step of a pipeline. The output is then as it was before the run.
    pub async fn run(&self, cx: &RunContext) -> Result<RunReport, PipelineError> {
        self.runs.run(cx, None, LoggedBy::Pipeline).await
    }

    /// Runs the pipeline once and waits for it, on a tokio runtime of its own. For programs without a runtime.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run). Also [`PipelineError::Runtime`] if it is called on a thread of a tokio runtime, which it
    /// would block. The threads of `spawn_blocking` belong to the runtime as well, and can't be told from those that must not
    /// block: wait there with the runtime's own `block_on`.
    ///
    /// ```
    /// use godata_etl::{BoxError, Pipeline, RunContext};
    ///
    /// fn main() -> Result<(), BoxError> {
    ///     let pipeline = Pipeline::builder("hello").read_vec(vec!["hello"]).write_fn(|_cx, words| async move {
    ///         println!("{words:?}");
    ///         Ok(())
    ///     })?;
    ///     assert_eq!(pipeline.run_blocking(&RunContext::new())?.written.records, 1);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// Within `spawn_blocking`:
    ///
    /// ```
    /// use godata_etl::{BoxError, Pipeline, RunContext};
    /// use tokio::runtime::Handle;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let pipeline = Pipeline::builder("hello").read_vec(vec!["hello"]).write_fn(async |_cx, _words| Ok(()))?;
    /// let run = move || Handle::current().block_on(pipeline.run(&RunContext::new()));
    /// assert_eq!(tokio::task::spawn_blocking(run).await??.written.records, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_blocking(&self, cx: &RunContext) -> Result<RunReport, PipelineError> {
        if tokio::runtime::Handle::try_current().is_ok() {
            return Err(PipelineError::wrong_place(&self.name, OnRuntime));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| PipelineError::wrong_place(&self.name, error))?;
        runtime.block_on(self.run(cx))
    }

    /// Opens the input, the tables of joins and the output, and closes them again, to find out whether a run could start. It reads
    /// and writes nothing, calls no hooks, and logs nothing.
    ///
    /// # Errors
    ///
    /// The error that a run would return because they can't be opened.
    ///
    /// ```
    /// use godata_etl::{Pipeline, RunContext};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let pipeline = Pipeline::builder("daily").read_vec(vec![1]).write_fn(|_, _| async { Ok(()) })?;
    /// pipeline.check(&RunContext::new()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check(&self, cx: &RunContext) -> Result<(), PipelineError> {
        self.runs.check(cx).await
    }

    pub(crate) async fn run_as_job(
        &self,
        cx: &RunContext,
        job: JobObserver,
    ) -> Result<RunReport, PipelineError> {
        self.runs.run(cx, Some(job), LoggedBy::Pipeline).await
    }

    /// Runs the pipeline as a part of another one, which logs.
    pub(crate) async fn run_within(&self, cx: &RunContext) -> Result<RunReport, PipelineError> {
        self.runs.run(cx, None, LoggedBy::Caller).await
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    pub(crate) fn build<B: Batch, W: Writer<B>>(
        mut plan: Plan,
        open: Opener<Chunk<B>>,
        make: MakeWriter<W>,
    ) -> Result<Self, BuildError> {
        match plan.mistake.take() {
            Some(mistake) => Err(mistake),
            None => Ok(Self { name: Arc::clone(&plan.name), runs: Arc::new(Stages { plan, open, make }) }),
        }
    }
}

impl Job for Pipeline {
    fn name(&self) -> &str {
        &self.name
    }

    async fn run(&self, cx: &RunContext) -> Result<(), BoxError> {
        match self.runs.run(cx, None, LoggedBy::Caller).await {
            Ok(_report) => Ok(()),
            Err(error @ PipelineError::TooManyRejected { .. }) => Err(Permanent::new(error).into()),
            Err(error) => Err(error.into()),
        }
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(thiserror::Error)]
#[error(
    "`run_blocking` was called on a thread of a tokio runtime: await `run` instead, or within `spawn_blocking` wait for it \
     with `Handle::current().block_on(...)`"
)]
struct OnRuntime;

debug_as_chain!(OnRuntime);

/// The stages of a pipeline, with their types erased.
trait Runs: Send + Sync {
    fn run<'a>(
        &'a self,
        cx: &'a RunContext,
        job: Option<JobObserver>,
        logged_by: LoggedBy,
    ) -> BoxFuture<'a, Result<RunReport, PipelineError>>;

    fn check<'a>(&'a self, cx: &'a RunContext) -> BoxFuture<'a, Result<(), PipelineError>>;
}

struct Stages<B, W> {
    plan: Plan,
    open: Opener<Chunk<B>>,
    make: MakeWriter<W>,
}

impl<B: Batch, W: Writer<B>> Runs for Stages<B, W> {
    fn run<'a>(
        &'a self,
        cx: &'a RunContext,
        job: Option<JobObserver>,
        logged_by: LoggedBy,
    ) -> BoxFuture<'a, Result<RunReport, PipelineError>> {
        Box::pin(engine::run(&self.plan, &self.open, &self.make, cx, job, logged_by))
    }

    fn check<'a>(&'a self, cx: &'a RunContext) -> BoxFuture<'a, Result<(), PipelineError>> {
        Box::pin(engine::check(&self.plan, &self.open, &self.make, cx))
    }
}

/// The start of a pipeline's description: its name and settings. A `read` method turns it into a [`Flow`].
///
/// ```
/// use godata_etl::{Pipeline, RunContext};
///
/// let pipeline = Pipeline::builder("squares")
///     .workers(2)
///     .unordered()
///     .read_iter(|_cx| 1..=1_000_u64)
///     .map(|n| n * n)
///     .write_fn(|_, _| async { Ok(()) })?;
/// assert_eq!(pipeline.run_blocking(&RunContext::new())?.written.records, 1_000);
/// # Ok::<(), godata_etl::BoxError>(())
/// ```
#[must_use = "a pipeline needs a `read` and a `write`"]
pub struct PipelineBuilder(Plan);

impl PipelineBuilder {
    fn new(name: String) -> Self {
        let name: Arc<str> = name.into();
        let checked = PipelineName::from_shared(Arc::clone(&name));
        let mistake =
            checked.err().map(|source| BuildError::InvalidName { name: name.as_ref().to_owned(), source });
        Self(Plan {
            name,
            steps: Vec::new(),
            hooks: Vec::new(),
            workers: cores(),
            ordered: true,
            on_error: OnError::default(),
            is_preview: false,
            mistake,
        })
    }

    /// Adds a hook, which observes every run. Hooks are called in the order in which they were added.
    pub fn hook(mut self, hook: impl PipelineHook) -> Self {
        self.0.hooks.push(Arc::new(hook));
        self
    }

    /// Sets how many batches are computed at once. Default: as many as there are cores, which is also the maximum over all
    /// pipelines of the process. Each worker has up to three batches in flight, and three more for each `take`, `scan`,
    /// `map_async`, and step that compares records, such as `sort_by`.
    pub fn workers(mut self, workers: usize) -> Self {
        match NonZeroUsize::new(workers) {
            Some(workers) => self.0.workers = workers,
            None => {
                let pipeline = self.0.name.to_string();
                self.0.mistake.get_or_insert(BuildError::NoWorkers { pipeline });
            }
        }
        self
    }

    /// Writes each batch as soon as it is ready. The records within a batch keep their order. By default, all records
    /// are written in the order in which they were read.
    pub fn unordered(mut self) -> Self {
        self.0.ordered = false;
        self
    }

    /// Sets what becomes of records that can't be processed. By default, the first one fails the run.
    ///
    /// There is one policy for all stages; [`OnError::when`] restricts it to some of them.
    pub fn on_error(mut self, policy: OnError) -> Self {
        let share = policy.limit.and_then(|limit| limit.share);
        if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
            let pipeline = self.0.name.to_string();
            self.0.mistake.get_or_insert(BuildError::InvalidShare { pipeline, share: share.to_string() });
        }
        self.0.on_error = policy;
        self
    }

    /// Reads with a [`Reader`]: that of a file format, or your own.
    pub fn read<R: Reader>(self, reader: R) -> Flow<R::Batch> {
        Flow::new(self.0, opener(reader))
    }

    /// Reads with a reader that `make` makes for each run, from the parameters or the due time in its context.
    ///
    /// ```
    /// use godata_etl::{Pipeline, RunContext};
    /// # mod csv {
    /// #     pub fn read(_: String) -> impl godata_etl::Reader<Batch = Vec<i32>> { Nothing }
    /// #     struct Nothing;
    /// #     impl godata_etl::Reader for Nothing {
    /// #         type Batch = Vec<i32>;
    /// #         type Source = Self;
    /// #         async fn open(&self, _: &godata_etl::RunScope) -> Result<Self, godata_etl::BoxError> { Ok(Self) }
    /// #     }
    /// #     impl godata_etl::Source for Nothing {
    /// #         type Batch = Vec<i32>;
    /// #         async fn next(&mut self) -> Result<Option<godata_etl::Unit<Vec<i32>>>, godata_etl::BoxError> {
    /// #             Ok(None)
    /// #         }
    /// #     }
    /// # }
    ///
    /// let pipeline = Pipeline::builder("daily")
    ///     .read_with(|cx| Ok(csv::read(format!("orders-{}.csv", cx.params().require("date")?))))
    ///     .write_fn(|_, _| async { Ok(()) })?;
    ///
    /// pipeline.run_blocking(&RunContext::new().with_param("date", "2026-11-22"))?;
    /// # Ok::<(), godata_etl::BoxError>(())
    /// ```
    pub fn read_with<R, F>(self, make: F) -> Flow<R::Batch>
    where
        R: Reader,
        F: Fn(&RunContext) -> Result<R, BoxError> + Send + Sync + 'static,
    {
        self.read(ReadWith(make))
    }

    /// Reads with an async closure, called once per run. The vector that it returns is one batch, and in memory as a
    /// whole.
    ///
    /// ```
    /// use godata_etl::Pipeline;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let flow = Pipeline::builder("days").read_fn(|cx| async move {
    ///     let day = cx.params().get("day").unwrap_or("monday").to_owned();
    ///     Ok(vec![day])
    /// });
    /// assert_eq!(flow.collect(10).await?, ["monday"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_fn<T, F, Fut>(self, read: F) -> Flow<Vec<T>>
    where
        T: Send + 'static,
        F: Fn(RunContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<T>, BoxError>> + Send + 'static,
    {
        self.read(ReadFn(read))
    }

    /// Reads the items of an iterator, in batches of 1,024; the first batches are smaller. `make` makes a new iterator for
    /// each run. The iterator runs on a thread where it may block. If its items can fail, use
    /// [`try_read_iter`](Self::try_read_iter).
    pub fn read_iter<T, I, F>(self, make: F) -> Flow<Vec<T>>
    where
        T: Send + 'static,
        I: IntoIterator<Item = T, IntoIter: Send + 'static>,
        F: Fn(&RunContext) -> I + Send + Sync + 'static,
    {
        self.read(ReadIter(move |cx: &RunContext| make(cx).into_iter().map(Ok)))
    }

    /// Like [`read_iter`](Self::read_iter), for items that can fail. The first error fails the run, after the records before
    /// it have been written.
    ///
    /// ```
    /// use godata_etl::Pipeline;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let numbers = |text: &'static str| text.split(' ').map(|number| Ok(number.parse::<u32>()?));
    /// let flow = Pipeline::builder("numbers").try_read_iter(move |_cx| numbers("1 2 x"));
    /// let error = flow.collect(10).await.unwrap_err();
    /// assert_eq!(format!("{error:#}"), "read failed: invalid digit found in string");
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read_iter<T, I, F>(self, make: F) -> Flow<Vec<T>>
    where
        T: Send + 'static,
        I: IntoIterator<Item = Result<T, BoxError>, IntoIter: Send + 'static>,
        F: Fn(&RunContext) -> I + Send + Sync + 'static,
    {
        self.read(ReadIter(move |cx: &RunContext| make(cx).into_iter()))
    }

    /// Reads the items of a stream, in batches of the items that are ready, at most 1,024. `make` makes a new stream for
    /// each run. If its items can fail, use [`try_read_stream`](Self::try_read_stream).
    ///
    /// ```
    /// use futures::stream;
    /// use godata_etl::Pipeline;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let flow = Pipeline::builder("numbers").read_stream(|_cx| stream::iter(1..=3));
    /// assert_eq!(flow.collect(10).await?, [1, 2, 3]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_stream<T, S, F>(self, make: F) -> Flow<Vec<T>>
    where
        T: Send + 'static,
        S: Stream<Item = T> + Send + 'static,
        F: Fn(RunContext) -> S + Send + Sync + 'static,
    {
        self.read(ReadStream(move |cx| make(cx).map(Ok)))
    }

    /// Like [`read_stream`](Self::read_stream), for items that can fail. The first error fails the run, after the records
    /// before it have been written.
    pub fn try_read_stream<T, S, F>(self, make: F) -> Flow<Vec<T>>
    where
        T: Send + 'static,
        S: Stream<Item = Result<T, BoxError>> + Send + 'static,
        F: Fn(RunContext) -> S + Send + Sync + 'static,
    {
        self.read(ReadStream(make))
    }

    /// Reads a vector, in batches of 1,024. Each run clones the records.
    pub fn read_vec<T: Clone + Send + Sync + 'static>(self, records: Vec<T>) -> Flow<Vec<T>> {
        self.read(ReadVec::new(records))
    }
}

impl fmt::Debug for PipelineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineBuilder").field("name", &self.0.name).finish_non_exhaustive()
    }
}
