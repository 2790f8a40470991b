//! A step on fields by their names, which notes the names that no record has.

use std::sync::Arc;

use super::sync::SyncStage;
use crate::engine::{Opener, then};
use crate::keyed::FieldsSeen;
use crate::{Chunk, Records, Stop, Work};

/// Appends step `index`, which looks for fields. `missing` returns those that none of the records of a batch has. The report
/// names those that no record of the run has: most likely they are misspelled.
pub(crate) fn looking_for<M, F>(
    open: Opener<Chunk<Records>>,
    index: usize,
    missing: M,
    step: F,
) -> Opener<Chunk<Records>>
where
    M: Fn(&Records) -> Vec<Arc<str>> + Send + Sync + 'static,
    F: Fn(Chunk<Records>, &mut Work) -> Result<Chunk<Records>, Stop> + Send + Sync + 'static,
{
    let step = Arc::new((missing, step));
    then(open, move |run, source| {
        let (seen, step) = (Arc::new(FieldsSeen::default()), Arc::clone(&step));
        run.look_for(index, Arc::clone(&seen));
        let noting = move |chunk: Chunk<Records>, work: &mut Work| {
            let (missing, step) = &*step;
            if !chunk.is_empty() {
                seen.note(missing(chunk.batch()));
            }
            step(chunk, work)
        };
        Ok(SyncStage::new(source, index, noting))
    })
}
