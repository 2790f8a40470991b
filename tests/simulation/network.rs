//! The network between an orchestrator and its store: calls are late, lost, fail, hang, and are dropped halfway.

use std::collections::BTreeMap;
use std::future;
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use futures::StreamExt as _;
use godata::{
    Change, Changes, Commit, Committed, OwnerId, PipelineName, PipelineRecord, Refreshed, Renewal, Retention,
    RunId, RunQuery, RunRecord, Store, StoreError,
};
use time::UtcDateTime;

use crate::clock::{MachineClock, StoreClock};
use crate::ledger::{Incarnation, Ledger};
use crate::medium::{Answer, Medium};
use crate::random::Random;

/// How bad the network is: out of a thousand calls, how many have which trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weather {
    pub(crate) troubled: u64,
    /// The store is not there, for anybody.
    pub(crate) is_away: bool,
}

impl Weather {
    pub(crate) const FAIR: Self = Self { troubled: 0, is_away: false };
    pub(crate) const DRIZZLE: Self = Self { troubled: 20, is_away: false };
    pub(crate) const STORM: Self = Self { troubled: 300, is_away: false };
    pub(crate) const OUTAGE: Self = Self { troubled: 1_000, is_away: false };
    pub(crate) const AWAY: Self = Self { troubled: 1_000, is_away: true };
}

/// One store and its connections. The ledger has what the store accepted.
pub(crate) struct Network<M> {
    medium: M,
    clock: StoreClock,
    pub(crate) ledger: Arc<Ledger>,
    state: Mutex<State>,
}

struct State {
    weather: Weather,
    random: Random,
    calls: u64,
    looks: u64,
    /// The commits in flight, by the number of their call.
    under_way: BTreeMap<u64, UnderWay>,
}

/// A commit in flight. Its call may end before the commit arrives: dropped, or answered with an error.
struct UnderWay {
    by: Incarnation,
    commit: Commit,
    is_over: Arc<AtomicBool>,
    arrives: bool,
}

/// The fate of a call.
struct Fate {
    before: Duration,
    after: Duration,
    way: Way,
    /// Whether a commit arrives although its caller no longer waits.
    arrives_late: bool,
}

#[derive(Clone, Copy)]
enum Way {
    ThereAndBack,
    /// It fails, and the commit never arrives or arrives later.
    Fails,
    AnswerFails,
    Hangs,
    AnswerHangs,
}

impl<M: Medium> Network<M> {
    pub(crate) fn new(medium: M, clock: StoreClock, ledger: Arc<Ledger>, random: Random) -> Arc<Self> {
        let state = State { weather: Weather::FAIR, random, calls: 0, looks: 0, under_way: BTreeMap::new() };
        Arc::new(Self { medium, clock, ledger, state: Mutex::new(state) })
    }

    pub(crate) fn connect(self: &Arc<Self>, by: Incarnation, machine: MachineClock) -> Connection<M> {
        Connection { network: Arc::clone(self), by, machine }
    }

    pub(crate) fn looks(&self) -> u64 {
        self.state().looks
    }

    pub(crate) fn set_weather(&self, weather: Weather) {
        self.state().weather = weather;
    }

    /// Lets some of the commits without a waiting caller arrive now; the others arrive later or never.
    pub(crate) fn deliver_some(&self) {
        self.deliver(self.arrived(|_, random| random.one_in(4)));
    }

    /// The process that had the store open has ended: everything it sent has arrived or is lost, the last commit perhaps
    /// halfway.
    pub(crate) fn end_process(&self, by: Incarnation) {
        let mut arrived = self.arrived(|underway, _| underway.by == by);
        let last = arrived.pop();
        self.deliver(arrived);
        match self.medium.end_process(last.as_ref().map(|way| &way.commit)) {
            Ok(answer) => {
                if let (Some(way), Some(answer)) = (last, answer) {
                    self.enter(way.by, &way.commit, &answer);
                }
            }
            Err(violation) => self.ledger.violated(violation),
        }
    }

