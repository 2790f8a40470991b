//! Joins records with a table in memory that has many records with the same key, or long ones.

use std::sync::Arc;

use super::expansion::{Expansion, Growth};
use super::join::{Combine, Rule};
use super::key_of::{KeyOf, Keys};
use super::kinds::JoinedFields;
use super::lookup_table::{Cursor, LookupTable};
use super::store::{Kept, Store};
use crate::step::{Accumulate, Prepare};
use crate::{Chunk, Stop, Unit, Work};

/// Passes a joined batch on as a whole if it has not become much larger, and otherwise in pieces.
pub(crate) struct TableJoin<L: Kept, R: Kept, C> {
    shared: Arc<Shared<L, R, C>>,
    rest: Option<Expansion>,
}

struct Shared<L: Kept, R: Kept, C> {
    records: Store<L>,
    table: LookupTable<R>,
    rule: Rule,
    combine: Arc<C>,
}

/// A batch that has been joined, or will be in pieces.
pub(crate) enum Joined<B> {
    Whole(Chunk<B>),
    InPieces(Expansion),
}

impl<L: Kept, R: Kept, C: Combine<L, R>> TableJoin<L, R, C> {
    pub(crate) fn open<K: KeyOf<L>>(
        key: &Arc<K>,
        table: LookupTable<R>,
        fields: &Arc<JoinedFields>,
        rule: Rule,
        combine: &Arc<C>,
    ) -> (Prepare<L, Joined<C::Out>>, Self) {
        let shared =
            Arc::new(Shared { records: Store::<L>::default(), table, rule, combine: Arc::clone(combine) });
        let (preparing, key, fields) = (Arc::clone(&shared), Arc::clone(key), Arc::clone(fields));
        let prepare: Prepare<L, _> = Arc::new(move |chunk: Chunk<L>, work: &mut Work| {
            fields.note(&*key, &chunk)?;
            let keys = preparing.table.keys_of(&*key, &chunk, work)?;
            preparing.join(chunk, keys, work)
        });
        (prepare, Self { shared, rest: None })
    }
}

impl<L: Kept, R: Kept, C: Combine<L, R>> Shared<L, R, C> {
    fn join(&self, chunk: Chunk<L>, keys: Keys, work: &mut Work) -> Result<Joined<C::Out>, Stop> {
        let (mut cursor, mut growth) = (Cursor::default(), Growth::of(&self.records, &chunk));
        let (mut positions, mut rows) = (Vec::with_capacity(chunk.len()), Vec::with_capacity(chunk.len()));
        while let Some((position, row)) = self.table.next(&keys, self.rule, &mut cursor) {
            let is_first = positions.last() != Some(&position);
            if growth.add(position, is_first, row.as_ref().map_or(0, |row| row.len())) {
                return Ok(Joined::InPieces(Expansion::of(&self.records, &chunk, keys, work)?));
            }
            positions.push(position);
            rows.push(row);
        }
        work.check()?;
        let joined = self.table.join_pairs(chunk, positions, &rows, &*self.combine, work)?;
        Ok(Joined::Whole(joined))
    }
}

impl<L: Kept, R: Kept, C: Combine<L, R>> Accumulate<Joined<C::Out>> for TableJoin<L, R, C> {
    type Out = C::Out;

    fn add(&mut self, joined: Joined<C::Out>, work: &mut Work) -> Result<Option<Unit<C::Out>>, Stop> {
        match joined {
            Joined::Whole(chunk) => Ok(Some(Unit::ready(chunk))),
            Joined::InPieces(expansion) => {
                self.rest = Some(expansion);
                self.more(work)
            }
        }
    }

    fn has_more(&self) -> bool {
        self.rest.is_some()
    }

    fn more(&mut self, _: &mut Work) -> Result<Option<Unit<C::Out>>, Stop> {
        let Some(rest) = &mut self.rest else { return Ok(None) };
        let Some(pairs) = rest.next_piece(&self.shared.table, self.shared.rule) else {
            self.rest = None;
            return Ok(None);
        };
        let (shared, records) = (Arc::clone(&self.shared), rest.records());
        Ok(Some(Unit::new(move |work| {
            let batch = records.read(&shared.records, &pairs, work)?;
            let rows: Vec<_> = pairs.iter().map(|(_, row)| row.clone()).collect();
            let joined = shared.table.combine(batch, &rows, &*shared.combine, work)?;
            Ok(records.chunk(joined, &pairs))
        })))
    }

    fn finish(&mut self, _: &mut Work) -> Result<Option<Unit<C::Out>>, Stop> {
        Ok(None)
    }
}
