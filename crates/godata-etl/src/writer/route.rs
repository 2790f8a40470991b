//! Writing each record to one of two outputs.

use std::fmt;

use godata_core::BoxError;

use super::Writer;
use super::branches::encode;
use super::tee::TwoSinks;
use crate::{Chunk, RecordRef, Records, RunScope, Stop, Work};

/// Writes each record to one of two outputs: those for which `predicate` returns true to `yes`, the others to `no`.
///
/// The predicate's parameter needs its type: `|record: RecordRef<'_>|` for dynamic records, `|order: &Order|` for typed ones.
/// For more than two outputs, nest `route`. The outputs can have different formats.
///
/// ```
/// use godata_etl::{Pipeline, RunContext, route};
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
/// let (small, large) = (Kept::default(), Kept::default());
/// let pipeline = Pipeline::builder("by size")
///     .read_vec(vec![7, 100, 8])
///     .write(route(|n: &u32| *n < 10, list(&small), list(&large)))?;
/// pipeline.run_blocking(&RunContext::new())?;
/// assert_eq!(*small.0.lock().unwrap(), [7, 8]);
/// assert_eq!(*large.0.lock().unwrap(), [100]);
/// # Ok::<(), godata_etl::BoxError>(())
/// ```
///
/// Dynamic records:
///
/// ```
/// use godata_etl::{Pipeline, RecordRef, RunContext, record, route};
/// # use godata_etl::{Record, Records};
/// # use std::sync::{Arc, Mutex};
/// # use godata_etl::{BoxError, RowSink, Writer, rows};
/// # #[derive(Clone, Default)]
/// # struct Kept(Arc<Mutex<Vec<Record>>>);
/// # impl RowSink<Record> for Kept {
/// #     async fn write(&mut self, rows: &[Record]) -> Result<(), BoxError> {
/// #         self.0.lock().unwrap().extend_from_slice(rows);
/// #         Ok(())
/// #     }
/// # }
/// # fn list(kept: &Kept) -> impl Writer<Records> + use<> {
/// #     let kept = kept.clone();
/// #     rows(move |_| std::future::ready(Ok(kept.clone())))
/// # }
///
/// let (german, others) = (Kept::default(), Kept::default());
/// let is_german = |order: RecordRef<'_>| order.str("country") == Some("DE");
/// let pipeline = Pipeline::builder("by country")
///     .read_vec(vec![record! {"id" => 1, "country" => "FR"}, record! {"id" => 2, "country" => "DE"}])
///     .untyped()
///     .write(route(is_german, list(&german), list(&others)))?;
/// pipeline.run_blocking(&RunContext::new())?;
/// assert_eq!(*german.0.lock().unwrap(), [record! {"id" => 2, "country" => "DE"}]);
/// assert_eq!(*others.0.lock().unwrap(), [record! {"id" => 1, "country" => "FR"}]);
/// # Ok::<(), godata_etl::BoxError>(())
/// ```
///
/// Both outputs are one transaction, which ends where that of [`tee`](crate::tee()) ends. A run without records for one of them
/// still replaces that output. To write one file for each value of a field, a partitioned `Output` of `godata-io` is simpler.
pub fn route<P, A, B>(predicate: P, yes: A, no: B) -> Route<P, A, B> {
    Route { predicate, yes, no }
}

/// Writes each record to one of two outputs; see [`route`].
#[derive(Clone)]
pub struct Route<P, A, B> {
    predicate: P,
    yes: A,
    no: B,
}

impl<P, A: fmt::Debug, B: fmt::Debug> fmt::Debug for Route<P, A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").field("yes", &self.yes).field("no", &self.no).finish_non_exhaustive()
    }
}

impl<P, T, V, W> Writer<Vec<T>> for Route<P, V, W>
where
    P: Fn(&T) -> bool + Send + Sync + 'static,
    T: Send + 'static,
    V: Writer<Vec<T>>,
    W: Writer<Vec<T>>,
{
    type Encoded = (Option<V::Encoded>, Option<W::Encoded>);
    type Sink = TwoSinks<V::Sink, W::Sink>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        TwoSinks::open(&self.yes, &self.no, scope).await
    }

    fn encode(&self, chunk: Chunk<Vec<T>>, work: &mut Work) -> Result<Self::Encoded, Stop> {
        let (yes, no) = chunk.partition(work, &self.predicate)?;
        Ok((encode(&self.yes, yes, work)?, encode(&self.no, no, work)?))
    }

    fn encodes_empty(&self, batch: &Vec<T>) -> bool {
        self.yes.encodes_empty(batch) || self.no.encodes_empty(batch)
    }

    fn is_idempotent(&self) -> bool {
        self.yes.is_idempotent() && self.no.is_idempotent()
    }
}

impl<P, V, W> Writer<Records> for Route<P, V, W>
where
    P: Fn(RecordRef<'_>) -> bool + Send + Sync + 'static,
    V: Writer<Records>,
    W: Writer<Records>,
{
    type Encoded = (Option<V::Encoded>, Option<W::Encoded>);
    type Sink = TwoSinks<V::Sink, W::Sink>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        TwoSinks::open(&self.yes, &self.no, scope).await
    }

    fn encode(&self, chunk: Chunk<Records>, work: &mut Work) -> Result<Self::Encoded, Stop> {
        let (yes, no) = chunk.partition(work, &self.predicate)?;
        Ok((encode(&self.yes, yes, work)?, encode(&self.no, no, work)?))
    }

    fn encodes_empty(&self, batch: &Records) -> bool {
        self.yes.encodes_empty(batch) || self.no.encodes_empty(batch)
    }

    fn is_idempotent(&self) -> bool {
        self.yes.is_idempotent() && self.no.is_idempotent()
    }
}
