//! What the key of a record is.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use godata_core::BoxError;

use super::block::Block;
use super::key::{Key, KeyBytes};
use super::kinds::Kinds;
use super::store::{Kept, Store};
use crate::records::{Missed, key_value, put_ordered, put_sorted, put_value};
use crate::{Batch, Chunk, FieldError, IntoFields, Records, Stop, ValueRef, Work};

/// Makes the keys of the records of a batch.
pub(crate) trait KeyOf<B>: Send + Sync + 'static {
    /// What is known about the whole batch.
    type Bound;

    fn bind(&self, batch: &B) -> Result<Self::Bound, FieldError>;

    /// Appends the key of a record. Returns whether the key has a value in each of its parts.
    fn put(&self, bound: &Self::Bound, batch: &B, index: usize, key: &mut KeyBytes) -> bool;

    /// The fields of the key that none of the records has.
    fn missing(&self, _batch: &B) -> Vec<Arc<str>> {
        Vec::new()
    }

    /// The kinds of the values in the keys, if they are dynamic.
    fn kinds(&self, _batch: &B) -> Result<Kinds, FieldError> {
        Ok(Kinds::default())
    }
}

/// The key that a closure returns.
pub(crate) struct ByClosure<F>(pub(crate) F);

impl<T, K, F> KeyOf<Vec<T>> for ByClosure<F>
where
    K: Key,
    F: Fn(&T) -> K + Send + Sync + 'static,
{
    type Bound = ();

    fn bind(&self, _: &Vec<T>) -> Result<(), FieldError> {
        Ok(())
    }

    fn put(&self, (): &(), batch: &Vec<T>, index: usize, key: &mut KeyBytes) -> bool {
        if let Some(value) = batch.get(index) {
            (self.0)(value).put(key);
        }
        true
    }
}

/// A field by which records are sorted, and the direction: see [`asc`] and [`desc`]. A name alone is ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortField {
    name: Arc<str>,
    is_descending: bool,
}

/// Sorts by this field, from the least value to the greatest. Records without a value come last.
///
/// ```
/// use godata_etl::{SortField, asc};
///
/// assert_eq!(asc("amount"), SortField::from("amount"));
/// ```
pub fn asc(field: impl Into<Arc<str>>) -> SortField {
    SortField { name: field.into(), is_descending: false }
}

/// Sorts by this field, from the greatest value to the least. Records without a value come last, too.
pub fn desc(field: impl Into<Arc<str>>) -> SortField {
    SortField { name: field.into(), is_descending: true }
}

impl<S: Into<Arc<str>>> From<S> for SortField {
    fn from(name: S) -> Self {
        asc(name)
    }
}

/// The values of fields as a key.
pub(crate) struct ByFields {
    fields: Vec<SortField>,
    /// Appends a value.
    put: fn(ValueRef<'_>, &mut KeyBytes),
}

impl ByFields {
    /// Keys to sort by: a text that is a number has its place among the numbers.
    pub(crate) fn to_sort(fields: impl IntoFields<SortField>) -> Self {
        Self { fields: fields.into_list(), put: put_sorted }
    }

    /// Keys to find equal values by.
    pub(crate) fn to_match(names: impl IntoFields<Arc<str>>) -> Self {
        Self { fields: names.into_list().into_iter().map(asc).collect(), put: put_value }
    }

    /// Keys to group by: equal values have equal keys, and the keys have the order of those to sort by.
    pub(crate) fn to_group(names: impl IntoFields<Arc<str>>) -> Self {
        Self { put: put_ordered, ..Self::to_match(names) }
    }

    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.fields.iter().map(|field| &field.name)
    }
}

impl KeyOf<Records> for ByFields {
    type Bound = Vec<Option<usize>>;

    fn bind(&self, batch: &Records) -> Result<Self::Bound, FieldError> {
        self.fields.iter().map(|field| batch.find_column(&field.name)).collect()
    }

    fn put(&self, columns: &Self::Bound, batch: &Records, index: usize, key: &mut KeyBytes) -> bool {
        let mut is_whole = true;
        for (field, column) in self.fields.iter().zip(columns) {
            let value = column.and_then(|column| key_value(batch, index, column));
            is_whole &= value.is_some();
            // Null is last in both directions.
            key.put_byte(u8::from(value.is_none()));
            match value {
                Some(value) if field.is_descending => key.reversed(|key| (self.put)(value, key)),
                Some(value) => (self.put)(value, key),
                None => {}
            }
        }
        is_whole
    }

    fn missing(&self, batch: &Records) -> Vec<Arc<str>> {
        self.names().filter(|name| batch.shape().position(name).is_none()).cloned().collect()
    }

