//! Why an orchestrator did not do what it was asked.

use std::io;
use std::sync::Arc;

use godata_core::{NameError, RunId, StoreError};

/// Why a pipeline was not registered.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A pipeline of this name is registered.
    #[error("pipeline {pipeline:?} is already registered")]
    AlreadyRegistered {
        /// Its name.
        pipeline: String,
    },
    /// The job's name, or that of a pipeline to run after, is not one that a pipeline can have.
    #[error("{name:?} is no name for a pipeline")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: NameError,
    },
    /// Two of its rules make no sense together.
    #[error("pipeline {pipeline:?} can't be registered: {reason}")]
    Contradiction {
        /// Its name.
        pipeline: String,
        /// Which rules, and why.
        reason: &'static str,
    },
    /// It runs after a pipeline that is neither registered nor stored.
    #[error("pipeline {pipeline:?} runs after {upstream:?}, which is not known")]
    UnknownUpstream {
        /// Its name.
        pipeline: String,
        /// The pipeline to run after.
        upstream: String,
    },
    /// It would run after itself, by way of others.
    #[error("pipeline {pipeline:?} would run after itself, through {upstream:?}")]
    Cycle {
        /// Its name.
        pipeline: String,
        /// The pipeline to run after.
        upstream: String,
    },
    /// It names a pool that the orchestrator was not built with.
    #[error("pipeline {pipeline:?} runs in pool {pool:?}, which the orchestrator does not have")]
    UnknownPool {
        /// Its name.
        pipeline: String,
        /// The pool.
        pool: String,
    },
    /// Its schedule panicked when it was asked for its spec.
    #[error("the schedule of pipeline {pipeline:?} panicked")]
    SchedulePanicked {
        /// Its name.
        pipeline: String,
    },
    /// Any of the errors that every call may have.
    #[error(transparent)]
    Orchestrator(#[from] OrchestratorError),
}

/// Why an orchestrator did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrchestratorError {
    /// No pipeline of this name is registered.
    #[error("pipeline {pipeline:?} is not registered")]
    UnknownPipeline {
        /// The name.
        pipeline: String,
    },
    /// The scheduler was started before.
    #[error("the scheduler is running")]
    SchedulerRunning,
    /// A run of the pipeline is queued or runs, and it may not have another.
    #[error("pipeline {pipeline:?} has run {run} already")]
    AlreadyRunning {
        /// The pipeline.
        pipeline: String,
        /// The run.
        run: RunId,
    },
    /// The token, or the name of the backfill, was used before, for this run.
    #[error("pipeline {pipeline:?} was asked for this before, which is run {run}")]
    Duplicate {
        /// The pipeline.
        pipeline: String,
        /// The run.
        run: RunId,
    },
    /// The token, or the name of the backfill, can't be stored.
    #[error("{token:?} is no token")]
    Token {
        /// The token.
        token: String,
        /// What is wrong with it.
        source: NameError,
    },
    /// No run has this id.
    #[error("run {run} is not known")]
    UnknownRun {
        /// The run.
        run: RunId,
    },
    /// A backfill has no due time, or more than [`MAX`](crate::Backfill::MAX).
    #[error("a backfill of pipeline {pipeline:?} has {times} due times, not 1 to {max}", max = crate::Backfill::MAX)]
    BackfillSize {
        /// The pipeline.
        pipeline: String,
        /// How many it has; counting stops after the most.
        times: usize,
    },
    /// The pipeline has no schedule, or one that was stopped because it panicked or went back.
    #[error("pipeline {pipeline:?} has no schedule that could be asked")]
    NoSchedule {
        /// The pipeline.
        pipeline: String,
    },
    /// The store failed, and nothing was changed: try again.
    #[error("the store failed, and nothing was changed")]
    Store {
        /// What the store said.
        source: Arc<StoreError>,
    },
    /// The store failed, and whether it has happened is not known yet. It is found out; the history will tell.
    #[error("the store failed, and whether it has happened is not known yet")]
    Unconfirmed {
        /// The run that may have been started.
        run: Option<RunId>,
        /// What the store said.
        source: Arc<StoreError>,
    },
    /// It shuts down, or has.
    #[error("the orchestrator shuts down")]
    ShuttingDown,
    /// The system does not let the process listen to its signals.
    #[error("signals can't be listened to")]
    Signal {
        /// What it said.
        source: Arc<io::Error>,
    },
    /// It was called outside of a tokio runtime with a timer, which it runs on.
    #[error("there is no tokio runtime to run on")]
    NoRuntime,
}

/// Why there can't be such an orchestrator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrchestratorBuildError {
    /// A concurrency of zero would run nothing.
    #[error("an orchestrator with a concurrency of 0 runs nothing")]
    NoSlots,
    /// A pool without slots would run nothing.
    #[error("pool {pool:?} with 0 slots runs nothing")]
    EmptyPool {
        /// The pool.
        pool: String,
    },
    /// Two pools have the same name.
    #[error("there are two pools {pool:?}")]
    SamePool {
        /// The pool.
        pool: String,
    },
}
