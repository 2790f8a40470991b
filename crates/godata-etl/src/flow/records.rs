//! The steps on dynamic records.

use std::sync::Arc;

use godata_core::{BoxError, RunContext};
use serde::de::DeserializeOwned;

use super::named_fields::NamedFields;
use crate::{
    Batch, BuildError, Cast, Chunk, Concurrency, Flow, IntoFields, PipelineError, Record, RecordMut,
    RecordRef, Records, Value, step,
};

/// The steps that [`Flow<Vec<T>>`](Flow) has too. The steps that make another value from each record (`map`, `flat_map`,
/// …) continue with a `Vec` of those values; [`untyped`](Flow::untyped) leads back to dynamic records.
impl Flow<Records> {
    /// Keeps the records for which `keep` returns true.
    pub fn filter(self, keep: impl Fn(RecordRef<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.step("filter", move |chunk, work| chunk.retain(work, |record| Ok(keep(record))))
    }

    /// Like [`filter`](Self::filter), with a closure that can fail.
    pub fn try_filter<F>(self, keep: F) -> Self
    where
        F: Fn(RecordRef<'_>) -> Result<bool, BoxError> + Send + Sync + 'static,
    {
        self.step("try_filter", move |chunk, work| chunk.retain(work, &keep))
    }

    /// Like [`try_filter`](Self::try_filter), with the context of the run.
    pub fn filter_with<F>(self, keep: F) -> Self
    where
        F: Fn(&RunContext, RecordRef<'_>) -> Result<bool, BoxError> + Send + Sync + 'static,
    {
        self.step("filter_with", move |chunk, work| {
            let cx = work.context().clone();
            chunk.retain(work, |record| keep(&cx, record))
        })
    }

    /// Rejects the records for which `test` returns false. By default, the first of them fails the run;
    /// [`on_error`](crate::PipelineBuilder::on_error) leaves them out. `name` says what is expected; it is in the
    /// [`ExpectationFailed`](crate::ExpectationFailed).
    ///
    /// ```
    /// # use godata_etl::{Limit, OnError, Pipeline, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let paid = Pipeline::builder("orders")
    ///     .on_error(OnError::skip(Limit::unlimited()))
    ///     .read_vec(vec![record! {"amount" => 3}, record! {"amount" => -1}])
    ///     .untyped()
    ///     .expect("the amount is positive", |r| r.f64("amount").is_ok_and(|amount| amount > 0.0))
    ///     .collect(10)
    ///     .await?;
    /// assert_eq!(paid, [record! {"amount" => 3}]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn expect<F>(self, name: impl Into<Arc<str>>, test: F) -> Self
    where
        F: Fn(RecordRef<'_>) -> bool + Send + Sync + 'static,
    {
        let name = name.into();
        self.step("expect", move |chunk, work| {
            chunk.retain(work, |record| Ok(step::met(test(record), &name)?))
        })
    }

    /// Makes a value of any type from each record.
    pub fn map<U, F>(self, f: F) -> Flow<Vec<U>>
    where
        U: Send + 'static,
        F: Fn(RecordRef<'_>) -> U + Send + Sync + 'static,
    {
        self.step("map", move |chunk, work| chunk.convert(work, |record| Ok(f(record))))
    }

    /// Like [`map`](Self::map), with a closure that can fail.
    pub fn try_map<U, F>(self, f: F) -> Flow<Vec<U>>
    where
        U: Send + 'static,
        F: Fn(RecordRef<'_>) -> Result<U, BoxError> + Send + Sync + 'static,
    {
        self.step("try_map", move |chunk, work| chunk.convert(work, &f))
    }

    /// Changes each record in place.
    ///
    /// ```
    /// # use godata_etl::{Pipeline, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let flow = Pipeline::builder("orders")
    ///     .read_vec(vec![record! {"amount" => "100"}])
    ///     .untyped()
    ///     .transform(|r| {
    ///         let gross = r.f64("amount")? * 1.5;
    ///         r.set("gross", gross);
    ///         Ok(())
    ///     });
    /// assert_eq!(flow.collect(1).await?, [record! {"amount" => "100", "gross" => 150.0}]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn transform<F>(self, f: F) -> Self
    where
        F: Fn(&mut RecordMut<'_>) -> Result<(), BoxError> + Send + Sync + 'static,
    {
        self.step("transform", move |chunk, work| chunk.update(work, &f))
    }

    /// Like [`transform`](Self::transform), with the context of the run.
    pub fn transform_with<F>(self, f: F) -> Self
    where
        F: Fn(&RunContext, &mut RecordMut<'_>) -> Result<(), BoxError> + Send + Sync + 'static,
    {
        self.step("transform_with", move |chunk, work| {
            let cx = work.context().clone();
            chunk.update(work, |record| f(&cx, record))
        })
    }

    /// Makes a value from each record for which `f` returns `Some`, and drops the others.
    pub fn filter_map<U, F>(self, f: F) -> Flow<Vec<U>>
    where
        U: Send + 'static,
        F: Fn(RecordRef<'_>) -> Option<U> + Send + Sync + 'static,
    {
        self.step("filter_map", move |chunk, work| chunk.expand(work, |record| Ok(f(record))))
    }

    /// Makes any number of values from each record.
    pub fn flat_map<I, F>(self, f: F) -> Flow<Vec<I::Item>>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(RecordRef<'_>) -> I + Send + Sync + 'static,
    {
        self.step("flat_map", move |chunk, work| chunk.expand(work, |record| Ok(f(record))))
    }

    /// Calls `f` with each record, and changes nothing.
    pub fn inspect(self, f: impl Fn(RecordRef<'_>) + Send + Sync + 'static) -> Self {
        self.step("inspect", move |chunk, work| {
            chunk.retain(work, |record| {
                f(record);
                Ok(true)
            })
        })
    }

    /// Calls `f` with each record, in order, and with a state that starts as `initial` in every run. `None` drops the
    /// record. One batch at a time is in this step.
    pub fn scan<S, U, F>(self, initial: S, f: F) -> Flow<Vec<U>>
    where
        S: Clone + Send + Sync + 'static,
        U: Send + 'static,
        F: Fn(&mut S, Record) -> Result<Option<U>, BoxError> + Send + Sync + 'static,
    {
        self.append("scan", |open, _, info| {
            Ok(step::scan(step::adapt(open, Chunk::into_records), info.index, initial, f))
        })
    }

    /// Awaits a future for each record. [`Concurrency`] sets how many are in flight, and whether the records keep their
    /// order. The futures run as tasks of the runtime; they must not block.
    pub fn map_async<U, F, Fut>(self, concurrency: Concurrency, f: F) -> Flow<Vec<U>>
    where
        U: Send + 'static,
        F: Fn(Record) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<U, BoxError>> + Send + 'static,
    {
        self.append("map_async", |open, name, info| {
            step::map_async(step::adapt(open, Chunk::into_records), name, info, concurrency, f)
        })
    }

    /// Runs the flow for its first `limit` records and returns them: a preview that writes nothing.
    ///
    /// # Errors
    ///
    /// [`PipelineError`]: a mistake in the description, or the error of the run.
    pub async fn collect(self, limit: u64) -> Result<Vec<Record>, PipelineError> {
        self.collect_with(&RunContext::new(), limit).await
    }

    /// Like [`collect`](Self::collect), with a context: for readers that use its parameters, and to cancel the run.
    ///
    /// # Errors
    ///
    /// Those of [`collect`](Self::collect).
    pub async fn collect_with(self, cx: &RunContext, limit: u64) -> Result<Vec<Record>, PipelineError> {
        Ok(self.preview(cx, limit).await?.into_iter().flat_map(Records::into_records).collect())
    }
}

/// The steps on fields by their names, which only dynamic records have. On a flow of other records, call
/// [`untyped`](Flow::untyped) first.
impl<B: Batch> Flow<B> {
    /// Keeps only these fields, in this order.
    ///
    /// If the names are fixed by the input (a CSV file with a header), a name that is not among them fails the run. If
    /// every record may have names of its own (JSON, and after `transform`), a record that lacks a field stays without
    /// it. If no record of the run has it, the log and the [report](crate::StepCounts::missing_fields) say so. The same holds for [`rename`](Self::rename) and [`drop_fields`](Self::drop_fields). After this step, the names are
    /// fixed.
    ///
    /// ```
    /// # use godata_etl::{Pipeline, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let records = Pipeline::builder("demo")
    ///     .read_vec(vec![record! {"id" => 1, "name" => "ann", "age" => 41}])
    ///     .untyped()
    ///     .select(["name", "id"])
    ///     .rename("name", "first_name")
    ///     .collect(1)
    ///     .await?;
    /// assert_eq!(records, [record! {"first_name" => "ann", "id" => 1}]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn select(self, names: impl IntoFields<String>) -> Flow<Records>
    where
        B: NamedFields,
    {
        let names = names.into_list();
        let fields = names.clone();
        NamedFields::flow(self).reshape("select", fields, move |records| Ok(records.select(&names)?))
    }

    /// Renames a field, which keeps its position.
    ///
    /// If records have a field of the new name, the two become one, at the position of the first of them. In a record that
    /// has both, one must have no value, and the value of the other stays. A record that has a value in both is rejected.
    ///
    /// [`alias`](Self::alias) is for a field that only some inputs call by another name.
    pub fn rename(self, from: impl Into<String>, to: impl Into<String>) -> Flow<Records>
    where
        B: NamedFields,
    {
        let (from, to) = (from.into(), to.into());
        let fields = vec![from.clone()];
        NamedFields::flow(self)
            .looking_for("rename", None, fields, move |chunk, work| chunk.rename(work, &from, &to))
    }

    /// Gives a field its name in records that call it by one of these other names: in a list of CSV files, say, that spell a
    /// column in different ways.
    ///
    /// ```
    /// # use godata_etl::{Pipeline, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let orders = Pipeline::builder("orders")
    ///     .read_vec(vec![record! {"Amount" => 3}, record! {"amount" => 4}, record! {"Betrag" => 5}])
    ///     .untyped()
    ///     .alias("amount", ["Amount", "Betrag"])
    ///     .collect(10)
    ///     .await?;
    /// assert_eq!(orders, [record! {"amount" => 3}, record! {"amount" => 4}, record! {"amount" => 5}]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// CSV files with such columns are read with `FileColumns::Union`. Unlike [`rename`](Self::rename), this step does not ask for
    /// every name. If the names are fixed by the input, at least one of them
    /// must be there. The field keeps its position. A record that has a value under two of the names is rejected.
    pub fn alias(self, field: impl Into<String>, others: impl IntoFields<String>) -> Flow<Records>
    where
        B: NamedFields,
    {
        let mut names = vec![field.into()];
        names.extend(others.into_list());
        let mistake = (names.len() == 1).then_some("needs at least one other name");
        let all = names.clone();
        let missing =
            move |records: &Records| match all.iter().any(|name| records.shape().position(name).is_some()) {
                true => Vec::new(),
                false => all.first().map(|name| name.as_str().into()).into_iter().collect(),
            };
        NamedFields::flow(self)
            .step_unless(mistake, "alias", missing, move |chunk, work| chunk.alias(work, &names))
    }

    /// Drops these fields. See [`select`](Self::select) about unknown names.
    pub fn drop_fields(self, names: impl IntoFields<String>) -> Flow<Records>
    where
        B: NamedFields,
    {
        let names = names.into_list();
        let fields = names.clone();
        NamedFields::flow(self).reshape(
            "drop_fields",
            fields,
            move |records| Ok(records.drop_fields(&names)?),
        )
    }

    /// Changes the type of a field. Text is parsed; a number that was text is written as a number from then on, with the
    /// same digits. Null stays null. [`Type`](crate::Type) has the rules for the notation of programs, and [`Cast`] for decimal
    /// commas, percentages, currencies, dates in other formats, and words for true and false.
    ///
    /// A record whose field is missing or is not of that type fails, with an error that names the field and the
    /// value.
    ///
    /// ```
    /// # use godata_etl::{Pipeline, Type, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let rows = vec![record! {"amount" => "12.50", "note" => "late"}];
    /// let flow = Pipeline::builder("demo").read_vec(rows).untyped();
    /// let flow = flow.drop_fields(["note"]).cast("amount", Type::Float);
    /// assert_eq!(flow.collect(1).await?, [record! {"amount" => 12.5}]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A price list with amounts such as `1.234,50 €`:
    ///
    /// ```
    /// # use godata_etl::{Cast, Decimal, Pipeline, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let prices = Pipeline::builder("prices")
    ///     .read_vec(vec![record! {"price" => "1.234,50 €", "from" => "01.05.2024"}])
    ///     .untyped()
    ///     .cast("price", Cast::decimal().comma().thousands('.').currency("€"))
    ///     .cast("from", Cast::date("%d.%m.%Y"))
    ///     .collect(1)
    ///     .await?;
    /// assert_eq!(prices[0].decimal("price")?, "1234.50".parse::<Decimal>()?);
    /// assert_eq!(prices[0].date("from")?.ordinal(), 122);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Records that are values of a Rust type have no fields by name until [`untyped`](Self::untyped) turns them into
    /// dynamic records:
    ///
    /// ```compile_fail
    /// # use godata_etl::{Pipeline, Type, record};
    /// let rows = vec![record! {"amount" => "12.50"}];
    /// let flow = Pipeline::builder("demo").read_vec(rows).cast("amount", Type::Float);
    /// ```
    pub fn cast(self, field: impl Into<String>, to: impl Into<Cast>) -> Flow<Records>
    where
        B: NamedFields,
    {
        let (field, cast) = (field.into(), to.into());
        NamedFields::flow(self).append("cast", move |open, pipeline, step| {
            cast.check().map_err(|source| BuildError::InvalidCast {
                pipeline: pipeline.to_owned(),
                field: field.clone(),
                source,
            })?;
            Ok(step::sync(open, step.index, move |chunk, work| chunk.cast(work, &field, &cast)))
        })
    }

    /// Sets a field of each record to what `f` computes from the record.
    ///
    /// ```
    /// # use godata_etl::{Pipeline, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let records = Pipeline::builder("demo")
    ///     .read_vec(vec![record! {"amount" => "12.50"}])
    ///     .untyped()
    ///     .derive("double", |r| Ok(r.f64("amount")? * 2.0))
    ///     .collect(1)
    ///     .await?;
    /// assert_eq!(records, [record! {"amount" => "12.50", "double" => 25.0}]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn derive<V, F>(self, field: impl Into<String>, f: F) -> Flow<Records>
    where
        B: NamedFields,
        V: Into<Value>,
        F: Fn(RecordRef<'_>) -> Result<V, BoxError> + Send + Sync + 'static,
    {
        let field = field.into();
        NamedFields::flow(self)
            .step("derive", move |chunk, work| chunk.derive(work, &field, |record| Ok(f(record)?.into())))
    }

    /// Converts each record to a `T` through serde. Text is parsed where `T` has a number or a bool, because all cells of a
    /// CSV file are text. [`RecordRef::de`] has the rules.
    ///
    /// If the names are known for all records, as those of a CSV file, a column that is only spelled differently fails the run
    /// instead of leaving the field of a struct `None` or its default. For a column `Status` and a field `status`,
    /// `#[serde(rename = "Status")]` helps. A column that does not exist at all is `None`.
    ///
    /// ```
    /// # use godata_etl::{Pipeline, record};
    /// #[derive(Debug, PartialEq, serde::Deserialize)]
    /// struct Order {
    ///     id: u32,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let flow = Pipeline::builder("demo").read_vec(vec![record! {"id" => "7"}]).untyped().typed::<Order>();
    /// assert_eq!(flow.collect(1).await?, [Order { id: 7 }]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn typed<T>(self) -> Flow<Vec<T>>
    where
        B: NamedFields,
        T: DeserializeOwned + Send + 'static,
    {
        let converted = |record: RecordRef<'_>| {
            record.de().map_err(|error| match error.missing().map(|name| record.missing(name)) {
                Some(error) if error.is_unknown() => BoxError::from(error),
                _ => error.into(),
            })
        };
        NamedFields::flow(self).step("typed", move |chunk, work| {
            if chunk.batch.has_fixed_names() && !chunk.is_empty() {
                chunk.batch.shape().check_struct::<T>()?;
            }
            chunk.convert(work, converted)
        })
    }
}

impl Flow<Records> {
    pub(super) fn reshape<F>(self, name: &'static str, fields: Vec<String>, reshape: F) -> Self
    where
        F: Fn(&mut Records) -> Result<(), BoxError> + Send + Sync + 'static,
    {
        self.looking_for(name, None, fields, move |mut chunk, _| {
            reshape(&mut chunk.batch)?;
            Ok(chunk)
        })
    }
}
