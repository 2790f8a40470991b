//! Sinks that block their thread.

use std::fmt;

use godata_core::BoxError;

use super::Sink;
use crate::RunScope;

/// An output whose writing blocks the thread, such as a file. [`BlockingWrite`] makes a [`Sink`] of it.
pub trait BlockingSink<E>: Send + 'static {
    /// As [`Sink::write`], on a thread where it may block.
    ///
    /// # Errors
    ///
    /// As [`Sink::write`].
    fn write(&mut self, encoded: E) -> Result<(), BoxError>;

    /// As [`Sink::commit`], on a thread where it may block.
    ///
    /// # Errors
    ///
    /// As [`Sink::commit`].
    fn commit(self) -> Result<(), BoxError>;
}

/// Writes to a [`BlockingSink`] on threads of its run. A run that is given up drops the sink on such a thread.
pub struct BlockingWrite<S> {
    /// `None` while a thread has it, and after a failure in it.
    sink: Option<S>,
    scope: RunScope,
}

impl<S> BlockingWrite<S> {
    /// Writes to `sink`.
    pub fn new(sink: S, scope: &RunScope) -> Self {
        Self { sink: Some(sink), scope: scope.clone() }
    }
}

impl<E: Send + 'static, S: BlockingSink<E>> Sink<E> for BlockingWrite<S> {
    async fn write(&mut self, encoded: E) -> Result<(), BoxError> {
        let Some(mut sink) = self.sink.take() else { return Err(Broken.into()) };
        let write = move || {
            sink.write(encoded)?;
            Ok(sink)
        };
        self.sink = Some(self.scope.blocking(write).await?);
        Ok(())
    }

    async fn commit(mut self) -> Result<(), BoxError> {
        let Some(sink) = self.sink.take() else { return Err(Broken.into()) };
        self.scope.blocking(move || sink.commit()).await
    }

    async fn abort(mut self) {
        let Some(sink) = self.sink.take() else { return };
        let dropped = self.scope.blocking(move || {
            drop(sink);
            Ok(())
        });
        if let Err(error) = dropped.await {
            tracing::error!(%error, "a sink failed to abort");
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for BlockingWrite<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingWrite").field(&self.sink).finish()
    }
}

/// A sink was used after it had failed.
#[derive(Debug, thiserror::Error)]
#[error("the output failed before")]
struct Broken;
