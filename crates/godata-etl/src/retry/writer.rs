//! A writer that is retried.

use std::fmt;

use godata_core::{BoxError, RetryPolicy};

use super::Retry;
use super::attempts::Attempts;
use crate::engine::Stage;
use crate::{Batch, Chunk, RunScope, Sink, Stop, Work, Writer};

impl<B, W> Writer<B> for Retry<W>
where
    B: Batch,
    W: Writer<B>,
    W::Encoded: Clone,
{
    type Encoded = W::Encoded;
    type Sink = RetriedSink<W::Sink>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        let mut attempts = Attempts::new(&self.policy, Stage::Write);
        let sink = attempts.call(scope, || self.inner.open(scope)).await?;
        let policy = self.inner.is_idempotent().then(|| self.policy.clone());
        Ok(RetriedSink { sink, policy, scope: scope.clone() })
    }

    fn encode(&self, chunk: Chunk<B>, work: &mut Work) -> Result<Self::Encoded, Stop> {
        self.inner.encode(chunk, work)
    }

    fn encodes_empty(&self, batch: &B) -> bool {
        self.inner.encodes_empty(batch)
    }

    fn is_idempotent(&self) -> bool {
        self.inner.is_idempotent()
    }
}

/// An open output whose writes are retried: the sink of [`retry`](crate::retry()).
pub struct RetriedSink<S> {
    sink: S,
    /// `None` if writes may not be repeated.
    policy: Option<RetryPolicy>,
    scope: RunScope,
}

impl<E: Clone + Send + 'static, S: Sink<E>> Sink<E> for RetriedSink<S> {
    async fn write(&mut self, encoded: E) -> Result<(), BoxError> {
        let Self { sink, policy, scope } = self;
        let Some(policy) = policy else { return sink.write(encoded).await };
        let mut attempts = Attempts::new(policy, Stage::Write);
        let refused = scope.refused();
        loop {
            match sink.write(encoded.clone()).await {
                Ok(()) => return Ok(()),
                Err(error) => attempts.wait(scope, error).await?,
            }
            scope.forget_refused(refused);
        }
    }

    fn prepare(&mut self) -> impl Future<Output = Result<(), BoxError>> + Send {
        self.sink.prepare()
    }

    fn commit(self) -> impl Future<Output = Result<(), BoxError>> + Send {
        self.sink.commit()
    }

    fn abort(self) -> impl Future<Output = ()> + Send {
        self.sink.abort()
    }
}

impl<S: fmt::Debug> fmt::Debug for RetriedSink<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetriedSink").field("sink", &self.sink).finish_non_exhaustive()
    }
}
