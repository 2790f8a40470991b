//! Grouping.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use godata_core::BoxError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::keyed::{
    Aggregate, Aggregates, ByClosure, ByFields, Fold, FoldRecords, Grouping, Groups, Kept, Key, KeyOf, Memory,
};
use crate::{Flow, IntoFields, Record, RecordRef, Records, Shape, step};

impl<T: Serialize + DeserializeOwned + Send + 'static> Flow<Vec<T>> {
    /// Groups the records by a key. [`fold`](GroupBy::fold) says what becomes of a group, and the other methods are ready-made.
    ///
    /// The groups go on at the end of the input, in the order of their keys. Errors of later steps name the first record of the group.
    ///
    /// ```
    /// # use godata_etl::{Memory, Pipeline};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let orders = vec![("Lee".to_owned(), 3), ("Ann".to_owned(), 4), ("Lee".to_owned(), 5)];
    /// let flow = Pipeline::builder("orders").read_vec(orders);
    /// let totals = flow.group_by(|(name, _)| name.clone(), Memory::mib(64)).fold(0, |total, (_, amount)| {
    ///     *total += amount;
    ///     Ok(())
    /// });
    /// assert_eq!(totals.collect(10).await?, [("Ann".into(), 4), ("Lee".into(), 8)]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The [`Memory`] is for the keys, what `fold` makes of each group without what that has on the heap, and the records whose keys
    /// don't fit. These are written to temporary files.
    ///
    /// The step may keep a record as bytes that serde writes and reads back. A field that serde skips is then its default; see
    /// [`Memory`].
    pub fn group_by<K, F>(self, key: F, memory: Memory) -> GroupBy<T, F>
    where
        K: Key + Send + 'static,
        F: Fn(&T) -> K + Clone + Send + Sync + 'static,
    {
        GroupBy { flow: self, key, memory }
    }
}

/// Records that are grouped by a key, from [`group_by`](Flow::group_by).
#[must_use = "a group needs a method that says what becomes of it, such as `fold`"]
pub struct GroupBy<T, F> {
    flow: Flow<Vec<T>>,
    key: F,
    memory: Memory,
}

impl<T, F> GroupBy<T, F>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    F: Clone + Send + Sync + 'static,
{
    /// Makes a value of each group: `fold` changes it with each record, in their order, from `initial` on.
    ///
    /// A record for which `fold` returns an error is rejected. What it has changed by then stays changed, unless it is the first
    /// record of its group.
    pub fn fold<K, A, G>(self, initial: A, fold: G) -> Flow<Vec<(K, A)>>
    where
        K: Key + Send + 'static,
        F: Fn(&T) -> K,
        A: Clone + Send + Sync + 'static,
        G: Fn(&mut A, &T) -> Result<(), BoxError> + Send + Sync + 'static,
    {
        let grouping = Fold { key: self.key.clone(), initial, fold, _values: PhantomData };
        group(self.flow, ByClosure(self.key), grouping, self.memory)
    }

    /// How many records each group has.
    pub fn count<K>(self) -> Flow<Vec<(K, u64)>>
    where
        K: Key + Send + 'static,
        F: Fn(&T) -> K,
    {
        self.fold(0, |count, _| {
            *count += 1;
            Ok(())
        })
    }

    /// The sum of a number of each record, in the order of the records. The result of an addition that overflows is that of the
    /// type's `+`; add an `i64` as an `i128` if that can happen. [`DecimalSum`](crate::DecimalSum) adds decimals.
    pub fn sum<K, N, V>(self, number: V) -> Flow<Vec<(K, N)>>
    where
        K: Key + Send + 'static,
        F: Fn(&T) -> K,
        N: std::ops::AddAssign + Clone + Default + Send + Sync + 'static,
        V: Fn(&T) -> N + Send + Sync + 'static,
    {
        self.fold(N::default(), move |sum, item| {
            *sum += number(item);
            Ok(())
        })
    }

    /// The mean of a number of each record.
    pub fn mean<K, V>(self, number: V) -> Flow<Vec<(K, f64)>>
    where
        K: Key + Send + 'static,
        F: Fn(&T) -> K,
        V: Fn(&T) -> f64 + Send + Sync + 'static,
    {
        let sums = self.fold((0.0, 0_u64), move |(sum, count), item| {
            *sum += number(item);
            *count += 1;
            Ok(())
        });
        sums.map(|(key, (sum, count))| (key, sum / count as f64))
    }

    /// The least of a value of each record.
    pub fn min<K, V, M>(self, value: M) -> Flow<Vec<(K, V)>>
    where
        K: Key + Send + 'static,
        F: Fn(&T) -> K,
        V: Ord + Clone + Send + Sync + 'static,
        M: Fn(&T) -> V + Send + Sync + 'static,
    {
        self.best(value, |new, old| new < old)
    }

    /// The greatest of a value of each record.
    pub fn max<K, V, M>(self, value: M) -> Flow<Vec<(K, V)>>
    where
        K: Key + Send + 'static,
        F: Fn(&T) -> K,
        V: Ord + Clone + Send + Sync + 'static,
        M: Fn(&T) -> V + Send + Sync + 'static,
    {
        self.best(value, |new, old| new > old)
    }

    /// The first record of each group.
    pub fn first<K>(self) -> Flow<Vec<(K, T)>>
    where
        K: Key + Send + 'static,
        F: Fn(&T) -> K,
        T: Clone + Sync,
    {
        self.best(T::clone, |_, _| false)
    }

    /// The last record of each group.
    pub fn last<K>(self) -> Flow<Vec<(K, T)>>
    where
        K: Key + Send + 'static,
        F: Fn(&T) -> K,
        T: Clone + Sync,
    {
        self.best(T::clone, |_, _| true)
    }

