//! Removing duplicates.

use std::collections::hash_map::RandomState;
use std::sync::Arc;

use super::block::Block;
use super::by_number::ByNumber;
use super::key_of::{KeyOf, Keys};
use super::memory::Memory;
use super::merge::Merge;
use super::rows::Rows;
use super::sort::sorted_blocks;
use super::sorter::{Check, Sorter};
use super::store::{Kept, Store, empty_unit};
use super::table::{Found, KeyTable};
use crate::chunk::row_number;
use crate::step::{Accumulate, Prepare};
use crate::{Chunk, Stop, Unit, Work};

/// Which of the records with the same key stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The first one.
    First,
    /// The last one.
    Last,
}

/// Keeps the first record of each key. It passes records on as they come, for as long as all keys fit into the memory.
pub(crate) struct KeepFirst<B: Kept> {
    store: Arc<Store<B>>,
    memory: Memory,
    /// `None` after the end of the input.
    seen: Option<KeyTable>,
    /// The records whose keys were unknown when there was no more memory for keys.
    others: Option<Sorter>,
    rows: Option<Rows>,
}

impl<B: Kept> KeepFirst<B> {
    pub(crate) fn open<K: KeyOf<B>>(key: &Arc<K>, memory: &Memory) -> (Prepare<B, (Chunk<B>, Keys)>, Self) {
        let (key, hasher) = (Arc::clone(key), RandomState::new());
        let store = Arc::new(Store::default());
        let noted = Arc::clone(&store);
        let prepare: Prepare<B, _> = Arc::new(move |chunk: Chunk<B>, work: &mut Work| {
            noted.note_missing(&chunk, key.missing(chunk.batch()));
            let keys = Keys::of(&*key, &chunk, &hasher, work)?;
            Ok((chunk, keys))
        });
        let (seen, memory) = (Some(KeyTable::new()), memory.clone());
        (prepare, Self { store, memory, seen, others: None, rows: None })
    }
}

impl<B: Kept> Accumulate<(Chunk<B>, Keys)> for KeepFirst<B> {
    type Out = B;

    fn add(&mut self, (mut chunk, keys): (Chunk<B>, Keys), work: &mut Work) -> Result<Option<Unit<B>>, Stop> {
        let Some(seen) = &mut self.seen else { return Ok(None) };
        let (mut first, mut unknown) = (Vec::new(), Vec::new());
        let limit = self.memory.bytes() / 2;
        for index in 0..chunk.len() {
            let (key, hash) = keys.at(index);
            match seen.find_or_add(key, hash, limit) {
                Found::Known(_) => {}
                Found::Added(_) => first.push(row_number(index)),
                Found::NoRoom => unknown.push(row_number(index)),
            }
        }
        work.check()?;
        if !unknown.is_empty() {
            let others = self.others.get_or_insert_with(|| Sorter::new(self.memory.part(1, 4)));
            others.add(keys.block(&self.store, &chunk, &unknown)?, &|| work.check())?;
        }
        if first.len() < chunk.len() {
            chunk.keep(first);
        }
        Ok(Some(Unit::ready(chunk)))
    }

    fn finish(&mut self, work: &mut Work) -> Result<Option<Unit<B>>, Stop> {
        self.store.check_fields()?;
        self.seen = None;
        if let Some(others) = self.others.take() {
            self.rows =
                Some(distinct(others.finish(&|| work.check())?, Keep::First, self.memory.part(1, 2), work)?);
        }
        let Some(rows) = &mut self.rows else { return Ok(None) };
        Ok(rows.next(&|| work.check())?.map(|piece| self.store.unit(piece)))
    }
}

/// Keeps the last record of each key.
pub(crate) struct KeepLast<B: Kept> {
    store: Arc<Store<B>>,
    memory: Memory,
    all: Option<Sorter>,
    rows: Option<Rows>,
}

impl<B: Kept> KeepLast<B> {
    pub(crate) fn open<K: KeyOf<B>>(key: &Arc<K>, memory: &Memory) -> (Prepare<B, Block>, Self) {
        let store = Arc::new(Store::default());
        let prepare = sorted_blocks(Arc::clone(key), &store, u64::MAX);
        let all = Some(store.sorter(memory.part(1, 2), u64::MAX));
        (prepare, Self { store, memory: memory.clone(), all, rows: None })
    }
}

impl<B: Kept> Accumulate<Block> for KeepLast<B> {
    type Out = B;

    fn add(&mut self, block: Block, work: &mut Work) -> Result<Option<Unit<B>>, Stop> {
        self.all.as_mut().map_or(Ok(()), |all| all.add(block, &|| work.check()))?;
        Ok(self.store.take_empty().map(empty_unit))
    }

    fn finish(&mut self, work: &mut Work) -> Result<Option<Unit<B>>, Stop> {
        self.store.check_fields()?;
        if let Some(all) = self.all.take() {
            self.rows =
                Some(distinct(all.finish(&|| work.check())?, Keep::Last, self.memory.part(1, 2), work)?);
        }
        let Some(rows) = &mut self.rows else { return Ok(None) };
        Ok(rows.next(&|| work.check())?.map(|piece| self.store.unit(piece)))
    }
}

/// One row of each key, in the order in which they came. `sorted` has the rows by key.
fn distinct(mut sorted: Merge, keep: Keep, memory: Memory, work: &Work) -> Result<Rows, Stop> {
    let mut by_number = ByNumber::new(memory);
    let (mut last, mut key) = (None, Vec::new());
    let mut payload = Vec::new();
    let check: Check<'_> = &|| work.check();
    while sorted.advance()? {
        let Some(row) = sorted.row() else { break };
        if last.is_some() && row.key == &*key {
            if keep == Keep::Last {
                last = Some(row.number);
                row.payload.clone_into(&mut payload);
            }
            continue;
        }
        if let Some(number) = last {
            by_number.push(number, &payload, check)?;
        }
        check()?;
        last = Some(row.number);
        row.payload.clone_into(&mut payload);
        row.key.clone_into(&mut key);
    }
    if let Some(number) = last {
        by_number.push(number, &payload, check)?;
    }
    by_number.finish(check)
}
