//! What the store does when the disk is full or fails.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use godata_core::{Commit, RunQuery, Store as _, StoreError};
use godata_store_file::vfs::{Lock, Metadata, RealVfs, Vfs, VfsFile};
use godata_store_file::{Durability, FileStore, FileStoreBuilder, Loss};

use support::{History, beside, block_on, owner};

/// The real file system, in which writes and syncs of one file fail on demand.
#[derive(Clone, Debug)]
struct Faulty(Arc<Plan>);

#[derive(Debug)]
struct Plan {
    /// The suffix of the file name, and the errors of its writes and its syncs.
    plan: Mutex<(&'static str, Option<ErrorKind>, Option<ErrorKind>)>,
    /// The maximum bytes per write. Every other longer write is interrupted.
    most: AtomicU64,
    /// How many more renames succeed.
    renames: AtomicU64,
    /// How many writes there were.
    writes: AtomicU64,
    /// Told whenever the store asks whether a file is at a path.
    checks: Mutex<Option<Sender<()>>>,
    /// A store that writes snapshots between the reads of a snapshot and of its journal, and how many more times it does.
    writer: Mutex<Option<(FileStore, u64)>>,
}

impl Faulty {
    fn new() -> Self {
        let (plan, [most, renames]) = (Mutex::new(("", None, None)), [u64::MAX; 2].map(AtomicU64::new));
        let (writes, checks, writer) = (AtomicU64::new(0), Mutex::new(None), Mutex::new(None));
        Self(Arc::new(Plan { plan, most, renames, writes, checks, writer }))
    }

    fn fail(&self, file: &'static str, write: Option<ErrorKind>, sync: Option<ErrorKind>) {
        *self.0.plan.lock().unwrap() = (file, write, sync);
    }

    fn repair(&self) {
        self.fail("", None, None);
    }

    fn open(&self, path: &Path) -> FileStore {
        self.open_with(FileStore::builder(path))
    }

    fn open_with(&self, builder: FileStoreBuilder) -> FileStore {
        let builder = builder.vfs(Arc::new(self.clone()));
        // On the second open, the files have the names under which they are opened.
        drop(builder.clone().open().unwrap());
        builder.open().unwrap()
    }
}

#[derive(Debug)]
struct File {
    vfs: Faulty,
    path: PathBuf,
    file: Box<dyn VfsFile>,
    is_interrupted: bool,
}

impl Vfs for Faulty {
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        RealVfs.canonicalize(path)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        RealVfs.metadata(path)
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        if let Some((store, left @ 1..)) = &mut *self.0.writer.lock().unwrap()
            && path.extension().is_some_and(|extension| extension == "journal")
        {
            *left -= 1;
            // After one snapshot, the journal still exists as that of the previous generation.
            block_on(store.snapshot()).unwrap();
            block_on(store.snapshot()).unwrap();
        }
        RealVfs.read(path)
    }

