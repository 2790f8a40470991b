//! A step with a state, which sees the records in order.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::future::BoxFuture;
use godata_core::{BoxError, CancelOnDrop, Cancellation};

use crate::engine::{Computed, Lanes, Opener, Pull, Run, Stage, Stopped, Task, compute, then};
use crate::error::Panicked;
use crate::{Chunk, Work};

/// Appends step `index`, which calls `f` with the state of the run and each record.
pub(crate) fn scan<T, U, S, F>(
    open: Opener<Chunk<Vec<T>>>,
    index: usize,
    initial: S,
    f: F,
) -> Opener<Chunk<Vec<U>>>
where
    T: Send + 'static,
    U: Send + 'static,
    S: Clone + Send + Sync + 'static,
    F: Fn(&mut S, T) -> Result<Option<U>, BoxError> + Send + Sync + 'static,
{
    let f = Arc::new(f);
    then(open, move |run, source| {
        let state = catch_unwind(AssertUnwindSafe(|| initial.clone()))
            .map_err(|panic| run.stopped(Stage::Step(index), Panicked::from_payload(panic).into()))?;
        let stop = run.context().cancellation().child();
        Ok(ScanStage {
            lanes: Lanes::new(run, Stage::Step(index), source),
            index,
            state: Some(state),
            f: Arc::clone(&f),
            run: Arc::clone(run),
            _stop_on_drop: stop.drop_guard(),
            stop,
        })
    })
}

struct ScanStage<T, S, F> {
    lanes: Lanes<Chunk<Vec<T>>>,
    index: usize,
    /// `None` while a worker has it.
    state: Option<S>,
    f: Arc<F>,
    run: Arc<Run>,
    stop: Cancellation,
    _stop_on_drop: CancelOnDrop,
}

impl<T, U, S, F> Pull<Chunk<Vec<U>>> for ScanStage<T, S, F>
where
    T: Send + 'static,
    U: Send + 'static,
    S: Send + 'static,
    F: Fn(&mut S, T) -> Result<Option<U>, BoxError> + Send + Sync + 'static,
{
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<Chunk<Vec<U>>>>, Stopped>> {
        Box::pin(async {
            let Some(Computed { made, carried }) = self.lanes.next().await? else { return Ok(None) };
            let Some(chunk) = made else {
                return Ok(Some(Computed { made: None, carried }.into_task()));
            };
            let Some(mut state) = self.state.take() else { return Ok(None) };
            let (index, f) = (self.index, Arc::clone(&self.f));
            let stop = self.stop.clone();
            let scan = move |work: &mut Work| {
                work.carry(carried);
                let scanned =
                    work.step(index, chunk, |chunk, work| chunk.expand(work, |item| f(&mut state, item)))?;
                Ok(Some((state, scanned)))
            };
            let scanned = compute(&self.run, stop, Stage::Step(index), Box::new(scan)).await?;
            let Some((state, chunk)) = scanned.made else { return Ok(None) };
            self.state = Some(state);
            Ok(Some(Computed { made: Some(chunk), carried: scanned.carried }.into_task()))
        })
    }
}
