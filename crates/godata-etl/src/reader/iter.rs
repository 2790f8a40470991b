//! Records from an iterator.

use godata_core::{BoxError, RunContext};

use super::vec::RECORDS_PER_BATCH;
use super::{BlockingRead, BlockingSource, Reader};
use crate::{Chunk, Origin, RunScope, Unit, Work};

/// The size of the first batch. Each further batch is twice as large, up to the usual size, so that the first records of a
/// slow iterator are passed on soon.
const RECORDS_IN_FIRST_BATCH: usize = 16;

/// Reads the items of an iterator. The closure makes a new iterator for each run.
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
        let source = IterSource {
            items: (self.0)(scope.context()),
            cx: scope.context().clone(),
            next_record: 1,
            batch_size: RECORDS_IN_FIRST_BATCH,
            failure: None,
        };
        Ok(BlockingRead::new(source, scope))
    }
}

#[derive(Debug)]
pub(crate) struct IterSource<I> {
    items: I,
    cx: RunContext,
    next_record: u64,
    batch_size: usize,
    /// An error that came after records, which are returned first.
    failure: Option<BoxError>,
}

impl<T, I: Iterator<Item = Result<T, BoxError>>> IterSource<I> {
    /// The next records; none at the end. An error that ends them is stored.
    fn next_batch(&mut self) -> Result<Vec<T>, BoxError> {
        let mut batch = Vec::with_capacity(self.batch_size);
        while batch.len() < self.batch_size {
            if batch.len() % Work::RECORDS_PER_CHECK as usize == 0 {
                self.cx.check()?;
            }
            match self.items.next() {
                Some(Ok(item)) => batch.push(item),
                Some(Err(error)) => {
                    self.failure = Some(error);
                    break;
                }
                None => break,
            }
        }
        Ok(batch)
    }
}

impl<T, I> BlockingSource for IterSource<I>
where
    T: Send + 'static,
    I: Iterator<Item = Result<T, BoxError>> + Send + 'static,
{
    type Batch = Vec<T>;

    fn next(&mut self) -> Result<Option<Unit<Vec<T>>>, BoxError> {
        let batch = if self.failure.is_none() { self.next_batch()? } else { Vec::new() };
        if batch.is_empty() {
            return self.failure.take().map_or(Ok(None), Err);
        }
        let origin = Origin::new(self.next_record);
        self.next_record += batch.len() as u64;
        self.batch_size = RECORDS_PER_BATCH.min(self.batch_size * 2);
        Ok(Some(Unit::ready(Chunk::new(batch, origin))))
    }
}