    fn create(&self, path: &Path, like: &Path, mode: u32) -> io::Result<Box<dyn VfsFile>> {
        let file = RealVfs.create(path, like, mode)?;
        Ok(Box::new(File { vfs: self.clone(), path: path.to_owned(), file, is_interrupted: false }))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn VfsFile>> {
        let file = RealVfs.append(path)?;
        Ok(Box::new(File { vfs: self.clone(), path: path.to_owned(), file, is_interrupted: false }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let left = self.0.renames.load(SeqCst).checked_sub(1).ok_or(ErrorKind::Other)?;
        self.0.renames.store(left, SeqCst);
        RealVfs.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealVfs.remove(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        RealVfs.sync_dir(path)
    }

    fn try_lock(&self, path: &Path, mode: u32, holder: &[u8]) -> io::Result<Option<Box<dyn Lock>>> {
        RealVfs.try_lock(path, mode, holder)
    }

    fn user(&self) -> Option<u32> {
        RealVfs.user()
    }
}

impl File {
    fn is_called(&self, end: &str) -> bool {
        self.path.as_os_str().as_encoded_bytes().ends_with(end.as_bytes())
    }
}

impl VfsFile for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.vfs.0.writes.fetch_add(1, SeqCst);
        let (file, write, _) = *self.vfs.0.plan.lock().unwrap();
        let most = usize::try_from(self.vfs.0.most.load(SeqCst)).unwrap();
        if most < bytes.len() {
            self.is_interrupted = !self.is_interrupted;
            if self.is_interrupted {
                return Err(ErrorKind::Interrupted.into());
            }
        }
        match write {
            Some(error) if self.is_called(file) => {
                // Half of the bytes are written anyway.
                self.file.write(&bytes[..bytes.len() / 2])?;
                Err(error.into())
            }
            _ => self.file.write(&bytes[..bytes.len().min(most)]),
        }
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        let (file, _, sync) = *self.vfs.0.plan.lock().unwrap();
        match sync {
            Some(error) if self.is_called(file) => Err(error.into()),
            _ => self.file.sync(),
        }
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        if let Some(checks) = &*self.vfs.0.checks.lock().unwrap() {
            // This fails once the test has seen enough.
            checks.send(()).ok();
        }
        self.file.is_at(path)
    }
}

#[test]
fn an_idle_store_notices_that_its_journal_was_removed() {
    let dir = tempfile::tempdir().unwrap();
    let (path, vfs) = (dir.path().join("state.json"), Faulty::new());
    let store = vfs.open(&path);
    let (sender, checks) = channel();
    fs::remove_file(beside(&path, ".journal")).unwrap();
    *vfs.0.checks.lock().unwrap() = Some(sender);
    checks.recv().unwrap();
    // Even if the file is back, the store has stopped by now.
    assert!(block_on(store.close()).is_err());
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_until_the_store_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let (path, vfs) = (dir.path().join("state.json"), Faulty::new());
    let store = vfs.open(&path);
    let mut orders = History::new("orders");
    orders.commit(&store);

    vfs.fail(".journal", None, Some(ErrorKind::Other));
    let mut unknown = History { pipeline: orders.pipeline.clone(), runs: orders.runs.clone() };
    assert!(matches!(unknown.try_commit(&store), Err(StoreError::Unavailable { .. })));
    vfs.repair();
    assert!(matches!(unknown.try_commit(&store), Err(StoreError::Unavailable { .. })));
    assert!(matches!(block_on(store.snapshot()), Err(StoreError::Unavailable { .. })));
    orders.assert_in(&store);
    assert!(block_on(store.close()).is_err());

    let store = vfs.open(&path);
    let runs = block_on(store.list_runs(&RunQuery::new())).unwrap().len();
    assert!(runs == 1 || runs == 2, "the unacknowledged commit is there as a whole or not at all");
}

#[test]
fn a_sync_that_fails_on_a_full_disk_is_unavailable_not_full() {
    // If the write fails too, the written part can't be cut off.
    for write in [None, Some(ErrorKind::StorageFull)] {
        let dir = tempfile::tempdir().unwrap();
        let (path, vfs) = (dir.path().join("state.json"), Faulty::new());
        let store = vfs.open(&path);
        vfs.fail(".journal", write, Some(ErrorKind::StorageFull));
        for _ in 0..2 {
            let refused = History::new("orders").try_commit(&store);
            assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
            vfs.repair();
        }
    }
}

#[test]
fn an_interrupted_repair_can_be_repeated() {
    for renames in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let (path, vfs) = (dir.path().join("state.json"), Faulty::new());
        let store = vfs.open(&path);
        let mut orders = History::new("orders");
        orders.commit(&store);
        block_on(store.snapshot()).unwrap();
        orders.commit(&store);
        drop(store);
        fs::write(&path, "").unwrap();

        vfs.0.renames.store(renames, SeqCst);
        let builder = FileStore::builder(&path).vfs(Arc::new(vfs.clone()));
        let is_whole = builder.repair(Loss::Nothing).is_ok();
        assert!(FileStore::repair(&path, Loss::Nothing).unwrap().is_complete, "after {renames} renames");
        orders.assert_in(&FileStore::open(&path).unwrap());
        if is_whole {
            assert!(renames > 1, "it was never interrupted");
            break;
        }
    }
}

#[test]
fn a_full_disk_refuses_commits_until_there_is_space() {
    let dir = tempfile::tempdir().unwrap();
    let (path, vfs) = (dir.path().join("state.json"), Faulty::new());
    let store = vfs.open(&path);
    let mut orders = History::new("orders");
    orders.commit(&store);
    vfs.fail(".journal", Some(ErrorKind::StorageFull), None);
    for _ in 0..3 {
        let refused = orders.try_commit(&store).unwrap_err();
        assert!(matches!(refused, StoreError::Full { .. }) && refused.is_retryable(), "{refused:?}");
        orders.assert_in(&store);
    }
    vfs.repair();
    orders.commit(&store);
    drop(store);
    let store = FileStore::open(&path).unwrap();
    orders.assert_in(&store);
    assert_eq!(store.torn(), None);
}

#[test]
fn a_snapshot_that_fails_changes_nothing_and_the_next_one_has_everything() {
    for file in [".journal.next", ".tmp"] {
        let dir = tempfile::tempdir().unwrap();
        let (path, vfs) = (dir.path().join("state.json"), Faulty::new());
        let store = vfs.open(&path);
        let mut orders = History::new("orders");
        orders.commit(&store);
        for (write, sync) in [(Some(ErrorKind::StorageFull), None), (None, Some(ErrorKind::Other))] {
            vfs.fail(file, write, sync);
            assert!(block_on(store.snapshot()).is_err(), "{file}");
            vfs.repair();
            orders.commit(&store);
        }
        block_on(store.snapshot()).unwrap();
        orders.commit(&store);
        drop(store);
        orders.assert_in(&FileStore::open(&path).unwrap());
        assert!(!dir.path().join(format!("state.json{file}")).exists());
    }
}

#[test]
fn short_and_interrupted_writes_are_continued() {
    let dir = tempfile::tempdir().unwrap();
    let (path, vfs) = (dir.path().join("state.json"), Faulty::new());
    vfs.0.most.store(7, SeqCst);
    let store = vfs.open(&path);
    let mut orders = History::new("orders");
    orders.commit(&store);
    block_on(store.snapshot()).unwrap();
    orders.commit(&store);
    drop(store);
    orders.assert_in(&FileStore::open(&path).unwrap());
}

#[test]
fn closing_a_store_syncs_everything() {
    let dir = tempfile::tempdir().unwrap();
    let (path, vfs) = (dir.path().join("state.json"), Faulty::new());
    let store = vfs.open_with(FileStore::builder(&path).durability(Durability::Never));
    let mut orders = History::new("orders");
    orders.commit(&store);
    // The next journal is continued, and no snapshot replaces this one.
    vfs.fail(".tmp", Some(ErrorKind::StorageFull), None);
    assert!(block_on(store.snapshot()).is_err());
    orders.commit(&store);
    vfs.fail(".journal", None, Some(ErrorKind::Other));
    assert!(block_on(store.close()).is_err());
    vfs.repair();
    orders.assert_in(&vfs.open(&path));
}

#[test]
fn a_commit_does_not_wait_for_a_whole_history_to_be_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let (path, vfs) = (dir.path().join("state.json"), Faulty::new());
    let store = vfs.open_with(FileStore::builder(&path).keep_newest(1));
    let mut orders = History::new("orders");
    let rows: Vec<_> = (0..5_000).map(|n| orders.skipped(n)).collect();
    let history = rows.into_iter().fold(Commit::new(owner(), orders.pipeline.clone()), Commit::insert);
    block_on(store.commit(&history)).unwrap();
    orders.pipeline.rev += 1;

