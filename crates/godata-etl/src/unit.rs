//! The work that makes one batch.

use std::fmt;

use crate::{Batch, Chunk, Stop, Work};

/// The work that makes one batch, done later and on another thread.
///
/// A [`Source`](crate::Source) hands out units in the order of its input and is quick about it: it cuts the
/// next block of bytes, say. Decoding the block is the unit's closure, and runs on a worker together with
/// the steps and the encoding of the same batch, while other workers do the same with the next ones.
pub struct Unit<B>(Decode<B>);

type Decode<B> = Box<dyn FnOnce(&mut Work) -> Result<Chunk<B>, Stop> + Send>;

impl<B: Batch> Unit<B> {
    /// A unit that makes its batch with `decode`.
    pub fn new(decode: impl FnOnce(&mut Work) -> Result<Chunk<B>, Stop> + Send + 'static) -> Self {
        Self(Box::new(decode))
    }

    /// A unit whose batch is there already.
    pub fn ready(chunk: Chunk<B>) -> Self {
        Self::new(|_| Ok(chunk))
    }

    pub(crate) fn decode(self, work: &mut Work) -> Result<Chunk<B>, Stop> {
        self.0(work)
    }
}

impl<B> fmt::Debug for Unit<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unit").finish_non_exhaustive()
    }
}
