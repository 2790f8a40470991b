//! Sorts rows in a bounded memory.

use std::sync::Arc;

use super::block::Block;
use super::block_memory::BlockMemory;
use super::memory::Memory;
use super::merge::{Input, Merge};
use super::merging::{self, Merging};
use super::spill::{Run, RunReader, SpillError};
use crate::Stop;

/// Fails if the run is to stop. It is asked again and again while rows are merged.
pub(crate) type Check<'a> = &'a dyn Fn() -> Result<(), Stop>;

/// Sorts blocks of rows by key, and rows with equal keys by their number. What does not fit into the memory is written to
/// temporary files as sorted runs.
#[derive(Debug)]
pub(crate) struct Sorter {
    memory: Memory,
    /// How many rows are wanted.
    limit: u64,
    blocks: Vec<Slot>,
    merging: Option<Arc<Merging>>,
    home: Option<Arc<BlockMemory>>,
    /// The blocks before this one have been submitted, or are too large to be merged early.
    merged: usize,
    /// How many bytes the blocks take.
    used: u64,
    /// The number of the next row.
    next: u64,
    /// The runs, each with how often its rows have been merged.
    runs: Vec<(u32, Run)>,
}

#[derive(Debug)]
enum Slot {
    Block(Block),
    /// The blocks here are being merged.
    Merging,
}

impl Sorter {
    /// How many blocks are merged to one.
    const MERGED_AT_ONCE: usize = 16;

    pub(crate) fn new(memory: Memory) -> Self {
        Self::with_limit(memory, u64::MAX)
    }

    /// Keeps only the first `limit` rows.
    pub(crate) fn with_limit(memory: Memory, limit: u64) -> Self {
        Self {
            memory,
            limit,
            blocks: Vec::new(),
            merging: None,
            home: None,
            merged: 0,
            used: 0,
            next: 0,
            runs: Vec::new(),
        }
    }

    /// Lets workers merge blocks, whose memory is given back at the end.
    pub(super) fn with_merging(self, merging: Arc<Merging>, home: Arc<BlockMemory>) -> Self {
        Self { merging: Some(merging), home: Some(home), ..self }
    }

    /// Takes a block, whose rows come after those of the blocks before it.
    pub(crate) fn add(&mut self, mut block: Block, check: Check<'_>) -> Result<(), Stop> {
        block.first = self.next;
        self.next += block.count;
        if block.is_empty() {
            return Ok(());
        }
        self.used += block.size() + size_of::<Input>() as u64;
        self.blocks.push(Slot::Block(block));
        // The rest is for buffers, and for what an allocator keeps free.
        if self.used > self.memory.bytes() / 8 * 5 {
            return self.make_room(check);
        }
        if self.blocks.len() - self.merged == Self::MERGED_AT_ONCE {
            self.submit_blocks();
        }
        Ok(())
    }

    /// Has the last blocks merged.
    fn submit_blocks(&mut self) {
        let Some(merging) = &self.merging else { return };
        let last = self.blocks.get(self.merged..).unwrap_or_default();
        let size: u64 =
            last.iter().map(|slot| if let Slot::Block(block) = slot { block.size() } else { 0 }).sum();
        // There are few blocks in the end if these take much of the memory. And there must be room to merge them.
        if size <= self.memory.bytes() / 64 {
            let last = self.blocks.drain(self.merged..).filter_map(Slot::into_block).collect();
            merging.submit(self.blocks.len(), last, self.limit);
            self.blocks.push(Slot::Merging);
        }
        self.merged = self.blocks.len();
    }

