//! Groups that become one batch.

use super::folding::{Folding, Placed};
use super::grouping::Grouping;
use super::piece::Payloads;
use super::store::Kept;
use crate::{Chunk, Origin, Stop, Work};

/// Groups that become one batch, in the order of their keys. Some have been made already. The others are made of their records
/// where the batch is made.
pub(super) struct GroupPiece<G> {
    /// The groups that have been made, each with how many keys of records come before it.
    made: Vec<(u32, Placed<G>)>,
    /// How many bytes the groups take that have been made.
    size: u64,
    records: Payloads,
    /// The number of the key of each record.
    keys: Vec<u32>,
    /// How many keys there are of records.
    key_count: u32,
}

impl<G> GroupPiece<G> {
    pub(super) fn new() -> Self {
        Self { made: Vec::new(), size: 0, records: Payloads::default(), keys: Vec::new(), key_count: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.made.is_empty() && self.records.is_empty()
    }

    /// Whether the groups are enough for a batch.
    pub(super) fn is_full(&self) -> bool {
        const GROUPS: usize = 4096;
        const BYTES: u64 = 256 << 10;
        self.made.len() + self.key_count as usize >= GROUPS || self.size >= BYTES || self.records.is_full()
    }

    /// Adds a group that has been made, and takes this number of bytes.
    pub(super) fn push_group(&mut self, group: Placed<G>, size: u64) {
        self.made.push((self.key_count, group));
        self.size += size;
    }

    /// Adds the records of a group.
    pub(super) fn push_records(&mut self, records: &Payloads) {
        records.iter().for_each(|record| self.records.push(record));
        self.keys.resize(self.records.len(), self.key_count);
        self.key_count += 1;
    }

    /// Makes the batch.
    pub(super) fn into_chunk<B: Kept, R: Grouping<B, Group = G>>(
        self,
        folding: &Folding<'_, B, R>,
        work: &mut Work,
    ) -> Result<Chunk<R::Out>, Stop> {
        let mut folded = Vec::with_capacity(self.key_count as usize);
        if !self.records.is_empty() {
            let key = |row: u32| self.keys.get(row as usize).copied().unwrap_or_default();
            folding.fold(&self.records, key, &mut folded, work)?;
        }
        let count = self.made.len() + folded.len();
        let (mut groups, mut places) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut push = |(group, place)| {
            groups.push(group);
            places.push(place);
        };
        let mut made = self.made.into_iter().peekable();
        for late in folded {
            while let Some((_, group)) = made.next_if(|&(before, _)| before <= late.key) {
                push(group);
            }
            push(late.group);
        }
        made.for_each(|(_, group)| push(group));
        let origin = Origin::of_places(folding.store.sources().read(places));
        Ok(Chunk::new(folding.grouping.finish(groups)?, origin))
    }
}