    fn deliver(&self, arrived: Vec<UnderWay>) {
        for way in arrived {
            // The caller no longer waits for the answer.
            let _ = self.commit(way.by, &way.commit);
        }
    }

    /// Takes the commits without a waiting caller that arrive now.
    fn arrived(&self, is_time: impl Fn(&UnderWay, &mut Random) -> bool) -> Vec<UnderWay> {
        let mut arrived = Vec::new();
        {
            let state = &mut *self.state();
            let over: Vec<_> = state
                .under_way
                .iter()
                .filter(|(_, way)| way.is_over.load(Relaxed))
                .map(|(n, _)| *n)
                .collect();
            for call in over {
                if state.under_way.get(&call).is_some_and(|way| is_time(way, &mut state.random)) {
                    arrived.extend(state.under_way.remove(&call));
                }
            }
        }
        arrived.retain(|way| way.arrives);
        arrived
    }

    /// Delivers the commit to the store. This is not part of the caller's future, so callers can't drop it halfway.
    fn commit(&self, by: Incarnation, commit: &Commit) -> Answer {
        let answer = self.medium.commit(commit);
        self.enter(by, commit, &answer);
        answer
    }

    fn enter(&self, by: Incarnation, commit: &Commit, answer: &Answer) {
        match answer {
            Ok(Committed::Done(rev)) => self.ledger.accepted(by, self.now(), commit, *rev),
            Ok(refusal) => self.ledger.refused(by, self.now(), commit, refusal),
            Err(error) => self.ledger.invalid(by, commit, error),
        }
    }

    /// The true time.
    pub(crate) fn now(&self) -> UtcDateTime {
        godata::Clock::now(&self.clock)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn fate(&mut self) -> Fate {
        let random = &mut self.random;
        let mut fate = Fate {
            before: Duration::ZERO,
            after: Duration::ZERO,
            way: Way::ThereAndBack,
            arrives_late: random.one_in(2),
        };
        if self.weather.is_away {
            fate.way = if random.one_in(2) { Way::Fails } else { Way::Hangs };
        } else if random.per_mille(self.weather.troubled) {
            fate.way = match random.below(16) {
                0..6 => Way::Fails,
                6..10 => Way::AnswerFails,
                10 => Way::Hangs,
                11 => Way::AnswerHangs,
                _ => Way::ThereAndBack,
            };
            let longest = Duration::from_secs(*random.pick(&[1, 5, 90]));
            (fate.before, fate.after) = (random.duration(longest), random.duration(longest));
        } else if random.one_in(8) {
            fate.before = Duration::from_millis(random.below(20));
            fate.after = Duration::from_millis(random.below(20));
        }
        fate
    }

    fn error(&mut self) -> StoreError {
        if self.random.one_in(4) {
            StoreError::full("the simulation has no space")
        } else {
            StoreError::unavailable("the simulation has cut the line")
        }
    }
}

/// The store as one incarnation of an orchestrator sees it.
pub(crate) struct Connection<M> {
    network: Arc<Network<M>>,
    by: Incarnation,
    machine: MachineClock,
}

/// Records that the caller no longer waits.
struct OverOnDrop(Arc<AtomicBool>);

impl Drop for OverOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

impl<M: Medium> Connection<M> {
    /// A call that leaves nothing in flight: a read, or one about owners.
    async fn call<T>(
        &self,
        call: impl AsyncFnOnce(&M::Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let fate = self.network.state().fate();
        self.pass(fate.before).await;
        match fate.way {
            Way::Fails => return Err(self.network.state().error()),
            Way::Hangs => future::pending().await,
            _ => {}
        }
        let answer = wait_for(call(&self.network.medium.store()));
        self.pass(fate.after).await;
        self.answer(fate.way, answer).await
    }

    async fn answer<T>(&self, way: Way, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        match way {
            Way::AnswerFails => Err(self.network.state().error()),
            Way::AnswerHangs => future::pending().await,
            _ => answer,
        }
    }

    async fn pass(&self, time: Duration) {
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
        self.network.clock.reach(self.machine.truth());
    }

    fn send(&self, commit: &Commit, arrives: bool) -> (u64, OverOnDrop) {
        let is_over = Arc::new(AtomicBool::new(false));
        let state = &mut *self.network.state();
        state.calls += 1;
        let way = UnderWay { by: self.by, commit: commit.clone(), is_over: Arc::clone(&is_over), arrives };
        state.under_way.insert(state.calls, way);
        (state.calls, OverOnDrop(is_over))
    }
}

impl<M: Medium> Store for Connection<M> {
    async fn upsert_pipeline(&self, pipeline: &PipelineRecord) -> Result<(), StoreError> {
        self.call(async |store| store.upsert_pipeline(pipeline).await).await
    }

