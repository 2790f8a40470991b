//! A table of records by key, in memory.

use std::collections::hash_map::RandomState;
use std::sync::Arc;

use super::join::{Combine, NotUnique, Rule};
use super::key_of::{KeyOf, Keys, hash};
use super::merge::Merge;
use super::store::{Kept, Store};
use super::table::{Found, KeyTable};
use crate::bytes::{Bytes, put_bytes};
use crate::chunk::row_number;
use crate::{Chunk, Stop, Work};

/// The records of a table, by key.
pub(crate) struct LookupTable<R: Kept> {
    store: Arc<Store<R>>,
    hasher: RandomState,
    keys: KeyTable,
    /// The records, in the order of their keys; those of one key in the order of the table.
    rows: Vec<u8>,
    /// Where the records of each key end.
    ends: Vec<usize>,
}

impl<R: Kept> LookupTable<R> {
    /// Makes a table of sorted records.
    pub(super) fn new(store: Arc<Store<R>>, mut sorted: Merge, rule: Rule) -> Result<Self, Stop> {
        let hasher = RandomState::new();
        let (mut keys, mut rows, mut ends) = (KeyTable::new(), Vec::new(), Vec::<usize>::new());
        let mut last = 0;
        while sorted.advance()? {
            let Some(row) = sorted.row() else { break };
            match keys.find_or_add(row.key, hash(&hasher, row.key), u64::MAX) {
                Found::Added(_) => ends.push(rows.len()),
                Found::Known(_) | Found::NoRoom if rule.is_unique => {
                    let first = Bytes(&rows[last..]).bytes()?;
                    return Err(not_unique(&store, first, row.payload));
                }
                Found::Known(_) | Found::NoRoom => {}
            }
            last = rows.len();
            put_bytes(row.payload, &mut rows);
            if let Some(end) = ends.last_mut() {
                *end = rows.len();
            }
        }
        rows.shrink_to_fit();
        Ok(Self { store, hasher, keys, rows, ends })
    }

    /// The records with a key.
    fn find(&self, key: &[u8], hash: u64) -> Matches<'_> {
        let Some(number) = self.keys.find(key, hash) else { return Matches(Bytes(&[])) };
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        Matches(Bytes(&self.rows[start..self.ends[number]]))
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
        let keys = Keys::of(key, &chunk, &self.hasher, work)?;
        let (mut positions, mut rows) = (Vec::with_capacity(chunk.len()), Vec::with_capacity(chunk.len()));
        for index in 0..chunk.len() {
            let (key, hash) = keys.at(index);
            let mut matches = self.find(key, hash);
            let first = if keys.is_whole(index) { matches.next() } else { None };
            let position = row_number(index);
            if rule.keeps_matches() && first.is_some() {
                rows.extend(first.into_iter().chain(matches).map(Some));
                positions.resize(rows.len(), position);
            } else if first.is_some() != rule.keeps_unmatched() {
                rows.push(None);
                positions.push(position);
            }
        }
        work.check()?;
        let mut chunk = chunk;
        let batch = combine.repeat(chunk.take_batch(), &positions);
        work.add_expanded(positions.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64);
        chunk.rows.keep(positions);
        let joined = combine.combine(batch, &rows, &self.store, work)?;
        Ok(chunk.with_batch(joined))
    }
}

/// The records of a key.
struct Matches<'a>(Bytes<'a>);

impl<'a> Iterator for Matches<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        // It reads what was put.
        self.0.bytes().ok()
    }
}

/// The error for two records of a table with the same key.
pub(super) fn not_unique<R: Kept>(store: &Store<R>, first: &[u8], second: &[u8]) -> Stop {
    match (store.place(first), store.place(second)) {
        (Ok(first), Ok(second)) => NotUnique { first, second }.into(),
        (Err(damaged), _) | (_, Err(damaged)) => damaged.into(),
    }
}
