//! Conversion from one kind of batch to another.

use futures::future::BoxFuture;

use crate::engine::{Opener, Pull, Stopped, Task, then};
use crate::{Batch, Chunk};

/// Continues with another kind of batch that has the same records. This is not a step of the pipeline.
pub(crate) fn adapt<B, C>(open: Opener<Chunk<B>>, adapt: fn(Chunk<B>) -> Chunk<C>) -> Opener<Chunk<C>>
where
    B: Batch,
    C: Batch,
{
    then(open, move |_, source| Ok(AdaptStage { source, adapt }))
}

struct AdaptStage<B, C> {
    source: Box<dyn Pull<Chunk<B>>>,
    adapt: fn(Chunk<B>) -> Chunk<C>,
}

impl<B: Batch, C: Batch> Pull<Chunk<C>> for AdaptStage<B, C> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<Chunk<C>>>, Stopped>> {
        Box::pin(async {
            let Some(task) = self.source.next().await? else { return Ok(None) };
            let adapt = self.adapt;
            let task: Task<_> = Box::new(move |work| Ok(task(work)?.map(adapt)));
            Ok(Some(task))
        })
    }
}
