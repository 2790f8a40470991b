//! The errors of an orchestrator.

use std::io;
use std::sync::Arc;

use godata_core::{
    NameError, PersistError, PipelineName, RunId, RunStatus, StoreError, debug_as_chain, excerpt,
    excerpt_list, excerpt_within,
};
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

use crate::RulesError;

/// Why a pipeline was not registered.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A pipeline of this name is registered already.
    #[error(
        "pipeline `{}` is already registered: unregister it first, or give the job another name",
        name_excerpt(pipeline)
    )]
    AlreadyRegistered {
        /// The pipeline.
        pipeline: String,
    },
    /// The job's name, or the name of a pipeline to run after, is not a valid pipeline name.
    #[error("`{}` is not a valid pipeline name", excerpt(name))]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: NameError,
    },
    /// Two of its rules contradict each other.
    #[error("pipeline `{}` can't be registered: {reason}", name_excerpt(pipeline))]
    Contradiction {
        /// The pipeline.
        pipeline: String,
        /// Which rules, and why.
        reason: &'static str,
    },
    /// It runs after a pipeline that is neither registered nor stored.
    #[error(
        "pipeline `{}` runs after `{}`, which is not known: register `{}` first",
        name_excerpt(pipeline),
        name_excerpt(upstream),
        name_excerpt(upstream)
    )]
    UnknownUpstream {
        /// The pipeline.
        pipeline: String,
        /// The pipeline to run after.
        upstream: String,
    },
    /// It would run after itself, directly or through others.
    #[error(
        "pipeline `{}` would run after itself, through `{}`",
        name_excerpt(pipeline),
        name_excerpt(upstream)
    )]
    Cycle {
        /// The pipeline.
        pipeline: String,
        /// The pipeline to run after.
        upstream: String,
    },
    /// It names the same pipeline in two of the calls that say what it runs after.
    #[error(
        "pipeline `{}` names `{}` in more than one call of `after` and `after_all`, but a success counts for only one: \
         register another pipeline for the other",
        name_excerpt(pipeline),
        name_excerpt(upstream)
    )]
    UpstreamTwice {
        /// The pipeline.
        pipeline: String,
        /// The pipeline to run after.
        upstream: String,
    },
    /// It names a pool that the orchestrator was not built with.
    #[error(
        "pipeline `{}` runs in pool `{}`, which the orchestrator does not have: add it to the builder",
        name_excerpt(pipeline),
        excerpt(pool)
    )]
    UnknownPool {
        /// The pipeline.
        pipeline: String,
        /// The pool.
        pool: String,
    },
    /// Its schedule panicked when it was asked for its spec.
    #[error("the schedule of pipeline `{}` panicked when it was asked for its spec", name_excerpt(pipeline))]
    SchedulePanicked {
        /// The pipeline.
        pipeline: String,
    },
    /// One of the errors that every call may have.
    #[error(transparent)]
    Orchestrator(#[from] OrchestratorError),
}

