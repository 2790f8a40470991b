//! A step that works on each batch independently, on the worker of the batch.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::engine::{Opener, Pull, Stopped, Task, then};
use crate::{Batch, Chunk, Stop, Work};

/// Appends step `index` to the stages that `open` opens.
pub(crate) fn sync<B, C, F>(open: Opener<Chunk<B>>, index: usize, step: F) -> Opener<Chunk<C>>
where
    B: Batch,
    C: Batch,
    F: Fn(Chunk<B>, &mut Work) -> Result<Chunk<C>, Stop> + Send + Sync + 'static,
{
    let step = Arc::new(step);
    then(open, move |_, source| Ok(SyncStage { source, index, step: Arc::clone(&step) }))
}

pub(super) struct SyncStage<B, F> {
    source: Box<dyn Pull<Chunk<B>>>,
    index: usize,
    step: Arc<F>,
}

impl<B, F> SyncStage<B, F> {
    pub(super) fn new(source: Box<dyn Pull<Chunk<B>>>, index: usize, step: F) -> Self {
        Self { source, index, step: Arc::new(step) }
    }
}

impl<B, C, F> Pull<Chunk<C>> for SyncStage<B, F>
where
    B: Batch,
    C: Batch,
    F: Fn(Chunk<B>, &mut Work) -> Result<Chunk<C>, Stop> + Send + Sync + 'static,
{
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<Chunk<C>>>, Stopped>> {
        Box::pin(async {
            let Some(task) = self.source.next().await? else { return Ok(None) };
            let (index, step) = (self.index, Arc::clone(&self.step));
            let task: Task<_> = Box::new(move |work| {
                let Some(chunk) = task(work)? else { return Ok(None) };
                work.step(index, chunk, &*step).map(Some)
            });
            Ok(Some(task))
        })
    }
}
