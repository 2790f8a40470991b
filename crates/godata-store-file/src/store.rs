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
use crate::repair::{Loss, Repaired};
use crate::request::{Answer, Request};
use crate::state::{Shared, State, read};
use crate::verify::Verification;
use crate::writer::Writer;

/// A store in a local file, and in a journal beside it.
///
/// Clones are the same store. It is used through [`AnyStore`](godata_core::AnyStore); a clone that is kept aside
/// [closes](Self::close) it. The crate's docs show it in use. This is the manual for whoever operates it.
///
/// # Files
///
/// All are in the directory of the path that it was opened with; if that is a link, in the directory that it leads to.
///
/// | | |
/// |---|---|
/// | `state.json` | the snapshot: all pipelines and runs as they were at one moment |
/// | `state.json.journal` | what has changed since, one line per commit |
/// | `state.json.lock` | held while the store is open; says by whom. It stays there, and is never to be removed |
/// | `state.json.old`, `state.json.journal.old` | the generation before, kept until the next snapshot is begun |
/// | `state.json.tmp`, `state.json.journal.next` | a snapshot that is being written, and what is committed meanwhile |
/// | `state.json.journal.new` | a journal that is being written anew, while the store is opened |
/// | `state.json.torn` | what the last crash has left in pieces; for curiosity, and may be removed |
/// | `state.json….damaged-1` | what a [repair](Self::repair) has replaced; may be removed |
///
/// The files of a new store have the mode 0600, or the one that [`Options::mode`] says. A file that replaces another has
/// its mode and group, so `chmod` and `chgrp` on `state.json` and `state.json.journal` last. If the process may not give it
/// the group, the new file is not for any group. The directory must be writable, for files are replaced by renaming. Files
/// that belong to another user are refused, not replaced; so are links in place of any file but the snapshot.
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
/// * `crc` is the CRC-32 of the line's bytes before `,"crc":` (in the first line of a snapshot after the bracket), as
///   eight hexadecimal digits.
/// * `n` rises by one with each line. The lines of the journal go on after the snapshot's `through`.
/// * `journal` names the journal that belongs to a snapshot by its `id`. While a snapshot is written, a journal ends with a
///   line whose `next` names the one that goes on.
/// * `synced` says up to which line everything was on the disk when this one was written.
/// * `closed` is the last line of a store that was closed. It is not counted, and is written over.
/// * `forget_runs` and `forget_pipelines` have what was pruned.
/// * `godata_store` and `godata_journal` are the version of the format. Older versions are read, newer ones refused.
///
/// `less`, `grep` and `jq` read both. An editor that saves a file changes it beyond what the store takes.
///
/// # Durability
///
/// A commit is acknowledged once its line is on the disk (`fdatasync`); commits that wait at the same time are synced
/// together, so many at a time cost little more than one. [`Durability`](crate::Durability) has two weaker choices, which
/// say what they may lose. Snapshots are always synced, and put into place by renaming.
///
/// A sync of the journal or of the directory that fails leaves it open what is on the disk, and no later one can tell. So
/// the store takes nothing after it, and is to be opened anew: then all that can be read is written to new files before
/// anything is added. The same is done whenever the last process has not closed the store. A snapshot that can't be synced
/// is thrown away before it has its name, and commits go on: they depend on the snapshot before and the journals, which
/// stay until there is a new one. When a write fails, the journal is cut back to the last whole line, and the store goes
/// on; with a full disk that is [`StoreError::Full`], and what was refused works once there is space.
///
/// A crash may leave in pieces what was not synced yet: by default, nobody was told that it is stored. The pieces are put
/// into `state.json.torn` when the store is opened; [`torn`](Self::torn) says so. To open a store that was not closed takes
/// as much space on the disk as its journal has.
///
/// # Snapshots
///
/// When the journal is longer than twice the snapshot, and than [4 MiB](Options::snapshot_threshold), a new snapshot is
/// written by a thread of its own, while commits go on. With the generation before, the files have less than seven
/// times the bytes of the live data. Old runs are forgotten then, if the options say which.
///
/// # One process at a time
///
/// The lock is one that the system gives back when its process ends, however that ends. A second process is told who
/// has it ([`StoreError::Locked`]), or [waits](Self::open_wait). [`open_read_only`](Self::open_read_only) and
/// [`verify`](Self::verify) need no lock, and may be called while another process writes.
///
/// Never remove or rename `state.json.lock` while the store is open: the next process makes a file of its own and locks
/// that, the first one does not notice, and what the two store is soon lost or damaged. It is never needed either, for a
/// lock does not outlive its process, whatever the file says. What is noticed is a file that goes while it is being locked:
/// a lock counts if its file has the name after that.
///
/// On network file systems locks and syncs are often not what they say: keep the store on a local disk.
///
/// # Backup
///
/// Close the store and copy `state.json` and `state.json.journal` together. While it is open, copy the journals first and
/// the snapshot last, and try the copy with [`verify`](Self::verify): if a new snapshot came in between, copy again. To
/// restore, close the store, put the copies back, and remove the other files but the lock.
///
/// # Damage
///
/// [`open`](Self::open) refuses files that are not as they were written, and says which line. [`verify`](Self::verify)
/// lists all that is wrong; [`repair`](Self::repair) mends it, from the generation before if that has everything, else with
/// a loss that the caller has chosen. Nothing is repaired by itself.
///
/// # Limits
///
/// All rows are in memory, some 700 bytes per run. Opening reads everything, some seconds per million runs. Text is at most
/// what a line of JSON in memory can be; nothing is compressed.
#[derive(Clone)]
pub struct FileStore(Arc<Inner>);

