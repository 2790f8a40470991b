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

/// How many rows are looked at while nobody else can.
const ROWS: usize = 256;

/// What the writer has done of what a compaction has asked for.
pub(crate) enum Step {
    Forgotten,
    Switched(Switched),
}

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
    steps: Option<Sender<Step>>,
    thread: Option<JoinHandle<()>>,
}

impl Compaction {
    /// Tells it what the writer has done.
    pub(crate) fn tell(&self, step: Step) {
        if let Some(sender) = &self.steps {
            // If it has ended, it has said why.
            drop(sender.send(step));
        }
    }
}

impl Drop for Compaction {
    fn drop(&mut self) {
        self.canceled.store(true, Relaxed);
        self.steps = None;
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
        let (sender, steps) = channel();
        let work = Work { it: self.clone(), canceled: Arc::clone(&canceled), steps };
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
                // What there is of it takes space. Whoever opens the store or tries again removes it otherwise.
                drop(remove(vfs, &files.snapshot_tmp));
                return Err(error.into());
            }
        };
        install::snapshot(vfs, files)?;
        install::journal(vfs, files, &files.journal_next)?;
        Ok(len)
    }

    /// Has old runs forgotten, some at a time: commits that come meanwhile do not wait for all of them.
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
        self.it.requests.send(request).map_err(|_| self.closed())
    }

    /// Waits for the writer, which drops its end if it can't do what was asked for, or is closed.
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
