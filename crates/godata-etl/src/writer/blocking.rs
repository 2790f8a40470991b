//! Sinks that block their thread.

use std::fmt;

use godata_core::{BoxError, debug_as_chain, error_chain};

use super::Sink;
use crate::RunScope;

/// An output whose writing blocks the thread, such as a file. [`BlockingWrite`] turns it into a [`Sink`].
///
/// ```
/// use std::fs::{self, File};
/// use std::io::Write;
/// use std::path::PathBuf;
///
/// use godata_etl::{BlockingSink, BlockingWrite, BoxError, Chunk, RunScope, Stop, Work, Writer};
///
/// /// Writes lines to a file. The formats of godata do this better.
/// struct Lines(PathBuf);
///
/// struct OpenLines {
///     file: File,
///     path: PathBuf,
/// }
///
/// impl Writer<Vec<String>> for Lines {
///     type Encoded = String;
///     type Sink = BlockingWrite<OpenLines>;
///
///     async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
///         let path = self.0.clone();
///         let open = move || Ok(OpenLines { file: File::create(path.with_extension("tmp"))?, path });
///         Ok(BlockingWrite::new(scope.blocking(open).await?, scope))
///     }
///
///     fn encode(&self, chunk: Chunk<Vec<String>>, _work: &mut Work) -> Result<String, Stop> {
///         Ok(chunk.into_batch().join("\n") + "\n")
///     }
/// }
///
/// impl BlockingSink<String> for OpenLines {
///     fn write(&mut self, lines: String) -> Result<(), BoxError> {
///         Ok(self.file.write_all(lines.as_bytes())?)
///     }
///
///     fn commit(self) -> Result<(), BoxError> {
///         self.file.sync_all()?;
///         Ok(fs::rename(self.path.with_extension("tmp"), &self.path)?)
///     }
/// }
/// # fn assert_writer<W: Writer<Vec<String>>>() {}
/// # assert_writer::<Lines>();
/// ```
pub trait BlockingSink<E>: Send + 'static {
    /// Like [`Sink::write`], on a thread where it may block.
    ///
    /// # Errors
    ///
    /// Those of [`Sink::write`].
    fn write(&mut self, encoded: E) -> Result<(), BoxError>;

    /// Like [`Sink::prepare`], on a thread where it may block. The default does nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Sink::prepare`].
    fn prepare(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Like [`Sink::commit`], on a thread where it may block.
    ///
    /// # Errors
    ///
    /// Those of [`Sink::commit`].
    fn commit(self) -> Result<(), BoxError>;
}

/// A [`Sink`] that writes to a [`BlockingSink`] on threads of its run. Aborting it drops the blocking sink on such a
/// thread.
pub struct BlockingWrite<S> {
    /// `None` while a thread has it, and after a panic in it.
    sink: Option<S>,
    scope: RunScope,
}

impl<S> BlockingWrite<S> {
    /// Writes to `sink`.
    pub fn new(sink: S, scope: &RunScope) -> Self {
        Self { sink: Some(sink), scope: scope.clone() }
    }

    async fn with_sink<F>(&mut self, f: F) -> Result<(), BoxError>
    where
        S: Send + 'static,
        F: FnOnce(&mut S) -> Result<(), BoxError> + Send + 'static,
    {
        let Some(mut sink) = self.sink.take() else { return Err(Broken.into()) };
        let f = move || {
            let done = f(&mut sink);
            Ok((sink, done))
        };
        let (sink, done) = self.scope.blocking(f).await?;
        self.sink = Some(sink);
        done
    }
}

impl<E: Send + 'static, S: BlockingSink<E>> Sink<E> for BlockingWrite<S> {
    async fn write(&mut self, encoded: E) -> Result<(), BoxError> {
        self.with_sink(move |sink| sink.write(encoded)).await
    }

    async fn prepare(&mut self) -> Result<(), BoxError> {
        self.with_sink(S::prepare).await
    }

    async fn commit(mut self) -> Result<(), BoxError> {
        let Some(sink) = self.sink.take() else { return Err(Broken.into()) };
        self.scope.blocking(move || sink.commit()).await
    }

    async fn abort(mut self) {
        let Some(sink) = self.sink.take() else { return };
        let dropped = self.scope.blocking(move || {
            drop(sink);
            Ok(())
        });
        if let Err(error) = dropped.await {
            tracing::error!(error = %error_chain(&*error), "a sink failed to abort");
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for BlockingWrite<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingWrite").field(&self.sink).finish()
    }
}

/// A sink was used after it had failed.
#[derive(thiserror::Error)]
#[error("the output has failed before")]
pub(super) struct Broken;

debug_as_chain!(Broken);
