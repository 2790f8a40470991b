//! The records of a batch that the sink rejects while it writes the batch.

use std::sync::{Mutex, MutexGuard, PoisonError};

use godata_core::BoxError;

use crate::Rejected;

/// The records of the current batch that the sink has rejected; `None` while no batch is written. Batches are written one at
/// a time.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<Option<Vec<Rejected>>>);

impl Refused {
    /// Starts the write of a batch.
    pub(super) fn begin(&self) {
        *self.lock() = Some(Vec::new());
    }

    /// Adds a record. Fails with its error if no batch is written, because nothing would count it.
    pub(super) fn push(&self, rejected: Rejected) -> Result<(), BoxError> {
        match &mut *self.lock() {
            Some(all) => {
                all.push(rejected);
                Ok(())
            }
            None => Err(Box::new(rejected.error)),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().as_ref().map_or(0, Vec::len)
    }

    /// Forgets all but the first `len`, because the batch is written again.
    pub(super) fn truncate(&self, len: usize) {
        if let Some(all) = &mut *self.lock() {
            all.truncate(len);
        }
    }

    /// Ends the write of a batch. Returns the records by row.
    pub(super) fn end(&self) -> Vec<Rejected> {
        let mut rejected = self.lock().take().unwrap_or_default();
        rejected.sort_by_key(|rejected| rejected.row);
        rejected
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Rejected>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
