//! A file store on a disk in memory, whose processes are stopped, are killed, and lose their power.

use std::fmt::Debug;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use godata::{
    Commit, Committed, FileStore, PipelineRecord, RunQuery, RunRecord, Store as _, StoreError, error_chain,
};
use godata_store_kit::crash::{Thoroughness, crashes};
use godata_store_kit::file_store::PATH;
use godata_store_kit::{Disk, Event, Image};

use super::{Answer, Medium};
use crate::network::wait_for;
use crate::random::Random;

/// After how many commits there is a new snapshot. It is not the store that begins one: what is on the disk when the
/// power fails must not depend on how far another thread is.
const SNAPSHOT_EVERY: usize = 150;

/// Up to how many of the images that a power cut may leave are passed over. One commit leaves fewer, so that the last, which
/// has all of it, is taken often.
const PASSED_OVER: u64 = 32;

/// The files of a store that one process has open at a time.
pub(crate) struct Files(Mutex<Process>);

/// Who has them open.
struct Process {
    disk: Disk,
    store: FileStore,
    random: Random,
    commits: usize,
}

/// All that is stored.
#[derive(PartialEq)]
struct Rows {
    pipelines: Vec<PipelineRecord>,
    runs: Vec<RunRecord>,
}

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Closed,
    Killed,
    WithoutPower,
}

impl Files {
    /// Files that are not there yet. The seed says how processes end.
    pub(crate) fn new(seed: u64) -> Self {
        let disk = Disk::new(&Image::new());
        let store = open(&disk).unwrap();
        Self(Mutex::new(Process { disk, store, random: Random::stream(seed, "files"), commits: 0 }))
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Medium for Files {
    type Store = FileStore;

    fn store(&self) -> FileStore {
        self.process().store.clone()
    }

    fn commit(&self, commit: &Commit) -> Answer {
        let process = &mut *self.process();
        let answer = wait_for(process.store.commit(commit));
        if let Ok(Committed::Done(_)) = answer {
            process.commits += 1;
            if process.commits.is_multiple_of(SNAPSHOT_EVERY) {
                wait_for(process.store.snapshot())?;
            }
            process.disk.note(Event::Acknowledged(process.commits));
        }
        answer
    }

    fn end_process(&self, last: Option<&Commit>) -> Result<Option<Answer>, String> {
        let process = &mut *self.process();
        let before = Rows::of(&process.store)?;
        let answer = last.map(|commit| wait_for(process.store.commit(commit)));
        let after = Rows::of(&process.store)?;

        let end = *process.random.pick(&[End::Closed, End::Killed, End::WithoutPower]);
        process.end(end).map_err(|error| format!("after it was {end:?}: {}", error_chain(&error)))?;
        // What the next process finds, it may rely on.
        process.disk.note(Event::Acknowledged(process.commits));
        match Rows::of(&process.store)? {
            found if found == after => Ok(answer),
            found if found == before && end == End::WithoutPower => Ok(None),
            found => Err(format!("after it was {end:?}, {}", found.difference(&after))),
        }
    }
}

impl Process {
    fn end(&mut self, end: End) -> Result<(), StoreError> {
        match end {
            End::Closed => wait_for(self.store.close())?,
            End::Killed => self.disk = self.disk.restart(),
            End::WithoutPower => self.lose_power(),
        }
        self.store = open(&self.disk)?;
        // While it recovers, it may lose its power again.
        while end == End::WithoutPower && self.random.one_in(3) {
            self.lose_power();
            self.store = open(&self.disk)?;
        }
        Ok(())
    }

    /// Leaves of the disk what may be there, when the power fails after the last commit that was acknowledged.
    fn lose_power(&mut self) {
        let recording = self.disk.recording();
        let acknowledged = |event: &Event| matches!(event, Event::Acknowledged(_));
        let from = recording.events.iter().rposition(acknowledged).map_or(0, |last| last + 1);
        let mut others = self.random.below(PASSED_OVER);
        let mut left = self.disk.image();
        let _ = crashes(&recording, from, Thoroughness::GLANCE, self.random.next(), |crash| {
            left = crash.image.clone();
            match others.checked_sub(1) {
                None => ControlFlow::Break(()),
                Some(fewer) => {
                    others = fewer;
                    ControlFlow::Continue(())
                }
            }
        });
        self.disk = Disk::new(&left);
    }
}

impl Rows {
    fn of(store: &FileStore) -> Result<Self, String> {
        let all = RunQuery::new().limit(usize::MAX);
        let pipelines = wait_for(store.list_pipelines()).map_err(|error| error_chain(&error).to_string())?;
        let runs = wait_for(store.list_runs(&all)).map_err(|error| error_chain(&error).to_string())?;
        Ok(Self { pipelines, runs })
    }

    /// One of those that are not as they should be.
    fn difference(&self, expected: &Self) -> String {
        fn first<T: PartialEq + Debug>(found: &[T], expected: &[T]) -> Option<String> {
            let at = (0..found.len().max(expected.len())).find(|&at| found.get(at) != expected.get(at))?;
            Some(format!("the store has {:?} in place of {:?}", found.get(at), expected.get(at)))
        }
        let pipeline = first(&self.pipelines, &expected.pipelines);
        pipeline.or_else(|| first(&self.runs, &expected.runs)).unwrap_or_default()
    }
}

fn open(disk: &Disk) -> Result<FileStore, StoreError> {
    FileStore::builder(PATH).snapshot_threshold(u64::MAX).vfs(Arc::new(disk.clone())).open()
}
