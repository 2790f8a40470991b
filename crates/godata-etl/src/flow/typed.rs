//! The steps on values of any type.

use std::any::Any;
use std::sync::Arc;

use godata_core::{BoxError, RunContext};
use serde::Serialize;

use crate::records::to_record;
use crate::{Concurrency, Flow, PipelineError, Record, Records, step};

impl<T: Send + 'static> Flow<Vec<T>> {
    /// Keeps the records for which `keep` returns true. [`try_filter`](Self::try_filter) takes a closure with `?`.
    pub fn filter(self, keep: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.step("filter", move |chunk, work| chunk.retain(work, |item| Ok(keep(item))))
    }

    /// Like [`filter`](Self::filter), with a closure that can fail.
    pub fn try_filter(self, keep: impl Fn(&T) -> Result<bool, BoxError> + Send + Sync + 'static) -> Self {
        self.step("try_filter", move |chunk, work| chunk.retain(work, &keep))
    }

    /// Like [`try_filter`](Self::try_filter), with the context of the run.
    pub fn filter_with<F>(self, keep: F) -> Self
    where
        F: Fn(&RunContext, &T) -> Result<bool, BoxError> + Send + Sync + 'static,
    {
        self.step("filter_with", move |chunk, work| {
            let cx = work.context().clone();
            chunk.retain(work, |item| keep(&cx, item))
        })
    }

    /// Rejects the records for which `test` returns false. By default, the first of them fails the run;
    /// [`on_error`](crate::PipelineBuilder::on_error) leaves them out. `name` says what is expected; it is in the
    /// [`ExpectationFailed`].
    ///
    /// ```
    /// # use godata_etl::Pipeline;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let flow = Pipeline::builder("amounts").read_vec(vec![3, -1]).expect("the amount is positive", |&n| n > 0);
    /// let error = flow.collect(10).await.unwrap_err();
    /// assert_eq!(format!("{error:#}"), "step[0] (expect) failed at record 2: expected: the amount is positive");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`ExpectationFailed`]: crate::ExpectationFailed
    pub fn expect<F>(self, name: impl Into<Arc<str>>, test: F) -> Self
    where
        F: Fn(&T) -> bool + Send + Sync + 'static,
    {
        let name = name.into();
        self.step("expect", move |chunk, work| chunk.retain(work, |item| Ok(step::met(test(item), &name)?)))
    }

    /// Makes a record of another or the same type from each record. [`try_map`](Self::try_map) takes a closure with `?`, and
    /// [`map_async`](Self::map_async) one that returns an `async` block, which is not awaited here.
    pub fn map<U: Send + 'static>(self, f: impl Fn(T) -> U + Send + Sync + 'static) -> Flow<Vec<U>> {
        self.step("map", move |chunk, work| chunk.convert(work, |item| Ok(f(item))))
    }

    /// Like [`map`](Self::map), with a closure that can fail.
    pub fn try_map<U, F>(self, f: F) -> Flow<Vec<U>>
    where
        U: Send + 'static,
        F: Fn(T) -> Result<U, BoxError> + Send + Sync + 'static,
    {
        self.step("try_map", move |chunk, work| chunk.convert(work, &f))
    }

    /// Changes each record in place.
    pub fn transform(self, f: impl Fn(&mut T) -> Result<(), BoxError> + Send + Sync + 'static) -> Self {
        self.step("transform", move |chunk, work| chunk.update(work, &f))
    }

    /// Like [`transform`](Self::transform), with the context of the run.
    pub fn transform_with<F>(self, f: F) -> Self
    where
        F: Fn(&RunContext, &mut T) -> Result<(), BoxError> + Send + Sync + 'static,
    {
        self.step("transform_with", move |chunk, work| {
            let cx = work.context().clone();
            chunk.update(work, |item| f(&cx, item))
        })
    }

    /// Makes a record from each record for which `f` returns `Some`, and drops the others.
    pub fn filter_map<U, F>(self, f: F) -> Flow<Vec<U>>
    where
        U: Send + 'static,
        F: Fn(T) -> Option<U> + Send + Sync + 'static,
    {
        self.step("filter_map", move |chunk, work| chunk.expand(work, |item| Ok(f(item))))
    }

    /// Makes any number of records from each record.
    pub fn flat_map<I, F>(self, f: F) -> Flow<Vec<I::Item>>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(T) -> I + Send + Sync + 'static,
    {
        self.step("flat_map", move |chunk, work| chunk.expand(work, |item| Ok(f(item))))
    }

    /// Calls `f` with each record, and changes nothing.
    pub fn inspect(self, f: impl Fn(&T) + Send + Sync + 'static) -> Self {
        self.step("inspect", move |chunk, work| {
            chunk.update(work, |item| {
                f(item);
                Ok(())
            })
        })
    }

    /// Calls `f` with each record, in order, and with a state that starts as `initial` in every run. `None` drops the
    /// record; unlike with [`Iterator::scan`], it does not end the run.
    ///
    /// Only one batch at a time is in this step; the steps before and after it stay parallel. In an
    /// [`unordered`](crate::PipelineBuilder::unordered) pipeline, the batches come as they are ready.
    ///
    /// ```
    /// # use godata_etl::Pipeline;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let totals = Pipeline::builder("totals")
    ///     .read_vec(vec![3, 4, 5])
    ///     .scan(0, |total, n| {
    ///         *total += n;
    ///         Ok(Some(*total))
    ///     })
    ///     .collect(10)
    ///     .await?;
    /// assert_eq!(totals, [3, 7, 12]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn scan<S, U, F>(self, initial: S, f: F) -> Flow<Vec<U>>
    where
        S: Clone + Send + Sync + 'static,
        U: Send + 'static,
        F: Fn(&mut S, T) -> Result<Option<U>, BoxError> + Send + Sync + 'static,
    {
        self.append("scan", |open, _, info| Ok(step::scan(open, info.index, initial, f)))
    }

    /// Awaits a future for each record: a lookup, say. [`Concurrency`] sets how many are in flight, and whether the records
    /// keep their order. The futures run as tasks of the runtime; they must not block.
    ///
    /// ```
    /// # use godata_etl::{Concurrency::Ordered, Pipeline};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let found = Pipeline::builder("lookup")
    ///     .read_vec(vec!["ann", "bob"])
    ///     .map_async(Ordered(8), |name| async move { Ok(format!("{name}@example.com")) })
    ///     .collect(10)
    ///     .await?;
    /// assert_eq!(found, ["ann@example.com", "bob@example.com"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// With [`on_error`](crate::PipelineBuilder::on_error), a record whose future returns an error is left out, unless the error
    /// says that the service is down: an [`io::Error`](std::io::Error) about a connection is in its chain, or it is marked as
    /// [`Transient`](crate::Transient), as in `ask(name).await.map_err(Transient::new)?`.
    pub fn map_async<U, F, Fut>(self, concurrency: Concurrency, f: F) -> Flow<Vec<U>>
    where
        U: Send + 'static,
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<U, BoxError>> + Send + 'static,
    {
        self.append("map_async", |open, name, info| step::map_async(open, name, info, concurrency, f))
    }

    /// Converts each value to a dynamic record through serde: the fields of a struct or the entries of a map, by name.
    /// [`Record`]s stay as they are.
    ///
    /// ```
    /// # use godata_etl::{Pipeline, record};
    /// #[derive(Clone, serde::Serialize)]
    /// struct Order {
    ///     id: u32,
    ///     status: &'static str,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let flow = Pipeline::builder("demo").read_vec(vec![Order { id: 7, status: "paid" }]).untyped();
    /// assert_eq!(flow.drop_fields(["status"]).collect(1).await?, [record! {"id" => 7}]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn untyped(self) -> Flow<Records>
    where
        T: Serialize,
    {
        self.step("untyped", |mut chunk, work| {
            let items = std::mem::take(&mut chunk.batch);
            // Records skip serde, which has no timestamps.
            let records = match (Box::new(items) as Box<dyn Any>).downcast::<Vec<Record>>() {
                Ok(records) => records.into_iter().collect(),
                Err(items) => {
                    let items = items.downcast::<Vec<T>>().unwrap_or_default();
                    let mut records = Records::new();
                    let rejected = work.each(&chunk.rows, items.iter(), |_, item| {
                        records.push(to_record(item)?);
                        Ok(())
                    })?;
                    chunk.rows.take_out(&rejected, items.len());
                    records
                }
            };
            Ok(chunk.with_batch(records))
        })
    }

    /// Runs the flow for its first `limit` records and returns them: a preview that writes nothing.
    ///
    /// # Errors
    ///
    /// [`PipelineError`]: a mistake in the description, or the error of the run.
    pub async fn collect(self, limit: u64) -> Result<Vec<T>, PipelineError> {
        self.collect_with(&RunContext::new(), limit).await
    }

    /// Like [`collect`](Self::collect), with a context: for readers that use its parameters, and to cancel the run.
    ///
    /// # Errors
    ///
    /// Those of [`collect`](Self::collect).
    pub async fn collect_with(self, cx: &RunContext, limit: u64) -> Result<Vec<T>, PipelineError> {
        Ok(self.preview(cx, limit).await?.into_iter().flatten().collect())
    }
}
