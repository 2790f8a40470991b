//! The way to the thread that writes.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use godata_core::StoreError;
use tokio::sync::oneshot;

use crate::error::Stopped;
use crate::request::{Answer, Request};
use crate::vfs::Lock;

/// The way to the thread that writes, which ends when this is dropped.
pub(crate) struct Handle {
    /// The store's, for errors.
    path: PathBuf,
    requests: Sender<Request>,
    running: Mutex<Option<Running>>,
    /// How many have asked for something and gone before they were answered.
    left: AtomicU64,
    /// How many of these were answered for certain.
    settled: AtomicU64,
}

struct Running {
    thread: JoinHandle<()>,
    lock: Box<dyn Lock>,
}

impl Handle {
    /// Starts the thread, and holds the lock until it has ended.
    pub(crate) fn spawn(
        path: PathBuf,
        requests: Sender<Request>,
        lock: Box<dyn Lock>,
        run: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let thread = thread::Builder::new().name("godata-store".into()).spawn(run)?;
        let running = Mutex::new(Some(Running { thread, lock }));
        Ok(Self { path, requests, running, left: AtomicU64::new(0), settled: AtomicU64::new(0) })
    }

    /// Asks, and waits for the answer.
    pub(crate) async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, StoreError> {
        let (answer, result) = oneshot::channel();
        self.requests.send(request(answer)).map_err(|_| self.closed())?;
        let mut waiting = Waiting { left: &self.left, is_answered: false };
        let result = result.await;
        waiting.is_answered = true;
        result.map_err(|_| self.closed())?
    }

    fn closed(&self) -> Stopped {
        Stopped::Closed { path: self.path.clone() }
    }

    /// Waits until all is answered that somebody has asked for and not waited for: who reads after that decides by
    /// what became of it.
    pub(crate) async fn settle(&self) {
        let left = self.left.load(SeqCst);
        if self.settled.load(SeqCst) >= left {
            return;
        }
        let (answer, result) = oneshot::channel();
        if self.requests.send(Request::Settle { answer }).is_ok() {
            // It fails if the store was closed meanwhile, which settles it too.
            drop(result.await);
        }
        self.settled.fetch_max(left, SeqCst);
    }

    /// Waits for the thread to end, and gives the lock back.
    pub(crate) fn join(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { thread, lock }) = running {
            // It does not panic; if it did, what it has acknowledged is stored all the same.
            drop(thread.join());
            drop(lock);
        }
    }
}

impl Drop for Handle {
    /// The lock is given back before this returns, so that the store can be opened again at once.
    fn drop(&mut self) {
        let (answer, _) = oneshot::channel();
        drop(self.requests.send(Request::Close { answer }));
        self.join();
    }
}

/// Counts whoever leaves before an answer.
struct Waiting<'a> {
    left: &'a AtomicU64,
    is_answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.left.fetch_add(1, SeqCst);
        }
    }
}
