//! Commands: what handles ask of the loop.

use std::mem;
use std::sync::Arc;

use godata_core::{Cause, PipelineName, RunHandle, RunId, RunKey, RunRecord, RunStatus, Schedule};
use time::UtcDateTime;

use super::entry::{Replier, Waiter};
use super::{Engine, Stage};
use crate::backfill::Times;
use crate::command::{Answer, Ask, Command, Reply};
use crate::decide::{DueTimes, Mode, Refusal, Request, Verdict};
use crate::{Backfill, OrchestratorError, RunOptions, logs};

/// The cause of a shutdown, for the log.
const CALLED: &str = "shutdown was called";

impl Engine {
    /// Carries out a command, or keeps it until the store is open. The first command opens the store.
    pub(super) fn handle(&mut self, command: Command) {
        if self.closing.is_some() && !matches!(command, Command::Shutdown(..)) {
            return command.refuse(OrchestratorError::ShuttingDown);
        }
        match (&mut self.stage, command) {
            (_, Command::Shutdown(grace, reply)) => self.close(CALLED, grace, Some(reply)),
            #[cfg(feature = "signal")]
            (_, Command::UntilSignal(report, reply)) => self.listen_for_signals(report, reply),
            (Stage::Open, command) => self.carry_out_command(command),
            (Stage::Opening(waiting, _), command) => waiting.push(command),
            (Stage::Closed(waiting), command) => {
                let mut waiting = mem::take(waiting);
                waiting.push(command);
                self.open(waiting);
            }
        }
    }

    fn carry_out_command(&mut self, command: Command) {
        match command {
            Command::Register(registration, reply) => self.register(*registration, reply),
            Command::Ask(pipeline, ask, reply) => self.ask(&pipeline, ask, reply),
            Command::Cancel(run, pipeline, reply) => self.cancel(run, pipeline, reply),
            Command::Watch(pipeline, run, reply) => drop(reply.send(Ok(self.active_handle(&pipeline, run)))),
            Command::Upcoming(pipeline, reply) => drop(reply.send(self.schedule_of(&pipeline))),
            Command::StartScheduler(reply) => drop(reply.send(self.start_scheduler())),
            Command::StopScheduler(reply) => {
                if self.mode == Mode::Scheduling {
                    logs::scheduler_stopped();
                }
                self.mode = Mode::Stopped;
                drop(reply.send(Ok(())));
            }
            Command::Shutdown(grace, reply) => self.close(CALLED, grace, Some(reply)),
            #[cfg(feature = "signal")]
            Command::UntilSignal(report, reply) => self.listen_for_signals(report, reply),
        }
    }

    fn start_scheduler(&mut self) -> Result<(), OrchestratorError> {
        if self.mode == Mode::Scheduling {
            return Err(OrchestratorError::SchedulerRunning);
        }
        self.mode = Mode::Scheduling;
        logs::scheduler_started();
        self.step_all();
        Ok(())
    }

