//! Writes a new snapshot while commits continue.
//!
//! 1. The files of the previous generation are removed, and old runs are forgotten.
//! 2. A new journal is created and made durable.
//! 3. The writer names it in the last line of the old journal, and continues in the new one.
//! 4. The rows as of that moment are written to a new snapshot, a few at a time, and the snapshot is synced.
//! 5. The files are renamed; see [`install`](crate::install).
//!
//! At each moment, either the old snapshot with both journals or the new snapshot with the new journal has everything.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use godata_core::{Clock as _, PipelineRecord, StoreError, SystemClock};

use crate::error::{Stopped, failed};
use crate::files::{Files, exists, remove};
use crate::format::JournalId;
use crate::install::{self, Failure};
use crate::journal::Journal;
use crate::options::Options;
use crate::prune::{OldRuns, retention};
use crate::request::Request;
use crate::snapshot::SnapshotWriter;
use crate::state::{Shared, write};
use crate::vfs::Lock;

/// How many rows are read per lock of the state.
const ROWS: usize = 256;

/// What the writer has done for a compaction.
pub(crate) enum Step {
    Forgotten,
    Switched(Switched),
}

/// The writer continues in the new journal, and a walk through the rows as of that moment has started.
pub(crate) struct Switched {
    /// The number of the last line that the rows contain.
    pub(crate) through: u64,
    pub(crate) journal: JournalId,
    pub(crate) pipelines: Vec<Arc<PipelineRecord>>,
}

/// Starts compactions.
#[derive(Clone)]
pub(crate) struct Compactor {
    /// How many were started.
    number: u64,
    options: Options,
    files: Files,
    lock: Arc<dyn Lock>,
    state: Shared,
    requests: Sender<Request>,
}

/// A compaction in progress. Dropping it cancels it and waits for its thread to end.
pub(crate) struct Compaction {
    /// Distinguishes its requests from those of an earlier compaction that was dropped.
    pub(crate) number: u64,
    canceled: Arc<AtomicBool>,
    steps: Option<Sender<Step>>,
    thread: Option<JoinHandle<()>>,
}

impl Compaction {
    /// Reports what the writer has done.
    pub(crate) fn tell(&self, step: Step) {
        if let Some(sender) = &self.steps {
            // This fails if the compaction has ended, and then it has sent its result.
            drop(sender.send(step));
        }
    }
}

impl Drop for Compaction {
    fn drop(&mut self) {
        self.canceled.store(true, Relaxed);
        self.steps = None;
        if let Some(thread) = self.thread.take() {
            // The thread does not panic; if it did, there would be no new snapshot.
            drop(thread.join());
        }
    }
}

impl Compactor {
    pub(crate) fn new(
        options: &Options,
        files: &Files,
        lock: &Arc<dyn Lock>,
        state: &Shared,
        requests: Sender<Request>,
    ) -> Self {
        let (options, files) = (options.clone(), files.clone());
        Self { number: 0, options, files, lock: Arc::clone(lock), state: Arc::clone(state), requests }
    }

    /// Starts at step 1.
    pub(crate) fn begin(&mut self) -> Compaction {
        self.spawn(None)
    }

    /// Starts at step 4.
    pub(crate) fn resume(&mut self, switched: Switched) -> Compaction {
        self.spawn(Some(switched))
    }

    fn spawn(&mut self, switched: Option<Switched>) -> Compaction {
        self.number += 1;
        let number = self.number;
        let canceled = Arc::new(AtomicBool::new(false));
        let (sender, steps) = channel();
        let work = Work { it: self.clone(), canceled: Arc::clone(&canceled), steps };
        let thread = thread::Builder::new().name("godata-snapshot".into()).spawn(move || {
            let requests = work.it.requests.clone();
            // This fails if the writer has ended.
            drop(requests.send(Request::Compacted(number, work.run(switched))));
        });
        let thread = match thread {
            Ok(thread) => Some(thread),
            Err(error) => {
                let error = failed("start the snapshot thread of", &self.files.snapshot)(error);
                drop(self.requests.send(Request::Compacted(number, Err(error.into()))));
                None
            }
        };
        Compaction { number, canceled, steps: Some(sender), thread }
    }
}

struct Work {
    it: Compactor,
    canceled: Arc<AtomicBool>,
    steps: Receiver<Step>,
}

impl Work {
    fn run(&self, switched: Option<Switched>) -> Result<u64, Failure> {
        let Compactor { options, files, .. } = &self.it;
        let vfs = &*options.vfs;
        files.check_lock(&*self.it.lock)?;
        remove(vfs, &files.snapshot_tmp)?;
        // If an earlier attempt failed between two renames, the old snapshot is the only one.
        if exists(vfs, &files.snapshot)? {
            remove(vfs, &files.snapshot_old)?;
            remove(vfs, &files.journal_old)?;
        }
        let switched = match switched {
            Some(switched) => switched,
            None => {
                self.forget()?;
                self.offer_journal()?;
                loop {
                    if let Step::Switched(switched) = self.wait()? {
                        break switched;
                    }
                }
            }
        };
        let len = match self.write(&switched) {
            Ok(len) => len,
            Err(error) => {
                // An incomplete snapshot takes space. If this fails, the next attempt or the next open removes it.
                drop(remove(vfs, &files.snapshot_tmp));
                return Err(error.into());
            }
        };
        // If our files were moved, the files at these paths may belong to another process.
        files.check_lock(&*self.it.lock)?;
        install::snapshot(vfs, files)?;
        install::journal(vfs, files, &files.journal_next)?;
        Ok(len)
    }

    /// Lets the writer forget old runs, some at a time, so that commits don't wait for all of them.
    fn forget(&self) -> Result<(), StoreError> {
        let Some(retention) = retention(&self.it.options, SystemClock.now()) else { return Ok(()) };
        for runs in OldRuns::new(&self.it.state, retention) {
            self.check()?;
            if runs.is_empty() {
                continue;
            }
            self.ask(Request::Forget(self.it.number, runs))?;
            self.wait()?;
        }
        Ok(())
    }

    fn offer_journal(&self) -> Result<(), Failure> {
        let Compactor { options, files, .. } = &self.it;
        remove(&*options.vfs, &files.journal_next)?;
        let journal = Journal::create(&*options.vfs, &files.journal_next, &files.journal, options.mode)?;
        install::sync(&*options.vfs, files)?;
        Ok(self.ask(Request::Switch(self.it.number, journal))?)
    }

    fn write(&self, switched: &Switched) -> Result<u64, StoreError> {
        let Compactor { options, files, state, .. } = &self.it;
        let Switched { through, journal, pipelines } = switched;
        let mut snapshot = SnapshotWriter::begin(options, files, *through, journal)?;
        for pipeline in pipelines {
            snapshot.pipeline(pipeline)?;
        }
        loop {
            self.check()?;
            // A `while let` would hold the lock during the loop's body.
            let runs = write(state).continue_walk(ROWS);
            let Some(runs) = runs else { break };
            for run in runs {
                snapshot.run(&run)?;
            }
        }
        snapshot.finish()
    }

    fn ask(&self, request: Request) -> Result<(), StoreError> {
        self.it.requests.send(request).map_err(|_| self.closed())
    }

    /// Waits for the writer, which drops its end of the channel if it can't do what was asked, or is closed.
    fn wait(&self) -> Result<Step, StoreError> {
        self.steps.recv().map_err(|_| self.closed())
    }

    fn closed(&self) -> StoreError {
        Stopped::Closed { path: self.it.files.snapshot.clone() }.into()
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.canceled.load(Relaxed) { Err(self.closed()) } else { Ok(()) }
    }
}
