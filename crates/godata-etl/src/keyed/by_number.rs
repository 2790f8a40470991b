//! Rows in the order of their numbers.

use super::block::Unsorted;
use super::memory::Memory;
use super::rows::Rows;
use super::sorter::Sorter;
use super::spill::SpillError;
use crate::Stop;
use crate::bytes::put_bytes;

/// Sorts rows by number. Rows with the same number keep their order.
pub(super) struct ByNumber {
    sorter: Sorter,
    block: Unsorted,
}

impl ByNumber {
    pub(super) fn new(memory: Memory) -> Self {
        Self { sorter: Sorter::new(memory), block: Unsorted::default() }
    }

    pub(super) fn push(&mut self, number: u64, payload: &[u8]) -> Result<(), Stop> {
        const ROWS: usize = 4096;
        const BYTES: usize = 256 << 10;
        self.block.push(self.block.len(), &number.to_be_bytes(), |out| {
            put_bytes(payload, out);
            Ok::<_, Stop>(())
        })?;
        let is_full = self.block.len() >= ROWS || self.block.bytes() >= BYTES;
        if is_full { Ok(self.add()?) } else { Ok(()) }
    }

    fn add(&mut self) -> Result<(), SpillError> {
        let block = std::mem::take(&mut self.block);
        let count = block.len();
        self.sorter.add(block.sort(count, u64::MAX))
    }

    pub(super) fn finish(mut self) -> Result<Rows, SpillError> {
        self.add()?;
        Ok(Rows::new(self.sorter, u64::MAX))
    }
}
