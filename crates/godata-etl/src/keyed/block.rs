//! A sorted block of rows in memory.

use std::cmp::Ordering;

use crate::bytes::{Bytes, put_bytes};

/// Rows in memory, each with a key. Sorted by key; rows with equal keys keep their order.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// For each row the key and the payload, both with their lengths.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// The number of the row with index 0 among all rows.
    pub(super) first: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    prefix: u64,
    /// Where the row starts in the bytes.
    at: u32,
    /// The position of the row before the sort.
    index: u32,
}

/// A row with a block or a run as its home.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) key: &'a [u8],
    /// The number of the row among all rows, in the order in which they came.
    pub(crate) number: u64,
    pub(crate) payload: &'a [u8],
}

/// A block would have more than 4 GiB.
#[derive(Debug, thiserror::Error)]
#[error("a batch with more than 4 GiB of records can't be kept; make the batches smaller")]
pub(crate) struct TooBig;

/// The first bytes of a key as a number that compares like them.
pub(super) fn prefix(key: &[u8]) -> u64 {
    match key.first_chunk() {
        Some(&first) => u64::from_be_bytes(first),
        None => {
            let mut first = [0; 8];
            first[..key.len()].copy_from_slice(key);
            u64::from_be_bytes(first)
        }
    }
}

impl Block {
    /// Adds a row, whose payload `write` appends.
    pub(crate) fn push<E: From<TooBig>>(
        &mut self,
        key: &[u8],
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        let at = u32::try_from(start).map_err(|_| TooBig)?;
        let index = u32::try_from(self.entries.len()).map_err(|_| TooBig)?;
        put_bytes(key, &mut self.bytes);
        if let Err(error) = write(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        self.entries.push(Entry { prefix: prefix(key), at, index });
        Ok(())
    }

    /// Sorts the rows, and keeps the first `limit` of them.
    pub(crate) fn sort(&mut self, limit: u64) {
        let mut entries = std::mem::take(&mut self.entries);
        // The end of a row is where the next one starts.
        let end = self.bytes.len();
        entries.sort_unstable_by(|a, b| self.compare(a, b));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if entries.len() > limit {
            entries.truncate(limit);
            entries.shrink_to_fit();
        }
        self.bytes.truncate(end);
        self.entries = entries;
        self.bytes.shrink_to_fit();
    }

    fn compare(&self, a: &Entry, b: &Entry) -> Ordering {
        let by_prefix = a.prefix.cmp(&b.prefix);
        by_prefix.then_with(|| self.key(a).cmp(self.key(b))).then(a.index.cmp(&b.index))
    }

    fn key(&self, entry: &Entry) -> &[u8] {
        Bytes(&self.bytes[entry.at as usize..]).bytes().unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many bytes of memory it takes.
    pub(super) fn size(&self) -> u64 {
        (self.bytes.capacity() + self.entries.capacity() * size_of::<Entry>() + size_of::<Self>()) as u64
    }

    /// The row at a position, in the order of the keys.
    pub(super) fn row(&self, position: usize) -> Option<Row<'_>> {
        let entry = self.entries.get(position)?;
        let mut bytes = Bytes(&self.bytes[entry.at as usize..]);
        let key = bytes.bytes().ok()?;
        let payload = bytes.bytes().ok()?;
        Some(Row { key, number: self.first + u64::from(entry.index), payload })
    }

    pub(super) fn prefix(&self, position: usize) -> u64 {
        self.entries.get(position).map_or(u64::MAX, |entry| entry.prefix)
    }
}
