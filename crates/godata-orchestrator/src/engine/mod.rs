//! The loop: one task that knows all pipelines, decides about each when something has happened to it, and waits for
//! none of them.
//!
//! Calls of the store and jobs are futures beside the loop. Their results are its [`Input`]s. An input changes the state of a
//! pipeline, and then the pipeline makes a [step](Engine::step): the loop decides about it, unless a call of the store is in
//! flight for it.

mod commands;
mod entry;
mod jobs;
mod landed;
mod left;
mod look;
mod owners;
mod register;
mod shutdown;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Release};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use godata_core::{AnyStore, Clock, JobRunner, PipelineName, PipelineRecord, RunId, RunResult};
use time::UtcDateTime;
use tokio::runtime::Handle;
use tokio::select;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use self::entry::Entry;
use self::left::Unregistered;
use crate::builder::{Keep, Setup};
use crate::command::Command;
use crate::decide::Mode;
use crate::events::EventSender;
use crate::ids::Ids;
use crate::persist::StoreAnswer;
use crate::recovery::{LiveOwner, Opened, Renewed, Rounded};
use crate::shutdown::Closing;
use crate::signal::{Received, Signals};
use crate::slots::{Held, Slots};
use crate::threads::Pulse;
use crate::timers::Timers;
use crate::{DrainReport, Recovery};

/// How often clocks are compared, leases renewed and so on, at the least. A short lease is renewed more often.
const ROUND: Duration = Duration::from_secs(10);

pub(crate) struct Engine {
    store: AnyStore,
    runner: Arc<dyn JobRunner>,
    /// Keeps the runtime of the jobs responsive; `None` if jobs run where the loop does.
    pulse: Option<Pulse>,
    clock: Arc<dyn Clock>,
    ids: Ids,
    recovery: Recovery,
    keep: Keep,
    lease: Duration,
    store_timeout: Duration,
    events: EventSender,
    pools: Vec<String>,

    commands: mpsc::Receiver<Command>,
    has_handles: bool,
    owner: LiveOwner,
    stage: Stage,
    mode: Mode,
    closing: Option<Closing>,
    /// Set when the loop ends after a shutdown, and not by a panic.
    ended: Arc<AtomicBool>,
    grace: Duration,
    signals: Option<Signals>,
    /// The callers that wait for a signal, and then for the report of the shutdown.
    until_signal: Vec<oneshot::Sender<DrainReport>>,

    entries: Vec<Option<Box<Entry>>>,
    free: Vec<usize>,
    names: HashMap<PipelineName, usize>,
    /// Which pipelines run after each.
    followers: HashMap<PipelineName, Vec<usize>>,
    /// The pipelines that are stored and have no entry.
    stored: HashMap<PipelineName, PipelineRecord>,
    /// The rows of pipelines that are not registered here.
    unregistered: BTreeMap<PipelineName, Unregistered>,

    timers: Timers,
    slots: Slots,
    watched: FuturesUnordered<BoxFuture<'static, Watched>>,
    /// The keys of the pipelines of watched runs.
    jobs: HashMap<RunId, usize>,
    flights: FuturesUnordered<BoxFuture<'static, (usize, StoreAnswer)>>,
    /// The runs whose rows are `running` and whose jobs have not started yet.
    starting: Vec<(usize, RunId, Held)>,
    renewal: Option<BoxFuture<'static, Renewed>>,
    round: Option<BoxFuture<'static, Rounded>>,
    alarm: Option<(UtcDateTime, BoxFuture<'static, ()>)>,
    /// The latest time that the clock has shown since it was last compared.
    clock_showed: UtcDateTime,
    /// How far the store's clock is behind this one.
    behind: Duration,
    /// Since when the cursors of pipelines have been ahead of the clock.
    ahead: BTreeMap<usize, Instant>,
    /// The pipelines for which the store has failed.
    failing_pipelines: BTreeSet<usize>,
    /// The calls of the store that have failed and are not about a single pipeline.
    failing_calls: BTreeSet<&'static str>,
    pruned_at: Option<Instant>,
}

/// Whether the store is open.
enum Stage {
    /// The store was not read. Commands wait for that.
    Closed(Vec<Command>),
    Opening(Vec<Command>, BoxFuture<'static, Result<Opened, godata_core::StoreError>>),
    Open,
}

/// What happened to a watched run.
#[allow(clippy::large_enum_variant, reason = "it is moved once, out of its future")]
enum Watched {
    Ended(usize, RunResult),
    /// Its caller stopped it, or it ended, before its job started.
    Abandoned(usize, RunId),
}

/// Something that the loop waits for.
enum Input {
    Signal(Received),
    Beat,
    Deadline,
    Round,
    Watched(Watched),
    StoreAnswer(usize, StoreAnswer),
    Opened(Result<Opened, godata_core::StoreError>),
    Renewed(Renewed),
    Rounded(Rounded),
    Due,
    /// `None` when the last handle is gone.
    Command(Option<Command>),
}

impl Engine {
    pub(crate) fn new(setup: Setup, commands: mpsc::Receiver<Command>, ended: Arc<AtomicBool>) -> Self {
        let Setup {
            store,
            runner,
            clock,
            mut ids,
            concurrency,
            pools,
            recovery,
            keep,
            lease,
            store_timeout,
            grace,
            events,
        } = setup;
        let now = clock.now();
        let slots: Vec<_> = pools.iter().map(|(_, slots)| *slots).collect();
        Self {
            store,
            runner,
            pulse: None,
            clock,
            owner: LiveOwner::new(ids.owner(now)),
            ids,
            recovery,
            keep,
            lease,
            store_timeout,
            events,
            pools: pools.into_iter().map(|(name, _)| name).collect(),
            commands,
            has_handles: true,
            stage: Stage::Closed(Vec::new()),
            mode: Mode::Stopped,
            closing: None,
            ended,
            grace,
            signals: None,
            until_signal: Vec::new(),
            entries: Vec::new(),
            free: Vec::new(),
            names: HashMap::new(),
            followers: HashMap::new(),
            stored: HashMap::new(),
            unregistered: BTreeMap::new(),
            timers: Timers::default(),
            slots: Slots::new(concurrency, &slots),
            watched: FuturesUnordered::new(),
            jobs: HashMap::new(),
            flights: FuturesUnordered::new(),
            starting: Vec::new(),
            renewal: None,
            round: None,
            alarm: None,
            clock_showed: now,
            behind: Duration::ZERO,
            ahead: BTreeMap::new(),
            failing_pipelines: BTreeSet::new(),
            failing_calls: BTreeSet::new(),
            pruned_at: None,
        }
    }