struct Inner {
    path: PathBuf,
    state: Shared,
    torn: Option<Torn>,
    /// `None` if it is open for reading only.
    writer: Option<Handle>,
}

impl FileStore {
    /// Opens the store at this path, and makes it if there is none.
    ///
    /// It blocks the thread while it reads everything, and clears up what a killed process has left.
    ///
    /// ```
    /// use godata_core::StoreError;
    /// use godata_store_file::FileStore;
    ///
    /// # fn main() -> Result<(), StoreError> {
    /// # let folder = tempfile::tempdir().map_err(StoreError::unavailable)?;
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
    /// * [`StoreError::Locked`] if another process has it open, or another handle in this one.
    /// * [`StoreError::Corrupt`] if a file is not as it was written, or is missing or empty while others are there.
    /// * [`StoreError::Invalid`] if the path is no file, belongs to another user, or has a newer format.
    /// * [`StoreError::Full`] or [`StoreError::Unavailable`] if a file can't be read or written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::options().open(path)
    }

    /// Opens the store, and waits for up to `limit` if another process has it: for programs that cron starts, of which one
    /// may run still.
    ///
    /// It blocks the thread while it waits.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_wait(path: impl AsRef<Path>, limit: Duration) -> Result<Self, StoreError> {
        Self::options().open_wait(path, limit)
    }

    /// Opens what is stored now to read it. Nothing is locked or written, and another process may be writing.
    ///
    /// The store stays as it was at that moment; to see more, open it again. What would change it is refused with
    /// [`StoreError::Invalid`].
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open) but for `Locked`; [`StoreError::Invalid`] if there is no store, and
    /// [`StoreError::Unavailable`] if it was changed whenever it was read.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::options().open_read_only(path)
    }

    /// Reads all files of a store, and says what is in them and what is damaged. Nothing is locked or written, and another
    /// process may be writing.
    ///
    /// ```
    /// use godata_core::StoreError;
    /// use godata_store_file::FileStore;
    ///
    /// # fn main() -> Result<(), StoreError> {
    /// # let folder = tempfile::tempdir().map_err(StoreError::unavailable)?;
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
    /// [`StoreError::Invalid`] if there is no store or it has a newer format, [`StoreError::Unavailable`] if a file can't be
    /// read, or was changed whenever it was. Damage is no error.
    pub fn verify(path: impl AsRef<Path>) -> Result<Verification, StoreError> {
        Self::options().verify(path)
    }

    /// Makes a store that can be opened of one that is damaged. The damaged files are copied first.
    ///
    /// If the generation before leads to the present, nothing is lost. Otherwise `loss` says what is given up; what can't
    /// be read in a snapshot is lost either way. A store that is sound is left as it is, and so is one whose repair is
    /// refused. A repair that is cut off, even by a power cut, is made again as if it was never begun, or the store opens
    /// and is repaired.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open); [`StoreError::Corrupt`] if something would have to be given up that `loss` does
    /// not allow.
    pub fn repair(path: impl AsRef<Path>, loss: Loss) -> Result<Repaired, StoreError> {
        Self::options().repair(path, loss)
    }

    /// How to open a store in another way than [`open`](Self::open) does.
    pub fn options() -> Options {
        Options::new()
    }

    pub(crate) fn open_with(options: Options, path: &Path, limit: Duration) -> Result<Self, StoreError> {
        let files = Files::find(&*options.vfs, path)?;
        files.check(&*options.vfs)?;
        let lock = acquire(&*options.vfs, &files.lock, options.mode, limit)?;
        let Opened { state, journal, snapshot_len, torn } = open(&options, &files)?;

        let path = files.snapshot.clone();
        let state = Arc::new(RwLock::new(state));
        let (requests, receiver) = channel();
        let channel = (requests.clone(), receiver);
        let writer = Writer::new(options, files, Arc::clone(&state), journal, snapshot_len, channel);
        let writer = Handle::spawn(requests, lock, move || writer.run())
            .map_err(failed("start the thread that writes", &path))?;
        Ok(Self(Arc::new(Inner { path, state, torn, writer: Some(writer) })))
    }

    pub(crate) fn open_read_only_with(options: &Options, path: &Path) -> Result<Self, StoreError> {
        let files = Files::find(&*options.vfs, path)?;
        let state = Arc::new(RwLock::new(read_only(&*options.vfs, &files)?));
        Ok(Self(Arc::new(Inner { path: files.snapshot, state, torn: None, writer: None })))
    }

    /// The snapshot's path, absolute and without links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The end of the journal that was cut off when this was opened, because a crash had left it in pieces.
    #[must_use]
    pub fn torn(&self) -> Option<&Torn> {
        self.0.torn.as_ref()
    }

    /// Writes a snapshot now, or waits for the one that is being written; commits go on meanwhile.
    ///
    /// # Errors
    ///
    /// Why there is none. What is stored is in the journal as before.
    pub async fn snapshot(&self) -> Result<(), StoreError> {
        self.ask(|answer| Request::Snapshot { answer }).await
    }

    /// Closes the store, for all its clones: what was asked for before is stored and synced, whatever the durability, and
    /// the lock is given back.
    ///
    /// Dropping the last clone does the same, blocks the thread meanwhile, and has nobody to tell of an error.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if what was not synced yet could not be, or the store was closed before.
    pub async fn close(&self) -> Result<(), StoreError> {
        // A store that is open for reading only has nothing to close.
        let Some(writer) = &self.0.writer else { return Ok(()) };
        let result = writer.ask(|answer| Request::Close { answer }).await;
        // To answer was the last thing that its thread did.
        writer.join();
        result
    }

    /// Asks the thread that writes, if there is one.
    pub(crate) async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, StoreError> {
        match &self.0.writer {
            Some(writer) => writer.ask(request).await,
            None => Err(Refusal::ReadOnly { path: self.0.path.clone() }.into()),
        }
    }

    pub(crate) fn state(&self) -> &Shared {
        &self.0.state
    }

    /// The rows, with all that anybody has asked for and did not wait for.
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
