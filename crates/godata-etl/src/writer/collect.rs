//! Keeps the batches in memory, for a preview.

use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};

use godata_core::BoxError;

use super::{Sink, Writer};
use crate::{Batch, Chunk, RunScope, Stop, Work};

/// Keeps the batches in memory, for the holder of a clone.
#[derive(Debug)]
pub(crate) struct Collect<B>(Arc<Mutex<Vec<B>>>);

impl<B: Batch> Collect<B> {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// The batches so far.
    pub(crate) fn take(&self) -> Vec<B> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<B> Clone for Collect<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B: Batch> Writer<B> for Collect<B> {
    type Encoded = B;
    type Sink = Self;

    fn open(&self, _scope: &RunScope) -> impl Future<Output = Result<Self, BoxError>> + Send {
        ready(Ok(self.clone()))
    }

    fn encode(&self, chunk: Chunk<B>, _work: &mut Work) -> Result<B, Stop> {
        Ok(chunk.into_batch())
    }
}

impl<B: Batch> Sink<B> for Collect<B> {
    fn write(&mut self, batch: B) -> impl Future<Output = Result<(), BoxError>> + Send {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
        ready(Ok(()))
    }

    fn commit(self) -> impl Future<Output = Result<(), BoxError>> + Send {
        ready(Ok(()))
    }
}
