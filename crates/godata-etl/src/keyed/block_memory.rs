//! Memory of blocks that is used again.

use std::sync::{Mutex, PoisonError};

/// The memory of blocks that are gone. A new block takes it, which is faster than to ask the system for more.
#[derive(Debug, Default)]
pub(crate) struct BlockMemory(Mutex<Vec<Vec<u8>>>);

impl BlockMemory {
    /// How much is kept. More than is in use at once would only waste memory.
    const KEPT: usize = 64;
    const LARGEST: usize = 2 << 20;

    /// Empty memory with room for up to `bytes`.
    pub(super) fn take(&self, bytes: usize) -> Vec<u8> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        if memory.capacity() < bytes {
            // A vector that grows would copy what it has, and get more than it needs.
            memory = Vec::with_capacity(bytes);
        }
        memory
    }

    pub(super) fn put(&self, mut memory: Vec<u8>) {
        memory.clear();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < Self::KEPT && (1..=Self::LARGEST).contains(&memory.capacity()) {
            kept.push(memory);
        }
    }
}