    fn kinds(&self, batch: &Records) -> Result<Kinds, FieldError> {
        let columns = self.bind(batch)?;
        Ok(Kinds::of(batch, self.names().zip(columns)))
    }
}

/// The whole record as a key: all fields that have a value, with their names.
pub(crate) struct ByRecord;

impl KeyOf<Records> for ByRecord {
    /// The columns by the names of their fields. Records with fields in another order are equal.
    type Bound = Vec<(Arc<str>, usize)>;

    fn bind(&self, batch: &Records) -> Result<Self::Bound, FieldError> {
        let names = batch.shape().names().map(Arc::from).zip(0..);
        let mut columns: Vec<_> = names.collect();
        columns.sort_unstable();
        Ok(columns)
    }

    fn put(&self, columns: &Self::Bound, batch: &Records, index: usize, key: &mut KeyBytes) -> bool {
        for (name, column) in columns {
            if let Some(value) = key_value(batch, index, *column) {
                key.put_byte(1);
                key.put_bytes(name.as_bytes());
                put_value(value, key);
            }
        }
        // Less than what a further field begins with.
        key.put_byte(0);
        true
    }
}

/// The key of each record in a batch, and its hash.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    bytes: Vec<u8>,
    keys: Vec<HashedKey>,
}

#[derive(Clone, Copy, Debug)]
struct HashedKey {
    end: usize,
    hash: u64,
    /// Whether each part has a value.
    is_whole: bool,
}

impl Keys {
    /// Makes the keys of a batch.
    pub(crate) fn of<B: Batch, K: KeyOf<B>>(
        of: &K,
        chunk: &Chunk<B>,
        hasher: &RandomState,
        work: &mut Work,
    ) -> Result<Self, Stop> {
        let missed = Missed::of(chunk.batch());
        let bound = of.bind(chunk.batch())?;
        let mut keys = Self { bytes: Vec::new(), keys: Vec::with_capacity(chunk.len()) };
        let mut key = KeyBytes::default();
        work.each(&chunk.rows, 0..chunk.len(), |index, _| {
            key.clear();
            let is_whole = of.put(&bound, chunk.batch(), index, &mut key);
            keys.bytes.extend_from_slice(key.as_slice());
            keys.keys.push(HashedKey { end: keys.bytes.len(), hash: hash(hasher, key.as_slice()), is_whole });
            Ok(())
        })?;
        missed.map_or(Ok(()), |missed| missed.check())?;
        Ok(keys)
    }

    /// The key of a record and its hash.
    pub(crate) fn at(&self, index: usize) -> (&[u8], u64) {
        let start = index.checked_sub(1).map_or(0, |before| self.keys[before].end);
        let key = self.keys[index];
        (&self.bytes[start..key.end], key.hash)
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn is_whole(&self, index: usize) -> bool {
        self.keys[index].is_whole
    }

    /// The records at these positions as a sorted block, if there are any.
    pub(super) fn block_of<B: Kept>(
        &self,
        store: &Store<B>,
        chunk: &Chunk<B>,
        positions: &[u32],
    ) -> Result<Option<Block>, BoxError> {
        if positions.is_empty() { Ok(None) } else { self.block(store, chunk, positions).map(Some) }
    }

    /// The records at these positions as a sorted block.
    pub(super) fn block<B: Kept>(
        &self,
        store: &Store<B>,
        chunk: &Chunk<B>,
        positions: &[u32],
    ) -> Result<Block, BoxError> {
        let (mut rows, mut writer) = (store.unsorted(), store.writer(chunk.batch()));
        for &position in positions {
            let index = position as usize;
            rows.push(index, self.at(index).0, |out| writer.write(chunk, index, out))?;
        }
        Ok(store.sort(rows, chunk.len(), u64::MAX))
    }
}

/// The hash of a key. Its length is no part of it, since no key is the beginning of another one.
#[inline]
pub(super) fn hash(hasher: &RandomState, key: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(key);
    hasher.finish()
}

/// Calls `f` with the key of each record of a batch. A record for which it fails is rejected.
pub(crate) fn each_key<B: Batch, K: KeyOf<B>>(
    of: &K,
    chunk: &Chunk<B>,
    work: &mut Work,
    mut f: impl FnMut(usize, &[u8], bool) -> Result<(), BoxError>,
) -> Result<(), Stop> {
    let missed = Missed::of(chunk.batch());
    let bound = of.bind(chunk.batch())?;
    let mut key = KeyBytes::default();
    work.each(&chunk.rows, 0..chunk.len(), |index, _| {
        key.clear();
        let is_whole = of.put(&bound, chunk.batch(), index, &mut key);
        f(index, key.as_slice(), is_whole)
    })?;
    Ok(missed.map_or(Ok(()), |missed| missed.check())?)
}
