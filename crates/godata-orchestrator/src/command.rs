//! What handles ask of the loop.

use std::sync::Arc;
use std::time::Duration;

use godata_core::{Params, PipelineName, RunHandle, RunId, Schedule};
use tokio::sync::oneshot;

use crate::{Backfill, DrainReport, OrchestratorError, RegisterError, Registration};

/// Where an answer goes.
pub(crate) type Reply<T, E = OrchestratorError> = oneshot::Sender<Result<T, E>>;

/// What handles ask of the loop.
#[derive(Debug)]
pub(crate) enum Command {
    Register(Box<Registration>, Reply<(), RegisterError>),
    /// Something about a registered pipeline, which takes a commit.
    Ask(String, Ask, Reply<Answer>),
    /// Answered `false` if the run is not known here and no pipeline is named.
    Cancel(RunId, Option<PipelineName>, Reply<bool>),
    Upcoming(String, Reply<Arc<dyn Schedule>>),
    StartScheduler(Reply<()>),
    StopScheduler(Reply<()>),
    Shutdown(Duration, oneshot::Sender<DrainReport>),
}

/// What is asked about a pipeline.
#[derive(Debug)]
pub(crate) enum Ask {
    Run(RunOptions),
    Pause,
    Resume,
    ResumeFromNow,
    Backfill(Backfill),
    Unregister,
}

/// What is answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Done,
    Run(RunHandle),
    Runs(Vec<RunId>),
}

/// What a run by hand is told; see [`run_pipeline_with`](crate::Orchestrator::run_pipeline_with).
///
/// ```
/// use godata_orchestrator::RunOptions;
///
/// let options = RunOptions::new().param("day", "2024-02-29").token("deploy-17");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct RunOptions {
    pub(crate) params: Params,
    pub(crate) token: Option<String>,
}

impl RunOptions {
    /// No parameters, and no token.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets all parameters.
    pub fn params(self, params: Params) -> Self {
        Self { params, ..self }
    }

    /// Sets one parameter, and keeps the others.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.insert(name, value);
        self
    }

    /// The caller's own word for what it asks, so that asking again starts nothing: 1 to 200 bytes.
    pub fn token(self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self }
    }
}

impl Command {
    /// Answers with an error.
    pub(crate) fn refuse(self, error: OrchestratorError) {
        // Whoever has asked may have gone.
        match self {
            Self::Register(_, reply) => drop(reply.send(Err(error.into()))),
            Self::Ask(_, _, reply) => drop(reply.send(Err(error))),
            Self::Cancel(_, _, reply) => drop(reply.send(Err(error))),
            Self::Upcoming(_, reply) => drop(reply.send(Err(error))),
            Self::StartScheduler(reply) | Self::StopScheduler(reply) => drop(reply.send(Err(error))),
            Self::Shutdown(_, reply) => drop(reply.send(DrainReport::default())),
        }
    }
}
