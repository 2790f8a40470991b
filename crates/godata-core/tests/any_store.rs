//! `AnyStore` calls the methods of the store that it wraps, including those that have a default.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use godata_core::{
    AnyStore, Cause, Changes, Clock as _, Commit, Committed, OwnerId, PipelineName, PipelineRecord,
    Refreshed, Renewal, Retention, RunId, RunKey, RunQuery, RunRecord, RunStatus, Store, StoreError,
    SystemClock, Tally,
};
use time::UtcDateTime;

/// A store whose answers differ from all defaults, and which records the calls of its methods.
#[derive(Clone, Default)]
struct Recording(Arc<Mutex<Vec<&'static str>>>);

impl Recording {
    fn called(&self, method: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(method);
    }

    fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for Recording {
    async fn upsert_pipeline(&self, _: &PipelineRecord) -> Result<(), StoreError> {
        self.called("upsert_pipeline");
        Ok(())
    }

    async fn find_pipeline(&self, _: &PipelineName) -> Result<Option<PipelineRecord>, StoreError> {
        self.called("find_pipeline");
        Ok(None)
    }

    async fn list_pipelines(&self) -> Result<Vec<PipelineRecord>, StoreError> {
        self.called("list_pipelines");
        Ok(Vec::new())
    }

    async fn upsert_run(&self, _: &RunRecord) -> Result<(), StoreError> {
        self.called("upsert_run");
        Ok(())
    }

    async fn find_run(&self, _: RunId) -> Result<Option<RunRecord>, StoreError> {
        self.called("find_run");
        Ok(None)
    }

    async fn list_runs(&self, _: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        self.called("list_runs");
        Ok(Vec::new())
    }

    async fn newest_runs(&self, _: &[PipelineName], _: usize) -> Result<Vec<Vec<RunRecord>>, StoreError> {
        self.called("newest_runs");
        Ok(Vec::new())
    }

    async fn tally(&self, _: &RunQuery, _: u64) -> Result<Tally, StoreError> {
        self.called("tally");
        Ok(Tally::default())
    }

    async fn refresh(&self, _: &[(PipelineName, u64)]) -> Result<Vec<Refreshed>, StoreError> {
        self.called("refresh");
        Ok(Vec::new())
    }

    async fn claimable(&self, _: Option<&PipelineName>, _: usize) -> Result<Vec<PipelineName>, StoreError> {
        self.called("claimable");
        Ok(Vec::new())
    }

    fn changes(&self) -> Changes {
        self.called("changes");
        Box::pin(futures::stream::empty())
    }

    fn shared(&self) -> bool {
        true
    }

    async fn now(&self) -> Result<Option<UtcDateTime>, StoreError> {
        self.called("now");
        Ok(Some(UtcDateTime::UNIX_EPOCH))
    }

    async fn commit(&self, _: &Commit) -> Result<Committed, StoreError> {
        self.called("commit");
        Ok(Committed::OwnerLost)
    }

    async fn enroll(&self, _: OwnerId, _: Duration) -> Result<Renewal, StoreError> {
        self.called("enroll");
        Ok(Renewal::dead(Vec::new()))
    }

    async fn renew(&self, _: OwnerId, _: Duration) -> Result<Renewal, StoreError> {
        self.called("renew");
        Ok(Renewal::dead(Vec::new()))
    }

    async fn reap(&self, _: OwnerId, _: &[OwnerId]) -> Result<Vec<RunRecord>, StoreError> {
        self.called("reap");
        Ok(Vec::new())
    }

    async fn prune(&self, _: &Retention) -> Result<u64, StoreError> {
        self.called("prune");
        Ok(7)
    }
}

#[tokio::test]
async fn every_method_is_forwarded_even_if_the_store_was_erased_twice() {
    let (owner, now) = (OwnerId::generate(), SystemClock.now());
    let name = PipelineName::new("orders").unwrap();
    let pipeline = PipelineRecord::new(name.clone(), now);
    let key = RunKey::manual("token").unwrap();
    let run = RunRecord::new(&name, key, Cause::Manual, RunStatus::Queued, now);

    let store = Recording::default();
    for any in [AnyStore::new(store.clone()), AnyStore::new(AnyStore::new(store.clone()))] {
        any.upsert_pipeline(&pipeline).await.unwrap();
        any.find_pipeline(&name).await.unwrap();
        any.list_pipelines().await.unwrap();
        any.upsert_run(&run).await.unwrap();
        any.find_run(run.id).await.unwrap();
        any.list_runs(&RunQuery::new()).await.unwrap();
        any.newest_runs(&[], 1).await.unwrap();
        any.tally(&RunQuery::new(), 1).await.unwrap();
        any.refresh(&[]).await.unwrap();
        any.claimable(None, 1).await.unwrap();
        drop(any.changes());
        assert!(any.shared());
        assert_eq!(any.now().await.unwrap(), Some(UtcDateTime::UNIX_EPOCH));
        assert_eq!(any.commit(&Commit::new(owner, pipeline.clone())).await.unwrap(), Committed::OwnerLost);
        assert_eq!(any.enroll(owner, Duration::MAX).await.unwrap(), Renewal::dead(Vec::new()));
        assert_eq!(any.renew(owner, Duration::MAX).await.unwrap(), Renewal::dead(Vec::new()));
        assert!(any.reap(owner, &[]).await.unwrap().is_empty());
        assert_eq!(any.prune(&Retention::new()).await.unwrap(), 7);
        let expected = [
            "upsert_pipeline",
            "find_pipeline",
            "list_pipelines",
            "upsert_run",
            "find_run",
            "list_runs",
            "newest_runs",
            "tally",
            "refresh",
            "claimable",
            "changes",
            "now",
            "commit",
            "enroll",
            "renew",
            "reap",
            "prune",
        ];
        assert_eq!(store.calls(), expected);
    }
}
