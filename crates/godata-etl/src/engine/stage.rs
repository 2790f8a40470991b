//! The interface between the stages of a run.

use std::sync::Arc;

use futures::future::BoxFuture;
use godata_core::{BoxError, Canceled};

use super::{Bracket, Exceeded, Run};
use crate::{Outcome, Place, Work};

/// A stage of a pipeline. Steps are identified by their index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Read,
    Step(usize),
    Write,
}

/// The work that makes one `T`, to be done on a worker. It returns `None` if the input has ended, or if no records are
/// left to pass on.
pub(crate) type Task<T> = Box<dyn FnOnce(&mut Work) -> Result<Option<T>, Stopped> + Send>;

/// A stage, seen from the stage after it.
pub(crate) trait Pull<T>: Send {
    /// The next task, or `None` at the end of the input.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<T>>, Stopped>>;
}

/// Opens a stage and the stages before it for a run.
pub(crate) type Opener<T> =
    Arc<dyn Fn(Arc<Run>) -> BoxFuture<'static, Result<Box<dyn Pull<T>>, Stopped>> + Send + Sync>;

/// Appends a stage to the stages that `open` opens. `stage` makes it from the one before.
pub(crate) fn then<A, B, S, F>(open: Opener<A>, stage: F) -> Opener<B>
where
    A: 'static,
    S: Pull<B> + 'static,
    F: Fn(&Arc<Run>, Box<dyn Pull<A>>) -> Result<S, Stopped> + Send + Sync + 'static,
{
    let stage = Arc::new(stage);
    Arc::new(move |run| {
        let (opening, stage) = (open(Arc::clone(&run)), Arc::clone(&stage));
        Box::pin(async move {
            let opened: Box<dyn Pull<B>> = Box::new(stage(&run, opening.await?)?);
            Ok(opened)
        })
    })
}

/// Why a run stops early.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// It was canceled or dropped.
    Canceled(Canceled),
    /// A stage failed.
    Failed { stage: Stage, place: Option<Place>, cause: BoxError },
    /// It rejected more records than its policy allows.
    Rejected(Exceeded),
}

impl Stopped {
    /// Sets the record that failed.
    pub(crate) fn at(mut self, record: Option<Place>) -> Self {
        if let Self::Failed { place, .. } = &mut self {
            *place = record;
        }
        self
    }

    /// Closes the bracket of the stage in which the run stopped.
    pub(crate) fn close(self, bracket: Bracket) -> Self {
        match &self {
            Self::Canceled(_) | Self::Rejected(_) => drop(bracket),
            Self::Failed { cause, .. } => bracket.close(0, Outcome::Failed(&**cause)),
        }
        self
    }
}

impl From<Canceled> for Stopped {
    fn from(canceled: Canceled) -> Self {
        Self::Canceled(canceled)
    }
}
