//! An async closure that reads all records.

use godata_core::{BoxError, RunContext};

use super::{Reader, Source};
use crate::{Chunk, Origin, RunScope, Unit};

/// Reads with a closure that is called once per run. Its vector is one batch.
#[derive(Debug)]
pub(crate) struct ReadFn<F>(pub(crate) F);

impl<T, F, Fut> Reader for ReadFn<F>
where
    T: Send + 'static,
    F: Fn(RunContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<T>, BoxError>> + Send + 'static,
{
    type Batch = Vec<T>;
    type Source = FnSource<Fut>;

    async fn open(&self, scope: &RunScope) -> Result<FnSource<Fut>, BoxError> {
        Ok(FnSource(Some((self.0)(scope.context().clone()))))
    }
}

#[derive(Debug)]
pub(crate) struct FnSource<Fut>(Option<Fut>);

impl<T, Fut> Source for FnSource<Fut>
where
    T: Send + 'static,
    Fut: Future<Output = Result<Vec<T>, BoxError>> + Send + 'static,
{
    type Batch = Vec<T>;

    async fn next(&mut self) -> Result<Option<Unit<Vec<T>>>, BoxError> {
        let Some(reading) = self.0.take() else { return Ok(None) };
        Ok(Some(Unit::ready(Chunk::new(reading.await?, Origin::new(1)))))
    }

    fn is_exhausted(&self) -> bool {
        self.0.is_none()
    }
}
