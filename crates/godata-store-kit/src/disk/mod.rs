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

/// A disk in memory with the page cache before it: it records what is done to it and when that becomes durable, and
/// fails on request.
///
/// A process sees all that was written. What a power cut leaves of it is for [`crashes`](crate::crash::crashes) to
/// say, from the [recording](Self::recording): a file's bytes are durable once the file is synced, and names once
/// their directory is. Until then each change may be there or not, whatever the order in which they were made.
///
/// Clones are the same disk for the same process. [`restart`](Self::restart) ends the process.
#[derive(Clone)]
pub struct Disk {
    shared: Arc<Shared>,
    /// Which process this is, of those that have used the disk one after the other.
    process: u64,
}

#[derive(Default)]
struct Shared {
    machine: Mutex<Machine>,
    /// Rings when a sync begins to wait, and when it may go on.
    syncs: Condvar,
}

impl Disk {
    /// A disk with these files, all of them durable.
    #[must_use]
    pub fn new(image: &Image) -> Self {
        let shared = Shared { machine: Mutex::new(Machine::new(image)), ..Shared::default() };
        Self { shared: Arc::new(shared), process: 0 }
    }

    /// The process is killed: its calls fail from now on, its locks are free, and what it has written is seen by the
    /// process whose disk is returned, durable or not.
    #[must_use]
    pub fn restart(&self) -> Self {
        let process = self.machine().next_process();
        self.note(Event::Restarted);
        self.shared.syncs.notify_all();
        Self { shared: Arc::clone(&self.shared), process }
    }

    /// From now on calls fail like this, and no longer as any fault said before.
    pub fn fail(&self, fault: Fault) {
        self.machine().fault = Some(fault);
    }

    /// Calls no longer fail.
    pub fn heal(&self) {
        self.machine().fault = None;
    }

    /// How many calls have failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.machine().failures
    }

    /// Syncs of files wait, until they are [let go](Self::release_syncs).
    pub fn hold_syncs(&self) {
        self.machine().syncs_are_held = true;
    }

    /// Returns once a sync waits.
    pub fn wait_for_a_sync(&self) {
        let mut machine = self.machine();
        while machine.syncs_waiting == 0 {
            machine = self.shared.syncs.wait(machine).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Syncs go on.
    pub fn release_syncs(&self) {
        self.machine().syncs_are_held = false;
        self.shared.syncs.notify_all();
    }

    /// Notes in the recording what is no change of the disk.
    pub fn note(&self, event: Event) {
        self.machine().note(event);
    }

    /// What was done to the disk so far.
    #[must_use]
    pub fn recording(&self) -> Recording {
        self.machine().recording()
    }

    /// What is there if everything becomes durable.
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

/// What a process does.
impl Disk {
    /// Finds a file.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`], if there is none; else a [`Fault`]'s, as in all that follows.
    pub fn open(&self, path: &Path) -> io::Result<FileId> {
        self.call(Call::Read)?.find(path)
    }

    /// Makes an empty file.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`].
    pub fn create(&self, path: &Path) -> io::Result<FileId> {
        self.call(Call::Create)?.create(path)
    }

    /// All that is in a file.
    ///
    /// # Errors
    ///
    /// A fault's.
    pub fn read(&self, file: FileId) -> io::Result<Vec<u8>> {
        Ok(self.call(Call::Read)?.bytes(file).to_vec())
    }

    /// Reads from byte `at` on, and says how many bytes it has read; 0 at the end of the file.
    ///
    /// # Errors
    ///
    /// A fault's.
    pub fn read_at(&self, file: FileId, at: usize, into: &mut [u8]) -> io::Result<usize> {
        let machine = self.call(Call::Read)?;
        let rest = machine.bytes(file).get(at..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    /// How long a file is.
    ///
    /// # Errors
    ///
    /// A fault's.
    pub fn len(&self, file: FileId) -> io::Result<usize> {
        Ok(self.call(Call::Read)?.bytes(file).len())
    }

    /// Writes at the end of a file, and says how many of the bytes.
    ///
    /// # Errors
    ///
    /// A fault's, after which nothing was written, or [half](Fault::half_done).
    pub fn append(&self, file: FileId, bytes: &[u8]) -> io::Result<usize> {
        self.machine().append(self.process, file, bytes)
    }

    /// Cuts a file, or extends it with zeros.
    ///
    /// # Errors
    ///
    /// A fault's.
    pub fn set_len(&self, file: FileId, len: usize) -> io::Result<()> {
        self.call(Call::SetLen)?.set_len(file, len);
        Ok(())
    }

    /// Makes what is in a file durable.
    ///
    /// # Errors
    ///
    /// A fault's, after which what was not durable by then never is.
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

    /// Gives a file another name, in place of the file that has it.
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
    /// A fault's.
    pub fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.call(Call::SyncDir)?.note(Event::DirSynced { dir: dir.to_owned() });
        Ok(())
    }

    /// Takes a lock for this process, until it gives it back or ends; says whether nobody else had it.
    ///
    /// # Errors
    ///
    /// A fault's.
    pub fn try_lock(&self, path: &Path, holder: &[u8]) -> io::Result<bool> {
        Ok(self.call(Call::Read)?.try_lock(path, holder))
    }

    /// Gives a lock back; nothing, if this process has ended, as its locks have with it.
    pub fn unlock(&self, path: &Path) {
        let mut machine = self.machine();
        if machine.process() == self.process {
            machine.unlock(path);
        }
    }

    /// Who took a lock last.
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
