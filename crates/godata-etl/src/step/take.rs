//! The first `n` records, and no more reading.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};

use crate::{
    Batch, Chunk,
    engine::{Lanes, Opener, Pull, Stage, Stopped, Task},
};

/// Appends step `index`, which lets `limit` records pass and then ends the input.
pub(crate) fn take<B: Batch>(open: Opener<Chunk<B>>, index: usize, limit: u64) -> Opener<Chunk<B>> {
    Arc::new(move |run| {
        let opening = open(Arc::clone(&run));
        async move {
            let source = opening.await?;
            let lanes = (limit > 0).then(|| Lanes::new(&run, Stage::Step(index), source));
            let stage: Box<dyn Pull<_>> = Box::new(TakeStage { lanes, index, left: limit });
            Ok(stage)
        }
        .boxed()
    })
}

struct TakeStage<B> {
    /// `None` once enough records have passed: what is still in flight before this is stopped.
    lanes: Option<Lanes<Chunk<B>>>,
    index: usize,
    left: u64,
}

impl<B: Batch> TakeStage<B> {
    async fn take(&mut self) -> Result<Option<Task<Chunk<B>>>, Stopped> {
        let Some(lanes) = &mut self.lanes else { return Ok(None) };
        let Some(chunk) = lanes.next().await? else { return Ok(None) };
        let limit = usize::try_from(self.left).unwrap_or(usize::MAX);
        self.left = self.left.saturating_sub(chunk.len() as u64);
        if self.left == 0 {
            self.lanes = None;
        }
        let index = self.index;
        Ok(Some(Box::new(move |work| {
            work.step(index, chunk, |mut chunk, _| {
                chunk.truncate(limit);
                Ok(chunk)
            })
        })))
    }
}

impl<B: Batch> Pull<Chunk<B>> for TakeStage<B> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<Chunk<B>>>, Stopped>> {
        self.take().boxed()
    }
}
