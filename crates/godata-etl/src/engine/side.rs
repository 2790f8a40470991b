//! The outputs in the middle of a flow, which are one transaction with the output at its end.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use futures::FutureExt;
use futures::future::{BoxFuture, try_join_all};
use godata_core::{BoxError, debug_as_chain};

use super::drive::{abort_sink, in_stage};
use super::refused::Refused;
use super::{Run, RunScope, Stage, Stopped};
use crate::{Batch, Rejected, Sink, Writer};

/// The writer of an `also_write`, without its type.
pub(crate) trait SideWriter: Send + Sync {
    fn open<'a>(&'a self, scope: &'a RunScope) -> BoxFuture<'a, Result<Box<dyn SideSink>, BoxError>>;
}

/// An open output of an `also_write`, without its type.
pub(crate) trait SideSink: Send {
    fn write(&mut self, encoded: Box<dyn Any + Send>) -> BoxFuture<'_, Result<(), BoxError>>;

    fn prepare(&mut self) -> BoxFuture<'_, Result<(), BoxError>>;

    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), BoxError>>;

    fn abort(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// A batch that was encoded for the output of a step. It travels with its batch to the end of the pipeline, and is written
/// there.
#[derive(Debug)]
pub(crate) struct SideBatch {
    pub(crate) step: usize,
    pub(crate) records: u64,
    pub(crate) encoded: Box<dyn Any + Send>,
}

/// What the scope of such an output knows.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) step: usize,
    pub(super) refused: Refused,
}

/// The open outputs of all `also_write` steps, in their order.
#[derive(Default)]
pub(super) struct SideOutputs(Vec<SideOutput>);

struct SideOutput {
    side: Arc<Side>,
    sink: Box<dyn SideSink>,
}

impl Run {
    /// Adds the writer of a step, which was made for this run.
    pub(crate) fn add_side<B: Batch, W: Writer<B>>(&self, step: usize, writer: Arc<W>) {
        self.counters.add_side(step);
        let erased: Arc<dyn SideWriter> = Arc::new(Erased::<B, W>(writer, PhantomData));
        self.sides.lock().unwrap_or_else(PoisonError::into_inner).push((step, erased));
    }
}

impl SideOutputs {
    /// Opens all. If one can't be opened, those before it are aborted.
    pub(super) async fn open(run: &Arc<Run>) -> Result<Self, Stopped> {
        let writers = run.sides.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut all = Self::default();
        for (step, writer) in writers {
            let side = Arc::new(Side { step, refused: Refused::default() });
            let scope = RunScope::of_side(run, Arc::clone(&side));
            match in_stage(run, Stage::Step(step), || writer.open(&scope)).await {
                Ok(sink) => all.0.push(SideOutput { side, sink }),
                Err(cause) => {
                    all.abort(run).await;
                    return Err(run.stopped(Stage::Step(step), cause));
                }
            }
        }
        Ok(all)
    }

    /// Writes the batches that were encoded beside one batch. Returns the records that the sinks have rejected.
    pub(super) async fn write(
        &mut self,
        run: &Run,
        batches: Vec<SideBatch>,
    ) -> Result<Vec<Rejected>, Stopped> {
        if batches.is_empty() {
            return Ok(Vec::new());
        }
        let mut of_each: Vec<Vec<SideBatch>> = self.0.iter().map(|_| Vec::new()).collect();
        for batch in batches {
            let output = self.0.iter().position(|output| output.side.step == batch.step);
            if let Some(batches) = output.and_then(|output| of_each.get_mut(output)) {
                batches.push(batch);
            }
        }
        let writes = self.0.iter_mut().zip(of_each).map(|(output, batches)| output.write(run, batches));
        Ok(try_join_all(writes).await?.into_iter().flatten().collect())
    }

    pub(super) async fn prepare(&mut self, run: &Run) -> Result<(), Stopped> {
        let prepares = self.0.iter_mut().map(async |SideOutput { side, sink }| {
            let stage = Stage::Step(side.step);
            in_stage(run, stage, || sink.prepare()).await.map_err(|cause| run.stopped(stage, cause))
        });
        try_join_all(prepares).await.map(drop)
    }

    /// Commits one output after the other. If one fails, those after it are aborted.
    pub(super) async fn commit(self, run: &Run) -> Result<(), Stopped> {
        let mut outputs = self.0.into_iter();
        while let Some(SideOutput { side, sink }) = outputs.next() {
            let stage = Stage::Step(side.step);
            if let Err(cause) = in_stage(run, stage, || sink.commit()).await {
                Self(outputs.collect()).abort(run).await;
                return Err(run.stopped(stage, cause));
            }
        }
        Ok(())
    }

    pub(super) async fn abort(self, run: &Run) {
        for SideOutput { side, sink } in self.0 {
            abort_sink(run, Stage::Step(side.step), || sink.abort()).await;
        }
    }
}

impl SideOutput {
    async fn write(&mut self, run: &Run, batches: Vec<SideBatch>) -> Result<Vec<Rejected>, Stopped> {
        let Self { side, sink } = self;
        let stage = Stage::Step(side.step);
        let mut all = Vec::new();
        for SideBatch { records, encoded, .. } in batches {
            side.refused.begin();
            let start = Instant::now();
            let result = in_stage(run, stage, || sink.write(encoded)).await;
            run.count_busy(stage, start.elapsed());
            let refused = side.refused.end();
            result.map_err(|cause| run.stopped(stage, cause))?;
            run.counters.add_side_batch(side.step, records.saturating_sub(refused.len() as u64));
            all.extend(refused);
        }
        Ok(all)
    }
}

struct Erased<B, W>(Arc<W>, PhantomData<fn(B)>);

struct Open<E, S> {
    sink: S,
    _encoded: PhantomData<fn(E)>,
}

impl<B: Batch, W: Writer<B>> SideWriter for Erased<B, W> {
    fn open<'a>(&'a self, scope: &'a RunScope) -> BoxFuture<'a, Result<Box<dyn SideSink>, BoxError>> {
        async {
            let sink = self.0.open(scope).await?;
            let open: Box<dyn SideSink> = Box::new(Open::<W::Encoded, _> { sink, _encoded: PhantomData });
            Ok(open)
        }
        .boxed()
    }
}

impl<E: Send + 'static, S: Sink<E>> SideSink for Open<E, S> {
    fn write(&mut self, encoded: Box<dyn Any + Send>) -> BoxFuture<'_, Result<(), BoxError>> {
        async {
            let encoded = encoded.downcast::<E>().map_err(|_| OfAnother)?;
            self.sink.write(*encoded).await
        }
        .boxed()
    }

    fn prepare(&mut self) -> BoxFuture<'_, Result<(), BoxError>> {
        self.sink.prepare().boxed()
    }

    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), BoxError>> {
        self.sink.commit().boxed()
    }

    fn abort(self: Box<Self>) -> BoxFuture<'static, ()> {
        self.sink.abort().boxed()
    }
}

/// A batch came to the output of another step. The steps have different numbers, so it can't happen.
#[derive(thiserror::Error)]
#[error("the batch was encoded for another output")]
struct OfAnother;

debug_as_chain!(OfAnother);
