//! A reader that is chosen for each run.

use godata_core::{BoxError, RunContext};

use super::Reader;
use crate::RunScope;

/// Reads with the reader that a closure makes from the run's context.
#[derive(Debug)]
pub(crate) struct ReadWith<F>(pub(crate) F);

impl<R, F> Reader for ReadWith<F>
where
    R: Reader,
    F: Fn(&RunContext) -> Result<R, BoxError> + Send + Sync + 'static,
{
    type Batch = R::Batch;
    type Source = R::Source;

    async fn open(&self, scope: &RunScope) -> Result<R::Source, BoxError> {
        (self.0)(scope.context())?.open(scope).await
    }
}
