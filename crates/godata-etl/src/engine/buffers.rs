//! Byte buffers that a run uses again.

use std::sync::{Mutex, PoisonError};

/// How many buffers a run keeps; more than are in use at once would only hold memory.
const KEPT: usize = 64;

/// Buffers over this size are not kept: one giant record should not be paid for until the end.
const LARGEST: usize = 4 << 20;

/// Byte buffers that a run uses again, so that their memory is not asked for per batch.
#[derive(Debug, Default)]
pub(crate) struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    pub(crate) fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(crate) fn put(&self, mut buffer: Vec<u8>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT && (1..=LARGEST).contains(&buffer.capacity()) {
            buffer.clear();
            kept.push(buffer);
        }
    }
}
