//! Grouping.

use std::collections::hash_map::RandomState;
use std::iter::Peekable;
use std::sync::Arc;
use std::vec;

use godata_core::BoxError;

use super::key_of::{KeyOf, Keys};
use super::late_groups::{LateGroups, Placed};
use super::memory::Memory;
use super::places::PlaceWriter;
use super::segments::Segments;
use super::sorter::Sorter;
use super::store::{Kept, Store, empty_unit};
use super::table::{Found, KeyTable};
use crate::chunk::row_number;
use crate::step::{Accumulate, Prepare};
use crate::{Batch, Chunk, Origin, Stop, Unit, Work};

/// What a group is, and how records change it.
pub(crate) trait Grouping<B>: Send + Sync + 'static {
    type Group: Send + 'static;
    /// What is computed of a batch, before its records change their groups one after the other.
    type Inputs: Send + 'static;
    type Out: Batch;

    /// Computes what [`add`](Self::add) needs, on the worker of the batch. It may reject records and leave them out.
    fn prepare(&self, chunk: Chunk<B>, work: &mut Work) -> Result<(Chunk<B>, Self::Inputs), Stop>;

    /// The fields besides those of the key that none of the records has.
    fn missing(&self, _batch: &B) -> Vec<Arc<str>> {
        Vec::new()
    }

    /// A group whose first record this is, before that record changes it.
    fn start(&self, batch: &B, index: usize) -> Result<Self::Group, BoxError>;

    /// Lets a record change its group. Returns how many bytes the group has grown by.
    fn add(
        &self,
        group: &mut Self::Group,
        batch: &B,
        inputs: &Self::Inputs,
        index: usize,
    ) -> Result<i64, BoxError>;

    /// How many bytes a group takes beyond its own size.
    fn size(&self, group: &Self::Group) -> u64;

    /// The batch of these groups.
    fn finish(&self, groups: Vec<Self::Group>) -> Result<Self::Out, BoxError>;
}

/// Groups the records of a run, and passes the groups on in the order of their keys.
///
/// The records of the keys that fit into the memory change their groups as they come. The others are sorted by key, outside of the
/// memory if need be, and change their groups at the end.
pub(crate) struct Groups<B: Kept, G: Grouping<B>> {
    grouping: Arc<G>,
    store: Arc<Store<B>>,
    memory: Memory,
    table: KeyTable,
    groups: Segments<Option<Placed<G::Group>>>,
    /// How many bytes the groups take beyond the table.
    size: u64,
    is_started: bool,
    others: Option<Sorter>,
    ending: Option<Ending<B, G>>,
}

/// A batch whose records are ready to change their groups.
pub(crate) struct Prepared<B, G: Grouping<B>> {
    chunk: Chunk<B>,
    keys: Keys,
    inputs: G::Inputs,
}

/// The groups go out.
struct Ending<B: Kept, G: Grouping<B>> {
    /// The groups in memory, by their number, in the order of their keys.
    order: Peekable<vec::IntoIter<u32>>,
    late: LateGroups<B, G>,
}

