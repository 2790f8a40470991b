//! The work that makes one batch.

use std::fmt;

use crate::{Batch, Chunk, Stop, Work};

/// The work that makes one batch, done later and on another thread.
///
/// A [`Source`](crate::Source) returns units in the order of its input, and does little for each: it cuts the next block
/// of bytes, say. The unit's closure decodes that block. It runs on a worker, together with the steps and the encoding of
/// the same batch, while other workers do the same with the next batches.
///
/// ```
/// use godata_etl::{Chunk, Origin, Unit};
///
/// let block = "1\n2\n3";
/// let unit = Unit::new(move |work| {
///     let origin = Origin::new(1).source("numbers.txt");
///     work.decoding(&origin);
///     let mut numbers = Vec::new();
///     for (row, line) in (0..).zip(block.lines()) {
///         match line.parse::<u32>() {
///             Ok(number) => numbers.push(number),
///             Err(error) => work.reject(row, error)?,
///         }
///     }
///     Ok(Chunk::new(numbers, origin))
/// });
/// # drop(unit);
/// ```
pub struct Unit<B>(Decode<B>);

type Decode<B> = Box<dyn FnOnce(&mut Work) -> Result<Chunk<B>, Stop> + Send>;

impl<B: Batch> Unit<B> {
    /// A unit that makes its batch with `decode`.
    pub fn new(decode: impl FnOnce(&mut Work) -> Result<Chunk<B>, Stop> + Send + 'static) -> Self {
        Self(Box::new(decode))
    }

    /// A unit whose batch has been made already.
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
