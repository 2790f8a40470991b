//! Sorted rows in memory.

use std::ops::Range;
use std::sync::Arc;

use super::block_memory::BlockMemory;
use crate::bytes::{Bytes, Damaged, put_bytes, put_int};

/// Rows in memory, in the order of their keys; those with equal keys in the order in which they came.
#[derive(Debug)]
pub(crate) struct Block {
    /// The rows, one after the other: see [`Row::write`].
    bytes: Vec<u8>,
    /// How many rows are in the bytes.
    len: usize,
    /// Some of the rows: the first one, and then one every [`SAMPLED`](Self::SAMPLED) bytes.
    samples: Samples,
    /// How many rows there were before they were limited.
    pub(super) count: u64,
    /// The number of the first row that came among all rows.
    pub(super) first: u64,
    /// The pool that gets the memory back.
    home: Option<Arc<BlockMemory>>,
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(home) = &self.home {
            home.put(std::mem::take(&mut self.bytes));
        }
    }
}

/// Rows of a block, to find others by.
#[derive(Debug)]
pub(super) struct Samples {
    pub(super) prefixes: Vec<Prefix>,
    pub(super) starts: Vec<usize>,
}

/// A row in a block or a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) key: &'a [u8],
    /// The number of the row among all rows, in the order in which they came.
    pub(crate) number: u64,
    pub(crate) payload: &'a [u8],
}

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

impl Row<'_> {
    /// Appends the key, the number and the payload.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        put_bytes(self.key, out);
        put_int(self.number, out);
        put_bytes(self.payload, out);
    }
}

impl Block {
    const SAMPLED: usize = 2 << 10;

    /// An empty block with room for up to `bytes`. `count` is how many rows came.
    pub(super) fn with_room(bytes: usize, count: u64, home: Option<&Arc<BlockMemory>>) -> Self {
        let samples = bytes / Self::SAMPLED + 1;
        let samples = Samples { prefixes: Vec::with_capacity(samples), starts: Vec::with_capacity(samples) };
        let memory = home.map_or_else(|| Vec::with_capacity(bytes), |home| home.take(bytes));
        Self { bytes: memory, home: home.cloned(), len: 0, samples, count, first: 0 }
    }

    /// Appends a row that is not less than those before it, whose bytes `write` appends.
    #[inline]
    pub(super) fn push(&mut self, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        if self.samples.starts.last().is_none_or(|&last| start - last >= Self::SAMPLED) {
            self.samples.starts.push(start);
            self.samples.prefixes.push(prefix(key));
        }
        self.len += 1;
        write(&mut self.bytes);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes the rows have.
    pub(super) fn len_in_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many bytes of memory it takes.
    pub(super) fn size(&self) -> u64 {
        (self.bytes.capacity()
            + self.samples.starts.capacity() * (size_of::<Prefix>() + size_of::<usize>())
            + size_of::<Self>()) as u64
    }

    /// About how many rows are in a part of the bytes.
    pub(super) fn count(&self, part: &Range<usize>) -> usize {
        (part.len() as u128 * self.len as u128).div_ceil(self.bytes.len().max(1) as u128) as usize
    }

    /// The rows in a part of the bytes, each with where it starts.
    pub(super) fn rows(&self, part: Range<usize>) -> impl Iterator<Item = (usize, Row<'_>)> {
        let mut next = part.start;
        std::iter::from_fn(move || {
            let at = if next < part.end { self.find(next)? } else { return None };
            let start = std::mem::replace(&mut next, at.end());
            Some((start, self.row(&at)))
        })
    }

    pub(super) fn samples(&self) -> &Samples {
        &self.samples
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
