//! A small durable store, with room for mistakes: all rows in memory, a snapshot, and a journal of the commits since.

use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use futures::FutureExt as _;
use godata_core::{
    Commit, Committed, MemoryStore, PipelineName, PipelineRecord, RunId, RunQuery, RunRecord, Store,
    StoreError,
};
use godata_store_kit::{Disk, FileId};
use serde_json::{Value, from_slice, from_value, json};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mistake {
    None,
    AcknowledgesBeforeSync,
    NeverSyncsTheDirectory,
    RenamesBeforeSync,
    WritesACommitInTwoLines,
    AppendsBehindATornLine,
    TrustsWhatItReads,
    TakesADamagedLineForTheEnd,
    HasNoChecksum,
    TakesAnyJournalForItsOwn,
    IgnoresAFailedSync,
    SyncsAgain,
}

const DIR: &str = "/toy";
pub(crate) const SNAPSHOT: &str = "/toy/snapshot";
pub(crate) const JOURNAL: &str = "/toy/journal";
const NEW: &str = "/toy/new";
/// How many commits a journal has at most.
const COMMITS: u64 = 5;

pub(crate) struct Toy {
    disk: Disk,
    mistake: Mistake,
    rows: MemoryStore,
    journal: Mutex<Journal>,
}

struct Journal {
    file: FileId,
    /// How many commits there were before it. The snapshot that it goes with says the same.
    base: u64,
    commits: u64,
    poisoned: bool,
}

impl Toy {
    pub(crate) fn open(disk: &Disk, mistake: Mistake) -> Result<Self, StoreError> {
        let rows = MemoryStore::new();
        let (snapshot, base) = match disk.open(Path::new(SNAPSHOT)) {
            Ok(file) => {
                let lines = whole_lines(&disk.read(file).map_err(unavailable)?, mistake)?.0;
                (lines.get(1).cloned(), lines.first().and_then(Value::as_u64).unwrap_or_default())
            }
            Err(_) => (None, 0),
        };
        if let Some(changes) = &snapshot {
            apply(&rows, changes);
        }
        let toy = |file, commits| Self {
            disk: disk.clone(),
            mistake,
            rows: rows.clone(),
            journal: Mutex::new(Journal { file, base, commits, poisoned: false }),
        };
        let Ok(file) = disk.open(Path::new(JOURNAL)) else {
            if base > 0 {
                return Err(StoreError::corrupt(JOURNAL, "it is not there"));
            }
            return Ok(toy(new_journal(disk, mistake, base).map_err(unavailable)?, 0));
        };
        let bytes = disk.read(file).map_err(unavailable)?;
        let (lines, len) = whole_lines(&bytes, mistake)?;
        let Some(its_base) = lines.first().and_then(Value::as_u64) else {
            return Err(StoreError::corrupt(JOURNAL, "it has no header"));
        };
        if its_base < base && mistake != Mistake::TakesAnyJournalForItsOwn {
            // All of it is in the snapshot.
            return Ok(toy(new_journal(disk, mistake, base).map_err(unavailable)?, 0));
        }
        if its_base > base && mistake != Mistake::TakesAnyJournalForItsOwn {
            return Err(StoreError::corrupt(JOURNAL, "it is newer than the snapshot"));
        }
        lines.iter().skip(1).for_each(|changes| apply(&rows, changes));
        let toy = toy(file, lines.len() as u64 - 1);
        match mistake {
            Mistake::AppendsBehindATornLine => {}
            Mistake::TrustsWhatItReads => {
                disk.set_len(file, len).map_err(unavailable)?;
                disk.sync(file).map_err(unavailable)?;
            }
            // Perhaps the last process has failed to sync what is read here: then a sync says nothing of it.
            _ => toy.compact().now_or_never().unwrap()?,
        }
        Ok(toy)
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap()
    }

    fn write(&self, journal: &mut Journal, commit: &Commit, rev: u64) -> io::Result<()> {
        let mut pipeline = commit.pipeline.clone();
        pipeline.rev = rev;
        let runs: Vec<_> = commit.runs.iter().map(|change| change.run()).collect();
        let lines = if self.mistake == Mistake::WritesACommitInTwoLines && runs.len() > 1 {
            [line(&json!([[pipeline], runs[..1]])), line(&json!([[], runs[1..]]))].concat()
        } else {
            line(&json!([[pipeline], runs]))
        };
        if self.mistake == Mistake::AcknowledgesBeforeSync {
            self.sync(journal.file)?;
        }
        self.disk.append(journal.file, &lines)?;
        if self.mistake != Mistake::AcknowledgesBeforeSync {
            self.sync(journal.file)?;
        }
        journal.commits += 1;
        Ok(())
    }

