//! What a group is.

use std::sync::Arc;

use godata_core::BoxError;

use crate::{Batch, Chunk, Stop, Work};

/// What a group is, and how records change it.
pub(crate) trait Grouping<B>: Send + Sync + 'static {
    type Group: Send + 'static;
    /// What is computed of a batch, before its records change their groups one after the other.
    type Inputs: Send + 'static;
    type Out: Batch;

    /// Computes what [`add`](Self::add) needs, on the worker of the batch. It may reject records and leave them out.
    fn prepare(&self, chunk: Chunk<B>, work: &mut Work) -> Result<(Chunk<B>, Self::Inputs), Stop>;

    /// The fields besides those of the key that none of the records has.
    fn missing(&self, _batch: &B) -> Vec<Arc<str>> {
        Vec::new()
    }

    /// A group whose first record this is, before that record changes it.
    fn start(&self, batch: &B, inputs: &Self::Inputs, index: usize) -> Result<Self::Group, BoxError>;

    /// Lets a record change its group. Returns how many bytes the group has grown by.
    fn add(
        &self,
        group: &mut Self::Group,
        batch: &B,
        inputs: &Self::Inputs,
        index: usize,
    ) -> Result<i64, BoxError>;

    /// How many bytes a group takes beyond its own size.
    fn size(&self, group: &Self::Group) -> u64;

    /// The batch of these groups.
    fn finish(&self, groups: Vec<Self::Group>) -> Result<Self::Out, BoxError>;
}
