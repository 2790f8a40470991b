//! A step that writes a copy of its records.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::engine::{MakeWriter, Opener, Pull, SideBatch, Stage, Stopped, Task, then};
use crate::error::contained;
use crate::writer::{branch, encode_copy};
use crate::{Batch, Chunk, Stop, Work, Writer};

/// Appends step `index`, which encodes a copy of each batch. The run writes it at the end of the pipeline, in the order of the
/// batches that arrive there.
pub(crate) fn also_write<B, W>(open: Opener<Chunk<B>>, index: usize, make: MakeWriter<W>) -> Opener<Chunk<B>>
where
    B: Batch + Clone,
    W: Writer<B>,
{
    then(open, move |run, source| {
        let mut writer = None;
        if !run.is_preview() {
            let made = contained(|| make(run.context()));
            let made = made.map_err(|cause| run.stopped(Stage::Step(index), cause))?;
            run.add_side::<B, W>(index, Arc::clone(&made));
            writer = Some(made);
        }
        Ok(AlsoWriteStage { source, index, writer, is_first: true })
    })
}

struct AlsoWriteStage<B, W> {
    source: Box<dyn Pull<Chunk<B>>>,
    index: usize,
    /// `None` in a preview, which writes nothing.
    writer: Option<Arc<W>>,
    /// Whether the next batch is the first one.
    is_first: bool,
}

impl<B: Batch + Clone, W: Writer<B>> Pull<Chunk<B>> for AlsoWriteStage<B, W> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<Chunk<B>>>, Stopped>> {
        Box::pin(async {
            let Some(task) = self.source.next().await? else { return Ok(None) };
            let (index, writer) = (self.index, self.writer.clone());
            let is_first = std::mem::take(&mut self.is_first);
            let task: Task<_> = Box::new(move |work| {
                let Some(chunk) = task(work)? else { return Ok(None) };
                let passed = work.step(index, chunk, |chunk, work| match writer {
                    Some(writer) => copy_to(&*writer, index, is_first, chunk, work),
                    None => Ok(chunk),
                });
                passed.map(Some)
            });
            Ok(Some(task))
        })
    }
}

/// Encodes a copy of a batch. Returns the batch without the records that were rejected.
fn copy_to<B: Batch + Clone, W: Writer<B>>(
    writer: &W,
    step: usize,
    is_first: bool,
    chunk: Chunk<B>,
    work: &mut Work,
) -> Result<Chunk<B>, Stop> {
    if chunk.is_empty() && !(is_first && writer.encodes_empty(chunk.batch())) {
        return Ok(chunk);
    }
    let mut encoded = None;
    let chunk = encode_copy(chunk, work, branch(writer, &mut encoded))?;
    if let Some(encoded) = encoded {
        work.carry_side(SideBatch { step, records: chunk.len() as u64, encoded: Box::new(encoded) });
    }
    Ok(chunk)
}
