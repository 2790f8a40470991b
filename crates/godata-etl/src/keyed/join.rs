//! What becomes of two records with equal keys, and of those without one.

use std::sync::Arc;

use godata_core::{BoxError, debug_as_chain, excerpt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::store::{Kept, Store};
use crate::{Batch, Place, Records, Work};

/// Which records a [`join`](crate::Flow::join) passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// Each record once for each record of the table with the same key.
    Inner,
    /// Like `Inner`, and the records for which the table has none, without its values.
    Left,
    /// Each record for which the table has one, as it is.
    Semi,
    /// Each record for which the table has none, as it is.
    Anti,
}

/// How many records of the table a record may match, and what is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) join: Join,
    /// Whether no two records of the table may have the same key.
    pub(crate) is_unique: bool,
}

impl Rule {
    /// Whether a record without a match is passed on.
    pub(super) fn keeps_unmatched(self) -> bool {
        matches!(self.join, Join::Left | Join::Anti)
    }

    /// Whether a record is passed on once for each match.
    pub(super) fn keeps_matches(self) -> bool {
        matches!(self.join, Join::Inner | Join::Left)
    }
}

/// Puts records and records of the table together.
pub(crate) trait Combine<L: Kept, R: Kept>: Send + Sync + 'static {
    type Out: Batch;

    /// Makes record `i` a copy of the record at `positions[i]`. The positions ascend, and one may occur several times.
    fn repeat(&self, batch: L, positions: &[u32]) -> L;

    /// Combines each record with a record of the table, or with none.
    fn combine(
        &self,
        batch: L,
        rows: &[Option<&[u8]>],
        table: &Store<R>,
        work: &Work,
    ) -> Result<Self::Out, BoxError>;
}

/// Makes pairs of values.
pub(crate) struct Pairs;

impl<T, U> Combine<Vec<T>, Vec<U>> for Pairs
where
    T: Serialize + DeserializeOwned + Clone + Send + 'static,
    U: Serialize + DeserializeOwned + Send + 'static,
{
    type Out = Vec<(T, Option<U>)>;

    fn repeat(&self, batch: Vec<T>, positions: &[u32]) -> Vec<T> {
        let mut made: Vec<T> = Vec::with_capacity(positions.len());
        let mut items = batch.into_iter();
        let mut next = 0;
        for (index, &position) in positions.iter().enumerate() {
            let is_again = index.checked_sub(1).is_some_and(|before| positions[before] == position);
            let item = match made.last() {
                Some(last) if is_again => Some(last.clone()),
                _ => items.nth((position - next) as usize),
            };
            next = if is_again { next } else { position + 1 };
            made.extend(item);
        }
        made
    }

    fn combine(
        &self,
        batch: Vec<T>,
        rows: &[Option<&[u8]>],
        table: &Store<Vec<U>>,
        work: &Work,
    ) -> Result<Self::Out, BoxError> {
        let pair = |(item, row): (T, &Option<&[u8]>)| {
            let other = row.map(|row| table.read_one(row, work)).transpose()?;
            Ok((item, other.and_then(|other| other.into_iter().next())))
        };
        batch.into_iter().zip(rows).map(pair).collect()
    }
}

/// Adds the fields of the table to dynamic records.
pub(crate) struct AddFields {
    pub(crate) rule: Rule,
    /// The fields of the table that are its key.
    pub(crate) key: Vec<Arc<str>>,
}

/// A field is in both records of a join.
#[derive(thiserror::Error)]
#[error("the records and the table both have a field `{}`; rename or drop it on one side", excerpt(name))]
struct InBoth {
    name: String,
}

debug_as_chain!(InBoth);

impl Combine<Records, Records> for AddFields {
    type Out = Records;

    fn repeat(&self, mut batch: Records, positions: &[u32]) -> Records {
        batch.repeat_rows(positions);
        batch
    }

    fn combine(
        &self,
        mut batch: Records,
        rows: &[Option<&[u8]>],
        table: &Store<Records>,
        _: &Work,
    ) -> Result<Records, BoxError> {
        if !self.rule.keeps_matches() {
            return Ok(batch);
        }
        let columns = table.codec().add_columns(&mut batch, &self.key).map_err(|error| match error {
            crate::ShapeError::Duplicate { name } => BoxError::from(InBoth { name }),
            error => error.into(),
        })?;
        for (position, row) in rows.iter().enumerate() {
            let row = row.map(super::store::without_place).transpose()?;
            columns.set(&mut batch, position, row)?;
        }
        Ok(batch)
    }
}

/// A table has a key twice.
#[derive(thiserror::Error)]
#[error(
    "the table has two records with the same key: {first} and {second}; `join` takes such a table, or `dedupe_by` before"
)]
pub(super) struct NotUnique {
    pub(super) first: Place,
    pub(super) second: Place,
}

debug_as_chain!(NotUnique);
