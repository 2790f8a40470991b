//! The requests in the queue of a pipeline, and where their answers go.

use std::sync::Arc;

use godata_core::StoreError;

use crate::command::{Answer, Reply};
use crate::decide::Request;
use crate::{OrchestratorError, RegisterError};

/// A request in the queue of its pipeline.
pub(crate) struct Asked {
    pub(crate) request: Request,
    pub(crate) reply: Replier,
    /// The store's error when the request was to be stored.
    pub(crate) error: Option<Arc<StoreError>>,
    /// The pipeline was read since this was asked, or is being read.
    pub(crate) is_read: bool,
}

impl Asked {
    pub(crate) fn new(request: Request, reply: Replier) -> Self {
        Self { request, reply, error: None, is_read: false }
    }

    /// Whether the store failed for it, and a caller waits to learn whether it was stored all the same.
    pub(crate) fn waits_for_answer(&self) -> bool {
        self.error.is_some() && !matches!(self.reply, Replier::Nobody)
    }
}

/// Where the answer goes.
pub(crate) enum Replier {
    Nobody,
    Ask(Reply<Answer>),
    Register(Reply<(), RegisterError>),
    Cancel(Reply<bool>),
}

impl Replier {
    /// Whether the caller has gone away. The loop's own requests are carried out all the same, and so is a registration, which
    /// holds from the call on.
    pub(crate) fn is_gone(&self) -> bool {
        match self {
            Self::Nobody | Self::Register(_) => false,
            Self::Ask(reply) => reply.is_closed(),
            Self::Cancel(reply) => reply.is_closed(),
        }
    }

    pub(crate) fn answer(self, answer: Result<Answer, OrchestratorError>) {
        // The caller may have gone away.
        match self {
            Self::Nobody => {}
            Self::Ask(reply) => drop(reply.send(answer)),
            Self::Register(reply) => drop(reply.send(answer.map(drop).map_err(RegisterError::from))),
            Self::Cancel(reply) => drop(reply.send(answer.map(|_| true))),
        }
    }
}
