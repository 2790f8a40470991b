//! The middle of a pipeline's description: a reader and the steps so far.

mod also_write;
mod clean;
mod fields;
mod group_by;
mod join;
mod keyed;
mod named_fields;
mod records;
mod runnable;
mod typed;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use godata_core::{BoxError, PipelineName, RunContext};

pub use self::fields::IntoFields;
pub use self::group_by::{GroupBy, GroupByFields};
pub use self::join::{IntoFlow, JoinField};
pub use self::named_fields::NamedFields;
use crate::chunk::RowMap;
use crate::engine::{MakeWriter, Opener, Plan};
use crate::records::Missed;
use crate::writer::{Collect, WriteFn};
use crate::{
    Batch, BuildError, Chunk, Pipeline, PipelineError, Records, StatefulStep, StepInfo, Stop, Work, Writer,
    step,
};

/// The middle of a pipeline's description: a reader and the steps so far. A `write` ends it and returns the
/// [`Pipeline`].
///
/// `Flow<Vec<T>>` carries values of any type `T`, and `Flow<Records>` carries dynamic records. Their steps have the
/// same names. [`untyped`](Self::untyped) converts the first into the second, and [`typed`](Self::typed) converts back.
///
/// Closures of steps are `Fn`, and are called on several threads at once. A step that remembers something from record to
/// record is [`scan`](Self::scan). Steps compute: work that waits for something outside of the process belongs in
/// [`map_async`](Self::map_async), because the whole process runs only as many steps at once as it has cores.
///
/// A closure that can fail returns `Result<_, BoxError>`: `?` converts any error, and `Err("text".into())` makes one. By
/// default, the first failure ends the run, with an error that names the step and the record;
/// [`on_error`](crate::PipelineBuilder::on_error) leaves such records out.
///
/// ```
/// use godata_etl::Pipeline;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), godata_etl::BoxError> {
/// let flow = Pipeline::builder("numbers")
///     .read_vec(vec!["1", "2", "", "4"])
///     .filter(|text| !text.is_empty())
///     .try_map(|text| Ok(text.parse::<u32>()?))
///     .flat_map(|n| vec![n; n as usize]);
/// assert_eq!(flow.collect(4).await?, [1, 2, 2, 4]);
/// # Ok(())
/// # }
/// ```
#[must_use = "a pipeline needs a `write`"]
pub struct Flow<B> {
    pub(crate) plan: Plan,
    open: Opener<Chunk<B>>,
}

impl<B: Batch> Flow<B> {
    pub(crate) fn new(plan: Plan, open: Opener<Chunk<B>>) -> Self {
        Self { plan, open }
    }

    /// Writes with a [`Writer`]: that of a file format, or your own.
    ///
    /// # Errors
    ///
    /// [`BuildError`]: the first mistake in the whole description.
    pub fn write<W: Writer<B>>(self, writer: W) -> Result<Pipeline, BuildError> {
        let writer = Arc::new(writer);
        Pipeline::build(self.plan, self.open, Arc::new(move |_| Ok(Arc::clone(&writer))))
    }

    /// Writes with a writer that `make` makes for each run, from the parameters or the due time in its context.
    ///
    /// # Errors
    ///
    /// Those of [`write`](Self::write).
    pub fn write_with<W, F>(self, make: F) -> Result<Pipeline, BuildError>
    where
        W: Writer<B>,
        F: Fn(&RunContext) -> Result<W, BoxError> + Send + Sync + 'static,
    {
        let make: MakeWriter<W> = Arc::new(move |cx| make(cx).map(Arc::new));
        Pipeline::build(self.plan, self.open, make)
    }

