//! Joins records with a table that does not fit into memory.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::sync::Arc;

use super::block::{Block, Row};
use super::by_number::ByNumber;
use super::join::{Combine, Rule};
use super::key_of::KeyOf;
use super::kinds::JoinedFields;
use super::lookup_table::not_unique;
use super::memory::Memory;
use super::merge::Merge;
use super::piece::Piece;
use super::rows::Rows;
use super::sorter::Sorter;
use super::spill::SpillError;
use super::store::{Kept, Store, empty_unit};
use crate::bytes::{Bytes, Damaged, put_bytes};
use crate::step::{Accumulate, Prepare};
use crate::{Chunk, Stop, Unit, Work};

/// Sorts the records by key, merges them with the table, and sorts what goes out in the order in which the records came.
pub(crate) struct MergeJoin<L: Kept, R: Kept, C> {
    records: Arc<Store<L>>,
    table: Arc<Store<R>>,
    /// The table, until the end of the input.
    rows: Option<Merge>,
    coming: Option<Sorter>,
    joined: Option<Rows>,
    memory: Memory,
    rule: Rule,
    combine: Arc<C>,
}

impl<L: Kept, R: Kept, C: Combine<L, R>> MergeJoin<L, R, C> {
    pub(crate) fn open<K: KeyOf<L>>(
        key: &Arc<K>,
        (table, rows): (Arc<Store<R>>, Merge),
        fields: &Arc<JoinedFields>,
        memory: &Memory,
        rule: Rule,
        combine: &Arc<C>,
    ) -> (Prepare<L, Block>, Self) {
        let records = Arc::new(Store::<L>::default());
        let (store, key, fields) = (Arc::clone(&records), Arc::clone(key), Arc::clone(fields));
        let prepare: Prepare<L, Block> = Arc::new(move |chunk: Chunk<L>, work: &mut Work| {
            fields.note(&*key, &chunk)?;
            // A key without a value differs from all keys of the table, which have values.
            let goes_on = |is_whole| is_whole || rule.keeps_unmatched();
            store.block(&*key, &chunk, goes_on, u64::MAX, work)
        });
        let coming = Some(records.sorter(memory.part(1, 4), u64::MAX));
        let state = Self {
            records,
            table,
            rows: Some(rows),
            coming,
            joined: None,
            memory: memory.clone(),
            rule,
            combine: Arc::clone(combine),
        };
        (prepare, state)
    }

    /// Merges the records with the table.
    fn merge(&self, mut records: Merge, table: Merge, work: &Work) -> Result<Rows, Stop> {
        let mut table =
            TableRows { rows: table, store: &self.table, is_unique: self.rule.is_unique, last: None };
        let mut joined = ByNumber::new(self.memory.part(1, 4));
        let mut matches = Matches::new(self.memory.part(1, 8));
        let mut is_at_row = table.advance()?;
        let mut out = Vec::new();
        while records.advance()? {
            let Some(record) = records.row() else { break };
            work.check()?;
            if matches.key.as_deref() != Some(record.key) {
                while is_at_row && table.row().is_some_and(|row| row.key < record.key) {
                    is_at_row = table.advance()?;
                }
                matches.start(record.key);
                while let Some(row) = table.row().filter(|row| is_at_row && row.key == record.key) {
                    matches.push(row.payload)?;
                    is_at_row = table.advance()?;
                }
            }
            let mut push = |row: Option<&[u8]>| {
                out.clear();
                put_bytes(record.payload, &mut out);
                if let Some(row) = row {
                    put_bytes(row, &mut out);
                }
                joined.push(record.number, &out, &|| work.check())
            };
            if matches.count > 0 && self.rule.keeps_matches() {
                matches.each(|row| push(Some(row)))?;
            } else if (matches.count > 0) != self.rule.keeps_unmatched() {
                push(None)?;
            }
        }
        // The rest of the table may have a key twice.
        while self.rule.is_unique && is_at_row {
            work.check()?;
            is_at_row = table.advance()?;
        }
        joined.finish(&|| work.check())
    }
}

/// The rows of the table, in the order of their keys.
struct TableRows<'a, R: Kept> {
    rows: Merge,
    store: &'a Store<R>,
    is_unique: bool,
    /// The key and the payload of the last row, if the keys must be unique.
    last: Option<(Vec<u8>, Vec<u8>)>,
}

impl<R: Kept> TableRows<'_, R> {
    fn row(&self) -> Option<Row<'_>> {
        self.rows.row()
    }

    /// Moves on to the next row. Returns false at the end.
    fn advance(&mut self) -> Result<bool, Stop> {
        let has_row = self.rows.advance()?;
        let Some(row) = self.rows.row().filter(|_| has_row && self.is_unique) else { return Ok(has_row) };
        if let Some((_, first)) = self.last.as_ref().filter(|(key, _)| key == row.key) {
            return Err(not_unique(self.store, first, row.payload));
        }
        self.last = Some((row.key.to_vec(), row.payload.to_vec()));
        Ok(true)
    }
}

