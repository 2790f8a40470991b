//! The thread that writes.
//!
//! It takes all waiting requests, writes them at once, syncs once, makes the changes visible, and answers. So readers see
//! only what is as durable as the settings ask for.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use godata_core::{RunId, StoreError, error_chain};
use tokio::sync::oneshot;

use crate::batch::Batch;
use crate::compaction::{Compaction, Compactor, Step, Switched};
use crate::error::{Stopped, failed};
use crate::files::{Files, exists};
use crate::format::{Change, write_closed, write_next};
use crate::install::Failure;
use crate::journal::{AppendError, Journal};
use crate::options::{Durability, Options};
use crate::request::{Answer, Request, Write, tell};
use crate::state::{Shared, read, write};
use crate::vfs::Lock;

/// How long files may be missing from their paths before an idle store notices.
const CHECK_NAMES: Duration = Duration::from_secs(1);

/// The state of the writer thread.
pub(crate) struct Writer {
    options: Options,
    files: Files,
    lock: Arc<dyn Lock>,
    state: Shared,
    journal: Journal,
    /// The previous journal while it may not be durable and no snapshot contains its lines.
    before: Option<Journal>,
    snapshot_len: u64,
    /// The number of the last line that was written, and of the last durable line.
    number: u64,
    synced: u64,
    /// When the oldest line that is not durable yet was written.
    dirty_since: Option<Instant>,
    requests: Receiver<Request>,
    /// Requests that were received but must wait for others.
    deferred: VecDeque<Request>,
    compactor: Compactor,
    compaction: Option<Compaction>,
    /// After a snapshot has failed, the length of the journal at which the next attempt starts.
    retry_at: u64,
    /// The callers that wait for a snapshot.
    waiting: Vec<Answer<()>>,
    /// Why no more changes are accepted.
    stopped: Option<Stopped>,
}

impl Writer {
    /// A writer that continues this journal, all of which is durable.
    pub(crate) fn new(
        options: Options,
        files: Files,
        lock: Arc<dyn Lock>,
        state: Shared,
        journal: Journal,
        snapshot_len: u64,
        requests: (Sender<Request>, Receiver<Request>),
    ) -> Self {
        let number = read(&state).number;
        let (sender, requests) = requests;
        let compactor = Compactor::new(&options, &files, &lock, &state, sender);
        Self {
            options,
            files,
            lock,
            state,
            journal,
            before: None,
            snapshot_len,
            number,
            synced: number,
            dirty_since: None,
            requests,
            deferred: VecDeque::new(),
            compactor,
            compaction: None,
            retry_at: 0,
            waiting: Vec::new(),
            stopped: None,
        }
    }

    /// Handles requests until the store is closed.
    pub(crate) fn run(mut self) {
        if self.journal.path == self.files.journal_next {
            // The snapshot for which this journal was created was not finished.
            self.compact();
        }
        while let Some(request) = self.next() {
            match request {
                Request::Write(first) => self.write(first),
                Request::Reap { by, live, answer } => {
                    tell(answer, Ok(write(&self.state).tables.reap(by, &live, None)));
                }
                Request::Snapshot { answer } => self.snapshot(answer),
                Request::Settle { answer } => tell(answer, Ok(())),
                Request::Forget(number, runs) if self.is_current(number) => self.forget(runs),
                Request::Switch(number, journal) if self.is_current(number) => self.switch(journal),
                Request::Compacted(number, result) if self.is_current(number) => self.compacted(result),
                Request::Forget(..) | Request::Switch(..) | Request::Compacted(..) => {}
                Request::Close { answer } => {
                    let result = self.close();
                    tell(answer, result);
                    return;
                }
            }
            let limit = self.options.snapshot_threshold.max(self.snapshot_len.saturating_mul(2));
            if self.journal.len > limit.max(self.retry_at) {
                self.compact();
            }
        }
    }

    /// Waits for the next request. Meanwhile it syncs when a sync is due, and checks the names of its files.
    fn next(&mut self) -> Option<Request> {
        loop {
            if let Some(request) = self.deferred.pop_front() {
                return Some(request);
            }
            let wait = self.until_sync().unwrap_or(CHECK_NAMES);
            match self.requests.recv_timeout(wait.min(CHECK_NAMES)) {
                Ok(request) => return Some(request),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.while_idle(),
            }
        }
    }

