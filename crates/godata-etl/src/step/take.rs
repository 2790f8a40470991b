//! A step that passes the first records on and ends the input.

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::engine::{Computed, Lanes, Opener, Pull, Stage, Stopped, Task, then};
use crate::{Batch, Chunk};

/// Appends step `index`, which passes `limit` records on and then ends the input.
pub(crate) fn take<B: Batch>(open: Opener<Chunk<B>>, index: usize, limit: u64) -> Opener<Chunk<B>> {
    then(open, move |run, source| {
        let lanes = (limit > 0).then(|| Lanes::new(run, Stage::Step(index), source));
        Ok(TakeStage { lanes, index, remaining: limit })
    })
}

struct TakeStage<B> {
    /// `None` once enough records have passed, which stops what is in flight before this step.
    lanes: Option<Lanes<Chunk<B>>>,
    index: usize,
    remaining: u64,
}

impl<B: Batch> TakeStage<B> {
    async fn take(&mut self) -> Result<Option<Task<Chunk<B>>>, Stopped> {
        let Some(lanes) = &mut self.lanes else { return Ok(None) };
        let Some(Computed { made, mut carried }) = lanes.next().await? else { return Ok(None) };
        let Some(chunk) = made else {
            return Ok(Some(Computed { made: None, carried }.into_task()));
        };
        let limit = usize::try_from(self.remaining).unwrap_or(usize::MAX);
        self.remaining = self.remaining.saturating_sub(chunk.len() as u64);
        if self.remaining == 0 {
            self.lanes = None;
            if let Some(last) = (0..limit.min(chunk.len())).map(|index| chunk.row(index)).max() {
                carried.cut_after(last);
            }
        }
        let index = self.index;
        Ok(Some(Box::new(move |work| {
            work.carry(carried);
            let first = work.step(index, chunk, |mut chunk, _| {
                chunk.truncate(limit);
                Ok(chunk)
            });
            first.map(Some)
        })))
    }
}

impl<B: Batch> Pull<Chunk<B>> for TakeStage<B> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<Chunk<B>>>, Stopped>> {
        self.take().boxed()
    }
}
