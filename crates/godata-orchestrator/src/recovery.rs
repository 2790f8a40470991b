//! Which owners are alive, and the runs of dead ones.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use godata_core::{
    AnyStore, Clock, OwnerId, PipelineName, PipelineRecord, Renewal, Retention, RunRecord, Store as _,
    StoreError,
};
use tokio::time::{Instant, sleep};

use crate::persist::{active_runs, within};

/// The live owners of this process. A store that is not shared considers all other owners dead.
static LIVE: Mutex<BTreeSet<OwnerId>> = Mutex::new(BTreeSet::new());

/// An owner that counts as alive until this is dropped.
#[derive(Debug)]
pub(crate) struct LiveOwner(OwnerId);

impl LiveOwner {
    pub(crate) fn new(owner: OwnerId) -> Self {
        live().insert(owner);
        Self(owner)
    }

    pub(crate) fn id(&self) -> OwnerId {
        self.0
    }
}

impl Drop for LiveOwner {
    fn drop(&mut self) {
        live().remove(&self.0);
    }
}

/// Poisoning is ignored because nothing panics while the lock is held.
fn live() -> MutexGuard<'static, BTreeSet<OwnerId>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How far the store's clock is behind `clock`. Zero if the store has no clock, or if its clock is ahead.
async fn behind(store: &AnyStore, clock: &dyn Clock, limit: Duration) -> Result<Duration, StoreError> {
    let before = clock.now();
    let shows = within(limit, store.now()).await?;
    Ok(shows.map(|shows| Duration::try_from(before - shows).unwrap_or_default()).unwrap_or_default())
}

/// The content of the store when an orchestrator starts.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) behind: Duration,
    /// When the owner enrolled.
    pub(crate) enrolled_at: Instant,
    pub(crate) renewal: Renewal,
    pub(crate) pipelines: Vec<PipelineRecord>,
    /// All queued and running rows.
    pub(crate) runs: Vec<RunRecord>,
    /// The queued and running rows whose owners are dead.
    pub(crate) orphans: Vec<RunRecord>,
}

/// Registers an owner, collects the runs of dead owners, and reads all pipelines in one scan.
pub(crate) async fn open(
    store: AnyStore,
    clock: Arc<dyn Clock>,
    owner: OwnerId,
    lease: Duration,
    limit: Duration,
) -> Result<Opened, StoreError> {
    let behind = behind(&store, &clock, limit).await?;
    let enrolled_at = Instant::now();
    let renewal = within(limit, store.enroll(owner, lease)).await?;
    let orphans = reap(&store, owner, limit).await?;
    let pipelines = within(limit, store.list_pipelines()).await?;
    let runs = active_runs(&store, None, limit).await?;
    Ok(Opened { behind, enrolled_at, renewal, pipelines, runs, orphans })
}

/// The result of a renewal. A failed one is repeated soon.
#[derive(Debug)]
pub(crate) struct Renewed {
    pub(crate) owner: OwnerId,
    /// When the call was made that was answered. The lease counts from then at the latest.
    pub(crate) sent_at: Instant,
    pub(crate) renewal: Result<Renewal, StoreError>,
}

/// Renews the lease of an owner, after a wait. A call that fails is repeated at once, because a lost connection is the most
/// frequent reason.
pub(crate) async fn renew(
    store: AnyStore,
    owner: OwnerId,
    lease: Duration,
    limit: Duration,
    wait: Duration,
) -> Renewed {
    if !wait.is_zero() {
        sleep(wait).await;
    }
    let mut sent_at = Instant::now();
    let mut renewal = within(limit, store.renew(owner, lease)).await;
    if renewal.is_err() {
        sent_at = Instant::now();
        renewal = within(limit, store.renew(owner, lease)).await;
    }
    Renewed { owner, sent_at, renewal }
}

/// Periodic work that may take longer than a lease.
pub(crate) struct Round {
    pub(crate) store: AnyStore,
    pub(crate) owner: OwnerId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limit: Duration,
    /// The pipelines that others run after.
    pub(crate) upstream: Vec<PipelineName>,
    pub(crate) forget: Option<Retention>,
}

/// The results of a [`Round`]. What failed is repeated the next time.
#[derive(Debug)]
pub(crate) struct Rounded {
    pub(crate) behind: Result<Duration, StoreError>,
    pub(crate) orphans: Result<Vec<RunRecord>, StoreError>,
    pub(crate) upstream: Result<Vec<PipelineRecord>, StoreError>,
    pub(crate) forgotten: Result<u64, StoreError>,
}

impl Round {
    /// Compares the clocks and prunes the history. In a shared store, also collects runs of dead owners, and reads the
    /// upstream pipelines, which may have succeeded in other instances.
    pub(crate) async fn go(self) -> Rounded {
        let Self { store, owner, clock, limit, upstream, forget } = self;
        let behind = behind(&store, &clock, limit).await;
        let (mut orphans, mut rows) = (Ok(Vec::new()), Ok(Vec::new()));
        if store.shared() {
            orphans = reap(&store, owner, limit).await;
            rows = read_all(&store, upstream, limit).await;
        }
        let forgotten = match &forget {
            Some(retention) => within(limit, store.prune(retention)).await,
            None => Ok(0),
        };
        Rounded { behind, orphans, upstream: rows, forgotten }
    }
}

async fn reap(store: &AnyStore, by: OwnerId, limit: Duration) -> Result<Vec<RunRecord>, StoreError> {
    let owners: Vec<_> = live().iter().copied().collect();
    within(limit, store.reap(by, &owners)).await
}

async fn read_all(
    store: &AnyStore,
    names: Vec<PipelineName>,
    limit: Duration,
) -> Result<Vec<PipelineRecord>, StoreError> {
    let mut rows = Vec::new();
    for name in names {
        rows.extend(within(limit, store.find_pipeline(&name)).await?);
    }
    Ok(rows)
}
