//! What remembers pipelines and runs.

mod any;
mod by_puts;
mod check;
mod commit;
mod error;
mod instant;
mod key;
mod memory;
mod pipeline;
pub(crate) mod query;
mod retention;
mod run;
mod status;
mod turns;

pub use any::AnyStore;
pub use check::{Stored, check_commit};
pub use commit::{Commit, Committed, Renewal, RunChange};
pub use error::StoreError;
pub use key::RunKey;
pub use memory::MemoryStore;
pub use pipeline::PipelineRecord;
pub use query::RunQuery;
pub use retention::Retention;
pub use run::{Covers, RunCounts, RunRecord};
pub use status::RunStatus;

use std::time::Duration;

use time::UtcDateTime;

use crate::{OwnerId, PipelineName, RunId};

/// What remembers pipelines and their runs.
///
/// It is used through [`AnyStore`], and for a store that one process opens, six methods are all there is to write:
/// put and read a pipeline, put and read a run. [`commit`](Self::commit) is built on them. A store that several
/// instances share at the same time, a database, writes the other six as well.
///
/// # The contract
///
/// A decision is one [`Commit`]: a pipeline's new row, and the runs that change with it.
///
/// 1. `commit` is all or nothing, and durable when it answers [`Committed::Done`]. After an error, or if its future
///    was dropped, it is not known whether it happened: the caller reads, and looks for its own runs, before it
///    decides again.
/// 2. It succeeds only if the stored rev is the expected one, and adds one to it. Every change of a run is made by a
///    commit.
/// 3. An inserted run has an id that is new, and a key that is new in its pipeline. An updated run is stored and not
///    terminal, and goes where [`RunStatus`] allows; what it is (id, key, due, parameters, creation) never changes,
///    and a request to stop it is never taken back. Only its owner starts and finishes it; as long as it waits or
///    runs, others change at most `cancel_requested_at` and `reason`, unless they adopt it. Sole exception: the row
///    that the pipeline's `open_skip` names may grow in `due`, `covers.count` and `ended_at`.
/// 4. The `cursor` only rises while `spec_since` stays.
/// 5. A store that is shared compares `due_not_after_now` with its own clock, and answers [`Committed::NotYet`].
/// 6. An owner that was declared dead never commits or renews again.
/// 7. [`reap`](Self::reap) first declares owners dead for good, and then returns their queued and running runs.
/// 8. [`prune`](Self::prune) never removes a run that is not terminal, is the `open_skip`, or is due after the
///    cursor; and no pipeline, unless it is removed and has no runs.
/// 9. The default `commit` puts the pipeline's row with the runs in `pending`, which is the commit, then the runs,
///    then the row without them. [`AnyStore`] holds the pipeline's lock meanwhile, and finishes what is pending when
///    it is opened and after a failure, before anything reads it.
/// 10. Commits to different pipelines do not wait for each other. All methods may be called concurrently.
/// 11. Who uses a store writes runs by `commit` alone; the two `upsert` methods are for the default `commit`.
///
/// [`check_commit`] is clauses 2 to 6 as a function: a store that writes `commit` itself calls it inside its transaction.
///
/// # A store of your own
///
/// From nothing to a proven store, which keeps everything in maps:
///
/// ```sh
/// cargo new --lib my-store && cd my-store
/// cargo add godata-core
/// cargo add --dev godata-core --features conformance
/// cargo add --dev tokio --features macros,rt-multi-thread
/// ```
///
/// `src/lib.rs`:
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::{Mutex, MutexGuard, PoisonError};
///
/// use godata_core::{PipelineName, PipelineRecord, RunId, RunQuery, RunRecord, Store, StoreError};
///
/// #[derive(Default)]
/// pub struct MyStore(Mutex<Rows>);
///
/// #[derive(Default)]
/// struct Rows {
///     pipelines: BTreeMap<PipelineName, PipelineRecord>,
///     runs: BTreeMap<RunId, RunRecord>,
/// }
///
/// impl MyStore {
///     fn rows(&self) -> MutexGuard<'_, Rows> {
///         self.0.lock().unwrap_or_else(PoisonError::into_inner)
///     }
/// }
///
/// impl Store for MyStore {
///     async fn upsert_pipeline(&self, pipeline: &PipelineRecord) -> Result<(), StoreError> {
///         self.rows().pipelines.insert(pipeline.name.clone(), pipeline.clone());
///         Ok(())
///     }
///
///     async fn get_pipeline(&self, name: &PipelineName) -> Result<Option<PipelineRecord>, StoreError> {
///         Ok(self.rows().pipelines.get(name).cloned())
///     }
///
///     async fn list_pipelines(&self) -> Result<Vec<PipelineRecord>, StoreError> {
///         Ok(self.rows().pipelines.values().cloned().collect())
///     }
///
///     async fn upsert_run(&self, run: &RunRecord) -> Result<(), StoreError> {
///         self.rows().runs.insert(run.id, run.clone());
///         Ok(())
///     }
///
///     async fn get_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
///         Ok(self.rows().runs.get(&id).cloned())
///     }
///
///     async fn list_runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
///         Ok(query.select(self.rows().runs.values()))
///     }
/// }
/// ```
///
/// The proof, `tests/contract.rs`: one test per clause. A [`Fixture`] says how to open the store, and what it is.
///
/// ```
/// # mod my_store { #[derive(Default)] pub struct MyStore; }
/// # #[cfg(feature = "conformance")]
/// # mod proof {
/// use godata_core::conformance::Fixture;
/// use godata_core::{BoxError, store_conformance};
/// # use godata_core::MemoryStore as MyStore;
/// # const _: &str = stringify!(
/// use my_store::MyStore;
/// # );
///
/// struct Maps;
///
/// impl Fixture for Maps {
///     type Store = MyStore;
///
///     async fn open(&self) -> Result<MyStore, BoxError> {
///         Ok(MyStore::default())
///     }
///
///     fn durable(&self) -> bool {
///         false // What is in maps is gone when the store is dropped.
///     }
/// }
///
/// store_conformance!(Maps);
/// # }
/// ```
///
/// `cargo test` runs it. `examples/custom_store` in the repository is this store with a file below it.
///
/// [`Fixture`]: https://docs.rs/godata-core/latest/godata_core/conformance/trait.Fixture.html
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store",
    note = "a store has six methods to write: puts and reads of pipelines and of runs; its docs show one"
)]
pub trait Store: Send + Sync + 'static {
    /// Puts a pipeline's row in place of the one with its name, durably.
    ///
    /// Called by the default [`commit`](Self::commit), never twice at a time for one pipeline. A call whose future
    /// is dropped may have put the row or not, but nothing in between.
    ///
    /// # Errors
    ///
    /// Any; whether the row was put is then taken as unknown.
    fn upsert_pipeline(
        &self,
        pipeline: &PipelineRecord,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A pipeline's row as it was last put.
    ///
    /// # Errors
    ///
    /// Any. A row that can't be read is an error, never `None`.
    fn get_pipeline(
        &self,
        name: &PipelineName,
    ) -> impl Future<Output = Result<Option<PipelineRecord>, StoreError>> + Send;

    /// All pipelines' rows, ordered by name.
    ///
    /// # Errors
    ///
    /// Any. A row that can't be read is an error, not left out.
    fn list_pipelines(&self) -> impl Future<Output = Result<Vec<PipelineRecord>, StoreError>> + Send;

    /// Puts a run's row in place of the one with its id, durably; as [`upsert_pipeline`](Self::upsert_pipeline).
    ///
    /// # Errors
    ///
    /// Any; whether the row was put is then taken as unknown.
    fn upsert_run(&self, run: &RunRecord) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A run's row as it was last put.
    ///
    /// # Errors
    ///
    /// Any. A row that can't be read is an error, never `None`.
    fn get_run(&self, id: RunId) -> impl Future<Output = Result<Option<RunRecord>, StoreError>> + Send;

    /// The runs that a query asks for, in its order. [`RunQuery::select`] does all of it over rows in memory.
    ///
    /// # Errors
    ///
    /// Any. A row that can't be read is an error, not left out.
    fn list_runs(&self, query: &RunQuery) -> impl Future<Output = Result<Vec<RunRecord>, StoreError>> + Send;

    /// Whether several instances may have it open at the same time. Default: `false`, one process at a time.
    ///
    /// A store that says `true` writes all methods itself. It is the same on every call.
    fn shared(&self) -> bool {
        false
    }

    /// What time it is by the store's own clock. Default: `None`, it has none.
    ///
    /// # Errors
    ///
    /// Any.
    fn now(&self) -> impl Future<Output = Result<Option<UtcDateTime>, StoreError>> + Send {
        async { Ok(None) }
    }

    /// Writes one decision: clauses 1 to 6. Default: built on the six methods above, clause 9.
    ///
    /// Called concurrently. If its future is dropped, all of the commit has happened or nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] for a commit that no state allows, with nothing written; any other, after which
    /// whether it happened is unknown.
    fn commit(&self, commit: &Commit) -> impl Future<Output = Result<Committed, StoreError>> + Send {
        by_puts::commit(self, commit)
    }

    /// Keeps an owner alive for `ttl` from now, and says which of its runs are to stop. Default: it always lives;
    /// its runs that somebody asked to stop are listed.
    ///
    /// The first call makes the owner known. Called every third of `ttl` or so.
    ///
    /// # Errors
    ///
    /// Any; the owner then counts on what it was told last.
    fn renew(
        &self,
        owner: OwnerId,
        ttl: Duration,
    ) -> impl Future<Output = Result<Renewal, StoreError>> + Send {
        by_puts::renew(self, owner, ttl)
    }

    /// Declares owners dead, and returns all their queued and running runs: clause 7.
    ///
    /// Dead is, in a store that is shared, whose time from [`renew`](Self::renew) has passed; in one that is not,
    /// who is not in `live`, which names all owners that live in this process. Called at the start, and by each
    /// instance of a shared store now and then, so two may get the same runs; whose commit is first has them.
    ///
    /// # Errors
    ///
    /// Any; owners may have been declared dead by then.
    fn reap(&self, live: &[OwnerId]) -> impl Future<Output = Result<Vec<RunRecord>, StoreError>> + Send {
        by_puts::reap(self, live)
    }

    /// Forgets old runs, and returns how many: clause 8. Default: none, it keeps everything.
    ///
    /// [`Retention::forgets`] decides.
    ///
    /// # Errors
    ///
    /// Any; some runs may have been removed by then.
    fn prune(&self, _retention: &Retention) -> impl Future<Output = Result<u64, StoreError>> + Send {
        async { Ok(0) }
    }
}
