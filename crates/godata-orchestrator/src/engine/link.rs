//! The link to the store: the calls that are in flight, the owner and its lease, the clock of the store, and trouble.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, pending};
use futures::stream::{FuturesUnordered, StreamExt as _};
use godata_core::{
    AnyStore, Change, Changes, Clock, Commit, OwnerId, PipelineName, Renewal, Retention, RunId, Store as _,
    StoreError,
};
use time::UtcDateTime;
use tokio::time::Instant;

use super::looks::{self, Looked};
use super::peers::Peers;
use crate::builder::Keep;
use crate::decide::NOTED;
use crate::entry::{Duplicate, Entry, EntryId, Flight, Pending};
use crate::events::EventSender;
use crate::persist::{Calls, StoreAnswer, within};
use crate::recovery::{self, LiveOwner, Opened, Renewed, Round, Rounded};
use crate::{Event, logs};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The link to the store. It makes calls and keeps what the store says about this instance; what an answer means for a pipeline
/// is for [`reconcile`](crate::reconcile::reconcile) to say.
pub(super) struct StoreLink {
    store: AnyStore,
    calls: Calls,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    events: EventSender,
    keep: Keep,
    lease: Duration,
    owner: LiveOwner,
    phase: Phase,
    flights: FuturesUnordered<BoxFuture<'static, (EntryId, StoreAnswer)>>,
    looks: FuturesUnordered<BoxFuture<'static, Looked>>,
    renewal: Option<BoxFuture<'static, Renewed>>,
    round: Option<BoxFuture<'static, Rounded>>,
    claimable: Option<BoxFuture<'static, Result<Vec<PipelineName>, StoreError>>>,
    /// What other instances change; `None` before the store was read, and once it tells nothing more.
    changes: Option<Changes>,
    peers: Peers,
    /// When the lease expires. `None` if it has, or if the store is not shared.
    lease_until: Option<Instant>,
    pruned_at: Option<Instant>,
    /// How far the store's clock is behind this one.
    behind: Duration,
    /// The latest time that the clock has shown since it was last compared.
    clock_showed: UtcDateTime,
    /// The pipelines for which the store has failed.
    failing_pipelines: BTreeSet<EntryId>,
    /// The calls of the store that have failed and are not about a single pipeline.
    failing_calls: BTreeSet<&'static str>,
    failing_since: Option<UtcDateTime>,
}

/// Whether the store was read.
enum Phase {
    Closed,
    Opening(BoxFuture<'static, Result<Opened, StoreError>>),
    Open,
}

/// An answer of the store.
pub(super) enum Answered {
    Opened(Result<Opened, StoreError>),
    Pipeline(EntryId, StoreAnswer),
    Looked(Looked),
    Renewed(Renewed),
    Rounded(Rounded),
    Claimable(Result<Vec<PipelineName>, StoreError>),
    Told(Change),
}

/// The settings of a link.
pub(super) struct LinkSetup {
    pub(super) store: AnyStore,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) events: EventSender,
    pub(super) keep: Keep,
    pub(super) lease: Duration,
    pub(super) timeout: Duration,
    pub(super) calls: usize,
    pub(super) owner: OwnerId,
}

impl StoreLink {
    pub(super) fn new(setup: LinkSetup) -> Self {
        let LinkSetup { store, clock, events, keep, lease, timeout, calls, owner } = setup;
        Self {
            calls: Calls::new(store.clone(), timeout, calls),
            store,
            timeout,
            clock_showed: clock.now(),
            clock,
            events,
            keep,
            lease,
            owner: LiveOwner::new(owner),
            phase: Phase::Closed,
            flights: FuturesUnordered::new(),
            looks: FuturesUnordered::new(),
            renewal: None,
            round: None,
            claimable: None,
            changes: None,
            peers: Peers::default(),
            lease_until: None,
            pruned_at: None,
            behind: Duration::ZERO,
            failing_pipelines: BTreeSet::new(),
            failing_calls: BTreeSet::new(),
            failing_since: None,
        }
    }

