//! The groups whose keys did not fit into the memory.

use super::grouping::Grouping;
use super::memory::Memory;
use super::merge::Merge;
use super::piece::Payloads;
use super::places::PlaceWriter;
use super::store::{Kept, Store};
use crate::chunk::RowMap;
use crate::origin::PlaceOf;
use crate::{Chunk, Stop, Work};

/// A group, and the place of its first record.
pub(super) type Placed<G> = (G, PlaceOf);

/// A group with its key.
pub(super) struct Late<G> {
    pub(super) key: Vec<u8>,
    pub(super) group: Placed<G>,
    /// How many bytes the group takes.
    size: u64,
}

/// Makes groups of records that are sorted by key, one group after the other.
pub(super) struct LateGroups<B: Kept, R: Grouping<B>> {
    sorted: Merge,
    memory: Memory,
    batch: Option<LateBatch<B, R>>,
    /// The group that records are added to.
    current: Option<Late<R::Group>>,
    next: Option<Late<R::Group>>,
}

/// Some of the records.
struct LateBatch<B: Kept, R: Grouping<B>> {
    chunk: Chunk<B>,
    inputs: R::Inputs,
    /// The keys of the rows of the batch, with those that were rejected, and where each ends.
    keys: Vec<u8>,
    ends: Vec<usize>,
    /// The next record.
    position: usize,
}

impl<B: Kept, R: Grouping<B>> LateGroups<B, R> {
    pub(super) fn new(sorted: Merge, memory: Memory) -> Self {
        Self { sorted, memory, batch: None, current: None, next: None }
    }

    /// The next group, once [`fill`](Self::fill) has made it; `None` at the end.
    pub(super) fn next(&self) -> Option<&Late<R::Group>> {
        self.next.as_ref()
    }

    pub(super) fn take_next(&mut self) -> Option<Late<R::Group>> {
        self.next.take()
    }

    /// Makes the next group, unless it has been made. There is none of a key all of whose records are rejected.
    pub(super) fn fill(&mut self, grouping: &R, store: &Store<B>, work: &mut Work) -> Result<(), Stop> {
        while self.next.is_none() {
            if self.batch.as_ref().is_none_or(|batch| batch.position == batch.chunk.len()) {
                self.batch = self.read(grouping, store, work)?;
            }
            let Some(batch) = &mut self.batch else {
                self.next = self.current.take();
                return Ok(());
            };
            let is_other = |group: &mut Late<R::Group>| batch.key().is_some_and(|key| key != group.key);
            self.next = self.current.take_if(is_other);
            if self.next.is_none() {
                batch.add(&mut self.current, grouping, store, work)?;
                self.memory.check(self.current.as_ref().map_or(0, |group| group.size))?;
            }
        }
        Ok(())
    }

    /// Reads the next records; `None` at the end.
    fn read(
        &mut self,
        grouping: &R,
        store: &Store<B>,
        work: &mut Work,
    ) -> Result<Option<LateBatch<B, R>>, Stop> {
        let (mut piece, mut keys, mut ends) = (Payloads::default(), Vec::new(), Vec::new());
        work.check()?;
        while !piece.is_full() && self.sorted.advance()? {
            let Some(row) = self.sorted.row() else { break };
            piece.push(row.payload);
            keys.extend_from_slice(row.key);
            ends.push(keys.len());
        }
        if piece.is_empty() {
            return Ok(None);
        }
        let chunk = store.read(piece.iter(), work)?;
        work.enter(&chunk.origin);
        let (chunk, inputs) = grouping.prepare(chunk, work)?;
        Ok(Some(LateBatch { chunk, inputs, keys, ends, position: 0 }))
    }
}

impl<B: Kept, R: Grouping<B>> LateBatch<B, R> {
    /// The key of the next record.
    fn key(&self) -> Option<&[u8]> {
        let row = self.chunk.row(self.position) as usize;
        let start = row.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.keys.get(start..*self.ends.get(row)?)
    }

    /// Lets the next record change its group, which it starts if it is the first one.
    fn add(
        &mut self,
        group: &mut Option<Late<R::Group>>,
        grouping: &R,
        store: &Store<B>,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let index = self.position;
        let key = self.key().filter(|_| group.is_none()).map(<[u8]>::to_vec).unwrap_or_default();
        self.position += 1;
        let (chunk, inputs) = (&self.chunk, &self.inputs);
        let batch = chunk.batch();
        work.enter(&self.chunk.origin);
        work.each(&RowMap::Each(vec![self.chunk.row(index)]), 0..1_usize, |_, _| match group {
            Some(Late { group: (group, _), size, .. }) => {
                *size = size.saturating_add_signed(grouping.add(group, batch, inputs, index)?);
                Ok(())
            }
            None => {
                let mut first = grouping.start(batch, inputs, index)?;
                grouping.add(&mut first, batch, inputs, index)?;
                let place = PlaceWriter::new(store.sources()).compact(&chunk.origin, chunk.row(index));
                let (key, size) = (key.clone(), grouping.size(&first));
                *group = Some(Late { key, group: (first, place), size });
                Ok(())
            }
        })?;
        Ok(())
    }
}
