//! A writer that keeps what was committed.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use godata_core::BoxError;

use crate::{Chunk, Record, Records, RunScope, Sink, Stop, Work, Writer};

/// A writer that keeps the records of the last run that committed. Clones share them.
///
/// It writes `Vec<T>`. A `Captured<Record>` also writes dynamic records, such as dead letters.
pub struct Captured<T> {
    visible: Arc<Mutex<Vec<T>>>,
    fails_at: Option<(Fault, Arc<str>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Write,
    Commit,
}

impl<T> Captured<T> {
    /// A writer that has not written anything.
    #[must_use]
    pub fn new() -> Self {
        Self { visible: Arc::default(), fails_at: None }
    }

    /// Fails with this message when a batch is written.
    #[must_use]
    pub fn fail_write(self, message: impl Into<Arc<str>>) -> Self {
        Self { fails_at: Some((Fault::Write, message.into())), ..self }
    }

    /// Fails with this message when the output is committed.
    #[must_use]
    pub fn fail_commit(self, message: impl Into<Arc<str>>) -> Self {
        Self { fails_at: Some((Fault::Commit, message.into())), ..self }
    }

    /// The records of the last run that committed; none before that.
    #[must_use]
    pub fn visible(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.visible.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn check(&self, fault: Fault) -> Result<(), BoxError> {
        match &self.fails_at {
            Some((at, message)) if *at == fault => Err((&**message).into()),
            _ => Ok(()),
        }
    }
}

impl<T> Default for Captured<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Captured<T> {
    fn clone(&self) -> Self {
        Self { visible: Arc::clone(&self.visible), fails_at: self.fails_at.clone() }
    }
}

impl<T> fmt::Debug for Captured<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captured").field("fails_at", &self.fails_at).finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Writer<Vec<T>> for Captured<T> {
    type Encoded = Vec<T>;
    type Sink = OpenCaptured<T>;

    async fn open(&self, _scope: &RunScope) -> Result<OpenCaptured<T>, BoxError> {
        Ok(OpenCaptured { target: self.clone(), records: Vec::new() })
    }

    fn encode(&self, chunk: Chunk<Vec<T>>, _work: &mut Work) -> Result<Vec<T>, Stop> {
        Ok(chunk.into_batch())
    }
}

impl Writer<Records> for Captured<Record> {
    type Encoded = Vec<Record>;
    type Sink = OpenCaptured<Record>;

    async fn open(&self, _scope: &RunScope) -> Result<OpenCaptured<Record>, BoxError> {
        Ok(OpenCaptured { target: self.clone(), records: Vec::new() })
    }

    fn encode(&self, chunk: Chunk<Records>, _work: &mut Work) -> Result<Vec<Record>, Stop> {
        Ok(chunk.into_batch().into_records())
    }
}

/// A [`Captured`] that is being written.
#[derive(Debug)]
pub struct OpenCaptured<T> {
    target: Captured<T>,
    records: Vec<T>,
}

impl<T: Send + 'static> Sink<Vec<T>> for OpenCaptured<T> {
    async fn write(&mut self, records: Vec<T>) -> Result<(), BoxError> {
        self.target.check(Fault::Write)?;
        self.records.extend(records);
        Ok(())
    }

    async fn commit(self) -> Result<(), BoxError> {
        self.target.check(Fault::Commit)?;
        *self.target.visible.lock().unwrap_or_else(PoisonError::into_inner) = self.records;
        Ok(())
    }
}
