//! Writing the same records to a list of outputs.

use futures::future::join_all;
use godata_core::BoxError;

use super::branches::{Branch, branch, encode_for_all};
use super::tee::write;
use super::{Sink, Writer};
use crate::{Batch, Chunk, RunScope, Stop, Work};

/// Writes all records to any number of outputs of the same type. It is a [`tee`](crate::tee()) for a list.
///
/// ```
/// use godata_etl::{Pipeline, RunContext, tee_all};
/// # use std::sync::{Arc, Mutex};
/// # use godata_etl::{BoxError, RowSink, Writer, rows};
/// # #[derive(Clone, Default)]
/// # struct Kept(Arc<Mutex<Vec<u32>>>);
/// # impl RowSink<u32> for Kept {
/// #     async fn write(&mut self, rows: &[u32]) -> Result<(), BoxError> {
/// #         self.0.lock().unwrap().extend_from_slice(rows);
/// #         Ok(())
/// #     }
/// # }
/// # fn list(kept: &Kept) -> impl Writer<Vec<u32>> + use<> {
/// #     let kept = kept.clone();
/// #     rows(move |_| std::future::ready(Ok(kept.clone())))
/// # }
///
/// let outputs = vec![Kept::default(), Kept::default(), Kept::default()];
/// let writers = outputs.iter().map(list).collect();
/// let pipeline = Pipeline::builder("three").read_vec(vec![1, 2]).write(tee_all(writers))?;
/// pipeline.run_blocking(&RunContext::new())?;
/// assert!(outputs.iter().all(|output| *output.0.lock().unwrap() == [1, 2]));
/// # Ok::<(), godata_etl::BoxError>(())
/// ```
///
/// Without outputs, the records are counted and go nowhere.
#[must_use]
pub fn tee_all<W>(writers: Vec<W>) -> TeeAll<W> {
    TeeAll { writers }
}

/// Writes all records to any number of outputs; see [`tee_all`].
#[derive(Clone, Debug)]
pub struct TeeAll<W> {
    writers: Vec<W>,
}

impl<B: Batch + Clone, W: Writer<B>> Writer<B> for TeeAll<W> {
    type Encoded = Vec<Option<W::Encoded>>;
    type Sink = AllSinks<W::Sink>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        let mut sinks = Vec::with_capacity(self.writers.len());
        for writer in &self.writers {
            match writer.open(scope).await {
                Ok(sink) => sinks.push(sink),
                Err(cause) => {
                    abort_all(sinks).await;
                    return Err(cause);
                }
            }
        }
        Ok(AllSinks { sinks })
    }

    fn encode(&self, chunk: Chunk<B>, work: &mut Work) -> Result<Self::Encoded, Stop> {
        let mut encoded: Vec<_> = self.writers.iter().map(|_| None).collect();
        let branches = self.writers.iter().zip(&mut encoded);
        let mut branches: Vec<Branch<'_, B>> =
            branches.map(|(writer, encoded)| Box::new(branch(writer, encoded)) as _).collect();
        encode_for_all(chunk, work, &mut branches)?;
        drop(branches);
        Ok(encoded)
    }

    fn encodes_empty(&self, batch: &B) -> bool {
        self.writers.iter().any(|writer| writer.encodes_empty(batch))
    }

    fn is_idempotent(&self) -> bool {
        self.writers.iter().all(W::is_idempotent)
    }
}

/// Open outputs that are committed together: the sink of [`tee_all`].
#[derive(Debug)]
pub struct AllSinks<S> {
    sinks: Vec<S>,
}

impl<E: Send + 'static, S: Sink<E>> Sink<Vec<Option<E>>> for AllSinks<S> {
    async fn write(&mut self, encoded: Vec<Option<E>>) -> Result<(), BoxError> {
        let writes = self.sinks.iter_mut().zip(encoded).map(|(sink, encoded)| write(sink, encoded));
        // None is dropped half done, since a retry may write to all again.
        join_all(writes).await.into_iter().collect()
    }

    async fn prepare(&mut self) -> Result<(), BoxError> {
        join_all(self.sinks.iter_mut().map(S::prepare)).await.into_iter().collect()
    }

    async fn commit(self) -> Result<(), BoxError> {
        let mut sinks = self.sinks.into_iter();
        while let Some(sink) = sinks.next() {
            if let Err(cause) = sink.commit().await {
                abort_all(sinks).await;
                return Err(cause);
            }
        }
        Ok(())
    }

    async fn abort(self) {
        abort_all(self.sinks).await;
    }
}

async fn abort_all<E, S: Sink<E>>(sinks: impl IntoIterator<Item = S>) {
    for sink in sinks {
        sink.abort().await;
    }
}
