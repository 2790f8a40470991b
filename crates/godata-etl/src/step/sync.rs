//! A step that works on one batch by itself, on its worker.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};

use crate::{
    Batch, Chunk, Stop, Work,
    engine::{Opener, Pull, Stopped, Task},
};

/// Appends step `index` to the stages that `open` opens.
pub(crate) fn sync<B, C, F>(open: Opener<Chunk<B>>, index: usize, step: F) -> Opener<Chunk<C>>
where
    B: Batch,
    C: Batch,
    F: Fn(Chunk<B>, &mut Work) -> Result<Chunk<C>, Stop> + Send + Sync + 'static,
{
    let step = Arc::new(step);
    Arc::new(move |run| {
        let opening = open(run);
        let step = Arc::clone(&step);
        async move {
            let stage: Box<dyn Pull<_>> = Box::new(SyncStage { source: opening.await?, index, step });
            Ok(stage)
        }
        .boxed()
    })
}

struct SyncStage<B, F> {
    source: Box<dyn Pull<Chunk<B>>>,
    index: usize,
    step: Arc<F>,
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
                let chunk = task(work)?;
                work.step(index, chunk, &*step)
            });
            Ok(Some(task))
        })
    }
}