    async fn find_pipeline(&self, name: &PipelineName) -> Result<Option<PipelineRecord>, StoreError> {
        self.call(async |store| store.find_pipeline(name).await).await
    }

    async fn list_pipelines(&self) -> Result<Vec<PipelineRecord>, StoreError> {
        self.call(async |store| store.list_pipelines().await).await
    }

    async fn upsert_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        self.call(async |store| store.upsert_run(run).await).await
    }

    async fn find_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
        self.call(async |store| store.find_run(id).await).await
    }

    async fn list_runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        self.call(async |store| store.list_runs(query).await).await
    }

    async fn refresh(&self, known: &[(PipelineName, u64)]) -> Result<Vec<Refreshed>, StoreError> {
        self.network.state().looks += 1;
        self.call(async |store| store.refresh(known).await).await
    }

    async fn claimable(
        &self,
        after: Option<&PipelineName>,
        limit: usize,
    ) -> Result<Vec<PipelineName>, StoreError> {
        self.call(async |store| store.claimable(after, limit).await).await
    }

    /// Some are lost, and sometimes the store says so.
    fn changes(&self) -> Changes {
        let network = Arc::clone(&self.network);
        let heard = move |change| {
            let state = &mut *network.state();
            let is_lost = state.weather.is_away || state.random.one_in(4);
            let heard = if is_lost { state.random.one_in(4).then_some(Change::Lost) } else { Some(change) };
            future::ready(heard)
        };
        Box::pin(self.network.medium.store().changes().filter_map(heard))
    }

    fn shared(&self) -> bool {
        self.network.medium.store().shared()
    }

    async fn now(&self) -> Result<Option<UtcDateTime>, StoreError> {
        self.call(async |store| store.now().await).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        let fate = self.network.state().fate();
        let (call, over) = self.send(commit, fate.arrives_late);
        self.pass(fate.before).await;
        match fate.way {
            Way::Fails => return Err(self.network.state().error()),
            Way::Hangs => future::pending().await,
            _ => {}
        }
        self.network.state().under_way.remove(&call);
        let answer = self.network.commit(self.by, commit);
        self.pass(fate.after).await;
        drop(over);
        self.answer(fate.way, answer).await
    }

    async fn enroll(&self, owner: OwnerId, ttl: Duration) -> Result<Renewal, StoreError> {
        self.network.ledger.owns(self.by, owner);
        self.call(async |store| store.enroll(owner, ttl).await).await
    }

    async fn renew(&self, owner: OwnerId, ttl: Duration) -> Result<Renewal, StoreError> {
        self.network.ledger.owns(self.by, owner);
        self.call(async |store| store.renew(owner, ttl).await).await
    }

    async fn reap(&self, by: OwnerId, live: &[OwnerId]) -> Result<Vec<RunRecord>, StoreError> {
        self.call(async |store| {
            let orphans = store.reap(by, live).await?;
            self.network.ledger.declared_dead(&orphans);
            Ok(orphans)
        })
        .await
    }

    async fn prune(&self, retention: &Retention) -> Result<u64, StoreError> {
        self.call(async |store| store.prune(retention).await).await
    }
}

/// Blocks until the future is done. So a store with threads of its own answers like one in memory, and the simulation does not
/// depend on how long that takes.
pub(crate) fn wait_for<T>(work: impl Future<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut work = pin!(work);
    loop {
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}
