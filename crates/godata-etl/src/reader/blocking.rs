//! Sources that block their thread.

use std::fmt;

use godata_core::BoxError;

use super::Source;
use crate::{Batch, RunScope, Unit};

/// An input whose reading blocks the thread, such as a file. [`BlockingRead`] makes a [`Source`] of it.
pub trait BlockingSource: Send + 'static {
    /// The kind of batches.
    type Batch: Batch;

    /// As [`Source::next`], on a thread where it may block.
    ///
    /// # Errors
    /// As [`Source::next`].
    fn next(&mut self) -> Result<Option<Unit<Self::Batch>>, BoxError>;
}

/// Reads a [`BlockingSource`] on threads of its run.
pub struct BlockingRead<S> {
    /// `None` while a thread has it, and after a panic in it.
    source: Option<S>,
    scope: RunScope,
}

impl<S: BlockingSource> BlockingRead<S> {
    /// Reads `source`.
    pub fn new(source: S, scope: &RunScope) -> Self {
        Self { source: Some(source), scope: scope.clone() }
    }
}

impl<S: BlockingSource> Source for BlockingRead<S> {
    type Batch = S::Batch;

    async fn next(&mut self) -> Result<Option<Unit<S::Batch>>, BoxError> {
        let Some(mut source) = self.source.take() else { return Ok(None) };
        let read = move || {
            let unit = source.next()?;
            Ok((source, unit))
        };
        let (source, unit) = self.scope.blocking(read).await?;
        self.source = Some(source);
        Ok(unit)
    }
}

impl<S: fmt::Debug> fmt::Debug for BlockingRead<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingRead").field(&self.source).finish()
    }
}
