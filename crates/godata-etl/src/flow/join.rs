//! Joins.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::keyed::{
    AddFields, ByClosure, ByFields, Combine, Join, Kept, Key, KeyOf, Memory, Pairs, Rule, TableFlow,
};
use crate::step::JoinPlan;
use crate::{Flow, IntoFields, Pipeline, Reader, Records, step};

/// What a [`join`](Flow::join) or a [`lookup`](Flow::lookup) reads its table from: a [`Reader`], or a [`Flow`] with steps of its
/// own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a table of `{B}`",
    label = "neither a `Reader` nor a `Flow` of such batches",
    note = "a path needs a format: `csv::read_records(\"a.csv\")`, or `jsonl::read_records(\"a.jsonl\")`"
)]
pub trait IntoFlow<B> {
    /// The flow. `name` is that of the pipeline if there is none yet.
    fn into_flow(self, name: &str) -> Flow<B>;
}

impl<R: Reader> IntoFlow<R::Batch> for R {
    fn into_flow(self, name: &str) -> Flow<R::Batch> {
        Pipeline::builder(name).read(self)
    }
}

impl<B: crate::Batch> IntoFlow<B> for Flow<B> {
    fn into_flow(self, _: &str) -> Self {
        self
    }
}

/// A field by which records are joined: its name, or a pair of names if it has another one in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinField {
    name: Arc<str>,
    in_table: Arc<str>,
}

impl From<&str> for JoinField {
    fn from(name: &str) -> Self {
        Self::from((name, name))
    }
}

impl From<String> for JoinField {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<(&str, &str)> for JoinField {
    fn from((name, in_table): (&str, &str)) -> Self {
        Self { name: name.into(), in_table: in_table.into() }
    }
}

impl<T: Serialize + DeserializeOwned + Clone + Send + 'static> Flow<Vec<T>> {
    /// Joins the records with those of a table that have the same key. [`Join`] says which go on; with [`Join::Semi`] and
    /// [`Join::Anti`], the second value is always `None`.
    ///
    /// The records keep their order, and the matches of one record have the order of the table. The table is read once for each
    /// run, when the run starts. A table that does not fit into a seventh of the [`Memory`] is written to temporary files, and so
    /// are the records then; what goes out is the same.
    ///
    /// The step may keep a record as bytes that serde writes and reads back. A field that serde skips is then its default; see
    /// [`Memory`].
    ///
    /// ```
    /// # use godata_etl::{Join, Memory, Pipeline};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let names = Pipeline::builder("names").read_vec(vec![(1, "Ann".to_owned()), (2, "Bob".to_owned())]);
    /// let flow = Pipeline::builder("orders").read_vec(vec![(2, 9.5), (3, 4.0)]);
    /// let joined = flow.join(names, |order| order.0, |name| name.0, Join::Left, Memory::mib(64));
    /// assert_eq!(joined.collect(10).await?, [((2, 9.5), Some((2, "Bob".to_owned()))), ((3, 4.0), None)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn join<U, K, F, G>(
        self,
        table: impl IntoFlow<Vec<U>>,
        key: F,
        table_key: G,
        join: Join,
        memory: Memory,
    ) -> Flow<Vec<(T, Option<U>)>>
    where
        U: Serialize + DeserializeOwned + Send + 'static,
        K: Key,
        F: Fn(&T) -> K + Send + Sync + 'static,
        G: Fn(&U) -> K + Send + Sync + 'static,
    {
        let (rule, keys) = (Rule { join, is_unique: false }, (ByClosure(key), ByClosure(table_key)));
        join_with(self, "join", table.into_flow("table"), keys, (rule, memory), Pairs)
    }

    /// Adds to each record the one of a table that has the same key, if there is one. Two records of the table with the same key
    /// fail the run, so no record comes out twice. [`join`](Self::join) has the other rules.
    ///
    /// The step may keep a record as bytes that serde writes and reads back. A field that serde skips is then its default; see
    /// [`Memory`].
    ///
    /// ```
    /// # use godata_etl::{Memory, Pipeline};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let names = Pipeline::builder("names").read_vec(vec![(1, "Ann".to_owned()), (2, "Bob".to_owned())]);
    /// let flow = Pipeline::builder("orders").read_vec(vec![(2, 9.5), (3, 4.0)]);
    /// let named = flow
    ///     .lookup(names, |order| order.0, |name| name.0, Memory::mib(64))
    ///     .map(|((_, amount), name)| (name.map_or_else(|| "?".to_owned(), |(_, name)| name), amount));
    /// assert_eq!(named.collect(10).await?, [("Bob".into(), 9.5), ("?".into(), 4.0)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn lookup<U, K, F, G>(
        self,
        table: impl IntoFlow<Vec<U>>,
        key: F,
        table_key: G,
        memory: Memory,
    ) -> Flow<Vec<(T, Option<U>)>>
    where
        U: Serialize + DeserializeOwned + Send + 'static,
        K: Key,
        F: Fn(&T) -> K + Send + Sync + 'static,
        G: Fn(&U) -> K + Send + Sync + 'static,
    {
        let (rule, keys) =
            (Rule { join: Join::Left, is_unique: true }, (ByClosure(key), ByClosure(table_key)));
        join_with(self, "lookup", table.into_flow("table"), keys, (rule, memory), Pairs)
    }
}

