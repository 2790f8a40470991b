//! Sources that block their thread.

use std::{
    collections::VecDeque,
    fmt,
    time::{Duration, Instant},
};

use godata_core::BoxError;

use super::Source;
use crate::{Batch, RunScope, Unit, error::contained};

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

/// What was read and not yet handed over; an error, or a panic, comes last.
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

/// The next units, and whether there may be more. A panic is an error here, so that it does not take those before it.
fn read_ahead<S: BlockingSource>(source: &mut S) -> (Ahead<S::Batch>, bool) {
    let begun = Instant::now();
    let mut units = Ahead::with_capacity(AHEAD);
    loop {
        match contained(|| source.next()) {
            Ok(Some(unit)) => units.push_back(Ok(unit)),
            Ok(None) => return (units, false),
            Err(error) => {
                units.push_back(Err(error));
                return (units, false);
            }
        }
        if units.len() == AHEAD || !source.is_quick() || begun.elapsed() >= QUICK {
            return (units, true);
        }
    }
}

impl<S: BlockingSource + fmt::Debug> fmt::Debug for BlockingRead<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingRead").field(&self.source).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chunk, Origin};

    /// Has so many units, and then panics.
    struct Panics(u32);

    impl BlockingSource for Panics {
        type Batch = Vec<u32>;

        fn next(&mut self) -> Result<Option<Unit<Vec<u32>>>, BoxError> {
            assert!(self.0 > 0, "nothing left");
            self.0 -= 1;
            Ok(Some(Unit::new(|_| Ok(Chunk::new(vec![1], Origin::default())))))
        }

        fn is_quick(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_panic_comes_after_what_was_read_before_it() {
        for before in 0..AHEAD as u32 {
            let mut source = Panics(before);
            let (mut read, mut failed) = (0, None);
            // How many units one go takes depends on the time that each needs.
            while failed.is_none() {
                for unit in read_ahead(&mut source).0 {
                    match unit {
                        Ok(_) => read += 1,
                        Err(error) => failed = Some(error.to_string()),
                    }
                }
            }
            assert_eq!((read, failed.as_deref()), (before, Some("panicked: nothing left")));
        }
    }
}
