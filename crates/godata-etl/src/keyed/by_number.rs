//! Rows in the order of their numbers.

use std::sync::Arc;

use super::block_memory::BlockMemory;
use super::memory::Memory;
use super::rows::Rows;
use super::sorter::{Check, Sorter};
use super::unsorted::Unsorted;
use crate::Stop;
use crate::bytes::put_bytes;

/// Sorts rows by number. Rows with the same number keep their order.
pub(super) struct ByNumber {
    sorter: Sorter,
    block: Unsorted,
    blocks: Arc<BlockMemory>,
}

impl ByNumber {
    pub(super) fn new(memory: Memory) -> Self {
        Self { sorter: Sorter::new(memory), block: Unsorted::default(), blocks: Arc::default() }
    }

    pub(super) fn push(&mut self, number: u64, payload: &[u8], check: Check<'_>) -> Result<(), Stop> {
        const ROWS: usize = 4096;
        const BYTES: usize = 256 << 10;
        self.block.push(self.block.len(), &number.to_be_bytes(), |out| {
            put_bytes(payload, out);
            Ok::<_, Stop>(())
        })?;
        let is_full = self.block.len() >= ROWS || self.block.bytes() >= BYTES;
        if is_full { self.add(check) } else { Ok(()) }
    }

    fn add(&mut self, check: Check<'_>) -> Result<(), Stop> {
        let count = self.block.len();
        self.sorter.add(self.block.sort(count, u64::MAX, &self.blocks), check)
    }

    pub(super) fn finish(mut self, check: Check<'_>) -> Result<Rows, Stop> {
        self.add(check)?;
        Ok(Rows::new(self.sorter, u64::MAX))
    }
}
