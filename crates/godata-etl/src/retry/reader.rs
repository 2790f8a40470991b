//! A reader that is retried.

use std::fmt;
use std::sync::Arc;

use godata_core::BoxError;

use super::Retry;
use super::attempts::Attempts;
use crate::engine::Stage;
use crate::{Reader, RunScope, Source, Unit};

impl<R: Reader> Reader for Retry<R> {
    type Batch = R::Batch;
    type Source = RetriedSource<R>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
        let mut attempts = Attempts::new(&self.policy, Stage::Read);
        let source = Some(attempts.call(scope, || self.inner.open(scope)).await?);
        let start = Start { reader: Arc::clone(&self.inner), scope: scope.clone(), attempts };
        Ok(RetriedSource { source, start: Some(start) })
    }
}

/// An open input that is opened again if its first batch can't be read: the source of [`retry`](crate::retry()).
pub struct RetriedSource<R: Reader> {
    /// `None` if it has failed.
    source: Option<R::Source>,
    /// `None` once something was read.
    start: Option<Start<R>>,
}

/// What is needed to open an input again.
struct Start<R> {
    reader: Arc<R>,
    scope: RunScope,
    attempts: Attempts,
}

impl<R: Reader> RetriedSource<R> {
    /// Reads the first unit.
    async fn first(&mut self, mut start: Start<R>) -> Result<Option<Unit<R::Batch>>, BoxError> {
        loop {
            let error = match &mut self.source {
                Some(source) => match source.next().await {
                    Ok(unit) => return Ok(unit),
                    Err(error) => error,
                },
                None => match start.reader.open(&start.scope).await {
                    Ok(source) => {
                        self.source = Some(source);
                        continue;
                    }
                    Err(error) => error,
                },
            };
            self.source = None;
            start.attempts.wait(&start.scope, error).await?;
        }
    }
}

impl<R: Reader> Source for RetriedSource<R> {
    type Batch = R::Batch;

    async fn next(&mut self) -> Result<Option<Unit<R::Batch>>, BoxError> {
        match (self.start.take(), &mut self.source) {
            (Some(start), _) => self.first(start).await,
            (None, Some(source)) => source.next().await,
            (None, None) => Ok(None),
        }
    }

    fn is_exhausted(&self) -> bool {
        self.source.as_ref().is_some_and(Source::is_exhausted)
    }
}

impl<R: Reader> fmt::Debug for RetriedSource<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetriedSource").finish_non_exhaustive()
    }
}