    /// If something fails here, the next request gets the error.
    fn while_idle(&mut self) {
        if self.until_sync().is_some_and(|wait| wait.is_zero()) {
            drop(self.sync());
        }
        if self.stopped.is_none() {
            drop(self.check_names());
        }
    }

    fn until_sync(&self) -> Option<Duration> {
        match (self.options.durability, self.dirty_since) {
            (Durability::Interval(interval), Some(since)) => Some(interval.saturating_sub(since.elapsed())),
            _ => None,
        }
    }

    /// Stops the store if a file is no longer at its path: what is written there is lost, and another process may have
    /// opened a store at these paths.
    fn check_names(&mut self) -> Result<(), StoreError> {
        let moved = match self.moved() {
            Ok(None) => return Ok(()),
            Ok(Some(path)) => Stopped::Moved { path: path.clone() },
            Err(error) => return Err(self.poison_by(error)),
        };
        self.stop(moved.clone());
        Err(moved.into())
    }

    /// The file that is no longer at its path, if there is one.
    fn moved(&self) -> Result<Option<&PathBuf>, StoreError> {
        let files = &self.files;
        // While a compaction renames the snapshot, it is not there for a moment.
        let has_snapshot = self.compaction.is_some() || exists(&*self.options.vfs, &files.snapshot)?;
        Ok(if !self.lock.is_at(&files.lock).map_err(failed("find", &files.lock))? {
            Some(&files.lock)
        } else if !self.journal.has_name(&files.journal)? {
            Some(&self.journal.path)
        } else if !has_snapshot {
            Some(&files.snapshot)
        } else {
            None
        })
    }

    fn write(&mut self, first: Write) {
        if let Some(stopped) = self.stopped.clone() {
            return first.refuse(stopped.into());
        }
        let batch = self.batch(first);
        if batch.bytes.is_empty() {
            return;
        }
        match self.append(&batch.bytes, batch.last()).and_then(|()| self.check_names()) {
            Ok(()) => batch.publish(|number, change| write(&self.state).apply(number, change)),
            Err(error) => batch.fail(copies(Err(error))),
        }
    }

    /// Collects all requests that can be written together with the first.
    fn batch(&mut self, first: Write) -> Batch {
        let mut batch = Batch::after(self.number, self.synced);
        let mut next = Some(Request::Write(first));
        while let Some(request) = next {
            let rest = match request {
                Request::Write(write) => batch.take(&read(&self.state), write).err().map(Request::Write),
                other => Some(other),
            };
            if let Some(rest) = rest {
                self.deferred.push_front(rest);
                break;
            }
            if batch.is_full() {
                break;
            }
            next = self.deferred.pop_front().or_else(|| self.requests.try_recv().ok());
        }
        batch
    }

    /// Writes lines up to number `last`, and syncs them as the durability asks for.
    fn append(&mut self, lines: &[u8], last: u64) -> Result<(), StoreError> {
        match self.journal.append(lines) {
            Ok(()) => {}
            Err(AppendError::Undone(error)) => return Err(error),
            Err(AppendError::Unknown(error)) => return Err(self.poison_by(error)),
        }
        self.number = last;
        self.dirty_since.get_or_insert_with(Instant::now);
        match self.options.durability {
            Durability::Sync => self.sync(),
            Durability::Interval(interval) => match self.dirty_since {
                Some(since) if since.elapsed() >= interval => self.sync(),
                _ => Ok(()),
            },
            Durability::Never => Ok(()),
        }
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.dirty_since = None;
        let before = self.before.as_mut().map_or(Ok(()), Journal::sync);
        match before.and_then(|()| self.journal.sync()) {
            Ok(()) => {
                self.before = None;
                self.synced = self.number;
                Ok(())
            }
            Err(error) => Err(self.poison_by(error)),
        }
    }

    /// Poisons the store, and returns the error to answer with: after this, free space no longer helps, so it is not `Full`.
    fn poison_by(&mut self, error: StoreError) -> StoreError {
        self.poison();
        match error {
            StoreError::Full { source } => StoreError::Unavailable { source },
            error => error,
        }
    }

    /// Accepts no more changes, because it is unknown what is durable: after a failed sync, the next one may succeed without
    /// the pages that the first one lost.
    fn poison(&mut self) {
        self.stop(Stopped::Poisoned { path: self.journal.path.clone() });
    }

