//! Whether the values by which records are joined are of the same kinds on both sides.

use std::sync::{Arc, Mutex, PoisonError};

use godata_core::{BoxError, debug_as_chain, excerpt};

use super::fields_seen::FieldsSeen;
use super::key_of::KeyOf;
use crate::{Batch, Chunk, FieldError, Records, ValueRef};

/// The kinds of the values by which the records of a batch or a table are joined, field by field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds(Vec<(Arc<str>, Vec<&'static str>)>);

/// What is known about the fields by which records are joined, once all records have come.
#[derive(Debug, Default)]
pub(crate) struct JoinedFields {
    kinds: Mutex<Kinds>,
    seen: FieldsSeen,
}

impl JoinedFields {
    /// Notes the fields of a batch.
    pub(crate) fn note<B: Batch, K: KeyOf<B>>(&self, key: &K, chunk: &Chunk<B>) -> Result<(), FieldError> {
        let kinds = key.kinds(chunk.batch())?;
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner).add(kinds);
        if !chunk.is_empty() {
            self.seen.note(key.missing(chunk.batch()));
        }
        Ok(())
    }

    /// Fails if nothing could match: no record has a field, or its values are of other kinds in the table.
    pub(crate) fn check(&self, table: &Kinds) -> Result<(), BoxError> {
        self.seen.check()?;
        Ok(self.kinds.lock().unwrap_or_else(PoisonError::into_inner).check(table)?)
    }
}

/// A field has values of other kinds in the table, so that no record could match.
#[derive(thiserror::Error)]
#[error(
    "the field `{}` is {} here and {} in the table, so nothing can match; cast it on one side",
    excerpt(field),
    with_article(here),
    with_article(there)
)]
pub(crate) struct OtherKinds {
    field: Arc<str>,
    here: &'static str,
    there: &'static str,
}

debug_as_chain!(OtherKinds);

impl Kinds {
    /// The kinds of these columns of a batch.
    pub(super) fn of<'a>(
        batch: &Records,
        columns: impl Iterator<Item = (&'a Arc<str>, Option<usize>)>,
    ) -> Self {
        let of = |(name, column): (&Arc<str>, Option<usize>)| {
            let mut kinds = Vec::new();
            let values = (0..batch.len()).filter_map(|index| batch.value_at(index, column?));
            for kind in values.filter(|value| !matches!(value, ValueRef::Null | ValueRef::Text(""))).map(kind)
            {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            (Arc::clone(name), kinds)
        };
        Self(columns.map(of).collect())
    }

    pub(super) fn add(&mut self, other: Self) {
        if self.0.is_empty() {
            *self = other;
            return;
        }
        for ((_, kinds), (_, more)) in self.0.iter_mut().zip(other.0) {
            kinds.extend(more.into_iter().filter(|kind| !kinds.contains(kind)).collect::<Vec<_>>());
        }
    }

    /// Fails if a field has values here and in the table, and none of them are of the same kind.
    pub(super) fn check(&self, table: &Self) -> Result<(), OtherKinds> {
        for ((field, here), (_, there)) in self.0.iter().zip(&table.0) {
            if let (Some(&first), Some(&other)) = (here.first(), there.first())
                && !here.iter().any(|kind| there.contains(kind))
            {
                return Err(OtherKinds { field: Arc::clone(field), here: first, there: other });
            }
        }
        Ok(())
    }
}

/// `a number`, but `text`.
fn with_article(kind: &str) -> String {
    match kind {
        "text" | "bytes" | "null" => kind.to_owned(),
        kind => format!("a {kind}"),
    }
}

/// The kind of a value, where equal values are of the same kind: a decimal is a number.
fn kind(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Decimal(_) => ValueRef::from(0_i64).kind(),
        value => value.kind(),
    }
}
