//! The writer of dead letters, without its type.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use godata_core::BoxError;

use crate::{Chunk, Origin, Records, RunScope, Sink, Stop, Work, Writer};

/// A writer of dead letters, without its type.
pub(crate) trait DeadLetters: Send + Sync {
    fn open<'a>(&'a self, scope: &'a RunScope) -> BoxFuture<'a, Result<Box<dyn LetterSink>, BoxError>>;
}

/// An open output of dead letters.
pub(crate) trait LetterSink: Send {
    fn write<'a>(&'a mut self, letters: Records, work: &'a mut Work) -> BoxFuture<'a, Result<(), BoxError>>;

    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), BoxError>>;

    fn abort(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// Erases the type of a writer.
pub(crate) struct Erased<W>(Arc<W>);

impl<W: Writer<Records>> Erased<W> {
    pub(crate) fn new(writer: W) -> Arc<dyn DeadLetters> {
        Arc::new(Self(Arc::new(writer)))
    }
}

struct Open<W: Writer<Records>> {
    writer: Arc<W>,
    sink: W::Sink,
}

impl<W: Writer<Records>> DeadLetters for Erased<W> {
    fn open<'a>(&'a self, scope: &'a RunScope) -> BoxFuture<'a, Result<Box<dyn LetterSink>, BoxError>> {
        async {
            let sink = self.0.open(scope).await?;
            let open: Box<dyn LetterSink> = Box::new(Open { writer: Arc::clone(&self.0), sink });
            Ok(open)
        }
        .boxed()
    }
}

impl<W: Writer<Records>> LetterSink for Open<W> {
    fn write<'a>(&'a mut self, letters: Records, work: &'a mut Work) -> BoxFuture<'a, Result<(), BoxError>> {
        async {
            let chunk = Chunk::new(letters, Origin::default());
            let encoded = self.writer.encode(chunk, work).map_err(Stop::into_cause)?;
            self.sink.write(encoded).await
        }
        .boxed()
    }

    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), BoxError>> {
        self.sink.commit().boxed()
    }

    fn abort(self: Box<Self>) -> BoxFuture<'static, ()> {
        self.sink.abort().boxed()
    }
}
