//! The groups whose keys fit into the memory.

use super::folding::Placed;
use super::grouping::Grouping;
use super::places::PlaceWriter;
use super::segments::Segments;
use super::store::{Kept, Store};
use crate::{BoxError, Chunk, Stop, Work};

/// The groups in memory, each by the number of its key.
pub(super) struct EarlyGroups<G> {
    /// There is no group of a key all of whose records were rejected.
    groups: Segments<Option<Placed<G>>>,
    /// How many bytes the groups take beyond the table of their keys.
    size: u64,
}

/// A batch whose records change their groups.
pub(super) struct Changing<'a, B: Kept, R: Grouping<B>> {
    grouping: &'a R,
    chunk: &'a Chunk<B>,
    inputs: &'a R::Inputs,
    places: PlaceWriter<'a>,
}

impl<G> EarlyGroups<G> {
    pub(super) fn new() -> Self {
        Self { groups: Segments::new(), size: 0 }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Makes room for the group of the next key.
    pub(super) fn push(&mut self) {
        self.groups.push(None);
        self.size += size_of::<Option<Placed<G>>>() as u64;
    }

    pub(super) fn take(&mut self, number: usize) -> Option<Placed<G>> {
        self.groups.at_mut(number)?.take()
    }
}

impl<'a, B: Kept, R: Grouping<B>> Changing<'a, B, R> {
    pub(super) fn new(
        grouping: &'a R,
        store: &'a Store<B>,
        chunk: &'a Chunk<B>,
        inputs: &'a R::Inputs,
    ) -> Self {
        Self { grouping, chunk, inputs, places: PlaceWriter::new(store.sources()) }
    }

    /// Lets the records at these positions change the groups with these numbers.
    pub(super) fn change_all(
        &mut self,
        groups: &mut EarlyGroups<R::Group>,
        known: &[(u32, usize)],
        work: &mut Work,
    ) -> Result<(), Stop> {
        let rows = self.chunk.rows.of(known.iter().map(|&(position, _)| position).collect());
        work.each(&rows, known.iter(), |_, &(position, number)| {
            self.change(groups, number, position as usize)
        })?;
        Ok(())
    }

    /// Lets the record at `index` change a group, which it starts if it is the first one.
    pub(super) fn change(
        &mut self,
        EarlyGroups { groups, size }: &mut EarlyGroups<R::Group>,
        number: usize,
        index: usize,
    ) -> Result<(), BoxError> {
        let Some(place) = groups.at_mut(number) else { return Ok(()) };
        let (grouping, batch) = (self.grouping, self.chunk.batch());
        if let Some((group, _)) = place {
            let grown = grouping.add(group, batch, self.inputs, index)?;
            *size = size.saturating_add_signed(grown);
            return Ok(());
        }
        let mut group = grouping.start(batch, self.inputs, index)?;
        grouping.add(&mut group, batch, self.inputs, index)?;
        *size += grouping.size(&group);
        *place = Some((group, self.places.compact(&self.chunk.origin, self.chunk.row(index))));
        Ok(())
    }
}
