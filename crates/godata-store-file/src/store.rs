//! The store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, RwLock, RwLockReadGuard};
use std::time::Duration;

use godata_core::StoreError;

use crate::error::{Refusal, failed};
use crate::files::Files;
use crate::handle::Handle;
use crate::lock::acquire;
use crate::open::{Opened, Torn, open, read_only};
use crate::options::Options;
use crate::repair::{Loss, Repaired, repair};
use crate::request::{Answer, Request};
use crate::state::{Shared, State, read};
use crate::verify::{Verification, verify};
use crate::vfs::Lock;
use crate::writer::Writer;

/// A store in a local file and a journal beside it.
///
/// Clones are the same store. Hand one to an orchestrator, or use it through [`Store`](crate::Store) or
/// [`AnyStore`](crate::AnyStore), and keep a clone to [close](Self::close) it. The crate's docs show an example. What
/// follows is the manual for operators.
///
/// # Files
///
/// All files are in the directory of the path that the store was opened with. If that path is a symbolic link, they are in
/// the directory of its target.
///
/// | | |
/// |---|---|
/// | `state.json` | the snapshot: all pipelines and runs as they were at one moment |
/// | `state.json.journal` | the changes since, one line per commit |
/// | `state.json.lock` | locked while the store is open; names the process that has it. Never remove it |
/// | `state.json.old`, `state.json.journal.old` | the previous generation, kept until the next snapshot starts |
/// | `state.json.tmp`, `state.json.journal.next` | a snapshot being written, and what is committed meanwhile |
/// | `state.json.journal.new` | a journal being rewritten while the store is opened |
/// | `state.json.torn` | the incomplete end of a journal after a crash; for inspection, may be removed |
/// | `state.json….damaged-1` | a copy of a file that a [repair](Self::repair) replaced; may be removed |
///
/// The files of a new store have the mode `0600`, or the one set with [`mode`](crate::FileStoreBuilder::mode). A file that
/// replaces another one takes over its mode and group, so `chmod` and `chgrp` on `state.json` and `state.json.journal`
/// persist. If the process may not assign the group, the new file gets no group permissions. The directory must be
/// writable, because files are replaced by renaming. Files that belong to another user are refused, not replaced. A
/// symbolic link is accepted only in place of the snapshot.
///
/// # Format
///
/// Both files are UTF-8 text with one JSON object per line. The snapshot as a whole is a JSON array, the journal is JSON
/// Lines:
///
/// ```text
/// [{"n":0,"godata_store":1,"through":2,"journal":"5ffdc3b9a3a4a2d1","crc":"…"},
/// {"n":1,"pipeline":{"name":"orders","rev":2,…},"crc":"…"},
/// {"n":2,"run":{"id":"01890a5d-…","pipeline_name":"orders",…},"crc":"…"},
/// {"n":3,"end":{"pipelines":1,"runs":1},"crc":"…"}]
/// ```
/// ```text
/// {"godata_journal":1,"id":"5ffdc3b9a3a4a2d1","crc":"…"}
/// {"n":3,"synced":2,"pipeline":{"name":"orders","rev":3,…},"runs":[{"id":"01890a5d-…",…}],"crc":"…"}
/// {"n":4,"synced":3,"closed":true,"crc":"…"}
/// ```
///
/// * `crc` is the CRC-32 of the line's bytes before `,"crc":`, as eight hexadecimal digits. In the first line of a snapshot
///   it starts after the bracket.
/// * `n` increases by one with each line. The lines of the journal continue after the snapshot's `through`.
/// * `journal` is the `id` of the journal that belongs to a snapshot. While a new snapshot is written, the current journal
///   ends with a line whose `next` is the `id` of the journal that continues it.
/// * `synced` is the number of the last line that was on the disk when this line was written.
/// * `closed` marks the last line of a store that was closed. That line is not counted, and the next process overwrites it.
/// * `forget_runs` and `forget_pipelines` list what was pruned.
/// * `godata_store` and `godata_journal` are the version of the format. Older versions are read, newer ones are refused.
///
/// `less`, `grep` and `jq` read both files. Don't edit them: the store refuses a file that an editor has changed.
///
/// # Durability
///
/// By default, a commit is acknowledged once its line is on the disk (`fdatasync`). Commits that wait at the same time are
/// synced together, so many at a time cost little more than one. [`Durability`](crate::Durability) has two weaker choices
/// and says what each may lose. Snapshots are always synced, and are put in place by renaming.
///
/// Directories are synced after files in them were created or renamed. Some file systems, most of them on a network, can't
/// sync directories and refuse it; the store then relies on them to keep names, as it does on systems other than Unix. Use a
/// local file system where this matters. Any other error counts as a failed sync.
///
/// If a sync of the journal or the directory fails, it is unknown what the disk holds, and no later sync can tell. The store
/// then accepts no more changes and must be opened again. Opening it writes everything that can be read to new files before
/// anything is added; it does the same whenever the last process did not close the store. If a new snapshot can't be synced,
/// it is discarded before it gets its name, and commits continue: the previous snapshot and the journals stay until a new
/// snapshot is complete. If a write fails, the journal is cut back to its last whole line and the store stays usable. When
/// the disk is full, changes fail with [`StoreError::Full`] and succeed again once there is space.
///
/// A crash may leave an incomplete line of what was not synced yet; by default, no such commit was acknowledged. When the
/// store is opened, that end of the journal is moved to `state.json.torn`, and [`torn`](Self::torn) describes it. Opening a
/// store that was not closed needs as much free disk space as its journal takes.
///
/// # Snapshots
///
/// When the journal is longer than twice the snapshot and longer than
/// [4 MiB](crate::FileStoreBuilder::snapshot_threshold), a separate thread writes a new snapshot while commits continue.
/// Including the previous generation, the files take less than seven times the bytes of the live data. Old runs are
/// removed at the same time, if the builder was told [how many](crate::FileStoreBuilder::keep_newest) to keep or [how
/// long](crate::FileStoreBuilder::keep_for).
///
/// # One process at a time
///
/// The lock is an operating system lock: it is released when its process ends, no matter how. A second process gets
/// [`StoreError::Locked`], which names the process that has the store, or [waits](Self::open_wait).
/// [`open_read_only`](Self::open_read_only) and [`verify`](Self::verify) need no lock and work while another process writes.
///
/// Never remove, rename or replace the files of an open store, or their folder. The store notices when its snapshot, its
/// journal or its lock is no longer at its path, before it acknowledges anything more, and within a second when it is idle.
/// It then stores nothing more and says so: every change fails with [`StoreError::Unavailable`], as does
/// [`close`](Self::close). Removing the lock is never necessary: a lock does not outlive its process, whatever the file says.
///
/// On network file systems, locks and syncs often don't do what they promise. Keep the store on a local disk.
///
/// # Backup
///
/// Close the store and copy `state.json` and `state.json.journal` together. To copy an open store, copy the journals first
/// and the snapshot last, then check the copy with [`verify`](Self::verify); if a new snapshot was written in between, copy
/// again. To restore, close the store, put the copies back, and remove the store's other files except the lock.
///
/// # Damage
///
/// [`open`](Self::open) refuses files that are not as they were written, and says which line is wrong. [`verify`](Self::verify)
/// lists all damage. [`repair`](Self::repair) repairs it: from the previous generation if that has everything, otherwise with
/// a loss that the caller has chosen. Nothing is repaired automatically. If no line of a file was written by a store, the path
/// is probably wrong: all three refuse the file and change nothing.
///
/// # Limits
///
/// All rows are kept in memory, about 700 bytes per run. Opening reads everything, which takes some seconds per million
/// runs. Nothing is compressed.
#[derive(Clone)]
pub struct FileStore(Arc<Inner>);