/// Why an orchestrator did not do what it was asked.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum OrchestratorError {
    /// No pipeline of this name is registered.
    #[error("pipeline `{}` is not registered{}", name_excerpt(pipeline), hint(.registered, *.count))]
    UnknownPipeline {
        /// The name.
        pipeline: String,
        /// The names that are registered, in order, if there are at most [`Self::MOST_NAMES`].
        registered: Vec<String>,
        /// How many are registered.
        count: usize,
    },
    /// The scheduler was started before.
    #[error("the scheduler is already running")]
    SchedulerRunning,
    /// A run of the pipeline is queued or running, and its overlap rule allows no other.
    #[error(
        "pipeline `{}` already has run {run}, which {}, or register the pipeline with another overlap rule",
        name_excerpt(pipeline),
        state(*.status, *.not_before)
    )]
    AlreadyRunning {
        /// The pipeline.
        pipeline: String,
        /// The run.
        run: RunId,
        /// Whether the run is queued or running.
        status: RunStatus,
        /// The earliest start of a queued run, such as a retry.
        not_before: Option<UtcDateTime>,
    },
    /// The token, or the name of the backfill, was used before, for this run.
    #[error(
        "the token or backfill name was used before in pipeline `{}`, for run {run}",
        name_excerpt(pipeline)
    )]
    Duplicate {
        /// The pipeline.
        pipeline: String,
        /// The run.
        run: RunId,
    },
    /// The token, or the name of the backfill, can't be stored.
    #[error("`{}` is not a valid token", excerpt(token))]
    Token {
        /// The token.
        token: String,
        /// What is wrong with it.
        source: NameError,
    },
    /// A parameter, a tag, the options or the spec of the schedule has a NUL character, which can't be stored.
    #[error(
        "pipeline `{}` has a NUL character in its {what}{}, which can't be stored: remove it",
        name_excerpt(pipeline),
        named(name.as_deref())
    )]
    Nul {
        /// The pipeline.
        pipeline: String,
        /// What has the character: `parameter`, `tag`, `options` or `schedule`.
        what: &'static str,
        /// The name of the parameter, or the tag.
        name: Option<String>,
    },
    /// No run has this id.
    #[error("run {run} is not in the store")]
    UnknownRun {
        /// The run.
        run: RunId,
    },
    /// A backfill has no due time, or more than [`MAX`](crate::Backfill::MAX).
    #[error(
        "a backfill of pipeline `{}` has {}",
        name_excerpt(pipeline),
        size(*.times)
    )]
    BackfillSize {
        /// The pipeline.
        pipeline: String,
        /// How many due times it has. Counting stops above the maximum.
        times: usize,
    },
    /// The pipeline was registered without a schedule.
    #[error("pipeline `{}` has no schedule: register it with one", name_excerpt(pipeline))]
    NoSchedule {
        /// The pipeline.
        pipeline: String,
    },
    /// The schedule of the pipeline was stopped, because it panicked or went backward.
    #[error(
        "the schedule of pipeline `{}` panicked or went backward: correct it, and register the pipeline again",
        name_excerpt(pipeline)
    )]
    BrokenSchedule {
        /// The pipeline.
        pipeline: String,
    },
    /// The store failed, and nothing was changed. The caller may try again.
    #[error("the store failed, and nothing was changed")]
    Store {
        /// The store's error.
        source: Arc<StoreError>,
    },
    /// The store failed, and it is not known yet whether the change was made. The history will tell.
    #[error("the store failed, and it is not known whether the change was made")]
    Unconfirmed {
        /// The run that may have been started.
        run: Option<RunId>,
        /// The store's error.
        source: Arc<StoreError>,
    },
    /// The final row of an attempt was not stored.
    #[error(transparent)]
    Persist(#[from] PersistError),
    /// The orchestrator is shutting down, or has shut down.
    #[error("the orchestrator is shutting down, or has shut down")]
    ShuttingDown,
    /// The orchestrator has ended without a shutdown: its loop panicked, and the log says why, or its runtime was dropped. The
    /// next process that opens the store continues.
    #[error(
        "the orchestrator has stopped: its loop panicked, as the log says, or its tokio runtime was dropped"
    )]
    Stopped,
    /// The rules that are stored with a pipeline can't be read.
    #[error("can't tell how a pipeline is registered")]
    Rules {
        /// Which pipeline, and what is wrong with the stored text.
        source: Arc<RulesError>,
    },
    /// The system does not let the process listen for signals.
    #[error("can't listen for signals")]
    Signal {
        /// The system's error.
        source: Arc<io::Error>,
    },
    /// The system does not grant the threads on which the loop and the jobs run.
    #[error("can't start the threads of the orchestrator")]
    Threads {
        /// The system's error.
        source: Arc<io::Error>,
    },
    /// An orchestrator [on its caller's runtime](crate::OrchestratorBuilder::on_current_runtime) was called outside of a tokio
    /// runtime.
    #[error("there is no tokio runtime: call the orchestrator from async code, such as below #[tokio::main]")]
    NoRuntime,
}

impl OrchestratorError {
    /// The most names that [`UnknownPipeline`](Self::UnknownPipeline) lists: 10.
    pub const MOST_NAMES: usize = 10;

    /// The error for a name that is not among those that are known.
    pub(crate) fn unknown_pipeline<'a>(
        pipeline: &str,
        known: impl Iterator<Item = &'a PipelineName> + Clone,
    ) -> Self {
        let count = known.clone().count();
        let listed = if count > Self::MOST_NAMES { 0 } else { count };
        let mut registered: Vec<_> = known.take(listed).map(ToString::to_string).collect();
        registered.sort_unstable();
        Self::UnknownPipeline { pipeline: pipeline.to_owned(), registered, count }
    }
}

/// The name of a pipeline, which is whole if it is valid.
fn name_excerpt(name: &str) -> String {
    excerpt_within(name, PipelineName::MAX_BYTES)
}

fn named(name: Option<&str>) -> String {
    name.map(|name| format!(" `{}`", excerpt(name))).unwrap_or_default()
}

fn hint(registered: &[String], count: usize) -> String {
    match count {
        0 => ": no pipeline is".to_owned(),
        1 => format!(": only {} is", excerpt_list(registered)),
        _ if registered.is_empty() => format!(": {count} others are"),
        _ => format!(": registered are {}", excerpt_list(registered)),
    }
}

fn size(times: usize) -> String {
    match times {
        0 => "no due time: none was given, or the schedule has none in that range".to_owned(),
        _ => format!("more than {} due times: split it into several", crate::Backfill::MAX),
    }
}

/// The state of a run that is in the way, and what the caller can do about it.
fn state(status: RunStatus, not_before: Option<UtcDateTime>) -> String {
    let start = not_before.and_then(|at| at.format(&Rfc3339).ok());
    match (status, start) {
        (RunStatus::Queued, Some(start)) => {
            format!("is queued until {start}: wait until it ends, cancel it")
        }
        (RunStatus::Queued, None) => "is queued: wait until it ends, cancel it".to_owned(),
        _ => "is running: wait until it ends".to_owned(),
    }
}

/// Why an orchestrator can't be built.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrchestratorBuildError {
    /// The concurrency is zero.
    #[error("the orchestrator has a concurrency of 0 and would run nothing: set at least 1")]
    NoSlots,
    /// A pool has no slots.
    #[error("pool `{}` has 0 slots and would run nothing: give it at least 1", excerpt(pool))]
    EmptyPool {
        /// The pool.
        pool: String,
    },
    /// Two pools have the same name.
    #[error("two pools are named `{}`: give each its own name", excerpt(pool))]
    SamePool {
        /// The pool.
        pool: String,
    },
}

debug_as_chain!(RegisterError, OrchestratorError, OrchestratorBuildError);