impl<L: Kept, R: Kept, C: Combine<L, R>> Accumulate<Block> for MergeJoin<L, R, C> {
    type Out = C::Out;

    fn add(&mut self, block: Block, work: &mut Work) -> Result<Option<Unit<C::Out>>, Stop> {
        self.coming.as_mut().map_or(Ok(()), |coming| coming.add(block, &|| work.check()))?;
        let Some(empty) = self.records.take_empty() else { return Ok(None) };
        Ok(Some(empty_unit(self.combine.combine(empty, &[], &self.table, work)?)))
    }

    fn finish(&mut self, work: &mut Work) -> Result<Option<Unit<C::Out>>, Stop> {
        if let (Some(coming), Some(rows)) = (self.coming.take(), self.rows.take()) {
            self.joined = Some(self.merge(coming.finish(&|| work.check())?, rows, work)?);
        }
        let Some(piece) =
            self.joined.as_mut().map(|joined| joined.next(&|| work.check())).transpose()?.flatten()
        else {
            return Ok(None);
        };
        let (records, table, combine) =
            (Arc::clone(&self.records), Arc::clone(&self.table), Arc::clone(&self.combine));
        Ok(Some(Unit::new(move |work| read(&piece, &records, &table, &*combine, work))))
    }
}

/// Makes a batch of joined rows.
fn read<L: Kept, R: Kept, C: Combine<L, R>>(
    piece: &Piece,
    records: &Store<L>,
    table: &Store<R>,
    combine: &C,
    work: &Work,
) -> Result<Chunk<C::Out>, Stop> {
    let split = |joined| {
        let mut bytes = Bytes(joined);
        let record = bytes.bytes()?;
        Ok((record, if bytes.0.is_empty() { None } else { Some(bytes.bytes()?) }))
    };
    let pairs = piece.payloads().into_iter().map(split).collect::<Result<Vec<_>, Damaged>>()?;
    let (batch, origin) = records.read_all(pairs.iter().map(|(record, _)| *record), work)?;
    let rows: Vec<_> = pairs.into_iter().map(|(_, row)| row).collect();
    Ok(Chunk::new(combine.combine(batch, &rows, table, work)?, origin))
}

/// The records of the table with the current key. Those that don't fit into the memory are in a temporary file.
struct Matches {
    key: Option<Vec<u8>>,
    count: u64,
    /// The records after those in the file.
    bytes: Vec<u8>,
    file: Option<File>,
    memory: Memory,
}

impl Matches {
    fn new(memory: Memory) -> Self {
        Self { key: None, count: 0, bytes: Vec::new(), file: None, memory }
    }

    fn start(&mut self, key: &[u8]) {
        self.key = Some(key.to_vec());
        self.count = 0;
        self.bytes.clear();
        self.file = None;
    }

    fn push(&mut self, row: &[u8]) -> Result<(), SpillError> {
        self.count += 1;
        put_bytes(row, &mut self.bytes);
        if self.bytes.len() as u64 > self.memory.bytes() { self.write() } else { Ok(()) }
    }

    /// Moves the records in memory to the file.
    fn write(&mut self) -> Result<(), SpillError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => SpillError::create(&self.memory)?,
        };
        let mut out = BufWriter::new(file);
        let written =
            out.write_all(&(self.bytes.len() as u64).to_le_bytes()).and_then(|()| out.write_all(&self.bytes));
        let file = written.and_then(|()| out.into_inner().map_err(std::io::IntoInnerError::into_error));
        self.file = Some(file.map_err(|source| SpillError::new("write", &self.memory, source))?);
        self.bytes.clear();
        Ok(())
    }

    fn each(&mut self, mut f: impl FnMut(&[u8]) -> Result<(), Stop>) -> Result<(), Stop> {
        if let Some(file) = &mut self.file {
            let failed = |source| SpillError::new("read", &self.memory, source);
            file.rewind().map_err(failed)?;
            let mut input = BufReader::new(&mut *file);
            let (mut length, mut bytes) = ([0; 8], Vec::new());
            while !input_is_at_end(&mut input).map_err(failed)? {
                input.read_exact(&mut length).map_err(failed)?;
                bytes.resize(usize::try_from(u64::from_le_bytes(length)).map_err(|_| Damaged)?, 0);
                input.read_exact(&mut bytes).map_err(failed)?;
                let mut rows = Bytes(&bytes);
                while !rows.0.is_empty() {
                    f(rows.bytes()?)?;
                }
            }
        }
        let mut rows = Bytes(&self.bytes);
        while !rows.0.is_empty() {
            f(rows.bytes()?)?;
        }
        Ok(())
    }
}

fn input_is_at_end(input: &mut impl std::io::BufRead) -> std::io::Result<bool> {
    Ok(input.fill_buf()?.is_empty())
}
