//! What travels beside a batch to the end of the pipeline.

use super::{SideBatch, Task};
use crate::Rejected;

/// What travels beside a batch to the end of the pipeline, also if none of its records is left. Empty in a run without a policy for
/// bad records and without an `also_write`.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// How many records the batch had when it was read, with those that were rejected.
    pub(crate) read: u64,
    /// The records that were rejected so far.
    rejected: Vec<Rejected>,
    /// What was encoded for the outputs in the middle of the flow.
    sides: Vec<SideBatch>,
}

/// What a task made, and what travels beside it.
#[derive(Debug)]
pub(crate) struct Computed<T> {
    pub(crate) made: Option<T>,
    pub(crate) carried: Carried,
}

impl Carried {
    pub(crate) fn is_empty(&self) -> bool {
        self.read == 0 && self.rejected.is_empty() && self.sides.is_empty()
    }

    pub(crate) fn push(&mut self, rejected: Rejected) {
        self.rejected.push(rejected);
    }

    pub(crate) fn push_side(&mut self, batch: SideBatch) {
        self.sides.push(batch);
    }

    /// Takes what is to be written to the outputs in the middle of the flow.
    pub(crate) fn take_sides(&mut self) -> Vec<SideBatch> {
        std::mem::take(&mut self.sides)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.read += other.read;
        self.sides.extend(other.sides);
        if self.rejected.is_empty() {
            self.rejected = other.rejected;
        } else {
            self.rejected.extend(other.rejected);
        }
    }

    /// Forgets the rows after this one, because the pipeline needs them no more.
    pub(crate) fn cut_after(&mut self, row: u32) {
        self.read = self.read.min(u64::from(row) + 1);
        self.rejected.retain(|rejected| rejected.row <= row);
    }

    /// The rejected records, by row. Those of one row keep the order of the stages.
    pub(crate) fn into_rejected(mut self) -> Vec<Rejected> {
        self.rejected.sort_by_key(|rejected| rejected.row);
        self.rejected
    }
}

impl<T: Send + 'static> Computed<T> {
    /// A task that has been done already.
    pub(crate) fn into_task(self) -> Task<T> {
        Box::new(move |work| {
            work.carry(self.carried);
            Ok(self.made)
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.made.is_none() && self.carried.is_empty()
    }
}
