//! Rows that are sorted once all have come.

use super::block::Block;
use super::merge::Merge;
use super::sorter::Sorter;
use super::spill::SpillError;
use super::store::Piece;
use crate::{Stop, Work};

/// Rows that come in any order, and go out sorted once all have come.
#[derive(Debug)]
pub(super) struct Rows {
    /// `None` once all have come.
    coming: Option<Sorter>,
    sorted: Option<Merge>,
    /// How many are still to go out.
    remaining: u64,
}

impl Rows {
    pub(super) fn new(sorter: Sorter, limit: u64) -> Self {
        Self { coming: Some(sorter), sorted: None, remaining: limit }
    }

    pub(super) fn add(&mut self, block: Block) -> Result<(), SpillError> {
        self.coming.as_mut().map_or(Ok(()), |sorter| sorter.add(block))
    }

    /// The next rows, as many as make a batch; `None` after the last one.
    pub(super) fn next(&mut self, work: &Work) -> Result<Option<Piece>, Stop> {
        if let Some(sorter) = self.coming.take() {
            self.sorted = Some(sorter.finish()?);
        }
        let Some(sorted) = &mut self.sorted else { return Ok(None) };
        work.check()?;
        let mut piece = Piece::default();
        while self.remaining > 0 && !piece.is_full() && sorted.advance()? {
            let Some(row) = sorted.row() else { break };
            piece.push(row.payload);
            self.remaining -= 1;
        }
        if piece.is_empty() {
            self.sorted = None;
            return Ok(None);
        }
        Ok(Some(piece))
    }
}