    pub(super) fn owner(&self) -> OwnerId {
        self.owner.id()
    }

    pub(super) fn lease(&self) -> Duration {
        self.lease
    }

    pub(super) fn behind(&self) -> Duration {
        self.behind
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    pub(super) fn is_opening(&self) -> bool {
        matches!(self.phase, Phase::Opening(_))
    }

    pub(super) fn is_shared(&self) -> bool {
        self.store.shared()
    }

    /// Whether no call about a pipeline is in flight.
    pub(super) fn has_no_calls(&self) -> bool {
        self.flights.is_empty()
    }

    /// Since when calls have failed, if any do now.
    pub(super) fn failing_since(&self) -> Option<UtcDateTime> {
        self.failing_since
    }

    /// Waits for the next answer of the store. Answers about pipelines come before the others.
    pub(super) async fn next(&mut self) -> Answered {
        let Self { phase, flights, looks, renewal, round, claimable, changes, .. } = self;
        tokio::select! {
            biased;
            Some((id, answer)) = flights.next(), if !flights.is_empty() => Answered::Pipeline(id, answer),
            Some(looked) = looks.next(), if !looks.is_empty() => Answered::Looked(looked),
            opened = opened(phase) => Answered::Opened(opened),
            renewed = optional(renewal) => Answered::Renewed(renewed),
            rounded = optional(round) => Answered::Rounded(rounded),
            found = optional(claimable) => Answered::Claimable(found),
            change = told(changes) => Answered::Told(change),
        }
    }

    /// The next answer about a pipeline, if there is one by now.
    pub(super) fn next_ready(&mut self) -> Option<(EntryId, StoreAnswer)> {
        self.flights.next().now_or_never().flatten()
    }

    /// Reads the whole store.
    pub(super) fn open(&mut self) {
        let (store, clock) = (self.store.clone(), Arc::clone(&self.clock));
        let opened = recovery::open(store, clock, self.owner.id(), self.lease, self.timeout);
        self.phase = Phase::Opening(opened.boxed());
    }

    /// The store was read, or that failed.
    pub(super) fn opened(&mut self, is_open: bool) {
        self.phase = if is_open { Phase::Open } else { Phase::Closed };
        if is_open && self.is_shared() && self.changes.is_none() {
            self.changes = Some(self.store.changes());
        }
    }

    pub(super) fn peers(&self) -> &Peers {
        &self.peers
    }

    /// How many instances come before this one for a pipeline.
    pub(super) fn rank(&self, pipeline: &PipelineName) -> usize {
        self.peers.rank(pipeline, self.owner.id())
    }

    /// The owner is alive, and its lease was renewed by a call that was made at this instant. Returns whether it has other peers
    /// than before.
    pub(super) fn is_renewed(&mut self, sent_at: Instant, renewal: &mut Renewal) -> bool {
        self.lease_until = sent_at.checked_add(renewal.valid_for).filter(|_| self.is_shared());
        self.peers.set(std::mem::take(&mut renewal.peers))
    }

    /// When the lease expires, if it has not.
    pub(super) fn lease_until(&self) -> Option<Instant> {
        self.lease_until
    }

    /// The lease has expired, and that is reported once.
    pub(super) fn lease_expired(&mut self, runs: Vec<RunId>) {
        self.lease_until = None;
        logs::lease_expired(self.owner.id(), &runs);
        self.events.send(|| Event::LeaseExpired { runs });
    }

    /// Looks whether the rows of these pipelines have other revs than these.
    pub(super) fn look(&mut self, ids: Vec<EntryId>, known: Vec<(PipelineName, u64)>) {
        let (store, limit) = (self.store.clone(), self.timeout);
        let looked = async move {
            let changed = within(limit, store.refresh(&known)).await;
            Looked { ids, changed }
        };
        self.looks.push(looked.boxed());
    }

    /// Looks for queued runs that nobody owns, unless that is in flight.
    pub(super) fn find_claimable(&mut self, after: Option<PipelineName>) {
        if self.claimable.is_none() {
            let (store, limit) = (self.store.clone(), self.timeout);
            let found = async move { within(limit, store.claimable(after.as_ref(), looks::MOST)).await };
            self.claimable = Some(found.boxed());
        }
    }

    pub(super) fn commit(&mut self, entry: &mut Entry, commit: Commit, pending: Pending) {
        let id = entry.id;
        entry.flight = Some(Flight::Commit(Box::new(pending)));
        let answer = self.calls.clone().commit(Box::new(commit));
        self.flights.push(answer.map(move |answer| (id, answer)).boxed());
    }

    /// Reads a pipeline after a wait, with the rows of its jobs, of the first request, and of those that a commit was to
    /// insert.
    pub(super) fn read(&mut self, entry: &mut Entry, wait: Duration, duplicate: Option<Duplicate>) {
        let id = entry.id;
        // What changes during the read makes the pipeline stale again.
        entry.is_stale = false;
        entry.asked.iter_mut().for_each(|asked| asked.is_read = true);
        let jobs = entry.jobs.iter().map(|job| job.key.clone());
        let asked = entry.request().and_then(|asked| asked.request.runs().first());
        let keys = jobs.chain(asked.map(|run| run.key.clone()));
        let keys = keys.chain(duplicate.iter().flat_map(|duplicate| duplicate.keys.clone())).collect();
        entry.flight = Some(Flight::Reload { duplicate: duplicate.map(|duplicate| duplicate.run) });
        let answer = self.calls.clone().read(entry.name().clone(), keys, wait);
        self.flights.push(answer.map(move |answer| (id, answer)).boxed());
    }

    /// Renews the lease, unless that is in flight. It is separate from the [round](Self::start_round), because a slow round must
    /// not cost the lease.
    pub(super) fn renew(&mut self) {
        self.renew_after(Duration::ZERO);
    }

    /// Renewing the lease has failed. In a shared store, that is repeated soon: when the store is back, others wait half a lease
    /// before they declare this owner dead.
    pub(super) fn renew_again(&mut self) {
        if self.is_shared() {
            self.renew_after(self.lease / 24);
        }
    }

    fn renew_after(&mut self, wait: Duration) {
        if self.renewal.is_none() {
            let limit = if self.is_shared() { self.timeout.min(self.lease / 6) } else { self.timeout };
            let renewed = recovery::renew(self.store.clone(), self.owner.id(), self.lease, limit, wait);
            self.renewal = Some(renewed.boxed());
        }
    }

    /// Starts the periodic work that may take longer than a lease, unless it is in flight.
    pub(super) fn start_round(&mut self, upstream: impl FnOnce() -> Vec<PipelineName>) {
        if self.round.is_some() {
            return;
        }
        let is_hourly = self.pruned_at.is_none_or(|at| at.elapsed() >= HOUR);
        let forget = self.retention().filter(|_| is_hourly);
        if forget.is_some() {
            self.pruned_at = Some(Instant::now());
        }
        let round = Round {
            store: self.store.clone(),
            owner: self.owner.id(),
            clock: Arc::clone(&self.clock),
            limit: self.timeout,
            upstream: upstream(),
            forget,
        };
        self.round = Some(round.go().boxed());
    }

    fn retention(&self) -> Option<Retention> {
        let mut retention = Retention::new();
        retention.keep_newest = self.keep.newest;
        let age = self.keep.age.map(|age| time::Duration::try_from(age).unwrap_or(time::Duration::MAX));
        retention.ended_before = age.map(|age| self.clock.now().saturating_sub(age));
        (retention != Retention::new()).then_some(retention)
    }

    /// Continues under a new owner id, because the one before was declared dead. Its runs are lost.
    pub(super) fn replace_owner(&mut self, owner: OwnerId, lost: Vec<RunId>) {
        let before = std::mem::replace(&mut self.owner, LiveOwner::new(owner));
        self.lease_until = None;
        logs::lease_lost(before.id(), &lost);
        self.events.send(|| Event::OwnerLost { runs: lost });
    }

    /// The time now, remembered as one that the clock has shown.
    pub(super) fn now(&mut self) -> UtcDateTime {
        let now = self.clock.now();
        self.clock_showed = self.clock_showed.max(now);
        now
    }

    /// By how much the clock was set back since the last call, if it is noticeable.
    pub(super) fn clock_went_back(&mut self) -> Option<time::Duration> {
        let now = self.clock.now();
        let showed = std::mem::replace(&mut self.clock_showed, now);
        (now.saturating_add(NOTED) < showed).then(|| showed - now)
    }

    /// Notes how far the store's clock is behind, and returns whether that is noticeably less than before: due times come sooner
    /// than the timers are set for, by hours if this clock was ahead and was corrected.
    pub(super) fn set_behind(&mut self, behind: Duration) -> bool {
        // Due times are whole milliseconds, so a due time comes no sooner than that.
        let millis = behind.as_nanos().div_ceil(1_000_000);
        let behind = Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX));
        let before = std::mem::replace(&mut self.behind, behind);
        behind.saturating_add(Duration::from_secs(1)) < before
    }

    /// The answer of a call that is not about a single pipeline, if it did not fail.
    pub(super) fn checked<T>(&mut self, call: &'static str, answer: Result<T, StoreError>) -> Option<T> {
        match answer {
            Ok(answer) => {
                self.call_succeeded(call);
                Some(answer)
            }
            Err(error) => {
                self.call_failed(call, &Arc::new(error));
                None
            }
        }
    }

    pub(super) fn call_succeeded(&mut self, call: &'static str) {
        if self.failing_calls.remove(call) {
            logs::call_recovered(call);
            self.compare_trouble();
        }
    }

    pub(super) fn call_failed(&mut self, call: &'static str, error: &Arc<StoreError>) {
        if self.failing_calls.insert(call) {
            logs::call_failed(call, error);
            self.compare_trouble();
        }
        self.send_failed(None, Vec::new(), error);
    }

    /// The store has failed for a pipeline, when these runs were to be written.
    pub(super) fn failed(&mut self, entry: &Entry, runs: Vec<RunId>, error: &Arc<StoreError>) {
        if self.failing_pipelines.insert(entry.id) {
            logs::store_failed(entry.name(), &runs, error);
            self.compare_trouble();
        }
        self.send_failed(Some(entry.name().clone()), runs, error);
    }

    /// The store works again for a pipeline.
    pub(super) fn recovered(&mut self, entry: &mut Entry) {
        if self.failing_pipelines.remove(&entry.id) {
            logs::store_recovered(entry.name(), entry.failures);
            (entry.failures, entry.error) = (0, None);
            self.compare_trouble();
        }
    }

    fn compare_trouble(&mut self) {
        let fails = !self.failing_pipelines.is_empty() || !self.failing_calls.is_empty();
        self.failing_since = match self.failing_since {
            Some(since) if fails => Some(since),
            _ => fails.then(|| self.clock.now()),
        };
    }

    fn send_failed(&self, pipeline: Option<PipelineName>, runs: Vec<RunId>, error: &Arc<StoreError>) {
        self.events.send(|| Event::StoreFailed { pipeline, runs, error: Arc::clone(error) });
    }
}

async fn opened(phase: &mut Phase) -> Result<Opened, StoreError> {
    match phase {
        Phase::Opening(opened) => opened.await,
        Phase::Closed | Phase::Open => pending().await,
    }
}

async fn told(changes: &mut Option<Changes>) -> Change {
    if let Some(stream) = changes {
        match stream.next().await {
            Some(change) => return change,
            None => *changes = None,
        }
    }
    pending().await
}

async fn optional<T>(future: &mut Option<BoxFuture<'static, T>>) -> T {
    let output = match future {
        Some(future) => future.await,
        None => pending().await,
    };
    *future = None;
    output
}
