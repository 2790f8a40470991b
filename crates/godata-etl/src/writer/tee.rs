//! Writing the same records to several outputs.

use futures::future::join;
use godata_core::BoxError;

use super::branches::{branch, encode_for_all};
use super::{Sink, Writer};
use crate::{Batch, Chunk, RunScope, Stop, Work};

/// Writes all records to two outputs, which can have different formats.
///
/// ```
/// use godata_etl::{Pipeline, RunContext, tee};
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
/// let (first, second) = (Kept::default(), Kept::default());
/// let pipeline = Pipeline::builder("both").read_vec(vec![1, 2]).write(tee(list(&first), list(&second)))?;
/// pipeline.run_blocking(&RunContext::new())?;
/// assert_eq!(*first.0.lock().unwrap(), [1, 2]);
/// assert_eq!(*second.0.lock().unwrap(), [1, 2]);
/// # Ok::<(), godata_etl::BoxError>(())
/// ```
///
/// Each batch is encoded for both outputs on the same worker, and then written to both at the same time. The records are copied
/// once, or twice if the pipeline has an [`on_error`](crate::PipelineBuilder::on_error). For more than two outputs, nest
/// `tee`, or use [`tee_all`](crate::tee_all()).
///
/// **Bad records.** A record that one output can't encode is left out of both. A record that a target refuses while it is
/// written, as a [`RowSink`](crate::RowSink) does, is left out there and stays in the other.
///
/// **One transaction.** Neither output is visible before both are written completely, flushed and checked. Then the first is
/// committed, and after it the second. If anything fails before that, or the first can't be committed, none is visible. It
/// ends here: if the process dies between the two commits, or if the second can't be committed, the first stays visible. For
/// files, that is a failed rename. So put the output whose commit is most likely to fail first, such as a database before a
/// file.
///
/// If a branch may fail without consequences for the other, it is a pipeline of its own.
pub fn tee<A, B>(first: A, second: B) -> Tee<A, B> {
    Tee { first, second }
}

/// Writes all records to two outputs; see [`tee`].
#[derive(Clone, Debug)]
pub struct Tee<A, B> {
    first: A,
    second: B,
}

impl<B, V, W> Writer<B> for Tee<V, W>
where
    B: Batch + Clone,
    V: Writer<B>,
    W: Writer<B>,
{
    type Encoded = (Option<V::Encoded>, Option<W::Encoded>);
    type Sink = TwoSinks<V::Sink, W::Sink>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        TwoSinks::open(&self.first, &self.second, scope).await
    }

    fn encode(&self, chunk: Chunk<B>, work: &mut Work) -> Result<Self::Encoded, Stop> {
        let mut encoded = (None, None);
        let first = Box::new(branch(&self.first, &mut encoded.0));
        let second = Box::new(branch(&self.second, &mut encoded.1));
        encode_for_all(chunk, work, &mut [first, second])?;
        Ok(encoded)
    }

    fn encodes_empty(&self, batch: &B) -> bool {
        self.first.encodes_empty(batch) || self.second.encodes_empty(batch)
    }

    fn is_idempotent(&self) -> bool {
        self.first.is_idempotent() && self.second.is_idempotent()
    }
}

/// Two open outputs that are committed together: the sink of [`tee`] and of [`route`](crate::route()).
#[derive(Debug)]
pub struct TwoSinks<S, T> {
    first: S,
    second: T,
}

impl<S, T> TwoSinks<S, T> {
    /// Opens both. If the second can't be opened, the first is aborted.
    pub(super) async fn open<B: Batch, V, W>(
        first: &V,
        second: &W,
        scope: &RunScope,
    ) -> Result<Self, BoxError>
    where
        V: Writer<B, Sink = S>,
        W: Writer<B, Sink = T>,
        S: Sink<V::Encoded>,
    {
        let first = first.open(scope).await?;
        match second.open(scope).await {
            Ok(second) => Ok(Self { first, second }),
            Err(cause) => {
                first.abort().await;
                Err(cause)
            }
        }
    }
}

impl<D: Send + 'static, E: Send + 'static, S: Sink<D>, T: Sink<E>> Sink<(Option<D>, Option<E>)>
    for TwoSinks<S, T>
{
    async fn write(&mut self, (first, second): (Option<D>, Option<E>)) -> Result<(), BoxError> {
        let Self { first: first_sink, second: second_sink } = self;
        // None is dropped half done, since a retry may write to both again.
        let (first, second) = join(write(first_sink, first), write(second_sink, second)).await;
        first.and(second)
    }

    async fn prepare(&mut self) -> Result<(), BoxError> {
        let (first, second) = join(self.first.prepare(), self.second.prepare()).await;
        first.and(second)
    }

    async fn commit(self) -> Result<(), BoxError> {
        if let Err(cause) = self.first.commit().await {
            self.second.abort().await;
            return Err(cause);
        }
        self.second.commit().await
    }

    async fn abort(self) {
        self.first.abort().await;
        self.second.abort().await;
    }
}

pub(super) async fn write<E, S: Sink<E>>(sink: &mut S, encoded: Option<E>) -> Result<(), BoxError> {
    match encoded {
        Some(encoded) => sink.write(encoded).await,
        None => Ok(()),
    }
}
