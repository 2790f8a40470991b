//! A new snapshot, written while commits go on.
//!
//! 1. The files of the generation before the last are removed, and old runs are forgotten.
//! 2. A new journal is made, and is durable.
//! 3. The writer names it in the last line of the old one, and goes on in it.
//! 4. The rows as they were at that moment are written to a new snapshot, a few at a time, which is synced.
//! 5. The names are changed; see [`install`](crate::install).
//!
//! At each moment the old snapshot with both journals, or the new one with the new journal, has everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use godata_core::{Clock as _, PipelineRecord, StoreError, SystemClock};
use tokio::sync::oneshot;

use crate::error::{Stopped, failed};
use crate::files::{Files, exists, remove};
use crate::format::JournalId;
use crate::install::{self, Failure};
use crate::journal::Journal;
use crate::options::Options;
use crate::prune::{OldRuns, retention};
use crate::request::{Request, Write};
use crate::snapshot::SnapshotWriter;
use crate::writer::{Shared, write};

/// How many rows are looked at while nobody else can.
const ROWS: usize = 256;

/// The writer has gone on in the new journal, and a walk through the rows as they were then has begun.
pub(crate) struct Switched {
    /// The last line that is in the rows.
    pub(crate) through: u64,
    pub(crate) journal: JournalId,
    pub(crate) pipelines: Vec<Arc<PipelineRecord>>,
}

/// Begins compactions.
#[derive(Clone)]
pub(crate) struct Compactor {
    /// How many have begun.
    number: u64,
    options: Options,
    files: Files,
    state: Shared,
    requests: Sender<Request>,
}

/// A compaction that goes on until it is dropped, which waits for its thread to end.
pub(crate) struct Compaction {
    /// Tells what it asks for from what one before it has asked for that was dropped.
    pub(crate) number: u64,
    canceled: Arc<AtomicBool>,
    switched: Option<Sender<Switched>>,
    thread: Option<JoinHandle<()>>,
}

impl Compaction {
    /// Tells it that the writer has gone on in the new journal.
    pub(crate) fn switched(&self, switched: Switched) {
        if let Some(sender) = &self.switched {
            // If it has ended, it has said why.
            drop(sender.send(switched));
        }
    }
}

impl Drop for Compaction {
    fn drop(&mut self) {
        self.canceled.store(true, Relaxed);
        self.switched = None;
        if let Some(thread) = self.thread.take() {
            // It does not panic, and if it did, there is no new snapshot.
            drop(thread.join());
        }
    }
}

impl Compactor {
    pub(crate) fn new(options: &Options, files: &Files, state: &Shared, requests: Sender<Request>) -> Self {
        Self { number: 0, options: options.clone(), files: files.clone(), state: Arc::clone(state), requests }
    }

    /// Begins with the first step.
    pub(crate) fn begin(&mut self) -> Compaction {
        self.spawn(None)
    }

    /// Begins with the fourth step.
    pub(crate) fn go_on(&mut self, switched: Switched) -> Compaction {
        self.spawn(Some(switched))
    }

    fn spawn(&mut self, switched: Option<Switched>) -> Compaction {
        self.number += 1;
        let number = self.number;
        let canceled = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = channel();
        let work = Work { it: self.clone(), canceled: Arc::clone(&canceled), receiver };
        let thread = thread::Builder::new().name("godata-snapshot".into()).spawn(move || {
            let requests = work.it.requests.clone();
            // The writer may have ended.
            drop(requests.send(Request::Compacted(number, work.run(switched))));
        });
        let thread = match thread {
            Ok(thread) => Some(thread),
            Err(error) => {
                let error = failed("start a thread for", &self.files.snapshot)(error);
                drop(self.requests.send(Request::Compacted(number, Err(error.into()))));
                None
            }
        };
        Compaction { number, canceled, switched: Some(sender), thread }
    }
}

struct Work {
    it: Compactor,
    canceled: Arc<AtomicBool>,
    receiver: Receiver<Switched>,
}

impl Work {
    fn run(&self, switched: Option<Switched>) -> Result<u64, Failure> {
        let Compactor { options, files, .. } = &self.it;
        let vfs = &*options.vfs;
        remove(vfs, &files.snapshot_tmp)?;
        // If an attempt before this one has failed between two names, the old snapshot is the only one.
        if exists(vfs, &files.snapshot)? {
            remove(vfs, &files.snapshot_old)?;
            remove(vfs, &files.journal_old)?;
        }
        let switched = match switched {
            Some(switched) => switched,
            None => {
                self.forget()?;
                self.offer_journal()?;
                // The writer drops its end if it can't go on in the new journal, or is closed.
                self.receiver.recv().map_err(|_| StoreError::from(Stopped::Closed))?
            }
        };
        let len = match self.write(&switched) {
            Ok(len) => len,
            Err(error) => {
                // What there is of it takes space. Whoever opens the store or tries again removes it otherwise.
                drop(remove(vfs, &files.snapshot_tmp));
                return Err(error.into());
            }
        };
        install::snapshot(vfs, files)?;
        install::journal(vfs, files, &files.journal_next)?;
        Ok(len)
    }

    /// Asks for old runs to be forgotten, which comes before anything that is asked for later.
    fn forget(&self) -> Result<(), StoreError> {
        let Some(retention) = retention(&self.it.options, SystemClock.now()) else { return Ok(()) };
        for runs in OldRuns::new(&self.it.state, retention) {
            let (answer, _) = oneshot::channel();
            self.ask(Request::Write(Write::Forget { runs, pipelines: Vec::new(), answer }))?;
            self.check()?;
        }
        Ok(())
    }

    fn offer_journal(&self) -> Result<(), Failure> {
        let Compactor { options, files, .. } = &self.it;
        remove(&*options.vfs, &files.journal_next)?;
        let journal = Journal::create(&*options.vfs, &files.journal_next, options.mode)?;
        install::sync(&*options.vfs, files)?;
        Ok(self.ask(Request::Switch(self.it.number, journal))?)
    }

    fn write(&self, switched: &Switched) -> Result<u64, StoreError> {
        let Compactor { options, files, state, .. } = &self.it;
        let Switched { through, journal, pipelines } = switched;
        let path = &files.snapshot_tmp;
        let mut snapshot = SnapshotWriter::begin(&*options.vfs, path, options.mode, *through, journal)?;
        for pipeline in pipelines {
            snapshot.pipeline(pipeline)?;
        }
        loop {
            self.check()?;
            // Taken apart from the loop's head, which would hold the lock through its body.
            let runs = write(state).walk_on(ROWS);
            let Some(runs) = runs else { break };
            for run in runs {
                snapshot.run(&run)?;
            }
        }
        snapshot.finish()
    }

    fn ask(&self, request: Request) -> Result<(), StoreError> {
        self.it.requests.send(request).map_err(|_| Stopped::Closed.into())
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.canceled.load(Relaxed) { Err(Stopped::Closed.into()) } else { Ok(()) }
    }
}
