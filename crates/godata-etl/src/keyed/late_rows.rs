//! The records whose keys did not fit into the memory.

use super::folding::Folding;
use super::group_piece::GroupPiece;
use super::grouping::Grouping;
use super::merge::Merge;
use super::piece::Payloads;
use super::spill::SpillError;
use super::store::Kept;
use crate::{Stop, Work};

/// Records that are sorted by key, of which the groups are made one after the other.
pub(super) struct LateRows {
    sorted: Merge,
    /// The key of the group whose records are read.
    key: Vec<u8>,
    /// The records of that group.
    records: Payloads,
}

impl LateRows {
    pub(super) fn new(mut sorted: Merge) -> Result<Self, SpillError> {
        sorted.advance()?;
        Ok(Self { sorted, key: Vec::new(), records: Payloads::default() })
    }

    /// The key of the next record; `None` at the end.
    pub(super) fn key(&self) -> Option<&[u8]> {
        self.sorted.row().map(|row| row.key)
    }

    /// Adds the next group to a piece. If the group has more records than a batch, it is made right away.
    pub(super) fn move_group<B: Kept, R: Grouping<B>>(
        &mut self,
        piece: &mut GroupPiece<R::Group>,
        folding: &Folding<'_, B, R>,
        work: &mut Work,
    ) -> Result<(), Stop> {
        self.key.clear();
        self.key.extend_from_slice(self.sorted.row().map(|row| row.key).unwrap_or_default());
        if self.read()? {
            piece.push_records(&self.records);
            return Ok(());
        }
        let mut groups = Vec::new();
        loop {
            folding.fold(&self.records, |_| 0, &mut groups, work)?;
            if self.key() != Some(&*self.key) {
                break;
            }
            self.read()?;
        }
        groups.into_iter().for_each(|made| piece.push_group(made.group, made.size));
        Ok(())
    }

    /// Reads the next records of the group, as many as make a batch. Returns whether the group has no more.
    fn read(&mut self) -> Result<bool, SpillError> {
        self.records.clear();
        while let Some(row) = self.sorted.row().filter(|row| row.key == self.key) {
            if self.records.is_full() {
                return Ok(false);
            }
            self.records.push(row.payload);
            self.sorted.advance()?;
        }
        Ok(true)
    }
}
