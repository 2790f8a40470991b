//! Records from memory.

use std::sync::Arc;

use godata_core::BoxError;

use super::{Reader, Source};
use crate::{Chunk, Origin, RunScope, Unit};

/// How many records a batch has that is made from values in memory.
pub(super) const RECORDS_PER_BATCH: usize = 1024;

/// Reads a vector. Each run clones the records.
#[derive(Debug)]
pub(crate) struct ReadVec<T>(Arc<[T]>);

impl<T> ReadVec<T> {
    pub(crate) fn new(records: Vec<T>) -> Self {
        Self(records.into())
    }
}

impl<T: Clone + Send + Sync + 'static> Reader for ReadVec<T> {
    type Batch = Vec<T>;
    type Source = VecSource<T>;

    async fn open(&self, _scope: &RunScope) -> Result<VecSource<T>, BoxError> {
        Ok(VecSource { records: Arc::clone(&self.0), next: 0 })
    }
}

#[derive(Debug)]
pub(crate) struct VecSource<T> {
    records: Arc<[T]>,
    next: usize,
}

impl<T: Clone + Send + Sync + 'static> Source for VecSource<T> {
    type Batch = Vec<T>;

    fn next(&mut self) -> impl Future<Output = Result<Option<Unit<Vec<T>>>, BoxError>> + Send {
        let start = self.next;
        let end = self.records.len().min(start + RECORDS_PER_BATCH);
        self.next = end;
        let records = Arc::clone(&self.records);
        let unit = (start < end).then(|| {
            Unit::new(move |_| Ok(Chunk::new(records[start..end].to_vec(), Origin::new(start as u64 + 1))))
        });
        std::future::ready(Ok(unit))
    }

    fn is_exhausted(&self) -> bool {
        self.next == self.records.len()
    }
}
