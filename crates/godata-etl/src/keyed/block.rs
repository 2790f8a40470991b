//! Sorted rows in memory.

use std::ops::Range;

use crate::bytes::{Bytes, Damaged, put_bytes, put_int};

/// Rows in memory, in the order of their keys; those with equal keys in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// The rows, one after the other: see [`Row::write`].
    bytes: Vec<u8>,
    /// How many rows are in the bytes.
    len: usize,
    /// How many rows there were before they were limited.
    pub(super) count: u64,
    /// The number of the first row that came among all rows.
    pub(super) first: u64,
}

/// Rows to be sorted.
#[derive(Debug, Default)]
pub(crate) struct Unsorted {
    /// For each row the key and the payload, both with their lengths.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    prefix: Prefix,
    /// Where the row starts in the bytes.
    at: u32,
    /// The position of the row among those that came.
    index: u32,
}

/// A row in a block or a run.
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

/// The first bytes of a key as a number that compares like them. Two of them are for the kind of the value.
pub(super) type Prefix = u128;

#[inline]
pub(super) fn prefix(key: &[u8]) -> Prefix {
    match key.first_chunk() {
        Some(&first) => Prefix::from_be_bytes(first),
        None => {
            let mut first = [0; size_of::<Prefix>()];
            first[..key.len()].copy_from_slice(key);
            Prefix::from_be_bytes(first)
        }
    }
}

/// Where a row is in the bytes of a block or a run.
#[derive(Clone, Debug)]
pub(super) struct RowAt {
    key: Range<usize>,
    number: u64,
    payload: Range<usize>,
}

impl RowAt {
    /// Finds the parts of the row that starts at `start`.
    #[inline]
    pub(super) fn find(all: &[u8], start: usize) -> Result<Self, Damaged> {
        let mut bytes = Bytes(all.get(start..).ok_or(Damaged)?);
        let place = |rest: &Bytes<'_>, part: &[u8]| {
            let end = all.len() - rest.0.len();
            end - part.len()..end
        };
        let key = bytes.bytes()?;
        let key = place(&bytes, key);
        let number = bytes.int()?;
        let payload = bytes.bytes()?;
        Ok(Self { key, number, payload: place(&bytes, payload) })
    }

    #[inline]
    pub(super) fn of<'a>(&self, all: &'a [u8]) -> Row<'a> {
        let part = |range: &Range<usize>| all.get(range.clone()).unwrap_or_default();
        Row { key: part(&self.key), number: self.number, payload: part(&self.payload) }
    }

    /// Where the next row starts.
    pub(super) fn end(&self) -> usize {
        self.payload.end
    }
}

impl Unsorted {
    /// Adds a row, whose payload and the length of that `write` appends.
    pub(crate) fn push<E: From<TooBig>>(
        &mut self,
        index: usize,
        key: &[u8],
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        let at = u32::try_from(start).map_err(|_| TooBig)?;
        let index = u32::try_from(index).map_err(|_| TooBig)?;
        put_bytes(key, &mut self.bytes);
        if let Err(error) = write(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        self.entries.push(Entry { prefix: prefix(key), at, index });
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many bytes the rows take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Sorts the rows, and keeps the first `limit` of them. `count` is how many came.
    pub(crate) fn sort(mut self, count: usize, limit: u64) -> Block {
        let mut entries = std::mem::take(&mut self.entries);
        let key = |entry: &Entry| Bytes(&self.bytes[entry.at as usize..]).bytes().unwrap_or_default();
        entries.sort_unstable_by(|a, b| {
            let by_prefix = a.prefix.cmp(&b.prefix);
            by_prefix.then_with(|| key(a).cmp(key(b))).then(a.index.cmp(&b.index))
        });
        entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        // Rewritten in their order, so that a merge reads them one after the other.
        let mut bytes = Vec::with_capacity(self.bytes.len() + 4 * entries.len());
        for entry in &entries {
            let mut row = Bytes(&self.bytes[entry.at as usize..]);
            let (key, payload) = (row.bytes().unwrap_or_default(), row.bytes().unwrap_or_default());
            Row { key, number: entry.index.into(), payload }.write(&mut bytes);
        }
        bytes.shrink_to_fit();
        Block { bytes, len: entries.len(), count: count as u64, first: 0 }
    }
}

impl Row<'_> {
    /// Appends the key, the number and the payload.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        put_bytes(self.key, out);
        put_int(self.number, out);
        put_bytes(self.payload, out);
    }
}

impl Block {
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes of memory it takes.
    pub(super) fn size(&self) -> u64 {
        (self.bytes.capacity() + size_of::<Self>()) as u64
    }

    /// The row that starts at a place; `None` at the end.
    #[inline]
    pub(super) fn find(&self, start: usize) -> Option<RowAt> {
        let row = RowAt::find(&self.bytes, start).ok()?;
        Some(RowAt { number: self.first + row.number, ..row })
    }

    #[inline]
    pub(super) fn row(&self, at: &RowAt) -> Row<'_> {
        at.of(&self.bytes)
    }
}
