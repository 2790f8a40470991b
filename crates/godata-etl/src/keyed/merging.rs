//! Merges blocks on the workers.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::block::{Block, Row};
use super::merge::{Input, Merge};
use super::spill::SpillError;

/// Blocks that wait to be merged to longer ones, which takes less work in the end than many short ones. Whoever has sorted a
/// batch merges some of them, so this is done by all workers.
#[derive(Debug, Default)]
pub(crate) struct Merging {
    jobs: Mutex<Jobs>,
    is_done: Condvar,
}

#[derive(Debug, Default)]
struct Jobs {
    /// Neighboring blocks, with a number by which they are asked for.
    waiting: VecDeque<(usize, Vec<Block>, u64)>,
    merged: Vec<(usize, Result<Block, SpillError>)>,
    running: usize,
}

impl Merging {
    /// Of what the blocks are merged to, only the first `limit` rows are wanted.
    pub(super) fn submit(&self, number: usize, blocks: Vec<Block>, limit: u64) {
        self.lock().waiting.push_back((number, blocks, limit));
    }

    /// Merges the blocks that have waited for longest, if there are any.
    pub(super) fn help(&self) -> bool {
        let mut jobs = self.lock();
        let Some((number, blocks, limit)) = jobs.waiting.pop_front() else { return false };
        jobs.running += 1;
        drop(jobs);
        let running = Running(self);
        let merged = merge(blocks, limit);
        self.lock().merged.push((number, merged));
        drop(running);
        true
    }

    /// What the blocks were merged to, once all are.
    pub(super) fn finish(&self) -> Vec<(usize, Result<Block, SpillError>)> {
        while self.help() {}
        // The others are being merged by workers that wait for nothing.
        let is_running = |jobs: &mut Jobs| jobs.running > 0;
        let jobs = self.is_done.wait_while(self.lock(), is_running);
        std::mem::take(&mut jobs.unwrap_or_else(PoisonError::into_inner).merged)
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a merge as running, until it ends or panics.
struct Running<'a>(&'a Merging);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
        self.0.is_done.notify_all();
    }
}

/// The first `limit` rows of these blocks.
pub(super) fn merge(blocks: Vec<Block>, limit: u64) -> Result<Block, SpillError> {
    let first = blocks.first().map_or(0, |block| block.first);
    let count = blocks.iter().map(|block| block.count).sum();
    // The numbers of the rows may take more bytes than before.
    let room: usize = blocks.iter().map(|block| block.len_in_bytes() + block.len()).sum();
    let rows: usize = blocks.iter().map(Block::len).sum();
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX).min(rows);
    let room = room / rows.max(1) * wanted + room % rows.max(1);
    let mut merged = Block::with_room(room, count, None);
    merged.first = first;
    let mut rows = Merge::new(blocks.into_iter().map(Input::of_block).collect())?;
    while (merged.len() as u64) < limit && rows.advance()? {
        let Some(row) = rows.row() else { break };
        merged.push(row.key, |bytes| Row { number: row.number - first, ..row }.write(bytes));
    }
    Ok(merged)
}