    // Forgetting the first runs is blocked until the commit waits behind them.
    let (plan, writes) = (vfs.0.plan.lock().unwrap(), vfs.0.writes.load(SeqCst));
    let commit = Commit::new(owner(), orders.pipeline.clone()).insert(orders.skipped(5_000));
    let (mut snapshot, mut commit) = (pin!(store.snapshot()), pin!(store.commit(&commit)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(snapshot.as_mut().poll(&mut context).is_pending());
    while vfs.0.writes.load(SeqCst) == writes {
        std::thread::yield_now();
    }
    assert!(commit.as_mut().poll(&mut context).is_pending());
    drop(plan);
    block_on(commit).unwrap();
    block_on(snapshot).unwrap();

    let journal = fs::read_to_string(beside(&path, ".journal.old")).unwrap();
    let forgets: Vec<_> = journal.lines().skip(2).map(|line| line.contains("forget_runs")).collect();
    assert_eq!(forgets, [true, false, true, true, true, true, false]);
}

#[test]
fn a_store_that_changes_while_it_is_read_is_not_called_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let (path, vfs) = (dir.path().join("state.json"), Faulty::new());
    let store = FileStore::open(&path).unwrap();
    let mut orders = History::new("orders");
    orders.commit(&store);
    for (changes, is_read) in [(5, true), (u64::MAX, false)] {
        *vfs.0.writer.lock().unwrap() = Some((store.clone(), changes));
        match FileStore::builder(&path).vfs(Arc::new(vfs.clone())).open_read_only() {
            Ok(reader) if is_read => orders.assert_in(&reader),
            Err(StoreError::Unavailable { .. }) if !is_read => {}
            other => panic!("after {changes} changes: {other:?}"),
        }
    }
}
