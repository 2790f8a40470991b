//! Records from a stream.

use std::pin::Pin;

use futures::future::poll_immediate;
use futures::{Stream, StreamExt};
use godata_core::{BoxError, RunContext};

use super::vec::RECORDS_PER_BATCH;
use super::{Reader, Source};
use crate::{Chunk, Origin, RunScope, Unit};

/// Reads the items of a stream. The closure makes a new stream for each run.
#[derive(Debug)]
pub(crate) struct ReadStream<F>(pub(crate) F);

impl<T, S, F> Reader for ReadStream<F>
where
    T: Send + 'static,
    S: Stream<Item = Result<T, BoxError>> + Send + 'static,
    F: Fn(RunContext) -> S + Send + Sync + 'static,
{
    type Batch = Vec<T>;
    type Source = StreamSource<S>;

    async fn open(&self, scope: &RunScope) -> Result<StreamSource<S>, BoxError> {
        let items = Box::pin((self.0)(scope.context().clone()));
        Ok(StreamSource { items, next_record: 1, end: None })
    }
}

#[derive(Debug)]
pub(crate) struct StreamSource<S> {
    items: Pin<Box<S>>,
    next_record: u64,
    /// How the stream ended, if it ended after records, which are returned first.
    end: Option<Result<(), BoxError>>,
}

impl<T, S> Source for StreamSource<S>
where
    T: Send + 'static,
    S: Stream<Item = Result<T, BoxError>> + Send + 'static,
{
    type Batch = Vec<T>;

    /// Waits for one record, then takes those that are ready. The records of a slow stream don't wait for a full batch.
    async fn next(&mut self) -> Result<Option<Unit<Vec<T>>>, BoxError> {
        if let Some(end) = self.end.take() {
            return end.map(|()| None);
        }
        let Some(first) = self.items.next().await.transpose()? else { return Ok(None) };
        let mut batch = vec![first];
        while batch.len() < RECORDS_PER_BATCH {
            match poll_immediate(self.items.next()).await {
                Some(Some(Ok(item))) => batch.push(item),
                Some(Some(Err(error))) => {
                    self.end = Some(Err(error));
                    break;
                }
                Some(None) => {
                    self.end = Some(Ok(()));
                    break;
                }
                None => break,
            }
        }
        let origin = Origin::new(self.next_record);
        self.next_record += batch.len() as u64;
        Ok(Some(Unit::ready(Chunk::new(batch, origin))))
    }
}
