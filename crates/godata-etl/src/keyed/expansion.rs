//! A batch that is joined in pieces, because all of its matches could take much memory.

use std::ops::Range;
use std::sync::Arc;

use super::join::Rule;
use super::key_of::Keys;
use super::lookup_table::{Cursor, LookupTable};
use super::piece::Payloads;
use super::store::{Kept, Store, StoreWriter};
use crate::chunk::RowMap;
use crate::{Batch, Chunk, Origin, Stop, Work};

/// By how much a batch has grown.
pub(super) struct Growth<'a, B: Kept> {
    chunk: &'a Chunk<B>,
    writer: StoreWriter<'a, B>,
    records: usize,
    bytes: usize,
    /// The current record as bytes, once it has a second match.
    record: Vec<u8>,
}

impl<'a, B: Kept> Growth<'a, B> {
    const RECORDS: usize = 16 << 10;
    const BYTES: usize = 1 << 20;

    pub(super) fn of(store: &'a Store<B>, chunk: &'a Chunk<B>) -> Self {
        let writer = store.writer(chunk.batch());
        Self { chunk, writer, records: 0, bytes: 0, record: Vec::new() }
    }

    /// Adds a match to the record at a position. It is `row` bytes long. Returns whether the batch is to go out in pieces.
    pub(super) fn add(&mut self, position: u32, is_first: bool, row: usize) -> bool {
        self.bytes += row;
        if is_first {
            self.record.clear();
        } else {
            self.records += 1;
            self.bytes += self.size(position);
        }
        self.records >= Self::RECORDS || self.bytes >= Self::BYTES
    }

    /// How many bytes a record takes.
    fn size(&mut self, position: u32) -> usize {
        if self.record.is_empty()
            && self.writer.write(self.chunk, position as usize, &mut self.record).is_err()
        {
            // A record that can't be kept as bytes is rejected when the pieces are made.
            return Self::BYTES;
        }
        self.record.len()
    }
}

/// A record and its match: the position in the batch, and where the match is in the table.
pub(super) type Pair = (u32, Option<Range<usize>>);

/// A batch that is joined in pieces.
pub(crate) struct Expansion {
    records: Arc<KeptRecords>,
    keys: Keys,
    cursor: Cursor,
}

/// The records of a batch as bytes.
pub(super) struct KeptRecords {
    bytes: Vec<u8>,
    /// Where each record ends. A record that was rejected has no bytes.
    ends: Vec<usize>,
    origin: Arc<Origin>,
    rows: RowMap,
}

impl Expansion {
    /// Rejects the records that can't be kept as bytes.
    pub(super) fn of<B: Kept>(
        store: &Store<B>,
        chunk: &Chunk<B>,
        keys: Keys,
        work: &mut Work,
    ) -> Result<Self, Stop> {
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(chunk.len()));
        let mut writer = store.writer(chunk.batch());
        work.each(&chunk.rows, 0..chunk.len(), |index, _| {
            let start = bytes.len();
            let written = writer.write(chunk, index, &mut bytes);
            if written.is_err() {
                bytes.truncate(start);
            }
            ends.push(bytes.len());
            written
        })?;
        let (origin, rows) = (Arc::clone(&chunk.origin), chunk.rows.clone());
        let records = Arc::new(KeptRecords { bytes, ends, origin, rows });
        Ok(Self { records, keys, cursor: Cursor::default() })
    }

    pub(super) fn records(&self) -> Arc<KeptRecords> {
        Arc::clone(&self.records)
    }

    /// The next records and their matches, as many as make a batch; `None` after the last one.
    pub(super) fn next_piece<R: Kept>(&mut self, table: &LookupTable<R>, rule: Rule) -> Option<Vec<Pair>> {
        let (mut pairs, mut bytes) = (Vec::new(), 0);
        while !Payloads::are_enough(pairs.len(), bytes)
            && let Some((position, row)) = table.next(&self.keys, rule, &mut self.cursor)
        {
            let record = self.records.record(position);
            if !record.is_empty() {
                bytes += record.len() + row.as_ref().map_or(0, |row| row.len());
                pairs.push((position, row));
            }
        }
        (!pairs.is_empty()).then_some(pairs)
    }
}

impl KeptRecords {
    /// The record at a position of the batch, with its length.
    fn record(&self, position: u32) -> &[u8] {
        let at = position as usize;
        let start = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let range = start.zip(self.ends.get(at).copied()).map(|(start, end)| start..end);
        range.and_then(|range| self.bytes.get(range)).unwrap_or_default()
    }

    /// The records of these pairs.
    pub(super) fn read<B: Kept>(&self, store: &Store<B>, pairs: &[Pair], work: &Work) -> Result<B, Stop> {
        let records = pairs.iter().map(|&(position, _)| {
            let mut record = crate::bytes::Bytes(self.record(position));
            record.bytes().unwrap_or_default()
        });
        Ok(store.read_all(records, work)?.0)
    }

    /// A batch that was made of these pairs, with the places of the records.
    pub(super) fn chunk<B: Batch>(&self, batch: B, pairs: &[Pair]) -> Chunk<B> {
        let positions = pairs.iter().map(|&(position, _)| position).collect();
        Chunk { batch, origin: Arc::clone(&self.origin), rows: self.rows.of(positions) }
    }
}
