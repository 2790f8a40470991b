//! Makes groups of records that were kept.

use super::grouping::Grouping;
use super::memory::Memory;
use super::piece::Payloads;
use super::places::PlaceWriter;
use super::store::{Kept, Store};
use crate::origin::PlaceOf;
use crate::{BoxError, Chunk, Stop, Work};

/// A group, and the place of its first record.
pub(super) type Placed<G> = (G, PlaceOf);

/// A group that was made of kept records.
pub(super) struct Folded<G> {
    /// The number of its key.
    pub(super) key: u32,
    pub(super) group: Placed<G>,
    /// How many bytes the group takes.
    pub(super) size: u64,
}

/// Makes groups of records that were kept.
pub(super) struct Folding<'a, B: Kept, R: Grouping<B>> {
    pub(super) grouping: &'a R,
    pub(super) store: &'a Store<B>,
    pub(super) memory: &'a Memory,
}

impl<B: Kept, R: Grouping<B>> Folding<'_, B, R> {
    /// Lets records change their groups, and adds the groups that they start. The records of a group follow each other. `key`
    /// returns the number of the key of a record. There is no group of a key all of whose records are rejected.
    pub(super) fn fold(
        &self,
        records: &Payloads,
        key: impl Fn(u32) -> u32,
        groups: &mut Vec<Folded<R::Group>>,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let chunk = self.store.read(records.iter(), work)?;
        work.enter(&chunk.origin);
        let (chunk, inputs) = self.grouping.prepare(chunk, work)?;
        let mut places = PlaceWriter::new(self.store.sources());
        let mut largest = 0;
        work.each(&chunk.rows, 0..chunk.len(), |index, _| {
            let key = key(chunk.row(index));
            match groups.last_mut().filter(|last| last.key == key) {
                Some(Folded { group: (group, _), size, .. }) => {
                    let grown = self.grouping.add(group, chunk.batch(), &inputs, index)?;
                    *size = size.saturating_add_signed(grown);
                    largest = largest.max(*size);
                }
                None => {
                    let (group, size) = self.start(&chunk, &inputs, index)?;
                    largest = largest.max(size);
                    let place = places.compact(&chunk.origin, chunk.row(index));
                    groups.push(Folded { key, group: (group, place), size });
                }
            }
            Ok(())
        })?;
        Ok(self.memory.check(largest)?)
    }

    /// The group of a record, and how many bytes it takes.
    fn start(&self, chunk: &Chunk<B>, inputs: &R::Inputs, index: usize) -> Result<(R::Group, u64), BoxError> {
        let mut group = self.grouping.start(chunk.batch(), inputs, index)?;
        self.grouping.add(&mut group, chunk.batch(), inputs, index)?;
        let size = self.grouping.size(&group);
        Ok((group, size))
    }
}