struct Inner {
    path: PathBuf,
    state: Shared,
    torn: Option<Torn>,
    /// `None` if the store is open for reading only.
    writer: Option<Handle>,
}

impl FileStore {
    /// Opens the store at this path, and creates it if it does not exist.
    ///
    /// This blocks the thread while it reads everything and cleans up after a process that was killed.
    ///
    /// # Example
    ///
    /// ```
    /// use godata_store_file::{BoxError, FileStore, StoreError};
    ///
    /// # fn main() -> Result<(), BoxError> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("state.json");
    /// let store = FileStore::open(&path)?;
    /// assert!(matches!(FileStore::open(&path), Err(StoreError::Locked { .. })));
    /// drop(store);
    /// assert!(FileStore::open(&path).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// * [`StoreError::Locked`] if another process has the store open, or another handle in this process.
    /// * [`StoreError::Corrupt`] if a file is not as it was written, or is missing or empty while others exist.
    /// * [`StoreError::Invalid`] if the path is not a regular file, belongs to another user, or has a newer format.
    /// * [`StoreError::Full`] or [`StoreError::Unavailable`] if a file can't be read or written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_wait(path, Duration::ZERO)
    }

    /// Opens the store, and waits for up to `limit` while another process has it open.
    ///
    /// Programs that cron starts use this, because the previous one may still be running. This blocks the thread while it
    /// waits.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_wait(path: impl AsRef<Path>, limit: Duration) -> Result<Self, StoreError> {
        Self::open_with(Options::default(), path.as_ref(), limit)
    }

    /// Opens what is stored now for reading only. Nothing is locked or written, and another process may be writing.
    ///
    /// The rows stay as they were at that moment; open the store again to see newer ones. Changes are refused with
    /// [`StoreError::Invalid`].
    ///
    /// # Example
    ///
    /// ```
    /// use godata_store_file::{BoxError, FileStore, Store};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("state.json");
    /// let service = FileStore::open(&path)?;
    /// let reader = FileStore::open_read_only(&path)?;
    /// assert_eq!(reader.list_pipelines().await?, []);
    /// # drop(service);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open) except `Locked`; [`StoreError::Invalid`] if there is no store, and
    /// [`StoreError::Unavailable`] if it changed during each attempt to read it.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_read_only_with(&Options::default(), path.as_ref())
    }

    /// Reads all files of a store, counts what is in them, and lists what is damaged. Nothing is locked or written, and
    /// another process may be writing.
    ///
    /// # Example
    ///
    /// ```
    /// use godata_store_file::{BoxError, FileStore};
    ///
    /// # fn main() -> Result<(), BoxError> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("state.json");
    /// drop(FileStore::open(&path)?);
    /// let verification = FileStore::verify(&path)?;
    /// assert!(verification.is_sound());
    /// println!("{verification}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] if there is no store or it has a newer format; [`StoreError::Unavailable`] if a file can't be
    /// read, or changed during each attempt to read it. Damage is not an error.
    pub fn verify(path: impl AsRef<Path>) -> Result<Verification, StoreError> {
        verify(&*Options::default().vfs, path.as_ref())
    }

    /// Repairs a damaged store so that it can be opened again. The damaged files are copied first.
    ///
    /// If the previous generation has everything, nothing is lost. Otherwise `loss` says what is given up; lines of a snapshot
    /// that can't be read are lost in any case. If the store is not damaged, or the repair is refused, the files stay as
    /// they are. A repair that is interrupted, even by a power cut, leaves a store that can be repaired again, or one
    /// that is already repaired.
    ///
    /// # Example
    ///
    /// ```
    /// use godata_store_file::{BoxError, FileStore, Loss};
    ///
    /// # fn main() -> Result<(), BoxError> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("state.json");
    /// drop(FileStore::open(&path)?);
    /// std::fs::write(&path, "not what was written")?;
    /// assert!(FileStore::open(&path).is_err());
    /// let repaired = FileStore::repair(&path, Loss::FromDamageOn)?;
    /// assert!(!repaired.damage.is_empty());
    /// assert!(FileStore::open(&path).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open); [`StoreError::Corrupt`] if the repair would have to give up more than `loss` allows.
    pub fn repair(path: impl AsRef<Path>, loss: Loss) -> Result<Repaired, StoreError> {
        repair(&Options::default(), path.as_ref(), loss)
    }

    pub(crate) fn open_with(options: Options, path: &Path, limit: Duration) -> Result<Self, StoreError> {
        let files = Files::find(&*options.vfs, path)?;
        files.check(&*options.vfs)?;
        files.check_content(&*options.vfs)?;
        let lock: Arc<dyn Lock> = acquire(&*options.vfs, &files.lock, options.mode, limit)?.into();
        let Opened { state, journal, snapshot_len, torn } = open(&options, &files)?;

        let path = files.snapshot.clone();
        let state = Arc::new(RwLock::new(state));
        let (requests, receiver) = channel();
        let channel = (requests.clone(), receiver);
        let writer = Writer::new(
            options,
            files,
            Arc::clone(&lock),
            Arc::clone(&state),
            journal,
            snapshot_len,
            channel,
        );
        let writer = Handle::spawn(path.clone(), requests, lock, move || writer.run())
            .map_err(failed("start the writer thread of", &path))?;
        Ok(Self(Arc::new(Inner { path, state, torn, writer: Some(writer) })))
    }

    pub(crate) fn open_read_only_with(options: &Options, path: &Path) -> Result<Self, StoreError> {
        let files = Files::find(&*options.vfs, path)?;
        let state = Arc::new(RwLock::new(read_only(&*options.vfs, &files)?));
        Ok(Self(Arc::new(Inner { path: files.snapshot, state, torn: None, writer: None })))
    }

    /// Returns the path of the snapshot, absolute and without links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Returns the incomplete end of the journal that was cut off when the store was opened; `None` if there was none.
    #[must_use]
    pub fn torn(&self) -> Option<&Torn> {
        self.0.torn.as_ref()
    }

    /// Writes a snapshot now, or waits for the one that is being written. Commits continue meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`] or [`StoreError::Unavailable`], if a file can't be written. Everything that is stored then
    /// stays in the previous snapshot and the journal. [`StoreError::Invalid`], if the store is open for reading only.
    pub async fn snapshot(&self) -> Result<(), StoreError> {
        self.ask(|answer| Request::Snapshot { answer }).await
    }

    /// Closes the store for all its clones: finishes all earlier calls, syncs everything whatever the durability, and
    /// releases the lock.
    ///
    /// Dropping the last clone does the same, but blocks the thread and can't report an error.
    ///
    /// # Example
    ///
    /// ```
    /// use godata_store_file::{BoxError, FileStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("state.json");
    /// let store = FileStore::open(&path)?;
    /// store.snapshot().await?;
    /// store.close().await?;
    /// assert!(store.snapshot().await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the last changes could not be synced, or the store was closed before.
    pub async fn close(&self) -> Result<(), StoreError> {
        // A store that is open for reading only has nothing to close.
        let Some(writer) = &self.0.writer else { return Ok(()) };
        let result = writer.ask(|answer| Request::Close { answer }).await;
        // The answer is the last thing that the thread sends, so this does not wait for long.
        writer.join();
        result
    }

    /// Sends a request to the writer thread, if there is one.
    pub(crate) async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, StoreError> {
        match &self.0.writer {
            Some(writer) => writer.ask(request).await,
            None => Err(Refusal::ReadOnly { path: self.0.path.clone() }.into()),
        }
    }

    pub(crate) fn state(&self) -> &Shared {
        &self.0.state
    }

    /// The rows, once all changes whose caller stopped waiting are settled.
    pub(crate) async fn rows(&self) -> RwLockReadGuard<'_, State> {
        if let Some(writer) = &self.0.writer {
            writer.settle().await;
        }
        read(&self.0.state)
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.0.path).finish_non_exhaustive()
    }
}