    fn stop(&mut self, stopped: Stopped) {
        tracing::error!(cause = %stopped, "the store accepts no more changes");
        self.dirty_since = None;
        self.waiting.drain(..).for_each(|answer| tell(answer, Err(stopped.clone().into())));
        self.stopped = Some(stopped);
        self.compaction = None;
    }

    fn snapshot(&mut self, answer: Answer<()>) {
        match self.stopped.clone() {
            Some(stopped) => tell(answer, Err(stopped.into())),
            None => {
                self.waiting.push(answer);
                self.compact();
            }
        }
    }

    fn compact(&mut self) {
        if self.compaction.is_some() || self.stopped.is_some() || self.check_names().is_err() {
            return;
        }
        if self.journal.path != self.files.journal_next {
            self.compaction = Some(self.compactor.begin());
        } else if self.sync().is_ok() {
            // The snapshot for which the journal was switched is still missing. It will contain what is synced now.
            let switched = self.begin_walk();
            self.compaction = Some(self.compactor.resume(switched));
        }
    }

    fn is_current(&self, compaction: u64) -> bool {
        self.compaction.as_ref().is_some_and(|current| current.number == compaction)
    }

    /// Forgets runs for a compaction. Runs that can't be forgotten now are found again by the next compaction.
    fn forget(&mut self, runs: Vec<RunId>) {
        let (answer, _) = oneshot::channel();
        self.write(Write::Forget { runs, pipelines: Vec::new(), answer });
        if let Some(compaction) = &self.compaction {
            compaction.tell(Step::Forgotten);
        }
    }

    /// Continues in a new journal, which the last line of the old one names.
    fn switch(&mut self, new: Journal) {
        let mut line = Vec::new();
        write_next(&mut line, self.number + 1, self.synced, &new.id);
        let written = match self.append(&line, self.number + 1) {
            Ok(()) if matches!(self.options.durability, Durability::Interval(_)) => self.sync(),
            result => result,
        };
        if let Err(error) = written {
            // The writer stays with the old journal.
            return self.compacted(Err(Failure { error, poisons: false }));
        }
        write(&self.state).apply(self.number, Change::default());
        let old = std::mem::replace(&mut self.journal, new);
        if self.synced < self.number {
            // Syncing the old journal here would delay all waiting commits.
            self.before = Some(old);
        }
        let switched = self.begin_walk();
        if let Some(compaction) = &self.compaction {
            compaction.tell(Step::Switched(switched));
        }
    }

    fn begin_walk(&self) -> Switched {
        let mut state = write(&self.state);
        let journal = self.journal.id.clone();
        Switched { through: state.number, journal, pipelines: state.begin_walk() }
    }

    fn compacted(&mut self, result: Result<u64, Failure>) {
        let walk = write(&self.state).end_walk();
        drop(walk);
        self.compaction = None;
        let result = match result {
            Ok(len) => {
                self.snapshot_len = len;
                self.before = None;
                self.retry_at = 0;
                self.journal.path.clone_from(&self.files.journal);
                Ok(())
            }
            Err(Failure { error, poisons }) => {
                let cause = error_chain(&error);
                tracing::warn!(%cause, "writing a snapshot failed; the journal grows until the next attempt");
                self.retry_at = self.journal.len.saturating_add(self.options.snapshot_threshold / 4);
                if poisons {
                    self.poison();
                }
                Err(error)
            }
        };
        let mut results = copies(result);
        self.waiting.drain(..).for_each(|answer| tell(answer, results()));
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.compaction = None;
        match self.stopped.clone() {
            Some(stopped) => return Err(stopped.into()),
            None if self.synced < self.number => self.sync()?,
            None => {}
        }
        self.check_names()?;
        let mut line = Vec::new();
        write_closed(&mut line, self.number);
        // Everything is durable. Without this line, the next open only takes longer.
        drop(self.journal.append(&line));
        Ok(())
    }
}

/// The same result for several callers: the first gets the error itself, the others its text.
fn copies(result: Result<(), StoreError>) -> impl FnMut() -> Result<(), StoreError> {
    let text = result.as_ref().err().map(|error| error_chain(error).to_string());
    let is_full = matches!(result, Err(StoreError::Full { .. }));
    let mut first = Some(result);
    move || {
        first.take().unwrap_or_else(|| match text.clone() {
            None => Ok(()),
            Some(text) if is_full => Err(StoreError::full(text)),
            Some(text) => Err(StoreError::unavailable(text)),
        })
    }
}