    /// Runs until a shutdown is complete, or until the last handle is gone and nothing is left to do. Returns the signals that
    /// it has listened for, if any.
    pub(crate) async fn run(mut self: Box<Self>, jobs_on: Option<Handle>) -> Option<Signals> {
        self.pulse = jobs_on.map(Pulse::new);
        let mut ticks = interval(ROUND.min(self.lease / 3).max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.is_over() {
            self.set_alarm();
            match self.input(&mut ticks).await {
                Input::Signal(signal) => self.signal_came(signal),
                Input::Beat => {}
                Input::Deadline => self.next_stage(),
                Input::Round => self.start_round(),
                Input::Watched(Watched::Ended(key, result)) => self.job_ended(key, result),
                Input::Watched(Watched::Abandoned(key, run)) => self.cancel_if_queued(key, run),
                Input::StoreAnswer(key, answer) => self.take_answers((key, answer)),
                Input::Opened(opened) => self.opened(opened),
                Input::Renewed(renewed) => self.renewed(renewed),
                Input::Rounded(rounded) => self.finish_round(rounded),
                Input::Due => self.step_due(),
                Input::Command(Some(command)) => self.handle(command),
                Input::Command(None) => self.close_when_idle(),
            }
            self.give_slots();
        }
        self.ended.store(true, Release);
        self.events.close();
        self.report()
    }

    /// The next input. If several are ready, the order here decides.
    async fn input(&mut self, ticks: &mut Interval) -> Input {
        let deadline = self.closing.as_ref().and_then(Closing::deadline);
        let is_open = matches!(self.stage, Stage::Open);
        select! {
            biased;
            signal = received(&mut self.signals), if self.signals.is_some() => Input::Signal(signal),
            () = until(deadline), if deadline.is_some() => Input::Deadline,
            _ = ticks.tick() => Input::Round,
            Some(watched) = self.watched.next(), if !self.watched.is_empty() => Input::Watched(watched),
            Some((key, answer)) = self.flights.next(), if !self.flights.is_empty() => {
                Input::StoreAnswer(key, answer)
            }
            opened = opened(&mut self.stage), if !is_open => Input::Opened(opened),
            renewed = optional(&mut self.renewal), if self.renewal.is_some() => Input::Renewed(renewed),
            rounded = optional(&mut self.round), if self.round.is_some() => Input::Rounded(rounded),
            () = alarm(&mut self.alarm), if self.alarm.is_some() => Input::Due,
            () = beat(&mut self.pulse), if self.pulse.is_some() && !self.watched.is_empty() => Input::Beat,
            command = self.commands.recv(), if self.has_handles => Input::Command(command),
        }
    }

    /// Sets the alarm to the timer that expires first.
    fn set_alarm(&mut self) {
        let first = self.timers.first();
        if self.alarm.as_ref().map(|(at, _)| *at) != first {
            self.alarm = first.map(|at| (at, self.clock.sleep_until(at)));
        }
    }

    fn step_due(&mut self) {
        self.alarm = None;
        let now = self.clock.now();
        while let Some(key) = self.timers.pop_due(now) {
            self.due(key, now);
        }
    }
}

async fn received(signals: &mut Option<Signals>) -> Received {
    match signals {
        Some(signals) => signals.received().await,
        None => pending().await,
    }
}

async fn beat(pulse: &mut Option<Pulse>) {
    match pulse {
        Some(pulse) => pulse.beat().await,
        None => pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => pending().await,
    }
}

async fn optional<T>(future: &mut Option<BoxFuture<'static, T>>) -> T {
    let output = match future {
        Some(future) => future.await,
        None => pending().await,
    };
    *future = None;
    output
}

async fn alarm(alarm: &mut Option<(UtcDateTime, BoxFuture<'static, ()>)>) {
    match alarm {
        Some((_, sleep)) => sleep.await,
        None => pending().await,
    }
}

async fn opened(stage: &mut Stage) -> Result<Opened, godata_core::StoreError> {
    match stage {
        Stage::Opening(_, opened) => opened.await,
        Stage::Closed(_) | Stage::Open => pending().await,
    }
}
