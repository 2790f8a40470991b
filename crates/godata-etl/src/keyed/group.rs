//! Grouping.

use std::collections::hash_map::RandomState;
use std::iter::Peekable;
use std::sync::{Arc, OnceLock};
use std::vec;

use super::block::Block;
use super::early_groups::{Changing, EarlyGroups};
use super::folding::Folding;
use super::group_piece::GroupPiece;
use super::grouping::Grouping;
use super::key_of::{KeyOf, Keys};
use super::late_rows::LateRows;
use super::memory::Memory;
use super::sorter::Sorter;
use super::split_keys::Split;
use super::store::{Kept, Store, empty_unit};
use super::table::{Found, KeyTable};
use crate::chunk::row_number;
use crate::step::{Accumulate, Prepare};
use crate::{Chunk, Stop, Unit, Work};

/// Groups the records of a run, and passes the groups on in the order of their keys.
///
/// The records of the keys that fit into the memory change their groups as they come. The others are sorted by key, outside of the
/// memory if need be, and change their groups at the end.
pub(crate) struct Groups<B: Kept, G: Grouping<B>> {
    grouping: Arc<G>,
    store: Arc<Store<B>>,
    memory: Memory,
    /// The keys, as long as there is room for more.
    table: KeyTable,
    /// The keys, once the table is full and does not change any more.
    full: Arc<OnceLock<KeyTable>>,
    groups: EarlyGroups<G::Group>,
    is_started: bool,
    others: Option<Sorter>,
    ending: Option<Ending>,
}

/// A batch whose records are ready to change their groups.
pub(crate) struct Prepared<B, G: Grouping<B>> {
    chunk: Chunk<B>,
    keys: PreparedKeys,
    inputs: G::Inputs,
}

enum PreparedKeys {
    /// There was room for more keys.
    All(Keys),
    /// The table was full, so the keys were looked up where the batch was prepared.
    Split(Split),
}

/// The groups go out.
struct Ending {
    /// The groups in memory, by their number, in the order of their keys.
    order: Peekable<vec::IntoIter<u32>>,
    late: LateRows,
}

impl<B: Kept, G: Grouping<B>> Groups<B, G> {
    pub(crate) fn open<K: KeyOf<B>>(
        key: &Arc<K>,
        grouping: &Arc<G>,
        memory: &Memory,
    ) -> (Prepare<B, Prepared<B, G>>, Self) {
        let (key, preparing, hasher) = (Arc::clone(key), Arc::clone(grouping), RandomState::new());
        let store = Arc::new(Store::default());
        let full = Arc::new(OnceLock::new());
        let (noted, keys_in_memory) = (Arc::clone(&store), Arc::clone(&full));
        let prepare: Prepare<B, _> = Arc::new(move |chunk: Chunk<B>, work: &mut Work| {
            let mut missing = key.missing(chunk.batch());
            missing.extend(preparing.missing(chunk.batch()));
            noted.note_missing(&chunk, missing);
            let (chunk, inputs) = preparing.prepare(chunk, work)?;
            let keys = Keys::of(&*key, &chunk, &hasher, work)?;
            let keys = match keys_in_memory.get() {
                Some(table) => PreparedKeys::Split(Split::of(table, &keys, &noted, &chunk)?),
                None => PreparedKeys::All(keys),
            };
            Ok(Prepared { chunk, keys, inputs })
        });
        let state = Self {
            grouping: Arc::clone(grouping),
            store,
            memory: memory.clone(),
            table: KeyTable::new(),
            full,
            groups: EarlyGroups::new(),
            is_started: false,
            others: None,
            ending: None,
        };
        (prepare, state)
    }

    /// How many bytes the keys and their groups may take.
    fn limit(&self) -> u64 {
        self.memory.bytes() / 2
    }

    /// The keys of the groups in memory.
    fn table(&self) -> &KeyTable {
        self.full.get().unwrap_or(&self.table)
    }

    /// Lets the records of a batch change their groups, and adds new groups for as long as there is room. Returns the records
    /// whose groups have no room.
    fn add_keys(
        &mut self,
        chunk: &Chunk<B>,
        keys: &Keys,
        inputs: &G::Inputs,
        work: &mut Work,
    ) -> Result<Option<Block>, Stop> {
        let limit = self.limit();
        let mut unknown = Vec::new();
        let Self { grouping, store, table, groups, .. } = self;
        let mut changing = Changing::new(&**grouping, store, chunk, inputs);
        work.each(&chunk.rows, 0..chunk.len(), |index, _| {
            let (key, hash) = keys.at(index);
            match table.find_or_add(key, hash, limit.saturating_sub(groups.size())) {
                Found::Known(number) => changing.change(groups, number, index),
                Found::Added(number) => {
                    groups.push();
                    changing.change(groups, number, index)
                }
                Found::NoRoom => {
                    unknown.push(row_number(index));
                    Ok(())
                }
            }
        })?;
        if self.table.is_full() {
            let table = std::mem::replace(&mut self.table, KeyTable::new());
            self.full.get_or_init(|| table);
        }
        Ok(keys.block_of(&self.store, chunk, &unknown)?)
    }

