//! A pipeline under description: what was read, and the steps so far.

mod named_fields;
mod records;
mod runnable;
mod typed;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use godata_core::{BoxError, RunContext};

pub use self::named_fields::NamedFields;
use crate::chunk::RowMap;
use crate::engine::{MakeWriter, Opener, Plan};
use crate::writer::{Collect, WriteFn};
use crate::{Batch, BuildError, Chunk, Pipeline, PipelineError, StepInfo, Stop, Work, Writer, step};

/// A pipeline under description: what was read, and the steps so far. A `write` ends it.
///
/// `Flow<Vec<T>>` carries values of any type `T`, `Flow<Records>` dynamic records; their steps have the same
/// names. Closures of steps are `Fn`, called on several threads at once; a step that needs to remember
/// something from record to record is [`scan`](Self::scan). They compute: what waits for something outside belongs
/// into [`map_async`](Self::map_async), since only as many steps run at once in the whole process as it has cores.
///
/// A closure that can fail returns `Result<_, BoxError>`: `?` turns any error into that, and so does
/// `"text".into()`. The first failure ends the run, and names the step and the record.
#[must_use = "a pipeline needs a `write`"]
pub struct Flow<B> {
    plan: Plan,
    open: Opener<Chunk<B>>,
}

impl<B: Batch> Flow<B> {
    pub(crate) fn new(plan: Plan, open: Opener<Chunk<B>>) -> Self {
        Self { plan, open }
    }

    /// Writes with a [`Writer`]: a file format's, or your own.
    ///
    /// # Errors
    ///
    /// The first mistake in the whole description.
    pub fn write<W: Writer<B>>(self, writer: W) -> Result<Pipeline, BuildError> {
        let writer = Arc::new(writer);
        Pipeline::build(self.plan, self.open, Arc::new(move |_| Ok(Arc::clone(&writer))))
    }

    /// Writes with the writer that `make` makes for each run, from its parameters or scheduled time.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_with<W, F>(self, make: F) -> Result<Pipeline, BuildError>
    where
        W: Writer<B>,
        F: Fn(&RunContext) -> Result<W, BoxError> + Send + Sync + 'static,
    {
        let make: MakeWriter<W> = Arc::new(move |cx| make(cx).map(Arc::new));
        Pipeline::build(self.plan, self.open, make)
    }

    /// Writes with a closure, called once per batch, one batch after the other; an empty batch is left out.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_fn<F, Fut>(self, write: F) -> Result<Pipeline, BuildError>
    where
        F: Fn(RunContext, B) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.write(WriteFn(Arc::new(write)))
    }

    /// Lets the first `limit` records pass (the first to arrive, if the pipeline is
    /// [`unordered`](crate::PipelineBuilder::unordered)) and stops reading. Steps before it may have done more by
    /// then; a reader that waits for its input at that moment is waited for.
    pub fn take(self, limit: u64) -> Self {
        self.append("take", |open, step| Ok(step::take(open, step.index, limit)))
    }

    /// Changes whole batches: to look at several records at once, or to go on with another kind of batch.
    /// Errors of this step and later ones can't name the record any more, only its source.
    pub fn map_batch<C, F>(self, f: F) -> Flow<C>
    where
        C: Batch,
        F: Fn(B) -> Result<C, BoxError> + Send + Sync + 'static,
    {
        self.step("map_batch", move |chunk, _| {
            let Chunk { batch, origin, .. } = chunk;
            Ok(Chunk { batch: f(batch)?, origin, rows: RowMap::Unknown })
        })
    }

    /// The batches of a run that stops after `limit` records.
    async fn preview(self, cx: &RunContext, limit: u64) -> Result<Vec<B>, PipelineError> {
        let kept = Collect::new();
        self.take(limit).write(kept.clone())?.run(cx).await?;
        Ok(kept.take())
    }

    /// Appends a step that works on one batch by itself.
    fn step<C, F>(self, name: &'static str, step: F) -> Flow<C>
    where
        C: Batch,
        F: Fn(Chunk<B>, &mut Work) -> Result<Chunk<C>, Stop> + Send + Sync + 'static,
    {
        self.append(name, |open, info| Ok(step::sync(open, info.index, step)))
    }

    /// Appends a stage. If it can't be, the mistake is kept for the end of the description, and the flow
    /// goes on with a stage that is never opened.
    fn append<C: Batch>(
        mut self,
        name: &'static str,
        append: impl FnOnce(Opener<Chunk<B>>, &StepInfo) -> Result<Opener<Chunk<C>>, BuildError>,
    ) -> Flow<C> {
        let step = StepInfo { index: self.plan.steps.len(), name };
        let open = append(self.open, &step).unwrap_or_else(|mistake| {
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
