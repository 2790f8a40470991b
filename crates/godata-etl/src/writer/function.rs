//! An async closure that writes a batch.

use std::future::ready;
use std::sync::Arc;

use godata_core::{BoxError, RunContext};

use super::{Sink, Writer};
use crate::records::Missed;
use crate::{Batch, Chunk, RunScope, Stop, Work};

/// Writes with a closure, called once per batch.
#[derive(Debug)]
pub(crate) struct WriteFn<F>(pub(crate) Arc<F>);

impl<B, F, Fut> Writer<B> for WriteFn<F>
where
    B: Batch,
    F: Fn(RunContext, B) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
{
    type Encoded = B;
    type Sink = FnSink<F>;

    async fn open(&self, scope: &RunScope) -> Result<FnSink<F>, BoxError> {
        Ok(FnSink { write: Arc::clone(&self.0), cx: scope.context().clone() })
    }

    fn encode(&self, chunk: Chunk<B>, _work: &mut Work) -> Result<B, Stop> {
        Ok(chunk.into_batch())
    }
}

#[derive(Debug)]
pub(crate) struct FnSink<F> {
    write: Arc<F>,
    cx: RunContext,
}

impl<B, F, Fut> Sink<B> for FnSink<F>
where
    B: Batch,
    F: Fn(RunContext, B) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
{
    async fn write(&mut self, batch: B) -> Result<(), BoxError> {
        let missed = Missed::of(&batch);
        let written = (self.write)(self.cx.clone(), batch).await;
        missed.map_or(Ok(()), |missed| missed.check())?;
        written
    }

    fn commit(self) -> impl Future<Output = Result<(), BoxError>> + Send {
        ready(Ok(()))
    }
}
