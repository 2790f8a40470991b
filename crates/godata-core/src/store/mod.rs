//! The trait of stores, and the rows that they keep.

mod any;
mod by_puts;
mod change;
mod check;
mod commit;
mod error;
mod instant;
mod key;
mod memory;
mod pipeline;
pub(crate) mod query;
mod refreshed;
mod retention;
mod run;
mod status;
mod tally;
mod turns;

pub use any::AnyStore;
pub use change::{Change, Changes};
pub use check::{Stored, check_commit};
pub use commit::{Commit, Committed, Renewal, RunChange};
pub use error::StoreError;
pub use key::{RunKey, RunKeyKind};
pub use memory::MemoryStore;
pub use pipeline::PipelineRecord;
pub use query::RunQuery;
pub use refreshed::Refreshed;
pub use retention::Retention;
pub use run::{Covers, RunCounts, RunRecord};
pub use status::RunStatus;
pub use tally::Tally;

use std::time::Duration;

use futures::stream;
use time::UtcDateTime;

use crate::{OwnerId, PipelineName, RunId};

/// For implementors of stores: keeps pipelines and their runs.
///
/// Callers use a store through [`AnyStore`].
///
/// A store that only one process has open needs six methods: puts and reads of pipelines and of runs. The other methods
/// have defaults that are built on them. A store that several processes share at the same time, such as a database,
/// implements all methods.
///
/// # The contract
///
/// A decision is one [`Commit`]: the new row of a pipeline, and the runs that change with it.
///
/// 1. `commit` is all or nothing, and durable when it answers [`Committed::Done`]. After an error, or if its future was
///    dropped, it is unknown whether the commit happened: the caller reads, and looks for its own runs, before it decides
///    again.
/// 2. `commit` succeeds only if the stored rev is the expected one, and adds one to it. Every change of a run is part of
///    a commit. A commit with a NUL in a text is invalid, because many databases can't hold it. Every other text is read
///    back as it was written, whatever characters it has.
/// 3. An inserted run has a new id, and a key that is new in its pipeline. An updated run is stored and not terminal, and
///    changes its status as [`RunStatus`] allows. Its identity (id, key, due, parameters, creation) never changes, and a
///    request to stop it is never withdrawn. Only its owner starts it, and finishes it once it runs. A queued run may have no
///    owner: its owner has released it, or it was inserted so. Then any owner may adopt or start it. Others may end a run while
///    it is queued; otherwise they change only `cancel_requested_at` and `reason`, unless they adopt it. The only
///    exception: the row that the pipeline's `open_skip` names may grow in `due`, `covers.count` and `ended_at`.
/// 4. The `cursor` never goes back while `spec_since` stays the same.
/// 5. A shared store compares `due_not_after_now` with its own clock, and answers [`Committed::NotYet`].
/// 6. An owner that was declared dead never commits or renews again. In a shared store, neither does an owner renew that the
///    store does not know.
/// 7. [`reap`](Self::reap) first declares owners dead for good, and then returns their queued and running runs. In a shared
///    store, only an owner that has renewed without a gap may declare others dead.
/// 8. [`prune`](Self::prune) never removes a run that is not terminal, is the `open_skip`, or is due after the cursor. It
///    never removes a pipeline, unless the pipeline is marked as removed and has no runs.
/// 9. The default `commit` puts the pipeline's row with the runs in `pending`, then the runs, then the row without them.
///    The first put is the commit point. Meanwhile [`AnyStore`] holds the pipeline's lock. When it is opened, and after a
///    failure, it puts the pending rows before anything reads them.
/// 10. Commits to different pipelines do not wait for each other. All methods may be called concurrently. A caller may stop
///     polling a future at any time and neither drop it nor poll it again for long: what the store has locked for it does not
///     stay locked for that long. A store that needs several steps for a commit therefore drives it by a task or a thread of
///     its own.
/// 11. Callers write runs only through `commit`. The two `upsert` methods are for the default `commit`. This clause binds
///     the callers of a store, so no test of a store checks it.
///
/// [`check_commit`] implements clauses 2 to 6: a store with its own `commit` calls it inside its transaction.
///
/// # What implementors need to know
///
/// * **Blocking.** Methods must not block the thread they are called on. An orchestrator polls their futures on the loop
///   that serves all its pipelines: while a method blocks, no pipeline is decided, no lease is renewed, and the
///   orchestrator's timeout for the call can't fire. A short lock around data in memory is fine. Files, connections
///   without an async interface, and `fsync` belong in `tokio::task::spawn_blocking` or on a thread of the store.
/// * **A second process.** A store that is not [`shared`](Self::shared) must itself refuse to be opened by a second process,
///   with [`StoreError::Locked`]. Nothing above it notices the second process, and the conformance suite does not test
///   for it. With two processes, each would consider the owners of the other dead, take over their runs, and run due
///   times twice.
/// * **Retention.** The default [`prune`](Self::prune) keeps everything and reports success. On such a store, the
///   retention settings of an orchestrator, `keep_newest` and `keep_for`, have no effect.
/// * **Cost.** The default `commit` of *n* runs makes *n* + 2 puts, each durable by itself, and one put if *n* is 0.
///   Before that it makes one read of the pipeline, one of each run, and one [`list_runs`](Self::list_runs) by key for
///   each inserted run. A store with transactions saves most of this with a `commit` of its own; such a store need not
///   be shared.
///
/// # A store of your own
///
/// These steps lead from nothing to a tested store, which keeps everything in maps:
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
///     async fn find_pipeline(&self, name: &PipelineName) -> Result<Option<PipelineRecord>, StoreError> {
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
///     async fn find_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
///         Ok(self.rows().runs.get(&id).cloned())
///     }
///
///     async fn list_runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
///         Ok(query.select(self.rows().runs.values()))
///     }
/// }
/// ```
///
/// `tests/contract.rs` proves it with tests for each clause. A [`Fixture`] opens the store and describes it.
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
///         false // The maps are gone when the store is dropped.
///     }
/// }
///
/// store_conformance!(Maps);
/// # }
/// ```
///
/// `cargo test` runs the tests. `examples/custom_store` in the repository is a similar store that keeps its rows in a
/// file.
///
/// [`Fixture`]: https://docs.rs/godata-core/latest/godata_core/conformance/trait.Fixture.html
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store",
    note = "implement `Store` for it: puts and reads of pipelines and of runs are enough, as the docs of `Store` show"
)]
pub trait Store: Send + Sync + 'static {
    /// Puts a pipeline's row durably. It replaces the row with the same name.
    ///
    /// Called by the default [`commit`](Self::commit), never concurrently for one pipeline. If the future is dropped,
    /// the row has been put or not, but never a part of it.
    ///
    /// # Errors
    ///
    /// Any. The caller then does not know whether the row was put.
    fn upsert_pipeline(
        &self,
        pipeline: &PipelineRecord,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns a pipeline's row as it was last put, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// Any. A row that can't be read is an error, never `None`.
    fn find_pipeline(
        &self,
        name: &PipelineName,
    ) -> impl Future<Output = Result<Option<PipelineRecord>, StoreError>> + Send;

    /// Returns the rows of all pipelines, ordered by the bytes of their names.
    ///
    /// # Errors
    ///
    /// Any. A row that can't be read is an error. It must not be left out.
    fn list_pipelines(&self) -> impl Future<Output = Result<Vec<PipelineRecord>, StoreError>> + Send;

    /// Puts a run's row durably. It replaces the row with the same id.
    ///
    /// Called by the default [`commit`](Self::commit), never concurrently for one run. If the future is dropped, the row
    /// has been put or not, but never a part of it.
    ///
    /// # Errors
    ///
    /// Any. The caller then does not know whether the row was put.
    fn upsert_run(&self, run: &RunRecord) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns a run's row as it was last put, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// Any. A row that can't be read is an error, never `None`.
    fn find_run(&self, id: RunId) -> impl Future<Output = Result<Option<RunRecord>, StoreError>> + Send;

    /// Returns the runs that match a query, in its order, up to its limit. For rows in memory, [`RunQuery::select`] does
    /// all of this.
    ///
    /// # Errors
    ///
    /// Any. A row that can't be read is an error. It must not be left out.
    fn list_runs(&self, query: &RunQuery) -> impl Future<Output = Result<Vec<RunRecord>, StoreError>> + Send;

    /// Returns the newest runs of each pipeline, up to `count`, in the order in which the pipelines are named. Default: one call of
    /// [`list_runs`](Self::list_runs) for each.
    ///
    /// # Errors
    ///
    /// Those of [`list_runs`](Self::list_runs).
    fn newest_runs(
        &self,
        of: &[PipelineName],
        count: usize,
    ) -> impl Future<Output = Result<Vec<Vec<RunRecord>>, StoreError>> + Send {
        by_puts::newest_runs(self, of, count)
    }

    /// Counts the runs that match a query, by status. It stops after `most` runs; the query's limit is not considered. Default:
    /// reads pages of 1,000 runs.
    ///
    /// # Errors
    ///
    /// Those of [`list_runs`](Self::list_runs).
    fn tally(&self, query: &RunQuery, most: u64) -> impl Future<Output = Result<Tally, StoreError>> + Send {
        by_puts::tally(self, query, most)
    }

    /// Returns those pipelines whose rows don't have the rev that is given with their names, each with its queued and running runs
    /// and its open skip. A rev of 0 means that the caller knows no row. Default: reads one pipeline after the other.
    ///
    /// Several instances call it for pipelines that another one of them is about to change, at most 1,000 at a time, and few of
    /// them have changed. A row must not be newer than its runs: then a commit that was decided from both conflicts.
    ///
    /// # Errors
    ///
    /// Any. A row that can't be read is an error. It must not be left out.
    fn refresh(
        &self,
        known: &[(PipelineName, u64)],
    ) -> impl Future<Output = Result<Vec<Refreshed>, StoreError>> + Send {
        by_puts::refresh(self, known)
    }

    /// Returns the names of pipelines with queued runs that have no owner and whose `not_before` has passed by the store's clock,
    /// in the order of their bytes, up to `limit`. Those up to `after`, inclusive, are left out. Default: reads all queued runs.
    ///
    /// An orchestrator on a shared store calls it every two seconds while it has free slots.
    ///
    /// # Errors
    ///
    /// Any.
    fn claimable(
        &self,
        after: Option<&PipelineName>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<PipelineName>, StoreError>> + Send {
        by_puts::claimable(self, after, limit)
    }

    /// Returns the changes from now on that other instances have made. Default: none ever.
    ///
    /// They are hints, and a store may leave out any: an orchestrator also reads what it waits for every few seconds. If the
    /// stream has missed some, as after a lost connection, it says [`Change::Lost`]. It ends only with the store. Nothing is
    /// done before it is polled.
    fn changes(&self) -> Changes {
        Box::pin(stream::pending())
    }

    /// Whether several processes may have the store open at the same time. Default: `false`.
    ///
    /// A store that returns `true` implements all methods. A store that returns `false` refuses a second process when it
    /// is opened, with [`StoreError::Locked`]. It is the same on every call.
    fn shared(&self) -> bool {
        false
    }

    /// Returns the time by the store's own clock. Default: `None`, the store has no clock.
    ///
    /// # Errors
    ///
    /// Any.
    fn now(&self) -> impl Future<Output = Result<Option<UtcDateTime>, StoreError>> + Send {
        async { Ok(None) }
    }

    /// Writes one decision: clauses 1 to 6. Default: built on puts and reads, clause 9.
    ///
    /// Called concurrently. If the future is dropped, the whole commit has happened or nothing of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`], if the commit is not allowed in any state of the store; nothing was written then. After
    /// any other error it is unknown whether the commit happened.
    fn commit(&self, commit: &Commit) -> impl Future<Output = Result<Committed, StoreError>> + Send {
        by_puts::commit(self, commit)
    }

    /// Makes a new owner known, and starts its lease. Default: [`renew`](Self::renew), which is right for a store that is not
    /// shared.
    ///
    /// An owner calls it once, and again if the answer was lost. For an owner that is known already, it is a renewal. An owner
    /// that was declared dead stays dead.
    ///
    /// # Errors
    ///
    /// Any. The owner may be known.
    fn enroll(
        &self,
        owner: OwnerId,
        ttl: Duration,
    ) -> impl Future<Output = Result<Renewal, StoreError>> + Send {
        self.renew(owner, ttl)
    }

    /// Renews an owner's lease for `ttl` from now, and returns which of its runs were asked to stop. Default: the owner
    /// is always alive, and its runs are searched for requests to stop.
    ///
    /// An owner [enrolls](Self::enroll) first. A shared store answers [`Renewal::dead`] to an owner that it does not know, so it
    /// may forget dead owners after some time; a month is enough. An orchestrator renews about three times per `ttl`, and
    /// gives up a call that takes longer than a sixth of it. A shared store should answer even while many commits wait for
    /// their turn, for example by a connection that only this call uses.
    ///
    /// # Errors
    ///
    /// Any. The owner then relies on the last answer.
    fn renew(
        &self,
        owner: OwnerId,
        ttl: Duration,
    ) -> impl Future<Output = Result<Renewal, StoreError>> + Send {
        by_puts::renew(self, owner, ttl)
    }

    /// Declares owners dead, and returns all their queued and running runs: clause 7. Runs without an owner are not returned.
    ///
    /// In a store that is not shared, an owner is dead if it is not in `live`, which contains all owners in this process.
    ///
    /// A shared store keeps for each owner the `ttl` and the time of its last renewal, and the time `since` of the renewal
    /// before which there was a gap: a renewal that comes half a `ttl` or more after the one before, and the first one, set
    /// `since`. `by` declares an owner dead if all of this holds, where `ttl` is the longer of both owners' leases:
    ///
    /// * that owner has not renewed for `ttl`,
    /// * `by` is alive, and has renewed less than half of its own `ttl` ago,
    /// * `by` has renewed without a gap for half a `ttl`.
    ///
    /// If the store was away, all owners that are alive have renewed by then, and none is declared dead for the time in which
    /// it could not. The owner of a queued or running run that the store does not know is dead as well; only the conditions on
    /// `by` apply.
    ///
    /// An orchestrator calls it when it starts, and repeatedly if the store is shared. So two orchestrators may get the
    /// same runs; the one that commits first gets to keep them.
    ///
    /// # Errors
    ///
    /// Any. Some owners may already have been declared dead.
    fn reap(
        &self,
        _by: OwnerId,
        live: &[OwnerId],
    ) -> impl Future<Output = Result<Vec<RunRecord>, StoreError>> + Send {
        by_puts::reap(self, live)
    }

    /// Removes old runs, and returns how many: clause 8. Default: removes nothing and returns 0.
    ///
    /// [`Retention::forgets`] decides which runs are removed. An orchestrator calls it about once an hour, if it has
    /// retention settings.
    ///
    /// # Errors
    ///
    /// Any. Some runs may already have been removed.
    fn prune(&self, _retention: &Retention) -> impl Future<Output = Result<u64, StoreError>> + Send {
        async { Ok(0) }
    }
}
