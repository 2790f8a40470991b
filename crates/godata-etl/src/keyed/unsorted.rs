//! Rows to be sorted.

use std::sync::Arc;

use super::block::Block;
use super::block_memory::BlockMemory;
use super::order::{self, Entry};
use crate::bytes::{Bytes, put_bytes, put_int};

/// Rows to be sorted. Its memory can be used again.
#[derive(Debug, Default)]
pub(crate) struct Unsorted {
    /// The rows, one after the other, as in a [`Block`].
    bytes: Vec<u8>,
    /// Where each row starts.
    starts: Vec<u32>,
    entries: Vec<Entry>,
    /// How many bytes all keys begin with.
    shared: usize,
}

/// A block would have more than 4 GiB.
#[derive(Debug, thiserror::Error)]
#[error("a batch with more than 4 GiB of records can't be kept; make the batches smaller")]
pub(crate) struct TooBig;

impl Unsorted {
    /// Adds the row that came at position `index`, whose payload and the length of that `write` appends.
    pub(crate) fn push<E: From<TooBig>>(
        &mut self,
        index: usize,
        key: &[u8],
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        let at = u32::try_from(start).map_err(|_| TooBig)?;
        put_bytes(key, &mut self.bytes);
        put_int(index as u64, &mut self.bytes);
        if let Err(error) = write(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        self.starts.push(at);
        let first = self.key(0);
        if self.len() == 1 {
            self.shared = key.len();
        } else if key.get(..self.shared) != first.get(..self.shared) {
            self.shared = order::shared(first, key);
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// How many bytes the rows take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many bytes of memory it holds for later use.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
            + self.starts.capacity() * size_of::<u32>()
            + self.entries.capacity() * size_of::<Entry>()
    }

    /// Sorts the rows, takes the first `limit` of them, and forgets all. `count` is how many came.
    pub(crate) fn sort(&mut self, count: usize, limit: u64, memory: &Arc<BlockMemory>) -> Block {
        let mut entries = std::mem::take(&mut self.entries);
        self.sort_entries(&mut entries);
        entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let rows = entries.iter().map(|&entry| order::row_of(entry));
        let mut block =
            Block::with_room(rows.clone().map(|row| self.row(row).len()).sum(), count as u64, Some(memory));
        rows.for_each(|row| block.push(self.key(row), |bytes| bytes.extend_from_slice(self.row(row))));
        entries.clear();
        self.entries = entries;
        self.starts.clear();
        self.bytes.clear();
        block
    }

    /// Fills in the entries, in the order of their rows.
    fn sort_entries(&self, entries: &mut Vec<Entry>) {
        entries.extend((0..self.len() as u64).map(|row| order::entry(self.key(row), self.shared, row)));
        order::sort(entries, |row| self.key(row));
    }

    fn key(&self, position: u64) -> &[u8] {
        // It reads what was put.
        Bytes(self.row(position)).bytes().unwrap_or_default()
    }

    fn row(&self, position: u64) -> &[u8] {
        let position = position as usize;
        let end = self.starts.get(position + 1).map_or(self.bytes.len(), |&end| end as usize);
        self.starts.get(position).and_then(|&start| self.bytes.get(start as usize..end)).unwrap_or_default()
    }
}
