//! Sources that block their thread.

use std::{
    collections::VecDeque,
    fmt,
    time::{Duration, Instant},
};

use godata_core::BoxError;

use super::Source;
use crate::{Batch, RunScope, Unit};

/// An input whose reading blocks the thread, such as a file. [`BlockingRead`] makes a [`Source`] of it.
pub trait BlockingSource: Send + 'static {
    /// The kind of batches.
    type Batch: Batch;

    /// As [`Source::next`], on a thread where it may block.
    ///
    /// # Errors
    /// As [`Source::next`].
    fn next(&mut self) -> Result<Option<Unit<Self::Batch>>, BoxError>;

    /// Whether the next unit is sure to come soon, as from a regular file, and does not wait for what becomes of those
    /// before it. Some units may be read in one go then, and the first of them is handed over with the last. `false` if
    /// this is not implemented: each is handed over as it comes.
    fn is_quick(&self) -> bool {
        false
    }
}

/// How many units of a quick source are read in one go, at most.
const AHEAD: usize = 4;

/// How long after its begin a read goes on with the next unit: where each takes longer, they are handed over one by
/// one. Where each is there sooner, to change the thread for it would cost as much as to read it.
const QUICK: Duration = Duration::from_micros(500);

/// What was read and not yet handed over; an error comes last.
type Ahead<B> = VecDeque<Result<Unit<B>, BoxError>>;

/// Reads a [`BlockingSource`] on threads of its run.
pub struct BlockingRead<S: BlockingSource> {
    /// `None` while a thread has it, after a panic in it, and after its end.
    source: Option<S>,
    ahead: Ahead<S::Batch>,
    scope: RunScope,
}

impl<S: BlockingSource> BlockingRead<S> {
    /// Reads `source`.
    pub fn new(source: S, scope: &RunScope) -> Self {
        Self { source: Some(source), ahead: Ahead::new(), scope: scope.clone() }
    }
}

impl<S: BlockingSource> Source for BlockingRead<S> {
    type Batch = S::Batch;

    async fn next(&mut self) -> Result<Option<Unit<S::Batch>>, BoxError> {
        if self.ahead.is_empty()
            && let Some(mut source) = self.source.take()
        {
            let read = move || {
                let (units, is_open) = read_ahead(&mut source);
                Ok((units, is_open.then_some(source)))
            };
            (self.ahead, self.source) = self.scope.blocking(read).await?;
        }
        self.ahead.pop_front().transpose()
    }
}

/// The next units, and whether there may be more.
fn read_ahead<S: BlockingSource>(source: &mut S) -> (Ahead<S::Batch>, bool) {
    let begun = Instant::now();
    let mut units = Ahead::with_capacity(AHEAD);
    while units.is_empty() || units.len() < AHEAD && source.is_quick() && begun.elapsed() < QUICK {
        match source.next() {
            Ok(Some(unit)) => units.push_back(Ok(unit)),
            Ok(None) => return (units, false),
            Err(error) => {
                units.push_back(Err(error));
                return (units, false);
            }
        }
    }
    (units, true)
}

impl<S: BlockingSource + fmt::Debug> fmt::Debug for BlockingRead<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingRead").field(&self.source).finish()
    }
}
