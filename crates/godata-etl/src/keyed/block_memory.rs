//! Memory of blocks that is used again.

use std::sync::{Mutex, PoisonError};

/// The memory of blocks that are gone. A new block takes it, which is faster than to ask the system for more.
#[derive(Debug, Default)]
pub(crate) struct BlockMemory(Mutex<Vec<Vec<u8>>>);

impl BlockMemory {
    /// How much is kept. More than is in use at once would only waste memory.
    const KEPT: usize = 64;
    const LEAST: usize = 4 << 10;
    const LARGEST: usize = 2 << 20;

    /// Empty memory with room for up to `bytes`.
    pub(super) fn take(&self, bytes: usize) -> Vec<u8> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Much more than is needed would count as memory that is in use.
        let fits = bytes..=bytes.saturating_mul(2).max(Self::LEAST);
        match kept.last() {
            Some(memory) if fits.contains(&memory.capacity()) => kept.pop().unwrap_or_default(),
            _ => Vec::with_capacity(bytes),
        }
    }

    pub(super) fn put(&self, mut memory: Vec<u8>) {
        memory.clear();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < Self::KEPT && (1..=Self::LARGEST).contains(&memory.capacity()) {
            kept.push(memory);
        }
    }
}
