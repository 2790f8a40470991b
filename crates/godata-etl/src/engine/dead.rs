//! The writer of dead letters, without its type.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use godata_core::{BoxError, Clock, SystemClock};

use super::drive::MakeWriter;
use super::letters::letters;
use super::scope::{Load, on_thread};
use super::{Run, RunScope};
use crate::{Chunk, Origin, Records, Rejected, Sink, Stop, Work, Writer};

/// A writer of dead letters, without its type.
pub(crate) trait DeadLetters: Send + Sync {
    fn open<'a>(&'a self, run: &'a Arc<Run>) -> BoxFuture<'a, Result<Box<dyn LetterSink>, BoxError>>;
}

/// An open output of dead letters.
pub(crate) trait LetterSink: Send {
    fn write<'a>(
        &'a mut self,
        run: &'a Arc<Run>,
        rejected: Vec<Rejected>,
    ) -> BoxFuture<'a, Result<(), BoxError>>;

    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), BoxError>>;

    fn abort(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// Erases the type of a writer.
pub(crate) fn erased<W: Writer<Records>>(make: MakeWriter<W>) -> Arc<dyn DeadLetters> {
    Arc::new(Erased(make))
}

struct Erased<W>(MakeWriter<W>);

struct Open<W: Writer<Records>> {
    writer: Arc<W>,
    sink: W::Sink,
}

impl<W: Writer<Records>> DeadLetters for Erased<W> {
    fn open<'a>(&'a self, run: &'a Arc<Run>) -> BoxFuture<'a, Result<Box<dyn LetterSink>, BoxError>> {
        async {
            let writer = (self.0)(run.context())?;
            let sink = writer.open(&RunScope::for_dead_letters(run)).await?;
            let open: Box<dyn LetterSink> = Box::new(Open { writer, sink });
            Ok(open)
        }
        .boxed()
    }
}

impl<W: Writer<Records>> LetterSink for Open<W> {
    fn write<'a>(
        &'a mut self,
        run: &'a Arc<Run>,
        rejected: Vec<Rejected>,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        async {
            let (writer, shared) = (Arc::clone(&self.writer), Arc::clone(run));
            let encode = move || {
                let letters = letters(shared.info(), shared.context(), SystemClock.now(), &rejected);
                let stop = shared.context().cancellation().clone();
                let mut work = Work::strict(shared, stop);
                writer.encode(Chunk::new(letters, Origin::default()), &mut work).map_err(Stop::into_cause)
            };
            let encoded = on_thread(run.at_work(), Load::Computes, encode).await?;
            self.sink.write(encoded).await
        }
        .boxed()
    }

    fn commit(mut self: Box<Self>) -> BoxFuture<'static, Result<(), BoxError>> {
        async move {
            match self.sink.prepare().await {
                Ok(()) => self.sink.commit().await,
                Err(cause) => {
                    self.sink.abort().await;
                    Err(cause)
                }
            }
        }
        .boxed()
    }

    fn abort(self: Box<Self>) -> BoxFuture<'static, ()> {
        self.sink.abort().boxed()
    }
}
