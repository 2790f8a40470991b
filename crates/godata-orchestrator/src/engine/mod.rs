//! The loop: one task that decides about each pipeline when something has happened to it, and waits for none of them.
//!
//! Three owners keep what it knows: the [`Directory`] of pipelines, the [`Jobs`], and the [`StoreLink`]. Calls of the store and
//! jobs are futures beside the loop, and their results are its [`Input`]s. An input changes the state of a pipeline, and then
//! the pipeline makes a [step](Engine::step): the loop decides about it, unless a call of the store is in flight for it.

mod directory;
mod jobs;
mod link;
mod looks;
mod peers;
mod plan;
mod requests;
mod rounds;
mod shutdown;
mod step;
#[cfg(test)]
mod tests;
mod unregistered;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::future::{BoxFuture, pending};
use godata_core::{Clock, PipelineName, RunHandle, RunId, RunRecord, RunResult, RunStatus, StoreError};
use time::UtcDateTime;
use tokio::runtime::Handle;
use tokio::select;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use self::directory::Directory;
use self::jobs::{Jobs, Watched};
use self::link::{Answered, LinkSetup, StoreLink};
use self::requests::{NewRuns, request, schedule_of};
use self::shutdown::{Ended, Lifecycle};
use crate::builder::Setup;
use crate::code::wait_for_drops;
use crate::command::{Answer, Ask, Command, Reply};
use crate::decide::{End, Mode, Request, STUCK};
use crate::entry::{Asked, Entry, Flight, Job, Replier};
use crate::events::EventSender;
use crate::ids::Ids;
use crate::signal::{Received, Signals};
use crate::{DrainReport, OrchestratorError, Recovery, RegisterError, Registration, Status, logs};

/// How often clocks are compared, leases renewed and so on, at the least. A short lease is renewed more often.
const ROUND: Duration = Duration::from_secs(10);

/// How often an instance with free slots looks for queued runs that nobody owns.
const CLAIMS: Duration = Duration::from_secs(2);

/// The cause of a shutdown, for the log.
const CALLED: &str = "shutdown was called";

pub(crate) struct Engine {
    directory: Directory,
    jobs: Jobs,
    link: StoreLink,
    lifecycle: Lifecycle,

    clock: Arc<dyn Clock>,
    ids: Ids,
    recovery: Recovery,
    stops_when_lost: bool,
    events: EventSender,

    commands: mpsc::Receiver<Command>,
    has_handles: bool,
    /// The commands that wait until the store was read.
    waiting: Vec<Command>,
    alarm: Option<(UtcDateTime, BoxFuture<'static, ()>)>,
}

/// Something that the loop waits for.
enum Input {
    Signal(Received),
    Deadline,
    Round,
    /// Time to look for queued runs that nobody owns.
    Claims,
    LeaseExpired,
    Watched(Watched),
    Store(Answered),
    Due,
    /// `None` when the last handle is gone.
    Command(Option<Command>),
}

impl Engine {
    pub(crate) fn new(setup: Setup, commands: mpsc::Receiver<Command>, ended: Arc<AtomicBool>) -> Self {
        let Setup { store, runner, clock, mut ids, events, .. } = setup;
        let link = LinkSetup {
            store,
            clock: Arc::clone(&clock),
            events: events.clone(),
            keep: setup.keep,
            lease: setup.lease,
            timeout: setup.store_timeout,
            calls: setup.store_calls,
            owner: ids.owner(clock.now()),
        };
        Self {
            directory: Directory::default(),
            jobs: Jobs::new(runner, Arc::clone(&clock), events.clone(), setup.concurrency, setup.pools),
            link: StoreLink::new(link),
            lifecycle: Lifecycle::new(setup.grace, ended),
            clock,
            ids,
            recovery: setup.recovery,
            stops_when_lost: setup.stops_when_lost,
            events,
            commands,
            has_handles: true,
            waiting: Vec::new(),
            alarm: None,
        }
    }