    /// Lets the records of a batch change their groups, and sorts the others.
    fn add_known(
        &mut self,
        chunk: &Chunk<B>,
        split: Split,
        inputs: &G::Inputs,
        work: &mut Work,
    ) -> Result<Option<Block>, Stop> {
        let mut changing = Changing::new(&*self.grouping, &self.store, chunk, inputs);
        changing.change_all(&mut self.groups, &split.known, work)?;
        Ok(split.others)
    }

    /// What goes out, once all records have come.
    fn end(&self, others: Option<Sorter>, work: &Work) -> Result<Ending, Stop> {
        let table = self.table();
        let mut order: Vec<u32> = (0..row_number(table.len())).collect();
        order.sort_unstable_by(|&a, &b| table.key(a as usize).cmp(table.key(b as usize)));
        let others = others.unwrap_or_else(|| Sorter::new(self.memory.clone()));
        Ok(Ending {
            order: order.into_iter().peekable(),
            late: LateRows::new(others.finish(&|| work.check())?)?,
        })
    }

    /// The next groups, in the order of their keys. Of a key all of whose records were rejected, there is none.
    fn next_piece(
        &mut self,
        Ending { order, late }: &mut Ending,
        work: &mut Work,
    ) -> Result<GroupPiece<G::Group>, Stop> {
        let mut piece = GroupPiece::new();
        let grouping = Arc::clone(&self.grouping);
        while !piece.is_full() {
            work.check()?;
            let is_late = match (order.peek(), late.key()) {
                (None, None) => break,
                (Some(&number), Some(late)) => late < self.table().key(number as usize),
                (early, _) => early.is_none(),
            };
            if is_late {
                let folding = Folding { grouping: &*grouping, store: &self.store, memory: &self.memory };
                late.move_group(&mut piece, &folding, work)?;
            } else if let Some(group) = order.next().and_then(|number| self.groups.take(number as usize)) {
                let size = grouping.size(&group.0);
                piece.push_group(group, size);
            }
        }
        Ok(piece)
    }
}

impl<B: Kept, G: Grouping<B>> Accumulate<Prepared<B, G>> for Groups<B, G> {
    type Out = G::Out;

    fn add(&mut self, prepared: Prepared<B, G>, work: &mut Work) -> Result<Option<Unit<G::Out>>, Stop> {
        let Prepared { chunk, keys, inputs } = prepared;
        let unknown = match (keys, self.full.get()) {
            (PreparedKeys::Split(split), _) => self.add_known(&chunk, split, &inputs, work)?,
            // It was prepared before the table was full.
            (PreparedKeys::All(keys), Some(table)) => {
                let split = Split::of(table, &keys, &self.store, &chunk)?;
                self.add_known(&chunk, split, &inputs, work)?
            }
            (PreparedKeys::All(keys), None) => self.add_keys(&chunk, &keys, &inputs, work)?,
        };
        self.memory.check(self.groups.size())?;
        if let Some(block) = unknown {
            let others = self.others.get_or_insert_with(|| Sorter::new(self.memory.part(1, 4)));
            others.add(block, &|| work.check())?;
        }
        if std::mem::replace(&mut self.is_started, true) {
            return Ok(None);
        }
        Ok(Some(empty_unit(self.grouping.finish(Vec::new())?)))
    }

    fn finish(&mut self, work: &mut Work) -> Result<Option<Unit<G::Out>>, Stop> {
        self.store.check_fields()?;
        let mut ending = match self.ending.take() {
            Some(ending) => ending,
            None => {
                let others = self.others.take();
                self.end(others, work)?
            }
        };
        let piece = self.next_piece(&mut ending, work)?;
        self.ending = Some(ending);
        if piece.is_empty() {
            return Ok(None);
        }
        let (grouping, store, memory) =
            (Arc::clone(&self.grouping), Arc::clone(&self.store), self.memory.clone());
        Ok(Some(Unit::new(move |work| {
            piece.into_chunk(&Folding { grouping: &*grouping, store: &store, memory: &memory }, work)
        })))
    }
}
