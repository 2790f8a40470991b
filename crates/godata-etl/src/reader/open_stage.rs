//! The first stage of a run: opens a reader and requests its units.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;
use tracing::Instrument;

use super::shared::SharedStage;
use super::{Reader, Source};
use crate::engine::{Bracket, Opener, Pull, Run, Stage, Stopped, Task, contained_async};
use crate::error::Panicked;
use crate::{Chunk, Outcome, RunScope};

/// Opens `reader` as the first stage of a run.
pub(crate) fn opener<R: Reader>(reader: R) -> Opener<Chunk<R::Batch>> {
    let reader = Arc::new(reader);
    Arc::new(move |run| {
        let reader = Arc::clone(&reader);
        async move {
            let mut bracket = Bracket::open(&run, Stage::Read, 0);
            let start = Instant::now();
            let scope = RunScope::new(&run);
            let opened =
                contained_async(|| reader.open(&scope)).instrument(run.span(Stage::Read).clone()).await;
            bracket.add_time(start.elapsed());
            match opened {
                Ok(source) if run.has_one_worker() => Ok(ReadStage::pull(source, bracket, run)),
                Ok(source) => Ok(match source.into_quick() {
                    Ok(source) => SharedStage::pull(source, bracket, run),
                    Err(source) => ReadStage::pull(source, bracket, run),
                }),
                Err(cause) => Err(run.stopped(Stage::Read, cause).close(bracket)),
            }
        }
        .boxed()
    })
}

struct ReadStage<S> {
    source: S,
    /// The bracket of the first batch, which was opened before the input.
    opening: Option<Bracket>,
    run: Arc<Run>,
}

impl<S: Source> ReadStage<S> {
    fn pull(source: S, opening: Bracket, run: Arc<Run>) -> Box<dyn Pull<Chunk<S::Batch>>> {
        Box::new(Self { source, opening: Some(opening), run })
    }

    async fn read(&mut self) -> Result<Option<Task<Chunk<S::Batch>>>, Stopped> {
        let exhausted = catch_unwind(AssertUnwindSafe(|| self.source.is_exhausted()));
        if let Ok(true) = exhausted {
            if let Some(bracket) = self.opening.take() {
                bracket.close(0, Outcome::Succeeded);
            }
            return Ok(None);
        }
        let mut bracket = self.opening.take().unwrap_or_else(|| Bracket::open(&self.run, Stage::Read, 0));
        if let Err(panic) = exhausted {
            let cause = Panicked::from_payload(panic).into();
            return Err(self.run.stopped(Stage::Read, cause).close(bracket));
        }
        let start = Instant::now();
        let next =
            contained_async(|| self.source.next()).instrument(self.run.span(Stage::Read).clone()).await;
        bracket.add_time(start.elapsed());
        match next {
            Ok(Some(unit)) => Ok(Some(Box::new(move |work| work.read(bracket, unit).map(Some)))),
            Ok(None) => {
                bracket.close(0, Outcome::Succeeded);
                Ok(None)
            }
            Err(cause) => Err(self.run.stopped(Stage::Read, cause).close(bracket)),
        }
    }
}

impl<S: Source> Pull<Chunk<S::Batch>> for ReadStage<S> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<Chunk<S::Batch>>>, Stopped>> {
        self.read().boxed()
    }
}
