//! Loads a table for a join.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use godata_core::{BoxError, Cancellation, RunContext, debug_as_chain};

use super::block::Block;
use super::join::{Join, Rule};
use super::key_of::KeyOf;
use super::kinds::Kinds;
use super::lookup_table::LookupTable;
use super::memory::Memory;
use super::merge::Merge;
use super::sorter::{Check, Sorter};
use super::spill::SpillError;
use super::store::{Kept, Store};
use crate::engine::{Load, MakeWriter, Opener, Plan, Run, on_thread};
use crate::writer::WriteFn;
use crate::{BlockingSink, BlockingWrite, Chunk, Pipeline, PipelineError, RunScope, Stop, Work, Writer};

/// How a table is read.
pub(crate) struct TableFlow<R: Kept, K> {
    pub(crate) plan: Plan,
    pub(crate) open: Opener<Chunk<R>>,
    pub(crate) key: Arc<K>,
}

/// A table that was loaded.
pub(crate) enum Table<R: Kept> {
    InMemory(LookupTable<R>, Kinds),
    /// It does not fit into its share of the memory.
    Sorted(Arc<Store<R>>, Merge, Kinds),
}

impl<R: Kept, K: KeyOf<R>> TableFlow<R, K> {
    /// Opens the table, to find out whether it could be read, and makes an empty one.
    pub(crate) async fn check(&self, cx: &RunContext) -> Result<Table<R>, BoxError> {
        let nowhere = Arc::new(WriteFn(Arc::new(|_cx, _batch: R| async { Ok(()) })));
        let make: MakeWriter<_> = Arc::new(move |_| Ok(Arc::clone(&nowhere)));
        let pipeline = Pipeline::build(self.plan.clone(), Arc::clone(&self.open), make)?;
        pipeline.check(&within(cx)).await?;
        let (store, rows) =
            (Arc::default(), Sorter::new(Memory::mib(0)).finish(&|| Ok(())).map_err(Stop::into_cause)?);
        let rule = Rule { join: Join::Inner, is_unique: false };
        let table = LookupTable::new(store, rows, rule, &|| Ok(())).map_err(Stop::into_cause)?;
        Ok(Table::InMemory(table, Kinds::default()))
    }

    /// Reads the table of step `index`, as a run of its own within `run`. It takes up to half of the memory.
    pub(crate) async fn load(
        &self,
        run: &Arc<Run>,
        index: usize,
        memory: &Memory,
        rule: Rule,
    ) -> Result<Table<R>, BoxError> {
        let store = Arc::new(Store::default());
        let sorter = Arc::new(Mutex::new(Some(store.sorter(memory.part(1, 4), u64::MAX))));
        let kinds = Arc::new(Mutex::new(Kinds::default()));
        let writer = Arc::new(TableWriter {
            store: Arc::clone(&store),
            key: Arc::clone(&self.key),
            sorter: Arc::clone(&sorter),
            kinds: Arc::clone(&kinds),
        });
        let mut plan = self.plan.clone();
        if run.is_preview() {
            plan.preview();
        }
        let make: MakeWriter<_> = Arc::new(move |_| Ok(Arc::clone(&writer)));
        let pipeline = Pipeline::build(plan, Arc::clone(&self.open), make)?;
        let report = pipeline.run_within(&within(run.context())).await.map_err(table_error)?;
        if report.rejected() > 0 {
            tracing::warn!(table = %report.pipeline, rejected = report.rejected(), "records of a table were rejected");
        }
        run.keep_table_report(index, report);
        store.check_fields().map_err(|error| NoKey(Arc::new(error)))?;
        let sorter = sorter.lock().unwrap_or_else(PoisonError::into_inner).take();
        let sorter = sorter.ok_or("the table was loaded twice")?;
        let kinds = kinds.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let cancellation = run.context().cancellation().clone();
        let build = move || {
            let check: Check<'_> = &|| Ok(cancellation.check()?);
            let is_in_memory = sorter.is_in_memory();
            let rows = sorter.finish(check).map_err(not_kept)?;
            if !is_in_memory {
                return Ok(Table::Sorted(store, rows, kinds));
            }
            let table = LookupTable::new(store, rows, rule, check).map_err(Stop::into_cause)?;
            Ok(Table::InMemory(table, kinds))
        };
        on_thread(run.at_work(), Load::Computes, build).await
    }
}

/// The records of a table can't be kept by their keys.
#[derive(thiserror::Error)]
#[error("the table can't be joined by its key")]
struct NoKey(#[source] Arc<dyn Error + Send + Sync>);

debug_as_chain!(NoKey);

/// A table that does not fit into memory can't be written to a file, or read from it.
#[derive(thiserror::Error)]
#[error("the table does not fit into memory")]
struct NoRoom(#[source] Arc<dyn Error + Send + Sync>);

debug_as_chain!(NoRoom);

/// The error of keeping the records of a table.
fn not_kept(stop: Stop) -> BoxError {
    match stop.into_cause().downcast::<SpillError>() {
        Ok(error) => NoRoom(Arc::new(*error)).into(),
        Err(error) => error,
    }
}

/// The error of reading a table. What its writer does is part of the join, and no output that a user knows of.
fn table_error(error: PipelineError) -> BoxError {
    match error {
        PipelineError::Write { source, .. } if source.is::<SpillError>() => NoRoom(source).into(),
        PipelineError::Write { source, .. } => NoKey(source).into(),
        error => error.into(),
    }
}

/// The context of a run within the run of `cx`, which has counts of its own.
fn within(cx: &RunContext) -> RunContext {
    let inner = RunContext::new()
        .with_run_id(cx.run_id())
        .with_job_id(cx.job_id())
        .with_attempt(cx.attempt())
        .with_cause(cx.cause())
        .with_params(cx.params().clone())
        .with_cancellation(cx.cancellation().child());
    match cx.due() {
        Some(due) => inner.with_due(due),
        None => inner,
    }
}

/// Keeps the records of a table.
struct TableWriter<R: Kept, K> {
    store: Arc<Store<R>>,
    key: Arc<K>,
    sorter: Arc<Mutex<Option<Sorter>>>,
    kinds: Arc<Mutex<Kinds>>,
}

struct TableSink(Arc<Mutex<Option<Sorter>>>, Cancellation);

impl<R: Kept, K: KeyOf<R>> Writer<R> for TableWriter<R, K> {
    type Encoded = Block;
    type Sink = BlockingWrite<TableSink>;

    async fn open(&self, scope: &RunScope) -> Result<BlockingWrite<TableSink>, BoxError> {
        let sink = TableSink(Arc::clone(&self.sorter), scope.context().cancellation().clone());
        Ok(BlockingWrite::new(sink, scope))
    }

    fn encode(&self, chunk: Chunk<R>, work: &mut Work) -> Result<Block, Stop> {
        let kinds = self.key.kinds(chunk.batch())?;
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner).add(kinds);
        self.store.note_missing(&chunk, self.key.missing(chunk.batch()));
        // A key without a value equals no other one.
        self.store.block(&*self.key, &chunk, |is_whole| is_whole, u64::MAX, work)
    }

    fn encodes_empty(&self, _: &R) -> bool {
        // An empty table has fields all the same.
        true
    }
}

impl BlockingSink<Block> for TableSink {
    fn write(&mut self, block: Block) -> Result<(), BoxError> {
        let mut sorter = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let check: Check<'_> = &|| Ok(self.1.check()?);
        sorter.as_mut().map_or(Ok(()), |sorter| sorter.add(block, check)).map_err(Stop::into_cause)
    }

    fn commit(self) -> Result<(), BoxError> {
        Ok(())
    }
}