    /// Whether all rows are in memory.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.runs.is_empty()
    }

    /// The sorted blocks in memory.
    pub(super) fn into_blocks(mut self) -> Result<Vec<Block>, SpillError> {
        self.close_memory();
        self.take_blocks()
    }

    /// The rows in order.
    pub(crate) fn finish(mut self, check: Check<'_>) -> Result<Merge, Stop> {
        if self.is_in_memory() {
            return Ok(self.merge_blocks()?);
        }
        self.spill_blocks(check)?;
        self.close_memory();
        while self.runs.len() > self.fan_in() {
            self.merge_runs(self.runs.len() - self.fan_in(), check)?;
        }
        Ok(self.take_runs(0)?)
    }

    /// Gives the memory back that further blocks would have used again.
    fn close_memory(&self) {
        if let Some(home) = &self.home {
            home.close();
        }
    }

    /// Writes the blocks to a temporary file, and merges files that have become too many.
    fn make_room(&mut self, check: Check<'_>) -> Result<(), Stop> {
        if self.limit < u64::MAX && self.forget_rest()? {
            return Ok(());
        }
        self.spill_blocks(check)?;
        // Runs that were merged as often are about as long. Merging only those keeps the work for each row small.
        while let Some(&(level, _)) = self.runs.last() {
            let same = self.runs.iter().rev().take_while(|(other, _)| *other == level).count();
            if same < self.fan_in() {
                break;
            }
            self.merge_runs(self.runs.len() - same, check)?;
        }
        Ok(())
    }

    /// Keeps only the rows that are wanted, in memory. Returns whether that made room.
    fn forget_rest(&mut self) -> Result<bool, SpillError> {
        let wanted = merging::merge(self.take_blocks()?, self.limit)?;
        self.used = wanted.size();
        self.blocks.push(Slot::Block(wanted));
        Ok(self.used <= self.memory.bytes() / 4)
    }

    fn spill_blocks(&mut self, check: Check<'_>) -> Result<(), Stop> {
        if !self.blocks.is_empty() {
            let rows = self.merge_blocks()?;
            self.runs.push((0, Run::write(&self.memory, rows, self.limit, check)?));
        }
        Ok(())
    }

    /// Merges the runs from `start` on to one.
    fn merge_runs(&mut self, start: usize, check: Check<'_>) -> Result<(), Stop> {
        let level = self.runs[start..].iter().map(|(level, _)| level + 1).max().unwrap_or_default();
        let rows = self.take_runs(start)?;
        self.runs.push((level, Run::write(&self.memory, rows, self.limit, check)?));
        Ok(())
    }

    /// How many runs are merged at once. Each has an open file.
    fn fan_in(&self) -> usize {
        const LEAST_BUFFER: u64 = 64 << 10;
        (self.memory.bytes() / 2 / LEAST_BUFFER).clamp(4, 64) as usize
    }

    fn take_blocks(&mut self) -> Result<Vec<Block>, SpillError> {
        let merged = self.merging.as_ref().map(|merging| merging.finish()).unwrap_or_default();
        for (at, block) in merged {
            self.blocks[at] = Slot::Block(block?);
        }
        (self.used, self.merged) = (0, 0);
        Ok(self.blocks.drain(..).filter_map(Slot::into_block).collect())
    }

    fn merge_blocks(&mut self) -> Result<Merge, SpillError> {
        Merge::new(self.take_blocks()?.into_iter().map(Input::of_block).collect())
    }

    fn take_runs(&mut self, start: usize) -> Result<Merge, SpillError> {
        let runs = self.runs.split_off(start);
        let buffer = (self.memory.bytes() / 2 / runs.len().max(1) as u64).clamp(4 << 10, 1 << 20) as usize;
        Merge::new(runs.into_iter().map(|(_, run)| Input::Run(RunReader::new(run, buffer))).collect())
    }
}

impl Slot {
    fn into_block(self) -> Option<Block> {
        match self {
            Self::Block(block) => Some(block),
            Self::Merging => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::put_bytes;
    use crate::keyed::unsorted::{TooBig, Unsorted};

    #[test]
    fn the_first_rows_of_a_long_input_need_no_file() {
        let (mut unsorted, home) = (Unsorted::default(), Arc::default());
        let mut sorter = Sorter::with_limit(Memory::of_bytes(100_000), 10);
        for block in 0..100_u64 {
            for index in 0..100 {
                let key = (index ^ block).to_be_bytes();
                unsorted
                    .push(index as usize, &key, |out| {
                        put_bytes(&[1; 100], out);
                        Ok::<_, TooBig>(())
                    })
                    .unwrap();
            }
            sorter.add(unsorted.sort(100, 10, &home), &|| Ok(())).unwrap();
            assert!(sorter.is_in_memory() && sorter.used <= 100_000);
        }
        let mut rows = sorter.finish(&|| Ok(())).unwrap();
        assert!(rows.advance().unwrap());
        assert_eq!(rows.row().map(|row| row.key.to_vec()), Some(vec![0; 8]));
    }
}
