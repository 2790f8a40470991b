//! Memory that a run reuses.

use std::sync::{Mutex, PoisonError};

use crate::Records;

/// How many of each kind a run keeps. More than are in use at once would only waste memory.
const KEPT: usize = 64;

/// The largest size in bytes that is kept: one giant record must not hold its memory until the end of the run.
const LARGEST: usize = 4 << 20;

/// Memory that a run reuses, so that batches need no new allocations.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    bytes: Pool<Vec<u8>>,
    records: Pool<Records>,
}

impl Buffers {
    pub(crate) fn take(&self) -> Vec<u8> {
        self.bytes.take()
    }

    pub(crate) fn put(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.bytes.put(buffer.capacity(), buffer);
    }

    /// An empty batch: no names, no rows, no values.
    pub(crate) fn take_records(&self) -> Records {
        self.records.take()
    }

    pub(crate) fn put_records(&self, mut records: Records) {
        self.put(records.take_text());
        records.clear();
        self.records.put(records.capacity(), records);
    }
}

/// Values to reuse.
#[derive(Debug, Default)]
struct Pool<T>(Mutex<Vec<T>>);

impl<T: Default> Pool<T> {
    fn take(&self) -> T {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn put(&self, capacity: usize, thing: T) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT && (1..=LARGEST).contains(&capacity) {
            kept.push(thing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record;

    #[test]
    fn reused_memory_keeps_nothing_of_its_first_use() {
        let buffers = Buffers::default();
        let mut records = Records::with_names(["a"]).unwrap();
        records.push(record! {"a" => "text", "b" => vec![1, 2]});
        buffers.put_records(records);
        buffers.put(b"bytes".to_vec());

        let records = buffers.records.0.lock().unwrap().pop().unwrap();
        assert!(records.is_empty() && records.shape().is_empty());
        assert!(records.capacity() > 0);
        assert!(buffers.take().is_empty());
    }
}
