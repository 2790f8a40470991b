//! The one thread that writes.
//!
//! It takes all that was asked for meanwhile, writes it at once, syncs it once, makes it visible, and answers. So what a
//! reader sees is durable.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use godata_core::{RunId, StoreError, error_chain};
use tokio::sync::oneshot;

use crate::batch::Batch;
use crate::compaction::{Compaction, Compactor, Step, Switched};
use crate::error::Stopped;
use crate::files::Files;
use crate::format::{Change, write_closed, write_next};
use crate::install::Failure;
use crate::journal::{AppendError, Journal};
use crate::options::{Durability, Options};
use crate::request::{Answer, Request, Write, tell};
use crate::state::{Shared, read, write};

/// The thread's own.
pub(crate) struct Writer {
    options: Options,
    files: Files,
    state: Shared,
    journal: Journal,
    /// The journal before, which may not be durable, until a snapshot has what is in it.
    before: Option<Journal>,
    snapshot_len: u64,
    /// The last line that was written, and the last that is durable.
    number: u64,
    synced: u64,
    /// Since when a line is written and not durable.
    dirty_since: Option<Instant>,
    requests: Receiver<Request>,
    /// What was taken from the requests and has to wait.
    deferred: VecDeque<Request>,
    compactor: Compactor,
    compaction: Option<Compaction>,
    /// How long the journal is to be before the next attempt at a snapshot, after one that has failed.
    retry_at: u64,
    /// Who waits for a snapshot.
    waiting: Vec<Answer<()>>,
    /// Why nothing is written any more.
    stopped: Option<Stopped>,
}

impl Writer {
    /// A writer that goes on with this journal, which is all durable.
    pub(crate) fn new(
        options: Options,
        files: Files,
        state: Shared,
        journal: Journal,
        snapshot_len: u64,
        requests: (Sender<Request>, Receiver<Request>),
    ) -> Self {
        let number = read(&state).number;
        let (sender, requests) = requests;
        let compactor = Compactor::new(&options, &files, &state, sender);
        Self {
            options,
            files,
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

    /// Writes until it is closed.
    pub(crate) fn run(mut self) {
        if self.journal.path == self.files.journal_next {
            // The snapshot that it was made for was not finished.
            self.compact();
        }
        while let Some(request) = self.next() {
            match request {
                Request::Write(first) => self.write(first),
                Request::Reap { live, answer } => {
                    tell(answer, Ok(write(&self.state).tables.reap(&live, None)));
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

    /// The next request, once what is due meanwhile was synced.
    fn next(&mut self) -> Option<Request> {
        loop {
            if let Some(request) = self.deferred.pop_front() {
                return Some(request);
            }
            let Some(wait) = self.until_sync() else { return self.requests.recv().ok() };
            match self.requests.recv_timeout(wait) {
                Ok(request) => return Some(request),
                Err(RecvTimeoutError::Disconnected) => return None,
                // If it fails, whoever asks next is told.
                Err(RecvTimeoutError::Timeout) => drop(self.sync()),
            }
        }
    }

    fn until_sync(&self) -> Option<Duration> {
        match (self.options.durability, self.dirty_since) {
            (Durability::Interval(interval), Some(since)) => Some(interval.saturating_sub(since.elapsed())),
            _ => None,
        }
    }

    fn write(&mut self, first: Write) {
        if let Some(stopped) = self.stopped.clone() {
            return first.refuse(stopped.into());
        }
        let batch = self.batch(first);
        if batch.bytes.is_empty() {
            return;
        }
        match self.append(&batch.bytes, batch.last()) {
            Ok(()) => batch.publish(|number, change| write(&self.state).apply(number, change)),
            Err(error) => batch.fail(copies(Err(error))),
        }
    }

    /// All that can be written with the first.
    fn batch(&mut self, first: Write) -> Batch {
        let mut batch = Batch::after(self.number, self.synced);
        let mut next = Some(Request::Write(first));
        while let Some(request) = next {
            let left = match request {
                Request::Write(write) => batch.take(&read(&self.state), write).err().map(Request::Write),
                other => Some(other),
            };
            if let Some(left) = left {
                self.deferred.push_front(left);
                break;
            }
            if batch.is_full() {
                break;
            }
            next = self.deferred.pop_front().or_else(|| self.requests.try_recv().ok());
        }
        batch
    }

    /// Writes lines, of which this is the last, and syncs them if that is what was asked for.
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

    /// What to tell of what has poisoned the store: space helps no more, even if there was none.
    fn poison_by(&mut self, error: StoreError) -> StoreError {
        self.poison();
        match error {
            StoreError::Full { source } => StoreError::Unavailable { source },
            error => error,
        }
    }

    /// Takes nothing any more, since nobody knows what is durable: after a sync that has failed, the next one may
    /// succeed without what the first has lost.
    fn poison(&mut self) {
        tracing::error!(journal = %self.journal.path.display(), "a sync has failed; the store takes nothing any more");
        self.dirty_since = None;
        let stopped = Stopped::Poisoned { path: self.journal.path.clone() };
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
        if self.compaction.is_some() || self.stopped.is_some() {
            return;
        }
        if self.journal.path != self.files.journal_next {
            self.compaction = Some(self.compactor.begin());
        } else if self.sync().is_ok() {
            // The snapshot for which the journal was changed is still to be written. It will have what is synced.
            let switched = self.begin_walk();
            self.compaction = Some(self.compactor.go_on(switched));
        }
    }

    fn is_current(&self, compaction: u64) -> bool {
        self.compaction.as_ref().is_some_and(|current| current.number == compaction)
    }

    /// Forgets runs for a compaction. What can't be forgotten now is the next time.
    fn forget(&mut self, runs: Vec<RunId>) {
        let (answer, _) = oneshot::channel();
        self.write(Write::Forget { runs, pipelines: Vec::new(), answer });
        if let Some(compaction) = &self.compaction {
            compaction.tell(Step::Forgotten);
        }
    }

    /// Goes on with a new journal, which the last line of the old one names.
    fn switch(&mut self, new: Journal) {
        let mut line = Vec::new();
        write_next(&mut line, self.number + 1, self.synced, &new.id);
        let written = match self.append(&line, self.number + 1) {
            Ok(()) if matches!(self.options.durability, Durability::Interval(_)) => self.sync(),
            result => result,
        };
        if let Err(error) = written {
            // The old journal goes on.
            return self.compacted(Err(Failure { error, poisons: false }));
        }
        write(&self.state).apply(self.number, Change::default());
        let old = std::mem::replace(&mut self.journal, new);
        if self.synced < self.number {
            // To sync all of it here would keep everybody waiting.
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
                tracing::warn!(%cause, "no snapshot was written; the journal grows until the next attempt");
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
        let mut line = Vec::new();
        write_closed(&mut line, self.number);
        // All is stored and durable. Without the line, whoever opens the store next has more to do.
        drop(self.journal.append(&line));
        Ok(())
    }
}

/// The same result for several: the first gets the error itself, the others its text.
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
