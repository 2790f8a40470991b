//! A disk in memory.

mod event;
mod fault;
mod image;
pub(crate) mod machine;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

pub use event::{Event, FileId};
pub use fault::{Call, Fault, Trouble};
pub use image::Image;
use machine::Machine;
pub use machine::Recording;

/// A disk in memory with a page cache. It records each change and when it becomes durable, and fails on request.
///
/// A process sees everything that was written. [`crashes`](crate::crash::crashes) finds from the [recording](Self::recording)
/// what a power cut may leave: a file's bytes are durable once the file is synced, and names once their directory is. Until
/// then each change may survive or not, whatever the order in which they were made.
///
/// Clones are the same disk for the same process. [`restart`](Self::restart) ends the process.
#[derive(Clone)]
pub struct Disk {
    shared: Arc<Shared>,
    /// The number of this process among those that used the disk one after the other.
    process: u64,
}

#[derive(Default)]
struct Shared {
    machine: Mutex<Machine>,
    /// Notified when a sync starts to wait, and when it may continue.
    syncs: Condvar,
}

impl Disk {
    /// A disk with these files, all durable.
    #[must_use]
    pub fn new(image: &Image) -> Self {
        let shared = Shared { machine: Mutex::new(Machine::new(image)), ..Shared::default() };
        Self { shared: Arc::new(shared), process: 0 }
    }

    /// Kills the process: its calls fail from now on, and its locks are released. The returned disk is for the next process,
    /// which sees everything that was written, durable or not.
    #[must_use]
    pub fn restart(&self) -> Self {
        let process = self.machine().next_process();
        self.note(Event::Restarted);
        self.shared.syncs.notify_all();
        Self { shared: Arc::clone(&self.shared), process }
    }

    /// Makes calls fail like this from now on, replacing any earlier fault.
    pub fn fail(&self, fault: Fault) {
        self.machine().fault = Some(fault);
    }

    /// Ends the fault: calls no longer fail.
    pub fn heal(&self) {
        self.machine().fault = None;
    }

    /// How many calls have failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.machine().failures
    }

    /// Makes syncs of files wait until [`release_syncs`](Self::release_syncs).
    pub fn hold_syncs(&self) {
        self.machine().syncs_are_held = true;
    }

    /// Blocks until a sync waits.
    pub fn wait_for_a_sync(&self) {
        let mut machine = self.machine();
        while machine.syncs_waiting == 0 {
            machine = self.shared.syncs.wait(machine).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets syncs continue.
    pub fn release_syncs(&self) {
        self.machine().syncs_are_held = false;
        self.shared.syncs.notify_all();
    }

    /// Adds a note to the recording that does not change the disk.
    pub fn note(&self, event: Event) {
        self.machine().note(event);
    }

    /// The recording so far.
    #[must_use]
    pub fn recording(&self) -> Recording {
        self.machine().recording()
    }

    /// The content of the disk if everything becomes durable.
    #[must_use]
    pub fn image(&self) -> Image {
        self.machine().image()
    }

    /// How many calls there were.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.machine().calls
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.shared.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disk, for a call that this process may make and that does not fail.
    fn call(&self, call: Call) -> io::Result<MutexGuard<'_, Machine>> {
        let mut machine = self.machine();
        machine.call(self.process, call)?;
        Ok(machine)
    }
}

/// The calls of a process.
impl Disk {
    /// Finds a file.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`] if it does not exist; otherwise that of a [`Fault`], as for all calls below.
    pub fn open(&self, path: &Path) -> io::Result<FileId> {
        self.call(Call::Read)?.find(path)
    }

    /// Whether this path leads to this file. It neither counts as a call nor fails.
    #[must_use]
    pub fn is_at(&self, file: FileId, path: &Path) -> bool {
        self.machine().find(path).is_ok_and(|found| found == file)
    }

    /// Creates an empty file.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`].
    pub fn create(&self, path: &Path) -> io::Result<FileId> {
        self.call(Call::Create)?.create(path)
    }

    /// The content of a file.
    ///
    /// # Errors
    ///
    /// That of a fault.
    pub fn read(&self, file: FileId) -> io::Result<Vec<u8>> {
        Ok(self.call(Call::Read)?.bytes(file).to_vec())
    }

    /// Reads from byte `at` on, and returns how many bytes were read; 0 at the end of the file.
    ///
    /// # Errors
    ///
    /// That of a fault.
    pub fn read_at(&self, file: FileId, at: usize, into: &mut [u8]) -> io::Result<usize> {
        let machine = self.call(Call::Read)?;
        let rest = machine.bytes(file).get(at..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    /// The length of a file.
    ///
    /// # Errors
    ///
    /// That of a fault.
    pub fn len(&self, file: FileId) -> io::Result<usize> {
        Ok(self.call(Call::Read)?.bytes(file).len())
    }

    /// Writes at the end of a file, and returns how many bytes were written.
    ///
    /// # Errors
    ///
    /// That of a fault; then nothing was written, or [half](Fault::half_done).
    pub fn append(&self, file: FileId, bytes: &[u8]) -> io::Result<usize> {
        self.machine().append(self.process, file, bytes)
    }

    /// Truncates a file, or extends it with zeros.
    ///
    /// # Errors
    ///
    /// That of a fault.
    pub fn set_len(&self, file: FileId, len: usize) -> io::Result<()> {
        self.call(Call::SetLen)?.set_len(file, len);
        Ok(())
    }

    /// Makes the content of a file durable.
    ///
    /// # Errors
    ///
    /// That of a fault; then the unsynced changes never become durable.
    pub fn sync(&self, file: FileId) -> io::Result<()> {
        let mut machine = self.machine();
        machine.syncs_waiting += 1;
        self.shared.syncs.notify_all();
        while machine.syncs_are_held && machine.process() == self.process {
            machine = self.shared.syncs.wait(machine).unwrap_or_else(PoisonError::into_inner);
        }
        machine.syncs_waiting -= 1;
        if machine.process() != self.process {
            return Err(killed());
        }
        let result = machine.call(self.process, Call::Sync);
        machine.note(match result {
            Ok(()) => Event::Synced { file },
            Err(_) => Event::SyncFailed { file },
        });
        result
    }

    /// Renames a file, replacing any file of the new name.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`].
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(Call::Rename)?.rename(from, to)
    }

    /// Removes a name.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`].
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(Call::Remove)?.remove(path)
    }

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    ///
    /// That of a fault.
    pub fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.call(Call::SyncDir)?.note(Event::DirSynced { dir: dir.to_owned() });
        Ok(())
    }

    /// Takes a lock for this process until it releases it or ends. Returns whether the lock was free.
    ///
    /// # Errors
    ///
    /// That of a fault.
    pub fn try_lock(&self, path: &Path, holder: &[u8]) -> io::Result<bool> {
        Ok(self.call(Call::Read)?.try_lock(path, holder))
    }

    /// Releases a lock. If this process has ended, its locks are released already.
    pub fn unlock(&self, path: &Path) {
        let mut machine = self.machine();
        if machine.process() == self.process {
            machine.unlock(path);
        }
    }

    /// The last holder of a lock.
    #[must_use]
    pub fn holder(&self, path: &Path) -> Option<Vec<u8>> {
        self.machine().holder(path).map(<[u8]>::to_vec)
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Disk").field(&self.image()).finish()
    }
}

fn killed() -> io::Error {
    io::Error::other("the process was killed")
}
