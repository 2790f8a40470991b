//! Sources that block their thread.

use std::fmt;

use godata_core::BoxError;

use super::Source;
use crate::{Batch, RunScope, Unit};

/// An input whose reading blocks the thread, such as a file. [`BlockingRead`] turns it into a [`Source`].
///
/// ```
/// use godata_etl::{
///     BlockingRead, BlockingSource, BoxError, Chunk, Origin, Pipeline, Reader, RunScope, Unit,
/// };
///
/// /// Reads the names of the files in a folder.
/// struct Folder(&'static str);
///
/// struct Names(std::fs::ReadDir);
///
/// impl Reader for Folder {
///     type Batch = Vec<String>;
///     type Source = BlockingRead<Names>;
///
///     async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
///         let folder = self.0;
///         let names = scope.blocking(move || Ok(Names(std::fs::read_dir(folder)?))).await?;
///         Ok(BlockingRead::new(names, scope))
///     }
/// }
///
/// impl BlockingSource for Names {
///     type Batch = Vec<String>;
///
///     fn next(&mut self) -> Result<Option<Unit<Vec<String>>>, BoxError> {
///         let names = self.0.by_ref().take(1_000).map(|entry| Ok(entry?.file_name().display().to_string()));
///         let names: Vec<_> = names.collect::<Result<_, BoxError>>()?;
///         Ok((!names.is_empty()).then(|| Unit::ready(Chunk::new(names, Origin::default()))))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let names = Pipeline::builder("names").read(Folder(".")).collect(1_000).await?;
/// assert!(names.contains(&"Cargo.toml".to_owned()));
/// # Ok(())
/// # }
/// ```
pub trait BlockingSource: Send + 'static {
    /// The kind of batches.
    type Batch: Batch;

    /// Like [`Source::next`], on a thread where it may block.
    ///
    /// # Errors
    ///
    /// Those of [`Source::next`].
    fn next(&mut self) -> Result<Option<Unit<Self::Batch>>, BoxError>;

    /// Whether the next unit is sure to arrive soon, as from a regular file, and takes less time to read than to compute.
    /// If so, and if there are several workers, each worker reads a unit before it computes it. Otherwise one thread
    /// reads for all workers. Called once, after the input was opened. Default: `false`.
    fn is_quick(&self) -> bool {
        false
    }
}

/// A [`Source`] that reads a [`BlockingSource`] on threads of its run.
pub struct BlockingRead<S> {
    /// `None` while a thread has it, after it panicked, and after its end.
    source: Option<S>,
    scope: RunScope,
}

impl<S: BlockingSource> BlockingRead<S> {
    /// Reads `source`.
    pub fn new(source: S, scope: &RunScope) -> Self {
        Self { source: Some(source), scope: scope.clone() }
    }
}

impl<S: BlockingSource> Source for BlockingRead<S> {
    type Batch = S::Batch;

    async fn next(&mut self) -> Result<Option<Unit<S::Batch>>, BoxError> {
        let Some(mut source) = self.source.take() else { return Ok(None) };
        let read = move || {
            let unit = source.next()?;
            Ok(unit.map(|unit| (unit, source)))
        };
        let Some((unit, source)) = self.scope.blocking(read).await? else { return Ok(None) };
        self.source = Some(source);
        Ok(Some(unit))
    }

    fn into_quick(self) -> Result<Box<dyn BlockingSource<Batch = S::Batch>>, Self> {
        match self.source {
            Some(source) if source.is_quick() => Ok(Box::new(source)),
            source => Err(Self { source, ..self }),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for BlockingRead<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingRead").field(&self.source).finish()
    }
}
