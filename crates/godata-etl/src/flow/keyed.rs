//! The steps that compare records by key.

use std::collections::HashSet;
use std::sync::Arc;

use godata_core::excerpt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::keyed::{
    ByClosure, ByFields, ByRecord, Keep, KeepFirst, KeepLast, Kept, Key, KeyOf, Memory, Sort, SortField,
};
use crate::{Batch, BuildError, Flow, IntoFields, Records, StepInfo, step};

impl<T: Serialize + DeserializeOwned + Send + 'static> Flow<Vec<T>> {
    /// Sorts the records by a key, from the least to the greatest. Records with equal keys keep their order.
    /// [`std::cmp::Reverse`] sorts from the greatest to the least.
    ///
    /// Records that don't fit into the [`Memory`] are written to temporary files. The next step starts at the end of the input.
    ///
    /// The step may keep a record as bytes that serde writes and reads back. A field that serde skips is then its default; see
    /// [`Memory`].
    ///
    /// ```
    /// # use std::cmp::Reverse;
    /// # use godata_etl::{Memory, Pipeline};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let orders = vec![("Lee".to_owned(), 3), ("Ann".to_owned(), 4), ("Lee".to_owned(), 5)];
    /// let flow = Pipeline::builder("orders").read_vec(orders);
    /// let sorted = flow.sort_by(|(name, amount)| (name.clone(), Reverse(*amount)), Memory::mib(64)).collect(10).await?;
    /// assert_eq!(sorted, [("Ann".into(), 4), ("Lee".into(), 5), ("Lee".into(), 3)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sort_by<K, F>(self, key: F, memory: Memory) -> Self
    where
        K: Key,
        F: Fn(&T) -> K + Send + Sync + 'static,
    {
        sort(self, "sort_by", ByClosure(key), memory, u64::MAX)
    }

    /// The first `n` records in the order of [`sort_by`](Self::sort_by), and no others: `"amount"` selects the least amounts and
    /// `desc("amount")` the greatest. Of equal records, the earlier ones are first. They go on at the end of the input.
    ///
    /// The step may keep a record as bytes that serde writes and reads back. A field that serde skips is then its default; see
    /// [`Memory`].
    ///
    /// ```
    /// # use std::cmp::Reverse;
    /// # use godata_etl::{Memory, Pipeline};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let flow = Pipeline::builder("amounts").read_vec(vec![3, 9, 4, 7]);
    /// assert_eq!(flow.top(2, |&amount| Reverse(amount), Memory::mib(64)).collect(10).await?, [9, 7]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn top<K, F>(self, n: u64, key: F, memory: Memory) -> Self
    where
        K: Key,
        F: Fn(&T) -> K + Send + Sync + 'static,
    {
        sort(self, "top", ByClosure(key), memory, n)
    }

    /// Keeps one record of each key: the first or the last one. The records that stay keep their order.
    ///
    /// With [`Keep::First`], records go on as they come for as long as all keys fit into half of the [`Memory`]. After that, and with
    /// [`Keep::Last`], records are kept until the end of the input.
    ///
    /// The step may keep a record as bytes that serde writes and reads back. A field that serde skips is then its default; see
    /// [`Memory`].
    ///
    /// ```
    /// # use godata_etl::{Keep, Memory, Pipeline};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let logins = vec![("ann".to_owned(), 1), ("bob".to_owned(), 2), ("ann".to_owned(), 3)];
    /// let flow = Pipeline::builder("logins").read_vec(logins);
    /// let last = flow.dedupe_by(|(name, _)| name.clone(), Keep::Last, Memory::mib(64)).collect(10).await?;
    /// assert_eq!(last, [("bob".into(), 2), ("ann".into(), 3)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn dedupe_by<K, F>(self, key: F, keep: Keep, memory: Memory) -> Self
    where
        K: Key,
        F: Fn(&T) -> K + Send + Sync + 'static,
    {
        dedupe(self, "dedupe_by", ByClosure(key), keep, memory)
    }
}

