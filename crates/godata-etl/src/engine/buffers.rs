//! Memory that a run uses again.

use std::sync::{Mutex, PoisonError};

use crate::Records;

/// How much a run keeps of each kind; more than is in use at once would only hold memory.
const KEPT: usize = 64;

/// What is over this size is not kept: one giant record should not be paid for until the end.
const LARGEST: usize = 4 << 20;

/// Memory that a run uses again, so that it is not asked for per batch.
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

    /// A batch without names, rows and values.
    pub(crate) fn take_records(&self) -> Records {
        self.records.take()
    }

    pub(crate) fn put_records(&self, mut records: Records) {
        self.put(records.take_text());
        records.clear();
        self.records.put(records.capacity(), records);
    }
}

/// Things that were used.
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
    fn what_waits_to_be_used_again_has_nothing_of_its_first_use() {
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
