//! Whether the values by which records are joined are of the same kinds on both sides.

use std::sync::Arc;

use godata_core::{debug_as_chain, excerpt};

use crate::{Records, ValueRef};

/// The kinds of the values by which the records of a batch or a table are joined, field by field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds(Vec<(Arc<str>, Vec<&'static str>)>);

/// A field has values of other kinds in the table, so that no record could match.
#[derive(thiserror::Error)]
#[error(
    "the field `{}` is {here} here and {there} in the table, so nothing can match; cast it on one side",
    excerpt(field)
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

/// The kind of a value, where equal values are of the same kind: a decimal is a number.
fn kind(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Decimal(_) => ValueRef::from(0_i64).kind(),
        value => value.kind(),
    }
}