    fn ask(&mut self, pipeline: &str, ask: Ask, reply: Reply<Answer>) {
        let registered = self.registered(pipeline);
        let request = registered.and_then(|(key, name)| Ok((key, self.request(&name, ask)?)));
        match request {
            Ok((key, request)) => self.queue_request(key, request, Replier::Ask(reply)),
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    /// Puts a request into the queue of its pipeline.
    pub(super) fn queue_request(&mut self, key: usize, request: Request, reply: Replier) {
        if let Some(entry) = self.entry(key) {
            entry.ask(request, reply);
            self.step(key);
        }
    }

    /// Stops a run at once if it is watched here. The request to stop is stored for any run.
    fn cancel(&mut self, run: RunId, pipeline: Option<PipelineName>, reply: Reply<bool>) {
        let key = self.jobs.get(&run).copied().or_else(|| self.names.get(pipeline.as_ref()?).copied());
        let is_known_elsewhere = pipeline.is_some();
        let Some(key) = key.or_else(|| pipeline.map(|pipeline| self.entry_of(pipeline))) else {
            drop(reply.send(Ok(false)));
            return;
        };
        if is_known_elsewhere {
            // The store knows the run; the rows in memory may be older.
            self.mark_stale(key);
        }
        self.stop_at_once(key, run);
        self.queue_request(key, Request::Cancel(run), Replier::Cancel(reply));
    }

    /// Stops a job before the request to stop it is stored.
    fn stop_at_once(&mut self, key: usize, run: RunId) {
        let Some(entry) = self.entry(key) else { return };
        let name = entry.name().clone();
        let Some(job) = entry.job(run) else { return };
        let Some(handle) = &job.handle else { return };
        // The job may end at once, and its end is logged after the request.
        if !std::mem::replace(&mut job.is_cancel_logged, true) {
            logs::cancel_requested(&name, run);
        }
        handle.stop();
    }

    /// The key and name of a registered pipeline.
    fn registered(&self, pipeline: &str) -> Result<(usize, PipelineName), OrchestratorError> {
        let key = self.names.get(pipeline).copied();
        let entry = key.and_then(|key| self.entries.get(key)?.as_deref().map(|entry| (key, entry)));
        match entry {
            Some((key, entry)) if entry.plan.is_some() => Ok((key, entry.name().clone())),
            _ => Err(self.unknown_pipeline(pipeline)),
        }
    }

    pub(super) fn unknown_pipeline(&self, pipeline: &str) -> OrchestratorError {
        let all = || self.entries.iter().flatten().filter(|entry| entry.plan.is_some());
        let count = all().count();
        let mut registered = Vec::new();
        if count <= OrchestratorError::MOST_NAMES {
            registered = all().map(|entry| entry.name().to_string()).collect();
        }
        registered.sort_unstable();
        OrchestratorError::UnknownPipeline { pipeline: pipeline.to_owned(), registered, count }
    }

    fn schedule_of(&self, pipeline: &str) -> Result<Arc<dyn Schedule>, OrchestratorError> {
        let (key, _) = self.registered(pipeline)?;
        let plan = self.entries.get(key).and_then(Option::as_deref).and_then(|entry| entry.plan.as_ref());
        let pipeline = pipeline.to_owned();
        match plan.map(|plan| (&plan.code.schedule, &plan.registered.spec)) {
            Some((Some(schedule), _)) => Ok(Arc::clone(schedule)),
            Some((None, Some(_))) => Err(OrchestratorError::BrokenSchedule { pipeline }),
            Some((None, None)) | None => Err(OrchestratorError::NoSchedule { pipeline }),
        }
    }

    fn request(&mut self, name: &PipelineName, ask: Ask) -> Result<Request, OrchestratorError> {
        Ok(match ask {
            Ask::Run(options) => self.run_request(name, options)?,
            Ask::Backfill(backfill) => self.backfill_request(name, &backfill)?,
            Ask::Pause => Request::Pause,
            Ask::Resume => Request::Resume,
            Ask::ResumeFromNow => Request::ResumeFromNow,
            Ask::Unregister => Request::Unregister,
        })
    }

    fn run_request(
        &mut self,
        name: &PipelineName,
        options: RunOptions,
    ) -> Result<Request, OrchestratorError> {
        let key_of_token = match &options.token {
            Some(token) => Some(
                RunKey::manual(token)
                    .map_err(|source| OrchestratorError::Token { token: token.clone(), source })?,
            ),
            None => None,
        };
        let has_nul = |(name, value): &(&str, &str)| name.contains('\0') || value.contains('\0');
        if let Some(param) = options.params.iter().find(has_nul).map(|(param, _)| param.to_owned()) {
            let pipeline = name.to_string();
            return Err(OrchestratorError::Nul { pipeline, what: "parameter", name: Some(param) });
        }
        let id = self.ids.run(self.clock.now());
        let run_key = key_of_token.unwrap_or_else(|| RunKey::manual_run(id));
        let mut run = self.new_run(name, run_key, Cause::Manual);
        run.id = id;
        run.params = options.params;
        Ok(Request::Run(Box::new(run)))
    }

    fn backfill_request(
        &mut self,
        pipeline: &PipelineName,
        backfill: &Backfill,
    ) -> Result<Request, OrchestratorError> {
        let text = pipeline.to_string();
        let times = match &backfill.times {
            Times::These(times) => times.clone(),
            Times::Between(from, until) => {
                let schedule = self.schedule_of(&text)?;
                due_between(&*schedule, *from, *until)
                    .ok_or_else(|| OrchestratorError::BrokenSchedule { pipeline: text.clone() })?
            }
        };
        if times.is_empty() || times.len() > Backfill::MAX {
            return Err(OrchestratorError::BackfillSize { pipeline: text, times: times.len() });
        }
        let name = backfill.name.clone().unwrap_or_else(|| self.ids.job(self.clock.now()).to_string());
        let token = |source| OrchestratorError::Token { token: name.clone(), source };
        let mut runs = Vec::with_capacity(times.len());
        for due in times {
            let run_key = RunKey::backfill(&name, due).map_err(token)?;
            let mut run = self.new_run(pipeline, run_key, Cause::Backfill);
            run.due = Some(due);
            runs.push(run);
        }
        Ok(Request::Backfill(runs))
    }

    fn new_run(&mut self, name: &PipelineName, run_key: RunKey, cause: Cause) -> RunRecord {
        let now = self.clock.now();
        let mut run = RunRecord::new(name, run_key, cause, RunStatus::Queued, now);
        (run.id, run.job_id) = (self.ids.run(now), self.ids.job(now));
        run
    }

    /// Answers the first request in the queue.
    pub(super) fn answer(&mut self, key: usize, verdict: Verdict) {
        let Some(entry) = self.entry(key) else { return };
        if entry.asked.is_empty() {
            return;
        }
        let asked = entry.asked.remove(0);
        let pipeline = entry.name().to_string();
        let answer = match (verdict, asked.request) {
            (Verdict::Refused(Refusal::AlreadyRunning(run)), _) => {
                Err(self.already_running(key, pipeline, run))
            }
            (Verdict::Refused(Refusal::Duplicate(run)), request) => {
                let handle = self.watched_handle(key, run).filter(|_| matches!(request, Request::Run(_)));
                handle.map(Answer::Run).ok_or(OrchestratorError::Duplicate { pipeline, run })
            }
            (Verdict::Granted, Request::Run(run)) => Ok(Answer::Run(self.handle_of(key, &run))),
            (Verdict::Granted, Request::Backfill(runs)) => {
                Ok(Answer::Runs(runs.iter().map(|run| run.id).collect()))
            }
            (Verdict::Granted, Request::Unregister) => {
                logs::unregistered(entry.name());
                self.remove_plan(key);
                Ok(Answer::Done)
            }
            (Verdict::Granted, Request::Register(registered)) => {
                logs::registered(entry.name(), registered.spec.as_deref());
                Ok(Answer::Done)
            }
            (Verdict::Granted, _) => Ok(Answer::Done),
        };
        asked.reply.answer(answer);
    }

    fn already_running(&mut self, key: usize, pipeline: String, run: RunId) -> OrchestratorError {
        let row = self.entry(key).and_then(|entry| entry.runs.iter().find(|row| row.id == run));
        let (status, not_before) = row.map_or((RunStatus::Running, None), |row| (row.status, row.not_before));
        OrchestratorError::AlreadyRunning { pipeline, run, status, not_before }
    }

    /// Answers the first request in the queue with an error.
    pub(super) fn answer_error(&mut self, key: usize, error: OrchestratorError) {
        let Some(entry) = self.entry(key) else { return };
        if entry.asked.is_empty() {
            return;
        }
        let asked = entry.asked.remove(0);
        if matches!((&asked.request, &asked.reply), (Request::Register(_), Replier::Register(_))) {
            self.remove_plan(key);
        }
        asked.reply.answer(Err(error));
    }

    /// The handle of a run that is queued or running here.
    fn active_handle(&mut self, pipeline: &PipelineName, run: RunId) -> Option<RunHandle> {
        let key = *self.names.get(pipeline)?;
        let row = self.entry(key)?.runs.iter().find(|row| row.id == run)?.clone();
        Some(self.handle_of(key, &row))
    }

    /// The handle of a run that was requested before, if it is watched here.
    pub(super) fn watched_handle(&mut self, key: usize, run: RunId) -> Option<RunHandle> {
        let job = self.entry(key)?.job(run)?;
        if job.waiter.is_none() {
            job.waiter = Some(Waiter::of_running(job.handle.clone()?));
        }
        job.waiter.as_ref().map(|waiter| waiter.handle.clone())
    }
}

/// The due times from `from`, inclusive, to `until`, exclusive, but at most one more than a backfill may have. `None` if the
/// schedule fails.
fn due_between(schedule: &dyn Schedule, from: UtcDateTime, until: UtcDateTime) -> Option<Vec<UtcDateTime>> {
    let mut after = from.saturating_sub(time::Duration::MILLISECOND);
    let mut times = Vec::new();
    while times.len() <= Backfill::MAX {
        match DueTimes(schedule).next(after).ok()? {
            Some(due) if due < until => times.push(due),
            _ => break,
        }
        after = times.last().copied()?;
    }
    Some(times)
}