    /// Runs until a shutdown is complete, or until the last handle is gone and nothing is left to do. Returns the signals that
    /// it has listened for, if any.
    pub(crate) async fn run(mut self: Box<Self>, jobs_on: Option<Handle>) -> Option<Signals> {
        self.jobs.run_on(jobs_on);
        let mut ticks = interval(ROUND.min(self.link.lease() / 3).max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut claims = interval(CLAIMS);
        claims.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.lifecycle.is_over(&self.jobs, &self.directory, &self.link) {
            self.set_alarm();
            match self.input(&mut ticks, &mut claims).await {
                Input::Signal(signal) => self.signal_came(signal),
                Input::Deadline => self.next_stage(),
                Input::Round => self.start_round(),
                Input::Claims => self.look_for_claimable(),
                Input::LeaseExpired => self.lease_expired(),
                Input::Watched(watched) => self.watched(watched),
                Input::Store(Answered::Pipeline(id, answer)) => self.take_answers((id, answer)),
                Input::Store(Answered::Looked(looked)) => self.looked(looked),
                Input::Store(Answered::Opened(opened)) => self.opened(opened),
                Input::Store(Answered::Renewed(renewed)) => self.renewed(renewed),
                Input::Store(Answered::Rounded(rounded)) => self.finish_round(rounded),
                Input::Store(Answered::Claimable(found)) => self.found_claimable(found),
                Input::Store(Answered::Told(change)) => self.told(change),
                Input::Due => self.step_due(),
                Input::Command(Some(command)) => self.handle(command),
                Input::Command(None) => self.close_when_idle(),
            }
            self.give_slots();
        }
        self.end()
    }

    /// The next input. If several are ready, the order here decides.
    async fn input(&mut self, ticks: &mut Interval, claims: &mut Interval) -> Input {
        let deadline = self.lifecycle.deadline();
        let lease_until = self.link.lease_until().filter(|_| self.stops_when_lost);
        let is_shared = self.link.is_shared();
        let is_watching = self.jobs.is_watching();
        select! {
            biased;
            signal = received(self.lifecycle.signals()) => Input::Signal(signal),
            () = until(deadline), if deadline.is_some() => Input::Deadline,
            _ = ticks.tick() => Input::Round,
            () = until(lease_until), if lease_until.is_some() => Input::LeaseExpired,
            _ = claims.tick(), if is_shared => Input::Claims,
            watched = self.jobs.next(), if is_watching => Input::Watched(watched),
            answered = self.link.next() => Input::Store(answered),
            () = alarm(&mut self.alarm), if self.alarm.is_some() => Input::Due,
            command = self.commands.recv(), if self.has_handles => Input::Command(command),
        }
    }

    /// Sets the alarm to the timer that expires first.
    fn set_alarm(&mut self) {
        let first = self.directory.timers.first();
        if self.alarm.as_ref().map(|(at, _)| *at) != first {
            self.alarm = first.map(|at| (at, self.clock.sleep_until(at)));
        }
    }

    /// Carries out a command, or keeps it until the store is open. The first command opens the store.
    fn handle(&mut self, command: Command) {
        match command {
            Command::Shutdown(grace, reply) => self.close(CALLED, grace, Some(reply)),
            command @ (Command::Status(_) | Command::Running(_)) if self.lifecycle.is_closing() => {
                self.carry_out_command(command);
            }
            command if self.lifecycle.is_closing() => command.refuse(OrchestratorError::ShuttingDown),
            #[cfg(feature = "signal")]
            Command::UntilSignal(report, reply) => self.lifecycle.listen_for_signals(report, reply),
            command if self.link.is_open() => self.carry_out_command(command),
            command => {
                self.waiting.push(command);
                if !self.link.is_opening() {
                    self.link.open();
                }
            }
        }
    }

    fn carry_out_command(&mut self, command: Command) {
        // Callers may have gone away.
        match command {
            Command::Register(registration, reply) => self.register(*registration, reply),
            Command::Ask(pipeline, ask, reply) => self.ask(&pipeline, ask, reply),
            Command::AskStored(pipeline, ask, reply) => self.ask_stored(pipeline, ask, reply),
            Command::Cancel(run, pipeline, reply) => self.cancel(run, pipeline, reply),
            Command::Watch(pipeline, run, reply) => {
                drop(reply.send(Ok(self.handle_of_active(&pipeline, run))));
            }
            Command::Handle(run, reply) => drop(reply.send(Ok(self.handle_here(run)))),
            Command::Running(reply) => drop(reply.send(Ok(self.running()))),
            Command::Status(reply) => drop(reply.send(Ok(self.status()))),
            Command::NextDue(most, reply) => drop(reply.send(Ok(self.directory.next_due(most)))),
            Command::Upcoming(pipeline, reply) => {
                drop(reply.send(self.directory.registered(&pipeline).and_then(schedule_of)));
            }
            Command::StartScheduler(reply) => drop(reply.send(self.start_scheduler())),
            Command::StopScheduler(reply) => {
                if self.lifecycle.mode == Mode::Scheduling {
                    logs::scheduler_stopped();
                }
                self.lifecycle.mode = Mode::Stopped;
                drop(reply.send(Ok(())));
            }
            // These don't need the store.
            command @ Command::Shutdown(..) => self.handle(command),
            #[cfg(feature = "signal")]
            command @ Command::UntilSignal(..) => self.handle(command),
        }
    }

    fn register(&mut self, registration: Registration, reply: Reply<(), RegisterError>) {
        match self.directory.plan(registration, |pool| self.jobs.pool(pool)) {
            Ok((name, plan)) => {
                let registered = Arc::clone(&plan.registered);
                let id = self.open_entry(name);
                self.directory.set_plan(id, plan);
                self.queue_request(id, Request::Register(registered), Replier::Register(reply));
            }
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    fn ask(&mut self, pipeline: &str, ask: Ask, reply: Reply<Answer>) {
        if let Some(request) = ask.of_stored()
            && let Some(name) = self.directory.stored(pipeline)
        {
            let id = self.open_entry(name);
            return self.queue_request(id, request, Replier::Ask(reply));
        }
        let new = NewRuns { ids: &mut self.ids, now: self.clock.now() };
        let entry = self.directory.registered(pipeline);
        match entry.and_then(|entry| Ok((entry.id, request(entry, ask, new)?))) {
            Ok((id, request)) => self.queue_request(id, request, Replier::Ask(reply)),
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    /// A request about a pipeline that another instance has stored since this one has read the store.
    fn ask_stored(&mut self, pipeline: PipelineName, ask: Ask, reply: Reply<Answer>) {
        let Some(request) = ask.of_stored() else { return self.ask(pipeline.as_str(), ask, reply) };
        let id = self.open_entry(pipeline);
        self.directory.entry_mut(id).into_iter().for_each(|entry| entry.is_stale = true);
        self.queue_request(id, request, Replier::Ask(reply));
    }

    /// Stops a run at once if it is watched here. The request to stop is stored for any run.
    fn cancel(&mut self, run: RunId, pipeline: Option<PipelineName>, reply: Reply<bool>) {
        let is_known_elsewhere = pipeline.is_some();
        let id = self.jobs.pipeline_of(run).or_else(|| self.directory.id_of(pipeline.as_ref()?.as_str()));
        let Some(id) = id.or_else(|| pipeline.map(|pipeline| self.open_entry(pipeline))) else {
            drop(reply.send(Ok(false)));
            return;
        };
        if let Some(entry) = self.directory.entry_mut(id) {
            // The store knows the run; the rows in memory may be older.
            entry.is_stale |= is_known_elsewhere;
            self.jobs.stop_for_caller(entry, run);
        }
        self.queue_request(id, Request::Cancel(run), Replier::Cancel(reply));
    }

    /// The handle of a run that is queued or running, here or in another instance.
    fn handle_of_active(&mut self, pipeline: &PipelineName, run: RunId) -> Option<RunHandle> {
        let entry = self.directory.entry_mut(self.directory.id_of(pipeline.as_str())?)?;
        let row = entry.run(run)?.clone();
        Some(self.jobs.handle_of(entry, &row))
    }

    /// The handle of a run that is queued or running in this instance.
    fn handle_here(&mut self, run: RunId) -> Option<RunHandle> {
        let owner = Some(self.link.owner());
        let is_ours = |row: &RunRecord| row.id == run && (row.owner.is_none() || row.owner == owner);
        let id = self.jobs.pipeline_of(run);
        let id = id.or_else(|| Some(self.directory.iter().find(|entry| entry.runs.iter().any(is_ours))?.id));
        let entry = self.directory.entry_mut(id?)?;
        let row = entry.runs.iter().find(|row| is_ours(row))?.clone();
        // Its final row is not stored, and a new handle would wait for a job that has ended.
        let has_ended = |job: &Job| job.ended.is_some() && job.waiter.is_none();
        let is_active = !entry.job(run).is_some_and(has_ended);
        is_active.then(|| self.jobs.handle_of(entry, &row))
    }

    /// The handles of the runs whose jobs are running, by id.
    fn running(&mut self) -> Vec<RunHandle> {
        let running = self.jobs.running(&self.directory);
        running.iter().filter_map(|run| self.handle_here(run.id())).collect()
    }

    fn status(&self) -> Status {
        let (slots, pools) = self.jobs.slots_used();
        Status {
            owner: self.link.owner(),
            is_scheduling: self.lifecycle.mode == Mode::Scheduling,
            is_shutting_down: self.lifecycle.is_closing(),
            slots,
            pools,
            store_failing_since: self.link.failing_since(),
        }
    }

    fn start_scheduler(&mut self) -> Result<(), OrchestratorError> {
        if self.lifecycle.mode == Mode::Scheduling {
            return Err(OrchestratorError::SchedulerRunning);
        }
        self.lifecycle.mode = Mode::Scheduling;
        logs::scheduler_started();
        self.step_all(self.directory.ids());
        Ok(())
    }

    fn watched(&mut self, watched: Watched) {
        match watched {
            Watched::Ended(id, result) => {
                let Some(entry) = self.directory.entry_mut(id) else { return };
                self.jobs.finished(entry, *result);
                // The slot goes to the pipeline that has waited longest, not to the next run of this one.
                self.give_slots();
                self.step(id);
            }
            Watched::Abandoned(id, run) => {
                let waits = |entry: &&Entry| entry.is_waiting(run);
                if self.directory.entry(id).filter(waits).is_some() {
                    self.queue_request(id, Request::Cancel(run), Replier::Nobody);
                }
            }
        }
    }

    /// The first signal begins a shutdown. Another one ends the process.
    fn signal_came(&mut self, signal: Received) {
        self.lifecycle.end_process_if_closing(signal);
        self.close(signal.name(), self.lifecycle.grace(), None);
    }

    /// Begins a shutdown, or joins the one that has begun.
    fn close(&mut self, cause: &'static str, grace: Duration, reply: Option<oneshot::Sender<DrainReport>>) {
        let closing = self.lifecycle.begin(cause, Some(grace), &self.jobs, &self.directory);
        closing.hurry(grace);
        closing.replies.extend(reply);
        self.write_skips();
    }

    /// The last handle is gone. Running jobs continue without a limit, and nobody waits for them.
    fn close_when_idle(&mut self) {
        self.has_handles = false;
        self.lifecycle.begin("the last handle was dropped", None, &self.jobs, &self.directory);
        self.write_skips();
    }

    /// Writes skipped due times that are only in memory, because nothing would write them later.
    fn write_skips(&mut self) {
        self.step_all(self.directory.find(|entry| entry.fold.unsaved.is_some()));
    }

    /// The deadline of a stage of the shutdown has passed. Runs that neither stopped nor returned count as interrupted.
    fn next_stage(&mut self) {
        for handle in self.lifecycle.next_stage(&self.jobs, &self.directory) {
            let run = handle.id();
            let Some(id) = self.jobs.pipeline_of(run) else { continue };
            let RunResult { counts, report, started_at, .. } = handle.result();
            let (reason, now) = (STUCK.to_owned(), self.clock.now());
            let end = End::without_result(run, RunStatus::Interrupted, reason, started_at, now);
            let end = End { counts, report, ..end };
            if let Some(entry) = self.directory.entry_mut(id) {
                self.jobs.ended(entry, end);
            }
            self.step(id);
        }
    }

    /// Tells the callers whose commits are in flight that these may still be stored. All others learn that it is shutting down.
    fn answer_what_is_in_flight(&mut self) {
        let source = Arc::new(StoreError::unavailable("it did not answer before the shutdown ended"));
        let in_flight = |entry: &Entry| match &entry.flight {
            Some(Flight::Commit(pending)) => pending.verdict.is_some(),
            Some(Flight::Reload { .. } | Flight::Look) => {
                entry.request().is_some_and(Asked::waits_for_answer)
            }
            None => false,
        };
        for id in self.directory.find(in_flight) {
            let Some(asked) = self.directory.entry_mut(id).and_then(Entry::take_request) else { continue };
            let run = asked.request.runs().first().map(|run| run.id);
            asked.reply.answer(Err(OrchestratorError::Unconfirmed { run, source: Arc::clone(&source) }));
        }
    }

    /// Reports what became of the runs, and returns the signals. The store is released first, because a caller that gets the
    /// report may open it again.
    fn end(mut self: Box<Self>) -> Option<Signals> {
        self.answer_what_is_in_flight();
        let Ended { report, replies, signals } = self.lifecycle.end(&self.directory, &self.link);
        self.events.close();
        logs::shutdown_ended(&report);
        // Jobs and schedules are foreign code, and may panic when they are dropped.
        drop(catch_unwind(AssertUnwindSafe(|| drop(self))));
        // A job may have a handle of this orchestrator, which keeps the store open.
        wait_for_drops();
        for reply in replies {
            // The caller may have gone away.
            drop(reply.send(report.clone()));
        }
        signals
    }
}

async fn received(signals: Option<&mut Signals>) -> Received {
    match signals {
        Some(signals) => signals.received().await,
        None => pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => pending().await,
    }
}

async fn alarm(alarm: &mut Option<(UtcDateTime, BoxFuture<'static, ()>)>) {
    match alarm {
        Some((_, sleep)) => sleep.await,
        None => pending().await,
    }
}