/// Steps that compare dynamic records by the values of fields. [`Flow`]s of other records have the same steps, with closures.
impl Flow<Records> {
    /// Sorts the records by fields, from the least value to the greatest; [`desc`](crate::desc) reverses a field. Records with
    /// equal values keep their order, and those without a value come last.
    ///
    /// A text that is a number has its place among the numbers, because all cells of a CSV file are text: `9` comes before
    /// `10`. Values of different kinds have the order bool, number, text, bytes, timestamp, date, list, map; a
    /// decimal is a number. If no record of the run has one of the fields, the run fails.
    ///
    /// Records that don't fit into the [`Memory`] are written to temporary files. The next step starts at the end of the input.
    ///
    /// ```
    /// # use godata_etl::{Memory, Pipeline, asc, desc, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let orders = vec![record! {"name" => "Lee", "amount" => "9"}, record! {"name" => "Lee", "amount" => "10"}];
    /// let flow = Pipeline::builder("orders").read_vec(orders).untyped();
    /// let sorted = flow.sort_by([asc("name"), desc("amount")], Memory::mib(64)).collect(1).await?;
    /// assert_eq!(sorted, [record! {"name" => "Lee", "amount" => "10"}]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sort_by(self, fields: impl IntoFields<SortField>, memory: Memory) -> Self {
        self.with_fields("sort_by", ByFields::to_sort(fields), |flow, fields| {
            sort(flow, "sort_by", fields, memory, u64::MAX)
        })
    }

    /// The first `n` records in the order of [`sort_by`](Self::sort_by), and no others: `"amount"` selects the least amounts and
    /// `desc("amount")` the greatest. Of equal records, the earlier ones are first. They go on at the end of the input.
    ///
    /// ```
    /// # use godata_etl::{Memory, Pipeline, desc, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let rows = vec![record! {"amount" => 3}, record! {"amount" => 9}, record! {"amount" => 4}];
    /// let flow = Pipeline::builder("orders").read_vec(rows).untyped();
    /// let top = flow.top(1, [desc("amount")], Memory::mib(64)).collect(10).await?;
    /// assert_eq!(top, [record! {"amount" => 9}]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn top(self, n: u64, fields: impl IntoFields<SortField>, memory: Memory) -> Self {
        self.with_fields("top", ByFields::to_sort(fields), |flow, fields| {
            sort(flow, "top", fields, memory, n)
        })
    }

    /// Keeps one of the records whose values of these fields are equal: the first or the last one. The records that stay keep
    /// their order. An absent field, null and an empty cell of a CSV file are equal.
    ///
    /// With [`Keep::First`], records go on as they come for as long as all keys fit into half of the [`Memory`]. After that, and with
    /// [`Keep::Last`], records are kept until the end of the input.
    ///
    /// ```
    /// # use godata_etl::{Keep, Memory, Pipeline, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let rows = vec![record! {"id" => 1, "try" => 1}, record! {"id" => 2, "try" => 2}, record! {"id" => 1, "try" => 3}];
    /// let flow = Pipeline::builder("orders").read_vec(rows).untyped();
    /// let first = flow.dedupe_by(["id"], Keep::First, Memory::mib(64)).collect(10).await?;
    /// assert_eq!(first, [record! {"id" => 1, "try" => 1}, record! {"id" => 2, "try" => 2}]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn dedupe_by(self, fields: impl IntoFields<Arc<str>>, keep: Keep, memory: Memory) -> Self {
        self.with_fields("dedupe_by", ByFields::to_match(fields), |flow, fields| {
            dedupe(flow, "dedupe_by", fields, keep, memory)
        })
    }

    /// Keeps one of the records whose fields are all equal: the first or the last one, as [`dedupe_by`](Self::dedupe_by) does for
    /// some of the fields. The order of the fields does not count.
    ///
    /// ```
    /// # use godata_etl::{Keep, Memory, Pipeline, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let rows = vec![record! {"id" => 1, "n" => 2}, record! {"n" => 2, "id" => 1}, record! {"id" => 1, "n" => 3}];
    /// let flow = Pipeline::builder("orders").read_vec(rows).untyped();
    /// let rows = flow.dedupe(Keep::First, Memory::mib(64)).collect(10).await?;
    /// assert_eq!(rows, [record! {"id" => 1, "n" => 2}, record! {"id" => 1, "n" => 3}]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn dedupe(self, keep: Keep, memory: Memory) -> Self {
        dedupe(self, "dedupe", ByRecord, keep, memory)
    }

    /// Appends a step that compares records by fields, of which there must be at least one, and each only once.
    pub(crate) fn with_fields(
        mut self,
        step: &'static str,
        fields: ByFields,
        append: impl FnOnce(Self, ByFields) -> Self,
    ) -> Self {
        if fields.names().len() == 0 {
            self.refuse(step, "needs at least one field".to_owned());
        }
        self.refuse_twice(step, fields.names());
        append(self, fields)
    }
}

impl<B: Batch> Flow<B> {
    /// Notes a mistake if a name is there twice.
    pub(crate) fn refuse_twice<'a>(&mut self, step: &'static str, names: impl Iterator<Item = &'a Arc<str>>) {
        let mut known = HashSet::new();
        for name in names {
            if !known.insert(name) {
                self.refuse(step, format!("has the field `{}` twice", excerpt(name)));
            }
        }
    }

    fn refuse(&mut self, step: &'static str, mistake: String) {
        let (pipeline, step) =
            (self.plan.name.to_string(), StepInfo { index: self.plan.steps.len(), name: step });
        self.plan.mistake.get_or_insert(BuildError::InvalidStep { pipeline, step, mistake });
    }
}

fn sort<B: Kept, K: KeyOf<B>>(
    flow: Flow<B>,
    name: &'static str,
    key: K,
    memory: Memory,
    limit: u64,
) -> Flow<B> {
    let key = Arc::new(key);
    flow.append(name, |open, _, info| {
        Ok(step::stateful(open, info.index, move |_| Ok(Sort::open(&key, &memory, limit))))
    })
}

fn dedupe<B: Kept, K: KeyOf<B>>(
    flow: Flow<B>,
    name: &'static str,
    key: K,
    keep: Keep,
    memory: Memory,
) -> Flow<B> {
    let key = Arc::new(key);
    flow.append(name, |open, _, info| {
        Ok(match keep {
            Keep::First => step::stateful(open, info.index, move |_| Ok(KeepFirst::open(&key, &memory))),
            Keep::Last => step::stateful(open, info.index, move |_| Ok(KeepLast::open(&key, &memory))),
        })
    })
}
