//! The handle of the writer thread.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use godata_core::StoreError;
use tokio::sync::oneshot;

use crate::error::Stopped;
use crate::request::{Answer, Request};
use crate::vfs::Lock;

/// The handle of the writer thread. Dropping it ends the thread.
pub(crate) struct Handle {
    /// The path of the store, for errors.
    path: PathBuf,
    requests: Sender<Request>,
    running: Mutex<Option<Running>>,
    /// How many callers stopped waiting before they were answered.
    abandoned: AtomicU64,
    /// How many of these requests are certainly done.
    settled: AtomicU64,
}

struct Running {
    thread: JoinHandle<()>,
    lock: Arc<dyn Lock>,
}

impl Handle {
    /// Starts the thread and holds the lock until the thread has ended.
    pub(crate) fn spawn(
        path: PathBuf,
        requests: Sender<Request>,
        lock: Arc<dyn Lock>,
        run: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let thread = thread::Builder::new().name("godata-store".into()).spawn(run)?;
        let running = Mutex::new(Some(Running { thread, lock }));
        Ok(Self { path, requests, running, abandoned: AtomicU64::new(0), settled: AtomicU64::new(0) })
    }

    /// Sends a request and waits for the answer.
    pub(crate) async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, StoreError> {
        let (answer, result) = oneshot::channel();
        self.requests.send(request(answer)).map_err(|_| self.closed())?;
        let mut waiting = Waiting { abandoned: &self.abandoned, is_answered: false };
        let result = result.await;
        waiting.is_answered = true;
        result.map_err(|_| self.closed())?
    }

    fn closed(&self) -> Stopped {
        Stopped::Closed { path: self.path.clone() }
    }

    /// Waits until all requests are done whose callers no longer wait, so that a read after this sees their effect.
    pub(crate) async fn settle(&self) {
        let abandoned = self.abandoned.load(SeqCst);
        if self.settled.load(SeqCst) >= abandoned {
            return;
        }
        let (answer, result) = oneshot::channel();
        if self.requests.send(Request::Settle { answer }).is_ok() {
            // This fails if the store was closed meanwhile, and then the requests are done too.
            drop(result.await);
        }
        self.settled.fetch_max(abandoned, SeqCst);
    }

    /// Waits for the thread to end, and releases the lock.
    pub(crate) fn join(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { thread, lock }) = running {
            // The thread does not panic; if it did, everything it acknowledged would still be stored.
            drop(thread.join());
            drop(lock);
        }
    }
}

impl Drop for Handle {
    /// Releases the lock before it returns, so that the store can be opened again at once.
    fn drop(&mut self) {
        let (answer, _) = oneshot::channel();
        drop(self.requests.send(Request::Close { answer }));
        self.join();
    }
}

/// Counts a caller that stops waiting before it is answered.
struct Waiting<'a> {
    abandoned: &'a AtomicU64,
    is_answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.abandoned.fetch_add(1, SeqCst);
        }
    }
}