impl Flow<Records> {
    /// Joins the records with those of a table whose values of these fields are equal. [`Join`] says which go on. With
    /// [`Join::Inner`] and [`Join::Left`], the fields of the table are added, except those by which it is joined; where there is no
    /// match, they are null.
    ///
    /// A field that has another name in the table is a pair: `[("customer", "id")]`. A record whose field has no value (absent, null,
    /// or empty in a CSV file) matches nothing. Values of different kinds are different: cast a field that is a text on one
    /// side and a number on the other. A field that is on both sides and not joined by fails the run; rename it before.
    /// Where a record of a CSV file is joined with one of a format that has null, such as JSON, an empty field of the first may
    /// become null, so that it still stands for no value.
    ///
    /// The records keep their order, and the matches of one record have the order of the table. The table is read once for each
    /// run, when the run starts. A table that does not fit into a seventh of the [`Memory`] is written to temporary files, and so
    /// are the records then; what goes out is the same.
    ///
    /// ```
    /// # use godata_etl::{Join, Memory, Pipeline, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let names = vec![record! {"id" => 1, "name" => "Ann"}, record! {"id" => 2, "name" => "Bob"}];
    /// let names = Pipeline::builder("names").read_vec(names).untyped();
    /// let orders = vec![record! {"customer" => 2, "amount" => 9.5}, record! {"customer" => 3, "amount" => 4.0}];
    /// let flow = Pipeline::builder("orders").read_vec(orders).untyped();
    /// let joined = flow.join(names, [("customer", "id")], Join::Inner, Memory::mib(64)).collect(10).await?;
    /// assert_eq!(joined, [record! {"customer" => 2, "amount" => 9.5, "name" => "Bob"}]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn join(
        self,
        table: impl IntoFlow<Records>,
        on: impl IntoFields<JoinField>,
        join: Join,
        memory: Memory,
    ) -> Self {
        self.join_fields("join", table.into_flow("table"), on, Rule { join, is_unique: false }, memory)
    }

    /// Adds the fields of the record of a table whose values of these fields are equal; null if there is none. Two records of the
    /// table with the same values fail the run, so no record comes out twice. [`join`](Self::join) has the other rules.
    ///
    /// ```
    /// # use godata_etl::{Memory, Pipeline, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let rates = vec![record! {"currency" => "EUR", "rate" => 1.0}, record! {"currency" => "CHF", "rate" => 1.06}];
    /// let rates = Pipeline::builder("rates").read_vec(rates).untyped();
    /// let flow = Pipeline::builder("orders").read_vec(vec![record! {"id" => 7, "currency" => "CHF"}]).untyped();
    /// let orders = flow.lookup(rates, ["currency"], Memory::mib(64)).collect(10).await?;
    /// assert_eq!(orders, [record! {"id" => 7, "currency" => "CHF", "rate" => 1.06}]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn lookup(
        self,
        table: impl IntoFlow<Records>,
        on: impl IntoFields<JoinField>,
        memory: Memory,
    ) -> Self {
        self.join_fields(
            "lookup",
            table.into_flow("table"),
            on,
            Rule { join: Join::Left, is_unique: true },
            memory,
        )
    }

    fn join_fields(
        self,
        name: &'static str,
        table: Self,
        on: impl IntoFields<JoinField>,
        rule: Rule,
        memory: Memory,
    ) -> Self {
        let on = on.into_list();
        let keys = ByFields::to_match(on.iter().map(|field| Arc::clone(&field.name)).collect::<Vec<_>>());
        let key: Vec<_> = on.into_iter().map(|field| field.in_table).collect();
        let table_keys = ByFields::to_match(&key);
        let combine = AddFields { rule, key };
        self.with_fields(name, keys, |flow, keys| {
            join_with(flow, name, table, (keys, table_keys), (rule, memory), combine)
        })
    }
}

fn join_with<L, R, KL, KR, C>(
    mut flow: Flow<L>,
    name: &'static str,
    mut table: Flow<R>,
    (key, table_key): (KL, KR),
    (rule, memory): (Rule, Memory),
    combine: C,
) -> Flow<C::Out>
where
    L: Kept,
    R: Kept,
    KL: KeyOf<L>,
    KR: KeyOf<R>,
    C: Combine<L, R>,
{
    if let Some(mistake) = table.plan.mistake.take() {
        flow.plan.mistake.get_or_insert(mistake);
    }
    let table = TableFlow { plan: table.plan, open: table.open, key: Arc::new(table_key) };
    let plan = JoinPlan { key: Arc::new(key), table, rule, memory, combine: Arc::new(combine) };
    flow.append(name, |open, _, info| Ok(step::join(open, info.index, plan)))
}
