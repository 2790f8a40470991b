//! The commands that handles send to the loop.

use std::sync::Arc;
use std::time::Duration;

use godata_core::{Params, PipelineName, RunHandle, RunId, Schedule};
use time::UtcDateTime;
use tokio::sync::oneshot;

use crate::decide::Request;
use crate::{Backfill, DrainReport, OrchestratorError, RegisterError, Registration, Status};

/// Where an answer goes.
pub(crate) type Reply<T, E = OrchestratorError> = oneshot::Sender<Result<T, E>>;

/// A command for the loop.
#[derive(Debug)]
pub(crate) enum Command {
    Register(Box<Registration>, Reply<(), RegisterError>),
    /// A request about a registered pipeline, which needs a commit.
    Ask(String, Ask, Reply<Answer>),
    /// A request about a pipeline that is stored, whether it is registered here or not.
    AskStored(PipelineName, Ask, Reply<Answer>),
    /// The answer is `false` if the run is not known here and the command names no pipeline.
    Cancel(RunId, Option<PipelineName>, Reply<bool>),
    /// The answer is the handle of a queued or running run of any owner, `None` if it is neither.
    Watch(PipelineName, RunId, Reply<Option<RunHandle>>),
    Upcoming(String, Reply<Arc<dyn Schedule>>),
    /// The next due time of each pipeline, at most this many, the earliest first.
    NextDue(usize, Reply<Vec<(PipelineName, UtcDateTime)>>),
    /// The handle of a run that is queued or running in this instance.
    Handle(RunId, Reply<Option<RunHandle>>),
    Running(Reply<Vec<RunHandle>>),
    Status(Reply<Status>),
    StartScheduler(Reply<()>),
    StopScheduler(Reply<()>),
    /// With the grace.
    Shutdown(Duration, oneshot::Sender<DrainReport>),
    /// Listens for signals. The report comes when a shutdown is complete, the answer when no signal is missed any more.
    #[cfg(feature = "signal")]
    UntilSignal(oneshot::Sender<DrainReport>, Reply<()>),
}

/// A request about a pipeline.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Run(RunOptions),
    Pause,
    Resume,
    ResumeFromNow,
    Backfill(Backfill),
    Unregister,
}

impl Ask {
    /// The request, if it needs no registration: it changes only what is stored.
    pub(crate) fn of_stored(&self) -> Option<Request> {
        match self {
            Self::Pause => Some(Request::Pause),
            Self::Resume => Some(Request::Resume),
            Self::ResumeFromNow => Some(Request::ResumeFromNow),
            Self::Unregister => Some(Request::Unregister),
            Self::Run(_) | Self::Backfill(_) => None,
        }
    }
}

/// The answer to an [`Ask`].
#[derive(Debug)]
pub(crate) enum Answer {
    Done,
    Run(RunHandle),
    Runs(Vec<RunId>),
}

/// The parameters and the token of a run by hand.
///
/// ```
/// use godata_orchestrator::RunOptions;
///
/// let options = RunOptions::new().param("day", "2024-02-29").token("deploy-17");
/// ```
///
/// [`run_pipeline_with`](crate::Orchestrator::run_pipeline_with) shows what a token does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct RunOptions {
    pub(crate) params: Params,
    pub(crate) token: Option<String>,
}

impl RunOptions {
    /// Makes options without parameters and without a token.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets all parameters. For each name, they win over those of the [registration](crate::Registration::params), which the
    /// run gets as well. Those of its schedules don't count.
    pub fn params(self, params: Params) -> Self {
        Self { params, ..self }
    }

    /// Sets one parameter, and keeps the others.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.insert(name, value);
        self
    }

    /// Sets a token that identifies this request. A second call with the same token starts nothing. A token has 1 to 200 bytes,
    /// and follows the rules of a [`PipelineName`].
    pub fn token(self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self }
    }
}

impl Command {
    /// Answers with an error.
    pub(crate) fn refuse(self, error: OrchestratorError) {
        // The caller may have gone away.
        match self {
            Self::Register(_, reply) => drop(reply.send(Err(error.into()))),
            Self::Ask(_, _, reply) | Self::AskStored(_, _, reply) => drop(reply.send(Err(error))),
            Self::Cancel(_, _, reply) => drop(reply.send(Err(error))),
            Self::Watch(_, _, reply) => drop(reply.send(Err(error))),
            Self::Upcoming(_, reply) => drop(reply.send(Err(error))),
            Self::NextDue(_, reply) => drop(reply.send(Err(error))),
            Self::Handle(_, reply) => drop(reply.send(Err(error))),
            Self::Running(reply) => drop(reply.send(Err(error))),
            Self::Status(reply) => drop(reply.send(Err(error))),
            Self::StartScheduler(reply) | Self::StopScheduler(reply) => drop(reply.send(Err(error))),
            Self::Shutdown(_, reply) => drop(reply.send(DrainReport::default())),
            #[cfg(feature = "signal")]
            Self::UntilSignal(_, reply) => drop(reply.send(Err(error))),
        }
    }
}
