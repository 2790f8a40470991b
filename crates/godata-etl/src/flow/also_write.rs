//! Outputs in the middle of a flow.

use std::sync::Arc;

use godata_core::{BoxError, RunContext};

use crate::engine::MakeWriter;
use crate::{Batch, Flow, Writer, step};

impl<B: Batch + Clone> Flow<B> {
    /// Writes a copy of the records as they are here, and passes them on: the clean orders, say, before they become totals.
    ///
    /// ```
    /// use godata_etl::{Memory, Pipeline, RunContext};
    /// # use godata_etl::{BoxError, RowSink, Writer, rows};
    /// # use std::sync::{Arc, Mutex};
    /// # #[derive(Clone)]
    /// # struct Kept<T>(Arc<Mutex<Vec<T>>>);
    /// # impl<T: Clone + Send + Sync + 'static> RowSink<T> for Kept<T> {
    /// #     async fn write(&mut self, rows: &[T]) -> Result<(), BoxError> {
    /// #         self.0.lock().unwrap().extend_from_slice(rows);
    /// #         Ok(())
    /// #     }
    /// # }
    /// # fn list<T: Clone + Send + Sync + 'static>(kept: &Kept<T>) -> impl Writer<Vec<T>> + use<T> {
    /// #     let kept = kept.clone();
    /// #     rows(move |_| std::future::ready(Ok(kept.clone())))
    /// # }
    /// # let (orders, totals) = (Kept(Arc::default()), Kept(Arc::default()));
    ///
    /// let pipeline = Pipeline::builder("orders")
    ///     .read_vec(vec![("Ann", 3), ("Bob", -1), ("Ann", 4)])
    ///     .filter(|(_, amount)| *amount > 0)
    ///     .map(|(name, amount)| (name.to_owned(), amount))
    ///     .also_write(list(&orders))
    ///     .group_by(|(name, _)| name.clone(), Memory::mib(64))
    ///     .sum(|(_, amount)| *amount)
    ///     .write(list(&totals))?;
    /// pipeline.run_blocking(&RunContext::new())?;
    ///
    /// assert_eq!(*orders.0.lock().unwrap(), [("Ann".to_owned(), 3), ("Ann".to_owned(), 4)]);
    /// assert_eq!(*totals.0.lock().unwrap(), [("Ann".to_owned(), 7)]);
    /// # Ok::<(), BoxError>(())
    /// ```
    ///
    /// **One transaction.** This output and that of [`write`](Self::write) become visible together. Neither is visible before
    /// all outputs of the run are written completely, flushed and checked. Then they are committed in the order of the flow, and
    /// that of `write` last. If one can't be committed, those before it stay visible; for files, that is a failed rename. A run
    /// that fails before that, is canceled or is dropped leaves all outputs as they were.
    ///
    /// **Bad records.** A record that this output can't encode is rejected by this step, and does not go on. A record that the
    /// target refuses while it is written, as a [`RowSink`](crate::RowSink) does, is left out there, and goes on. Both count as
    /// rejected, and the rejection names this step. [`StepCounts::written`](crate::StepCounts::written) has what was written.
    ///
    /// **Order.** Each batch is encoded on its worker, and written when the batch, or what the later steps make of it, comes to
    /// the end of the flow. So the output keeps the order of the input, unless a step after this one lets batches overtake
    /// each other. A later [`take`](Self::take) ends this output with the batch that has the last of its records.
    ///
    /// Previews such as [`collect`](Self::collect) write nothing. In the flow of a table for a join, this output is part of
    /// reading the table, which is a run of its own: it is committed when the table has been read. The records are copied once,
    /// or twice if the pipeline has an [`on_error`](crate::PipelineBuilder::on_error). To write the same records to several
    /// outputs at the end, use [`tee`](crate::tee()).
    pub fn also_write<W: Writer<B>>(self, writer: W) -> Self {
        let writer = Arc::new(writer);
        self.also_write_made(Arc::new(move |_| Ok(Arc::clone(&writer))))
    }

    /// Like [`also_write`](Self::also_write), with a writer that `make` makes for each run, from the parameters or the due time in
    /// its context.
    pub fn also_write_with<W, F>(self, make: F) -> Self
    where
        W: Writer<B>,
        F: Fn(&RunContext) -> Result<W, BoxError> + Send + Sync + 'static,
    {
        self.also_write_made(Arc::new(move |cx| make(cx).map(Arc::new)))
    }

    fn also_write_made<W: Writer<B>>(self, make: MakeWriter<W>) -> Self {
        self.append("also_write", |open, _, info| Ok(step::also_write(open, info.index, make)))
    }
}