    /// How many distinct values the records of each group have.
    pub fn distinct<K, V, M>(self, value: M) -> Flow<Vec<(K, u64)>>
    where
        K: Key + Send + 'static,
        F: Fn(&T) -> K,
        V: Eq + std::hash::Hash + Clone + Send + Sync + 'static,
        M: Fn(&T) -> V + Send + Sync + 'static,
    {
        let sets = self.fold(std::collections::HashSet::new(), move |set, item| {
            set.insert(value(item));
            Ok(())
        });
        sets.map(|(key, set)| (key, set.len() as u64))
    }

    /// The value that is better than those before it.
    fn best<K, V, M>(self, value: M, is_better: fn(&V, &V) -> bool) -> Flow<Vec<(K, V)>>
    where
        K: Key + Send + 'static,
        F: Fn(&T) -> K,
        V: Clone + Send + Sync + 'static,
        M: Fn(&T) -> V + Send + Sync + 'static,
    {
        let best = self.fold(None, move |best, item| {
            let new = value(item);
            if best.as_ref().is_none_or(|old| is_better(&new, old)) {
                *best = Some(new);
            }
            Ok(())
        });
        best.filter_map(|(key, best)| best.map(|best| (key, best)))
    }
}

impl<T, F> fmt::Debug for GroupBy<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupBy").field("flow", &self.flow).finish_non_exhaustive()
    }
}

impl Flow<Records> {
    /// Groups the records by the values of fields. [`aggregate`](GroupByFields::aggregate) makes one record of each group, and
    /// [`fold`](GroupByFields::fold) a value of any type. Without fields, all records are one group;
    /// without records, there is none.
    ///
    /// The groups go on at the end of the input, in the order in which [`sort_by`](Self::sort_by) would sort them. Texts are one
    /// group only if they are the same, so `7` and `07` are two. Absent, null and empty cells of a CSV file are one group, the last
    /// one. Errors of later steps name the first record of the group.
    ///
    /// ```
    /// # use godata_etl::{Memory, Pipeline, agg, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let orders = vec![
    ///     record! {"country" => "DE", "amount" => "0.10"},
    ///     record! {"country" => "AT", "amount" => "4"},
    ///     record! {"country" => "DE", "amount" => "0.20"},
    /// ];
    /// let flow = Pipeline::builder("orders").read_vec(orders).untyped();
    /// let totals = flow.group_by(["country"], Memory::mib(64)).aggregate([agg::count(), agg::sum("amount").named("total")]);
    /// let totals = totals.map(|r| format!("{} {} {}", r.str("country").unwrap_or(""), r.i64("count").unwrap_or(0), r.f64("total").unwrap_or(0.0)));
    /// assert_eq!(totals.collect(10).await?, ["AT 1 4", "DE 2 0.3"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The [`Memory`] is for the keys, the groups, and the records whose keys don't fit. These are written to temporary files.
    pub fn group_by(self, fields: impl IntoFields<Arc<str>>, memory: Memory) -> GroupByFields {
        GroupByFields { flow: self, key: ByFields::to_group(fields), memory }
    }
}

/// Dynamic records that are grouped by fields, from [`group_by`](Flow::group_by).
#[must_use = "a group needs `aggregate` or `fold`"]
pub struct GroupByFields {
    flow: Flow<Records>,
    key: ByFields,
    memory: Memory,
}

impl GroupByFields {
    /// Makes one record of each group: the fields of the key, then one field for each [`Aggregate`].
    pub fn aggregate<I>(mut self, aggregates: I) -> Flow<Records>
    where
        I: IntoIterator<Item = Aggregate>,
    {
        let aggregates: Vec<_> = aggregates.into_iter().collect();
        let names: Vec<_> = self.key.names().cloned().collect();
        let all: Vec<_> =
            names.iter().cloned().chain(aggregates.iter().map(|each| Arc::clone(each.name()))).collect();
        self.flow.refuse_twice("group_by", all.iter());
        // With a name twice, the pipeline is refused.
        let shape = Arc::new(Shape::new(all).unwrap_or_default());
        let mut needed = names.clone();
        for field in aggregates.iter().filter_map(Aggregate::field) {
            if !needed.contains(field) {
                needed.push(Arc::clone(field));
            }
        }
        group(self.flow, self.key, Aggregates { names, aggregates, needed, shape }, self.memory)
    }

    /// Makes a value of each group: `fold` changes it with each record, in their order, from `initial` on. The key is a record of
    /// its fields.
    ///
    /// A record for which `fold` returns an error is rejected. What it has changed by then stays changed, unless it is the first
    /// record of its group.
    pub fn fold<A, G>(mut self, initial: A, fold: G) -> Flow<Vec<(Record, A)>>
    where
        A: Clone + Send + Sync + 'static,
        G: Fn(&mut A, RecordRef<'_>) -> Result<(), BoxError> + Send + Sync + 'static,
    {
        self.flow.refuse_twice("group_by", self.key.names());
        let names = self.key.names().cloned().collect();
        group(self.flow, self.key, FoldRecords { names, initial, fold }, self.memory)
    }
}

impl fmt::Debug for GroupByFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupByFields").field("flow", &self.flow).finish_non_exhaustive()
    }
}

fn group<B, K, G>(flow: Flow<B>, key: K, grouping: G, memory: Memory) -> Flow<G::Out>
where
    B: Kept,
    K: KeyOf<B>,
    G: Grouping<B>,
{
    let (key, grouping) = (Arc::new(key), Arc::new(grouping));
    flow.append("group_by", |open, _, info| {
        Ok(step::stateful(open, info.index, move |_| Ok(Groups::open(&key, &grouping, &memory))))
    })
}
