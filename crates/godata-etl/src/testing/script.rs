//! A reader that follows a script.

use std::sync::Arc;
use std::vec;

use godata_core::{BoxError, Transient};

use super::Gate;
use crate::{Chunk, Origin, Reader, RunScope, Source, Unit};

/// A reader that follows a script: batches, bad records, waits and failures, in the order of the calls. Each run starts
/// it from the beginning.
///
/// Records are numbered from 1, and the source is called `script`.
#[derive(Clone, Debug)]
pub struct Script<T> {
    acts: Vec<Act<T>>,
}

#[derive(Clone, Debug)]
enum Act<T> {
    Rows(Vec<T>),
    BadRow(Arc<str>),
    Wait(Gate),
    Fail(Arc<str>),
    Transient(Arc<str>),
}

impl<T> Script<T> {
    /// An empty script: an input without records.
    #[must_use]
    pub fn new() -> Self {
        Self { acts: Vec::new() }
    }

    /// Reads these records, as one batch.
    #[must_use]
    pub fn rows(self, rows: impl IntoIterator<Item = T>) -> Self {
        self.then(Act::Rows(rows.into_iter().collect()))
    }

    /// Reads a record that can't be decoded, as a batch of its own. It is rejected with this message.
    #[must_use]
    pub fn bad_row(self, message: impl Into<Arc<str>>) -> Self {
        self.then(Act::BadRow(message.into()))
    }

    /// Waits for a gate.
    #[must_use]
    pub fn wait(self, gate: &Gate) -> Self {
        self.then(Act::Wait(gate.clone()))
    }

    /// Fails with this message.
    #[must_use]
    pub fn fail(self, message: impl Into<Arc<str>>) -> Self {
        self.then(Act::Fail(message.into()))
    }

    /// Fails with a [`Transient`] error with this message.
    #[must_use]
    pub fn transient(self, message: impl Into<Arc<str>>) -> Self {
        self.then(Act::Transient(message.into()))
    }

    fn then(mut self, act: Act<T>) -> Self {
        self.acts.push(act);
        self
    }
}

impl<T> Default for Script<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone + Send + Sync + 'static> Reader for Script<T> {
    type Batch = Vec<T>;
    type Source = OpenScript<T>;

    async fn open(&self, _scope: &RunScope) -> Result<OpenScript<T>, BoxError> {
        Ok(OpenScript { acts: self.acts.clone().into_iter(), next_record: 1 })
    }
}

/// A [`Script`] that is being read.
#[derive(Debug)]
pub struct OpenScript<T> {
    acts: vec::IntoIter<Act<T>>,
    next_record: u64,
}

impl<T> OpenScript<T> {
    /// The origin of the next records.
    fn origin(&mut self, records: usize) -> Origin {
        let first = self.next_record;
        self.next_record += records as u64;
        Origin::new(first).source("script")
    }
}

impl<T: Clone + Send + Sync + 'static> Source for OpenScript<T> {
    type Batch = Vec<T>;

    async fn next(&mut self) -> Result<Option<Unit<Vec<T>>>, BoxError> {
        loop {
            return match self.acts.next() {
                None => Ok(None),
                Some(Act::Rows(rows)) => {
                    let origin = self.origin(rows.len());
                    Ok(Some(Unit::ready(Chunk::new(rows, origin))))
                }
                Some(Act::BadRow(message)) => {
                    let origin = self.origin(1);
                    Ok(Some(Unit::new(move |work| {
                        work.decoding(&origin);
                        work.reject(0, &*message)?;
                        Ok(Chunk::new(Vec::new(), origin))
                    })))
                }
                Some(Act::Wait(gate)) => {
                    gate.opened().await;
                    continue;
                }
                Some(Act::Fail(message)) => Err((&*message).into()),
                Some(Act::Transient(message)) => Err(Transient::new(&*message).into()),
            };
        }
    }
}