    fn sync(&self, file: FileId) -> io::Result<()> {
        match self.disk.sync(file) {
            Err(_) if self.mistake == Mistake::IgnoresAFailedSync => Ok(()),
            Err(_) if self.mistake == Mistake::SyncsAgain => self.disk.sync(file),
            result => result,
        }
    }

    async fn compact(&self) -> Result<(), StoreError> {
        let pipelines = self.rows.list_pipelines().await?;
        let runs = self.rows.list_runs(&RunQuery::new().limit(usize::MAX)).await?;
        let mut journal = self.journal();
        let base = journal.base + journal.commits;
        let snapshot = [line(&json!(base)), line(&json!([pipelines, runs]))].concat();
        replace(&self.disk, self.mistake, SNAPSHOT, &snapshot).map_err(unavailable)?;
        let file = new_journal(&self.disk, self.mistake, base).map_err(unavailable)?;
        *journal = Journal { file, base, commits: 0, poisoned: false };
        Ok(())
    }
}

fn new_journal(disk: &Disk, mistake: Mistake, base: u64) -> io::Result<FileId> {
    replace(disk, mistake, JOURNAL, &line(&json!(base)))
}

fn replace(disk: &Disk, mistake: Mistake, path: &str, bytes: &[u8]) -> io::Result<FileId> {
    drop(disk.remove(Path::new(NEW)));
    let file = disk.create(Path::new(NEW))?;
    disk.append(file, bytes)?;
    if mistake != Mistake::RenamesBeforeSync {
        disk.sync(file)?;
    }
    disk.rename(Path::new(NEW), Path::new(path))?;
    if mistake == Mistake::RenamesBeforeSync {
        disk.sync(file)?;
    }
    if mistake != Mistake::NeverSyncsTheDirectory {
        disk.sync_dir(Path::new(DIR))?;
    }
    Ok(file)
}

fn line(value: &Value) -> Vec<u8> {
    let text = value.to_string();
    format!("{:016x} {text}\n", checksum(text.as_bytes())).into_bytes()
}

/// FNV-1a.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// The lines up to the first that is not whole, and how many bytes they have.
fn whole_lines(bytes: &[u8], mistake: Mistake) -> Result<(Vec<Value>, usize), StoreError> {
    let parse = |line: &[u8]| {
        let text = line.strip_suffix(b"\n")?.get(17..)?;
        let sum = u64::from_str_radix(std::str::from_utf8(&line[..16]).ok()?, 16).ok()?;
        let is_whole = sum == checksum(text) || mistake == Mistake::HasNoChecksum;
        if is_whole { from_slice(text).ok() } else { None }
    };
    let mut values = Vec::new();
    let mut len = 0;
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    while let Some(line) = lines.next() {
        match parse(line) {
            Some(value) => values.push(value),
            None if mistake == Mistake::TakesADamagedLineForTheEnd => break,
            None if lines.any(|line| parse(line).is_some()) => {
                return Err(StoreError::corrupt(format!("byte {len}"), "the line is not whole"));
            }
            None => break,
        }
        len += line.len();
    }
    Ok((values, len))
}

fn apply(rows: &MemoryStore, changes: &Value) {
    let puts = async {
        let Ok((pipelines, runs)) = from_value::<(Vec<PipelineRecord>, Vec<RunRecord>)>(changes.clone())
        else {
            return;
        };
        for pipeline in &pipelines {
            rows.upsert_pipeline(pipeline).await.unwrap();
        }
        for run in &runs {
            rows.upsert_run(run).await.unwrap();
        }
    };
    puts.now_or_never().unwrap();
}

fn unavailable(error: io::Error) -> StoreError {
    StoreError::unavailable(error)
}

fn by_commit_only() -> StoreError {
    StoreError::invalid("this store is written to by commits only")
}

impl Store for Toy {
    async fn upsert_pipeline(&self, _: &PipelineRecord) -> Result<(), StoreError> {
        Err(by_commit_only())
    }

    async fn find_pipeline(&self, name: &PipelineName) -> Result<Option<PipelineRecord>, StoreError> {
        self.rows.find_pipeline(name).await
    }

    async fn list_pipelines(&self) -> Result<Vec<PipelineRecord>, StoreError> {
        self.rows.list_pipelines().await
    }

    async fn upsert_run(&self, _: &RunRecord) -> Result<(), StoreError> {
        Err(by_commit_only())
    }

    async fn find_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
        self.rows.find_run(id).await
    }

    async fn list_runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        self.rows.list_runs(query).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        {
            let mut journal = self.journal();
            if journal.poisoned {
                return Err(StoreError::unavailable("a write has failed before"));
            }
            if let Err(error) = self.write(&mut journal, commit, commit.pipeline.rev + 1) {
                journal.poisoned = true;
                return Err(unavailable(error));
            }
        }
        let committed = self.rows.commit(commit).await?;
        if self.journal().commits == COMMITS {
            self.compact().await?;
        }
        Ok(committed)
    }
}
