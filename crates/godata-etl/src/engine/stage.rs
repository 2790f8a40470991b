//! What the stages hand to each other.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use futures::future::BoxFuture;
use godata_core::{BoxError, Canceled};

use super::{Bracket, Run};
use crate::{Batch, Chunk, Outcome, Place, Stop, Unit, Work, error::Panicked};

/// One of the stages of a pipeline; steps by their index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Read,
    Step(usize),
    Write,
}

/// The work that makes one `T`, to be done on a worker.
pub(crate) type Task<T> = Box<dyn FnOnce(&mut Work) -> Result<T, Stopped> + Send>;

/// A stage as the one after it sees it.
pub(crate) trait Pull<T>: Send {
    /// The next task, or `None` at the end of the input.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<T>>, Stopped>>;
}

/// Opens a stage, and those before it, for a run.
pub(crate) type Opener<T> =
    Arc<dyn Fn(Arc<Run>) -> BoxFuture<'static, Result<Box<dyn Pull<T>>, Stopped>> + Send + Sync>;

/// Appends a stage to those that `open` opens: `stage` makes it from the one before.
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
    /// We stopped it.
    Canceled(Canceled),
    /// A stage failed.
    Failed { stage: Stage, place: Option<Place>, cause: BoxError },
}

impl Stopped {
    /// Names the record that failed.
    pub(crate) fn at(mut self, record: Option<Place>) -> Self {
        if let Self::Failed { place, .. } = &mut self {
            *place = record;
        }
        self
    }

    /// Closes the bracket of the stage that this stopped.
    pub(crate) fn close(self, bracket: Bracket) -> Self {
        match &self {
            Self::Canceled(_) => drop(bracket),
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

impl Work {
    /// Runs `f` as `stage`, with its bracket open: a failure or panic becomes that stage's.
    fn attempt<T>(
        &mut self,
        stage: Stage,
        f: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stopped> {
        let span = self.run().span(stage).clone();
        let result = span.in_scope(|| catch_unwind(AssertUnwindSafe(|| f(self))));
        let cause = match result {
            Ok(Ok(made)) => return Ok(made),
            Ok(Err(stop)) => stop.into_cause(),
            Err(panic) => Panicked::from_payload(panic).into(),
        };
        match cause.downcast::<Canceled>() {
            Ok(canceled) if self.is_stopped() => Err(Stopped::Canceled(*canceled)),
            Ok(foreign) => Err(Stopped::Failed { stage, place: self.place(), cause: foreign }),
            Err(cause) => Err(Stopped::Failed { stage, place: self.place(), cause }),
        }
    }

    /// Decodes a batch: the second half of reading it.
    pub(crate) fn read<B: Batch>(
        &mut self,
        mut bracket: Bracket,
        unit: Unit<B>,
    ) -> Result<Chunk<B>, Stopped> {
        self.stop_if_asked()?;
        match bracket.time(|| self.attempt(Stage::Read, |work| unit.decode(work))) {
            Ok(chunk) => {
                let records = chunk.len() as u64;
                self.run().count_read(records, chunk.origin.byte_count());
                bracket.close(records, Outcome::Succeeded);
                Ok(chunk)
            }
            Err(stopped) => Err(stopped.close(bracket)),
        }
    }

    /// Runs step `index` on a batch.
    pub(crate) fn step<B: Batch, C: Batch>(
        &mut self,
        index: usize,
        chunk: Chunk<B>,
        f: impl FnOnce(Chunk<B>, &mut Self) -> Result<Chunk<C>, Stop>,
    ) -> Result<Chunk<C>, Stopped> {
        self.stop_if_asked()?;
        self.enter(&chunk.origin);
        let records_in = chunk.len() as u64;
        self.run().count_step_in(index, records_in);
        let mut bracket = Bracket::open(self.run(), Stage::Step(index), records_in);
        match bracket.time(|| self.attempt(Stage::Step(index), |work| f(chunk, work))) {
            Ok(chunk) => {
                let records_out = chunk.len() as u64;
                self.run().count_step_out(index, records_in, records_out, self.expanded());
                bracket.close(records_out, Outcome::Succeeded);
                Ok(chunk)
            }
            Err(stopped) => Err(stopped.close(bracket)),
        }
    }

    /// Encodes a batch: the first half of writing it.
    pub(crate) fn encode<B: Batch, E>(
        &mut self,
        chunk: Chunk<B>,
        f: impl FnOnce(Chunk<B>, &mut Self) -> Result<E, Stop>,
    ) -> Result<(E, Bracket), Stopped> {
        self.stop_if_asked()?;
        self.enter(&chunk.origin);
        let mut bracket = Bracket::open(self.run(), Stage::Write, chunk.len() as u64);
        match bracket.time(|| self.attempt(Stage::Write, |work| f(chunk, work))) {
            Ok(encoded) => Ok((encoded, bracket)),
            Err(stopped) => Err(stopped.close(bracket)),
        }
    }
}
