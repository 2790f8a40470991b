//! Sorts rows in a bounded memory.

use super::block::Block;
use super::memory::Memory;
use super::merge::{Input, Merge};
use super::spill::{Run, RunReader, SpillError};

/// Sorts blocks of rows by key, and rows with equal keys by their number. What does not fit into the memory is written to
/// temporary files as sorted runs.
#[derive(Debug)]
pub(crate) struct Sorter {
    memory: Memory,
    /// How many rows are wanted.
    limit: u64,
    blocks: Vec<Block>,
    /// How many bytes the blocks take.
    used: u64,
    /// The number of the next row.
    next: u64,
    /// The runs, each with how often its rows have been merged.
    runs: Vec<(u32, Run)>,
}

impl Sorter {
    pub(crate) fn new(memory: Memory) -> Self {
        Self::with_limit(memory, u64::MAX)
    }

    /// Keeps only the first `limit` rows.
    pub(crate) fn with_limit(memory: Memory, limit: u64) -> Self {
        Self { memory, limit, blocks: Vec::new(), used: 0, next: 0, runs: Vec::new() }
    }

    /// Takes a block, whose rows come after those of the blocks before it.
    pub(crate) fn add(&mut self, mut block: Block) -> Result<(), SpillError> {
        block.first = self.next;
        self.next += block.count;
        if block.is_empty() {
            return Ok(());
        }
        self.used += block.size() + size_of::<Input>() as u64;
        self.blocks.push(block);
        // The rest is for buffers, and for what an allocator keeps free.
        if self.used > self.memory.bytes() / 8 * 5 { self.make_room() } else { Ok(()) }
    }

    /// Whether all rows are in memory.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.runs.is_empty()
    }

    /// The rows in order.
    pub(crate) fn finish(mut self) -> Result<Merge, SpillError> {
        if self.runs.is_empty() {
            return self.take_blocks();
        }
        self.spill_blocks()?;
        while self.runs.len() > self.fan_in() {
            self.merge_runs(self.runs.len() - self.fan_in())?;
        }
        self.take_runs(0)
    }

    /// Writes the blocks to a temporary file, and merges files that have become too many.
    fn make_room(&mut self) -> Result<(), SpillError> {
        self.spill_blocks()?;
        // Runs that were merged as often are about as long. Merging only those keeps the work for each row small.
        while let Some(&(level, _)) = self.runs.last() {
            let same = self.runs.iter().rev().take_while(|(other, _)| *other == level).count();
            if same < self.fan_in() {
                break;
            }
            self.merge_runs(self.runs.len() - same)?;
        }
        Ok(())
    }

    fn spill_blocks(&mut self) -> Result<(), SpillError> {
        if !self.blocks.is_empty() {
            let rows = self.take_blocks()?;
            self.runs.push((0, Run::write(&self.memory, rows, self.limit)?));
        }
        Ok(())
    }

    /// Merges the runs from `start` on to one.
    fn merge_runs(&mut self, start: usize) -> Result<(), SpillError> {
        let level = self.runs[start..].iter().map(|(level, _)| level + 1).max().unwrap_or_default();
        let rows = self.take_runs(start)?;
        self.runs.push((level, Run::write(&self.memory, rows, self.limit)?));
        Ok(())
    }

    /// How many runs are merged at once. Each has an open file.
    fn fan_in(&self) -> usize {
        const LEAST_BUFFER: u64 = 64 << 10;
        (self.memory.bytes() / 2 / LEAST_BUFFER).clamp(4, 64) as usize
    }

    fn take_blocks(&mut self) -> Result<Merge, SpillError> {
        self.used = 0;
        let blocks = std::mem::take(&mut self.blocks).into_iter();
        Merge::new(blocks.map(Input::of_block).collect())
    }

    fn take_runs(&mut self, start: usize) -> Result<Merge, SpillError> {
        let runs = self.runs.split_off(start);
        let buffer = (self.memory.bytes() / 2 / runs.len().max(1) as u64).clamp(4 << 10, 1 << 20) as usize;
        Merge::new(runs.into_iter().map(|(_, run)| Input::Run(RunReader::new(run, buffer))).collect())
    }
}
