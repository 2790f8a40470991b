//! A table of records by key, in memory.

use std::collections::hash_map::RandomState;
use std::ops::Range;
use std::sync::Arc;

use super::join::{Combine, NotUnique, Rule};
use super::key_of::{KeyOf, Keys, hash};
use super::merge::Merge;
use super::sorter::Check;
use super::store::{Kept, Store};
use super::table::{Found, KeyTable};
use crate::bytes::{Bytes, put_bytes};
use crate::{Chunk, Stop, Work};

/// A table has more than 2^32 keys, or a key of more than 4 GiB.
#[derive(Debug, thiserror::Error)]
#[error("the table has too many keys; give the step less memory, so that it is sorted in files")]
struct TooManyKeys;

/// The records of a table, by key.
pub(crate) struct LookupTable<R: Kept> {
    store: Arc<Store<R>>,
    hasher: RandomState,
    keys: KeyTable,
    /// The records, in the order of their keys; those of one key in the order of the table.
    rows: Vec<u8>,
    /// Where the records of each key end.
    ends: Vec<usize>,
    /// Whether each key has one record, and a short one.
    is_narrow: bool,
}

impl<R: Kept> LookupTable<R> {
    /// Makes a table of sorted records.
    pub(super) fn new(
        store: Arc<Store<R>>,
        mut sorted: Merge,
        rule: Rule,
        check: Check<'_>,
    ) -> Result<Self, Stop> {
        const SHORT: usize = 1 << 10;
        const CHECKED: usize = 4096;
        let hasher = RandomState::new();
        let (mut keys, mut rows, mut ends) = (KeyTable::new(), Vec::new(), Vec::<usize>::new());
        let (mut last, mut is_narrow) = (0, true);
        while sorted.advance()? {
            let Some(row) = sorted.row() else { break };
            if ends.len() % CHECKED == 0 {
                check()?;
            }
            is_narrow &= row.payload.len() <= SHORT;
            match keys.find_or_add(row.key, hash(&hasher, row.key), u64::MAX) {
                Found::Added(_) => ends.push(rows.len()),
                Found::NoRoom => return Err(TooManyKeys.into()),
                Found::Known(_) if rule.is_unique => {
                    let first = Bytes(&rows[last..]).bytes()?;
                    return Err(not_unique(&store, first, row.payload));
                }
                Found::Known(_) => is_narrow = false,
            }
            last = rows.len();
            put_bytes(row.payload, &mut rows);
            if let Some(end) = ends.last_mut() {
                *end = rows.len();
            }
        }
        rows.shrink_to_fit();
        Ok(Self { store, hasher, keys, rows, ends, is_narrow })
    }

    /// Whether a join makes no batch much larger than it is.
    pub(crate) fn keeps_batches_small(&self, rule: Rule) -> bool {
        self.is_narrow || !rule.keeps_matches()
    }

    /// The keys of the records of a batch, to find them by.
    pub(super) fn keys_of<L: Kept, K: KeyOf<L>>(
        &self,
        key: &K,
        chunk: &Chunk<L>,
        work: &mut Work,
    ) -> Result<Keys, Stop> {
        Keys::of(key, chunk, &self.hasher, work)
    }

    /// Joins a batch.
    pub(crate) fn join<L, K, C>(
        &self,
        chunk: Chunk<L>,
        key: &K,
        rule: Rule,
        combine: &C,
        work: &mut Work,
    ) -> Result<Chunk<C::Out>, Stop>
    where
        L: Kept,
        K: KeyOf<L>,
        C: Combine<L, R>,
    {
        let keys = self.keys_of(key, &chunk, work)?;
        let mut cursor = Cursor::default();
        let (mut positions, mut rows) = (Vec::with_capacity(chunk.len()), Vec::with_capacity(chunk.len()));
        while let Some((position, row)) = self.next(&keys, rule, &mut cursor) {
            positions.push(position);
            rows.push(row);
        }
        work.check()?;
        self.join_pairs(chunk, positions, &rows, combine, work)
    }

    /// Joins records of a batch, at ascending positions, with records of the table.
    pub(super) fn join_pairs<L: Kept, C: Combine<L, R>>(
        &self,
        mut chunk: Chunk<L>,
        positions: Vec<u32>,
        rows: &[Option<Range<usize>>],
        combine: &C,
        work: &mut Work,
    ) -> Result<Chunk<C::Out>, Stop> {
        let batch = combine.repeat(chunk.take_batch(), &positions);
        work.add_expanded(positions.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64);
        chunk.rows.keep(positions);
        let joined = self.combine(batch, rows, combine, work)?;
        Ok(chunk.with_batch(joined))
    }

    /// Combines each record with a record of the table, or with none.
    pub(super) fn combine<L: Kept, C: Combine<L, R>>(
        &self,
        batch: L,
        rows: &[Option<Range<usize>>],
        combine: &C,
        work: &Work,
    ) -> Result<C::Out, Stop> {
        let row = |range: &Range<usize>| self.rows.get(range.clone()).unwrap_or_default();
        let rows: Vec<_> = rows.iter().map(|range| range.as_ref().map(row)).collect();
        Ok(combine.combine(batch, &rows, &self.store, work)?)
    }

    /// The next record that is passed on: its position in the batch, and where its match in the table is.
    pub(super) fn next(
        &self,
        keys: &Keys,
        rule: Rule,
        cursor: &mut Cursor,
    ) -> Option<(u32, Option<Range<usize>>)> {
        while cursor.rest.is_empty() {
            let position = cursor.next;
            if position as usize >= keys.len() {
                return None;
            }
            cursor.next += 1;
            let found = self.find(keys, position as usize);
            if found.is_empty() || !rule.keeps_matches() {
                if found.is_empty() == rule.keeps_unmatched() {
                    return Some((position, None));
                }
                continue;
            }
            cursor.rest = found;
        }
        let mut rest = Bytes(&self.rows[cursor.rest.clone()]);
        // It reads what was put.
        let row = rest.bytes().ok()?;
        let end = cursor.rest.end - rest.0.len();
        cursor.rest.start = end;
        Some((cursor.next - 1, Some(end - row.len()..end)))
    }

    /// Where the records with the key of a record are.
    fn find(&self, keys: &Keys, index: usize) -> Range<usize> {
        let (key, hash) = keys.at(index);
        let number = self.keys.find(key, hash).filter(|_| keys.is_whole(index));
        let Some(number) = number else { return 0..0 };
        number.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[number]
    }
}

/// How far a batch has been joined.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// The next record.
    next: u32,
    /// Where the other matches of the record before are.
    rest: Range<usize>,
}

/// The error for two records of a table with the same key.
pub(super) fn not_unique<R: Kept>(store: &Store<R>, first: &[u8], second: &[u8]) -> Stop {
    match (store.place(first), store.place(second)) {
        (Ok(first), Ok(second)) => NotUnique { first, second }.into(),
        (Err(damaged), _) | (_, Err(damaged)) => damaged.into(),
    }
}
