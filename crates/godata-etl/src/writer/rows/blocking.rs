//! Targets of rows that block their thread.

use std::fmt;
use std::future::ready;
use std::sync::Arc;

use futures::FutureExt;
use godata_core::{BoxError, error_chain};

use super::bisect::write_rows;
use super::{RowBatch, RowSink};
use crate::writer::{Broken, Sink, Writer};
use crate::{Chunk, Record, Records, RunScope, Stop, Work};

/// A [`RowSink`] whose writing blocks the thread, such as SQLite. [`blocking_rows`] makes a [`Writer`] of it.
///
/// ```
/// use std::fs::{self, File};
/// use std::io::Write;
/// use std::path::PathBuf;
///
/// use godata_etl::{BlockingRowSink, BoxError, Pipeline, RunContext, blocking_rows};
///
/// /// Writes each batch to a file of its own.
/// struct Folder(PathBuf, u32);
///
/// impl BlockingRowSink<String> for Folder {
///     fn write(&mut self, rows: &[String]) -> Result<(), BoxError> {
///         self.1 += 1;
///         Ok(fs::write(self.0.join(format!("{}.txt", self.1)), rows.join("\n"))?)
///     }
/// }
///
/// # let folder = std::env::temp_dir().join(RunContext::new().run_id().to_string());
/// # fs::create_dir(&folder)?;
/// # let path = folder.clone();
/// let pipeline = Pipeline::builder("batches")
///     .read_vec(vec!["a".to_owned(), "b".to_owned()])
///     .write(blocking_rows(move |_scope| Ok(Folder(folder.clone(), 0))))?;
/// pipeline.run_blocking(&RunContext::new())?;
/// # assert_eq!(fs::read_to_string(path.join("1.txt"))?, "a\nb");
/// # fs::remove_dir_all(path)?;
/// # Ok::<(), BoxError>(())
/// ```
pub trait BlockingRowSink<T>: Send + 'static {
    /// Like [`RowSink::write`], on a thread where it may block.
    ///
    /// # Errors
    ///
    /// Those of [`RowSink::write`].
    fn write(&mut self, rows: &[T]) -> Result<(), BoxError>;

    /// Like [`RowSink::commit`], on a thread where it may block. By default, it drops the sink.
    ///
    /// # Errors
    ///
    /// Any error fails the run.
    fn commit(self) -> Result<(), BoxError>
    where
        Self: Sized,
    {
        drop(self);
        Ok(())
    }
}

/// Writes batches of rows to a [`BlockingRowSink`], which `open` opens for each run, on a thread where it may block. If the run
/// fails, the sink is dropped on such a thread.
pub fn blocking_rows<S, F>(open: F) -> BlockingRowWriter<F>
where
    F: Fn(&RunScope) -> Result<S, BoxError> + Send + Sync + 'static,
{
    BlockingRowWriter { open: Arc::new(open), is_idempotent: false }
}

/// Writes batches of rows on threads where it may block; made by [`blocking_rows`].
pub struct BlockingRowWriter<F> {
    open: Arc<F>,
    is_idempotent: bool,
}

impl<F> BlockingRowWriter<F> {
    /// Says that rows may be written again although they have arrived, for [`retry`](crate::retry()); see
    /// [`Writer::is_idempotent`].
    #[must_use]
    pub fn idempotent(self) -> Self {
        Self { is_idempotent: true, ..self }
    }

    async fn open_rows<S>(&self, scope: &RunScope) -> Result<OpenBlockingRows<S>, BoxError>
    where
        S: Send + 'static,
        F: Fn(&RunScope) -> Result<S, BoxError> + Send + Sync + 'static,
    {
        let (open, of) = (Arc::clone(&self.open), scope.clone());
        let sink = scope.blocking(move || open(&of)).await?;
        Ok(OpenBlockingRows { sink: Some(sink), scope: scope.clone() })
    }
}

impl<F> Clone for BlockingRowWriter<F> {
    fn clone(&self) -> Self {
        Self { open: Arc::clone(&self.open), ..*self }
    }
}

impl<F> fmt::Debug for BlockingRowWriter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingRowWriter")
            .field("is_idempotent", &self.is_idempotent)
            .finish_non_exhaustive()
    }
}

impl<T, S, F> Writer<Vec<T>> for BlockingRowWriter<F>
where
    T: Send + Sync + 'static,
    S: BlockingRowSink<T>,
    F: Fn(&RunScope) -> Result<S, BoxError> + Send + Sync + 'static,
{
    type Encoded = RowBatch<T>;
    type Sink = OpenBlockingRows<S>;

    async fn open(&self, scope: &RunScope) -> Result<OpenBlockingRows<S>, BoxError> {
        self.open_rows(scope).await
    }

    fn encode(&self, chunk: Chunk<Vec<T>>, _work: &mut Work) -> Result<RowBatch<T>, Stop> {
        Ok(RowBatch(Arc::new(chunk)))
    }

    fn is_idempotent(&self) -> bool {
        self.is_idempotent
    }
}

impl<S, F> Writer<Records> for BlockingRowWriter<F>
where
    S: BlockingRowSink<Record>,
    F: Fn(&RunScope) -> Result<S, BoxError> + Send + Sync + 'static,
{
    type Encoded = RowBatch<Record>;
    type Sink = OpenBlockingRows<S>;

    async fn open(&self, scope: &RunScope) -> Result<OpenBlockingRows<S>, BoxError> {
        self.open_rows(scope).await
    }

    fn encode(&self, chunk: Chunk<Records>, _work: &mut Work) -> Result<RowBatch<Record>, Stop> {
        Ok(RowBatch(Arc::new(chunk.into_records())))
    }

    fn is_idempotent(&self) -> bool {
        self.is_idempotent
    }
}

/// An open [`BlockingRowSink`]: the sink of [`blocking_rows`].
#[derive(Debug)]
pub struct OpenBlockingRows<S> {
    /// `None` while a thread has it, and after a panic in it.
    sink: Option<S>,
    scope: RunScope,
}

impl<T: Send + Sync + 'static, S: BlockingRowSink<T>> Sink<RowBatch<T>> for OpenBlockingRows<S> {
    async fn write(&mut self, batch: RowBatch<T>) -> Result<(), BoxError> {
        let Some(sink) = self.sink.take() else { return Err(Broken.into()) };
        let scope = self.scope.clone();
        let write = move || {
            let mut sink = InPlace(sink);
            let written = write_rows(&mut sink, &batch.0, &scope).now_or_never();
            Ok((sink.0, written.expect("a sink that blocks is ready at once")))
        };
        let (sink, written) = self.scope.blocking(write).await?;
        self.sink = Some(sink);
        written
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

/// Writes on the current thread.
struct InPlace<S>(S);

impl<T, S: BlockingRowSink<T>> RowSink<T> for InPlace<S> {
    fn write(&mut self, rows: &[T]) -> impl Future<Output = Result<(), BoxError>> + Send {
        ready(self.0.write(rows))
    }
}