    /// Writes with a closure that returns an `async` block, called with one batch after the other. Empty batches are skipped.
    ///
    /// There is nothing to commit or to discard: what the closure has done stays if the run fails, and a retry does it again
    /// from the first batch. So let the closure overwrite and not add, or implement a [`Writer`], whose
    /// [`commit`](crate::Sink::commit) comes last.
    ///
    /// # Errors
    ///
    /// Those of [`write`](Self::write).
    pub fn write_fn<F, Fut>(self, write: F) -> Result<Pipeline, BuildError>
    where
        F: Fn(RunContext, B) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.write(WriteFn(Arc::new(write)))
    }

    /// Passes the first `limit` records on and then stops reading. If the pipeline is
    /// [`unordered`](crate::PipelineBuilder::unordered), these are the first to arrive. Steps before this one may have
    /// processed more records by then, and a read that has started is awaited.
    pub fn take(self, limit: u64) -> Self {
        self.append("take", |open, _, step| Ok(step::take(open, step.index, limit)))
    }

    /// Changes whole batches: to see several records at once, or to continue with another kind of batch. Errors of this
    /// step and later ones can name only the source of a record, and no longer its number.
    pub fn map_batch<C, F>(self, f: F) -> Flow<C>
    where
        C: Batch,
        F: Fn(B) -> Result<C, BoxError> + Send + Sync + 'static,
    {
        self.batch_step("map_batch", move |Chunk { batch, origin, .. }, _| {
            Ok(Chunk { batch: f(batch)?, origin, rows: RowMap::Unknown })
        })
    }

    /// Appends a step of your own, which works on a whole batch and knows the place of each record. It may reject
    /// records. Errors, hooks and reports call it `name`.
    ///
    /// [`Chunk::replaced_by`] makes the batch that it returns, so that later errors still name the right records. A long loop calls
    /// [`Work::check`] now and then.
    ///
    /// ```
    /// use godata_etl::{Limit, OnError, Pipeline};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let parsed = Pipeline::builder("numbers")
    ///     .on_error(OnError::skip(Limit::records(10)))
    ///     .read_vec(vec!["1", "x", "3"])
    ///     .batch_step("parse", |mut chunk, work| {
    ///         let (mut numbers, mut from) = (Vec::new(), Vec::new());
    ///         for (index, text) in chunk.take_batch().into_iter().enumerate() {
    ///             match text.parse::<u32>() {
    ///                 Ok(number) => {
    ///                     numbers.push(number);
    ///                     from.push(index as u32);
    ///                 }
    ///                 Err(error) => work.reject(chunk.row(index), error)?,
    ///             }
    ///         }
    ///         Ok(chunk.replaced_by(numbers, from))
    ///     })
    ///     .collect(10)
    ///     .await?;
    /// assert_eq!(parsed, [1, 3]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The rules for the name are those for the name of a [pipeline](Pipeline::builder).
    pub fn batch_step<C, F>(mut self, name: &'static str, f: F) -> Flow<C>
    where
        C: Batch,
        F: Fn(Chunk<B>, &mut Work) -> Result<Chunk<C>, Stop> + Send + Sync + 'static,
    {
        self.check_step_name(name);
        self.step(name, move |chunk, work| {
            let missed = Missed::of(&chunk.batch);
            let made = f(chunk, work);
            missed.map_or(Ok(()), |missed| missed.check())?;
            let mut chunk = made?;
            if let Some(records) = (&mut chunk.batch as &mut dyn Any).downcast_mut::<Records>() {
                // It may have set fields in some of the rows.
                records.open_names();
            }
            Ok(chunk)
        })
    }

    /// Appends a step of your own that keeps a state from batch to batch, and may pass records on after the end of the input.
    /// `make` makes the state for each run. Errors, hooks and reports call the step `name`. [`StatefulStep`] has an example.
    ///
    /// The rules for the name are those for the name of a [pipeline](Pipeline::builder).
    pub fn stateful_step<S, F>(mut self, name: &'static str, make: F) -> Flow<S::Out>
    where
        S: StatefulStep<In = B>,
        F: Fn(&RunContext) -> Result<S, BoxError> + Send + Sync + 'static,
    {
        self.check_step_name(name);
        self.append(name, |open, _, info| {
            let unprepared = move |cx: &RunContext| {
                let prepare: step::Prepare<_, _> = Arc::new(|chunk, _: &mut Work| Ok(chunk));
                Ok((prepare, step::Unprepared(make(cx)?)))
            };
            Ok(step::stateful(open, info.index, unprepared))
        })
    }

    fn check_step_name(&mut self, name: &'static str) {
        if let Err(source) = PipelineName::new(name) {
            let (pipeline, name) = (self.plan.name.to_string(), name.to_owned());
            self.plan.mistake.get_or_insert(BuildError::InvalidStepName { pipeline, name, source });
        }
    }

    /// Runs the flow for its first `limit` records, and returns their batches.
    async fn preview(mut self, cx: &RunContext, limit: u64) -> Result<Vec<B>, PipelineError> {
        self.plan.preview();
        let kept = Collect::new();
        self.take(limit).write(kept.clone())?.run(cx).await?;
        Ok(kept.take())
    }

    /// Appends a step that works on each batch independently.
    fn step<C, F>(self, name: &'static str, step: F) -> Flow<C>
    where
        C: Batch,
        F: Fn(Chunk<B>, &mut Work) -> Result<Chunk<C>, Stop> + Send + Sync + 'static,
    {
        self.append(name, |open, _, info| Ok(step::sync(open, info.index, step)))
    }

    /// Appends a stage, which `append` makes with the name of the pipeline and the step. If that fails, the mistake is
    /// kept for the `write` to return, and the flow continues with a stage that is never opened.
    fn append<C: Batch>(
        mut self,
        name: &'static str,
        append: impl FnOnce(Opener<Chunk<B>>, &str, &StepInfo) -> Result<Opener<Chunk<C>>, BuildError>,
    ) -> Flow<C> {
        let step = StepInfo { index: self.plan.steps.len(), name };
        let open = append(self.open, &self.plan.name, &step).unwrap_or_else(|mistake| {
            self.plan.mistake.get_or_insert(mistake);
            Arc::new(|run| Box::pin(async move { Err(run.canceled()) }))
        });
        self.plan.steps.push(step);
        Flow { plan: self.plan, open }
    }
}

impl<B> fmt::Debug for Flow<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("name", &self.plan.name)
            .field("steps", &self.plan.steps)
            .finish_non_exhaustive()
    }
}
