//! Memory that blocks are made in and of, and that is used again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::unsorted::Unsorted;

/// The memory of blocks that are gone, and in which rows were sorted. New blocks take it, which is faster than to ask the system for
/// more.
#[derive(Debug)]
pub(crate) struct BlockMemory {
    /// `None` once there are no new blocks.
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    blocks: Vec<Vec<u8>>,
    unsorted: Vec<Unsorted>,
}

impl Default for BlockMemory {
    fn default() -> Self {
        Self { kept: Mutex::new(Some(Kept::default())) }
    }
}

impl BlockMemory {
    /// How many are kept. More than are in use at once would only waste memory.
    const KEPT: usize = 16;
    const LEAST: usize = 4 << 10;
    const LARGEST: usize = 2 << 20;

    /// Empty memory with room for up to `bytes`.
    pub(super) fn take(&self, bytes: usize) -> Vec<u8> {
        // Much more than is needed would count as memory that is in use.
        let fits = bytes..=bytes.saturating_mul(2).max(Self::LEAST);
        let is_fitting = |memory: &mut Vec<u8>| fits.contains(&memory.capacity());
        let kept = self.lock().as_mut().and_then(|kept| kept.blocks.pop_if(is_fitting));
        kept.unwrap_or_else(|| Vec::with_capacity(bytes))
    }

    pub(super) fn put(&self, mut memory: Vec<u8>) {
        memory.clear();
        if let Some(kept) = &mut *self.lock()
            && kept.blocks.len() < Self::KEPT
            && (1..=Self::LARGEST).contains(&memory.capacity())
        {
            kept.blocks.push(memory);
        }
    }

    /// No rows, and memory to sort some in.
    pub(super) fn take_unsorted(&self) -> Unsorted {
        self.lock().as_mut().and_then(|kept| kept.unsorted.pop()).unwrap_or_default()
    }

    pub(super) fn put_unsorted(&self, rows: Unsorted) {
        if let Some(kept) = &mut *self.lock()
            && rows.capacity() <= 2 * Self::LARGEST
        {
            kept.unsorted.push(rows);
        }
    }

    /// Gives the memory back to the system, since no further block comes.
    pub(super) fn close(&self) {
        self.lock().take();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