impl<B: Kept, G: Grouping<B>> Groups<B, G> {
    pub(crate) fn open<K: KeyOf<B>>(
        key: &Arc<K>,
        grouping: &Arc<G>,
        memory: &Memory,
    ) -> (Prepare<B, Prepared<B, G>>, Self) {
        let (key, preparing, hasher) = (Arc::clone(key), Arc::clone(grouping), RandomState::new());
        let store = Arc::new(Store::default());
        let noted = Arc::clone(&store);
        let prepare: Prepare<B, _> = Arc::new(move |chunk: Chunk<B>, work: &mut Work| {
            let mut missing = key.missing(chunk.batch());
            missing.extend(preparing.missing(chunk.batch()));
            noted.note_missing(&chunk, missing);
            let (chunk, inputs) = preparing.prepare(chunk, work)?;
            let keys = Keys::of(&*key, &chunk, &hasher, work)?;
            Ok(Prepared { chunk, keys, inputs })
        });
        let state = Self {
            grouping: Arc::clone(grouping),
            store,
            memory: memory.clone(),
            table: KeyTable::new(),
            groups: Segments::new(),
            size: 0,
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

    /// What goes out, once all records have come.
    fn end(&self, others: Option<Sorter>, work: &Work) -> Result<Ending<B, G>, Stop> {
        let mut order: Vec<u32> = (0..row_number(self.table.len())).collect();
        order.sort_unstable_by(|&a, &b| self.table.key(a as usize).cmp(self.table.key(b as usize)));
        let others = others.unwrap_or_else(|| Sorter::new(self.memory.clone()));
        Ok(Ending {
            order: order.into_iter().peekable(),
            late: LateGroups::new(others.finish(&|| work.check())?, self.memory.clone()),
        })
    }

    /// The group with the least key of those that have not gone out. Of a key all of whose records were rejected, there is none.
    fn next_group(
        &mut self,
        ending: &mut Ending<B, G>,
        work: &mut Work,
    ) -> Result<Option<Placed<G::Group>>, Stop> {
        loop {
            ending.late.fill(&*self.grouping, &self.store, work)?;
            let is_late = match (ending.order.peek(), ending.late.next()) {
                (None, None) => return Ok(None),
                (Some(&number), Some(late)) => *late.key < *self.table.key(number as usize),
                (early, _) => early.is_none(),
            };
            let group = if is_late {
                ending.late.take_next().map(|late| late.group)
            } else {
                let number = ending.order.next();
                number.and_then(|number| self.groups.at_mut(number as usize)?.take())
            };
            if group.is_some() {
                return Ok(group);
            }
        }
    }
}

impl<B: Kept, G: Grouping<B>> Accumulate<Prepared<B, G>> for Groups<B, G> {
    type Out = G::Out;

    fn add(&mut self, prepared: Prepared<B, G>, work: &mut Work) -> Result<Option<Unit<G::Out>>, Stop> {
        let Prepared { chunk, keys, inputs } = prepared;
        let limit = self.limit();
        let mut unknown = Vec::new();
        let Self { grouping, store, table, groups, size, .. } = self;
        let mut places = PlaceWriter::new(store.sources());
        work.each(&chunk.rows, 0..chunk.len(), |index, _| {
            let (key, hash) = keys.at(index);
            let each = size_of::<Option<Placed<G::Group>>>() as u64;
            let number = match table.find_or_add(key, hash, limit.saturating_sub(*size)) {
                Found::Known(number) => number,
                Found::Added(number) => {
                    groups.push(None);
                    *size += each;
                    number
                }
                Found::NoRoom => {
                    unknown.push(row_number(index));
                    return Ok(());
                }
            };
            let Some(place) = groups.at_mut(number) else { return Ok(()) };
            if let Some((group, _)) = place {
                let grown = grouping.add(group, chunk.batch(), &inputs, index)?;
                *size = size.saturating_add_signed(grown);
                return Ok(());
            }
            let mut group = grouping.start(chunk.batch(), index)?;
            grouping.add(&mut group, chunk.batch(), &inputs, index)?;
            *size += grouping.size(&group);
            *place = Some((group, places.compact(&chunk.origin, chunk.row(index))));
            Ok(())
        })?;
        self.memory.check(*size)?;
        if !unknown.is_empty() {
            let others = self.others.get_or_insert_with(|| Sorter::new(self.memory.part(1, 4)));
            others.add(keys.block(&self.store, &chunk, &unknown)?, &|| work.check())?;
        }
        if std::mem::replace(&mut self.is_started, true) {
            return Ok(None);
        }
        Ok(Some(empty_unit(self.grouping.finish(Vec::new())?)))
    }

    fn finish(&mut self, work: &mut Work) -> Result<Option<Unit<G::Out>>, Stop> {
        const GROUPS: usize = 4096;
        const BYTES: u64 = 256 << 10;
        self.store.check_fields()?;
        let mut ending = match self.ending.take() {
            Some(ending) => ending,
            None => {
                let others = self.others.take();
                self.end(others, work)?
            }
        };
        let (mut groups, mut places, mut bytes) = (Vec::new(), Vec::new(), 0);
        while groups.len() < GROUPS
            && bytes < BYTES
            && let Some((group, place)) = self.next_group(&mut ending, work)?
        {
            bytes += self.grouping.size(&group);
            groups.push(group);
            places.push(place);
        }
        self.ending = Some(ending);
        if groups.is_empty() {
            return Ok(None);
        }
        let (grouping, store) = (Arc::clone(&self.grouping), Arc::clone(&self.store));
        Ok(Some(Unit::new(move |_| {
            let batch = grouping.finish(groups)?;
            Ok(Chunk::new(batch, Origin::of_places(store.sources().read(places))))
        })))
    }
}
