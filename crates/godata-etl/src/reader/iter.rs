//! Records from an iterator.

use godata_core::{BoxError, RunContext};

use super::{BlockingRead, BlockingSource, Reader, vec::RECORDS_PER_BATCH};
use crate::{Chunk, Origin, RunScope, Unit};

/// Reads what an iterator gives; the closure makes a new one for each run.
#[derive(Debug)]
pub(crate) struct ReadIter<F>(pub(crate) F);

impl<T, I, F> Reader for ReadIter<F>
where
    T: Send + 'static,
    I: Iterator<Item = Result<T, BoxError>> + Send + 'static,
    F: Fn(&RunContext) -> I + Send + Sync + 'static,
{
    type Batch = Vec<T>;
    type Source = BlockingRead<IterSource<I>>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
        let items = (self.0)(scope.context());
        Ok(BlockingRead::computing(IterSource { items, next_record: 1, failure: None }, scope))
    }
}

#[derive(Debug)]
pub(crate) struct IterSource<I> {
    items: I,
    next_record: u64,
    /// An error that came after records: they go first.
    failure: Option<BoxError>,
}

impl<T, I> BlockingSource for IterSource<I>
where
    T: Send + 'static,
    I: Iterator<Item = Result<T, BoxError>> + Send + 'static,
{
    type Batch = Vec<T>;

    fn next(&mut self) -> Result<Option<Unit<Vec<T>>>, BoxError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let mut batch = Vec::with_capacity(self.items.size_hint().0.min(RECORDS_PER_BATCH));
        while batch.len() < RECORDS_PER_BATCH {
            match self.items.next() {
                Some(Ok(item)) => batch.push(item),
                Some(Err(error)) if batch.is_empty() => return Err(error),
                Some(Err(error)) => {
                    self.failure = Some(error);
                    break;
                }
                None => break,
            }
        }
        if batch.is_empty() {
            return Ok(None);
        }
        let origin = Origin::new(self.next_record);
        self.next_record += batch.len() as u64;
        Ok(Some(Unit::ready(Chunk::new(batch, origin))))
    }
}
