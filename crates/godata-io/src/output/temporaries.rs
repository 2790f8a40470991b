//! The list of the temporary files of a run, for the case that the run is killed.
//!
//! The list is a file next to the output, `.orders.csv.1.tmp` for example. Its run holds a lock on it, and removes it at the
//! end. If a later run of the same output can take the lock, the run is dead: the later run removes the files in the list and
//! uses the list as its own. If it can't take the lock, it makes a list with the next number. So no directory is searched,
//! files are found in every directory of a partitioned output, and a file that is closed for a while needs no lock of its own.
//!
//! The list serves only to clean up. If there can be none, because the file system has no locks for example, the run works
//! without it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::fs::{File, TryLockError};
use std::io;
use std::io::{Read, Write};
use std::path;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::locked::locked;
use super::platform;
use crate::identity::FileId;

/// The first bytes of every list. The paths follow, each with a NUL byte after it.
const MAGIC: &[u8] = b"godata: temporary files of a run\0";

/// How many runs of one output can have a list at once.
const MOST_LISTS: u32 = 1000;

/// The temporary files of a run.
#[derive(Debug, Default)]
pub(super) struct Temporaries {
    /// The directory and the name of the output.
    output: Option<(PathBuf, OsString)>,
    /// Set for the first temporary file. It holds `None` if there can be no list.
    list: OnceLock<Option<List>>,
}

impl Temporaries {
    pub(super) fn of(output: Option<(PathBuf, OsString)>) -> Self {
        Self { output, list: OnceLock::new() }
    }

    /// Notes a temporary file that is about to be created.
    pub(super) fn add(&self, file: &Path) {
        let begin = || match self.begin(MOST_LISTS) {
            Found::Free(list) => Some(list),
            Found::Live | Found::Foreign => None,
        };
        if let Some(list) = self.list.get_or_init(begin) {
            list.add(file);
        }
    }

    /// Begins the list, unless another run of this output has one. Returns whether there is no such run.
    pub(super) fn begin_alone(&self) -> bool {
        match self.begin(1) {
            Found::Free(list) => self.list.set(Some(list)).is_ok(),
            Found::Live => false,
            Found::Foreign => true,
        }
    }

    /// Finds a free list among the first `lists`, and removes the files of dead runs.
    fn begin(&self, lists: u32) -> Found {
        let Some((folder, name)) = &self.output else { return Found::Foreign };
        let mut last = Found::Foreign;
        for number in 1..=lists {
            match List::open(folder, name, number) {
                Ok(Found::Free(list)) => return Found::Free(list),
                Ok(found) => last = found,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = Found::Foreign,
                Err(_) => return Found::Foreign,
            }
        }
        last
    }
}

/// What a list can be.
#[derive(Debug)]
enum Found {
    /// It is new, or its run is dead.
    Free(List),
    /// It belongs to another run, which is alive.
    Live,
    /// It is not a list of this user.
    Foreign,
}

/// The list of this run. It is removed when this is dropped, while it is still locked.
#[derive(Debug)]
struct List {
    file: File,
    path: PathBuf,
    /// Paths in it are relative to this directory.
    folder: PathBuf,
}

impl List {
    /// Opens and locks a list, and removes the files in it.
    fn open(folder: &Path, name: &OsStr, number: u32) -> io::Result<Found> {
        let folder = path::absolute(folder)?;
        let mut file_name = OsString::from(".");
        file_name.push(name);
        file_name.push(format!(".{number}.tmp"));
        let path = folder.join(file_name);
        let Some((file, ..)) = locked(&path, || open(&path), |file, is_new| lock(file, &path, is_new))?
        else {
            return Ok(Found::Live);
        };
        let Some(listed) = content(&file)? else { return Ok(Found::Foreign) };
        remove_all(&folder, &listed);
        let list = Self { file, path, folder };
        list.file.set_len(0)?;
        (&list.file).write_all(MAGIC)?;
        Ok(Found::Free(list))
    }

    fn add(&self, file: &Path) {
        let mut line = platform::to_bytes(file.strip_prefix(&self.folder).unwrap_or(file));
        line.push(0);
        // A file that is not in the list is not removed if the run is killed. The run itself can continue.
        let _ = (&self.file).write_all(&line);
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if FileId::of(&self.file, &self.path).is_ok_and(|id| FileId::named(&self.path) == Some(id)) {
            // Nobody could handle an error here. A later run takes the list over.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The file at the path of a list, and whether it is new. An error with the kind `AlreadyExists` means that something else is
/// there.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let mut options = platform::private();
    options.read(true).append(true);
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = options.create(true).open(path).map_err(|_| error)?;
            Ok((file, false))
        }
        created => Ok((created?, true)),
    }
}

/// Locks a list. If that fails, there are no locks here, and no lists.
fn lock(file: &File, path: &Path, is_new: bool) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => {
            if is_new {
                let _ = fs::remove_file(path);
            }
            Err(error)
        }
    }
}

/// The content of a list; `None` if the file is not a list of this user. A list is empty if its run was killed very early.
fn content(mut file: &File) -> io::Result<Option<Vec<u8>>> {
    if !platform::is_ours_alone(&file.metadata()?) {
        return Ok(None);
    }
    let mut magic = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut magic)?;
    if !MAGIC.starts_with(&magic) {
        return Ok(None);
    }
    let mut listed = Vec::new();
    file.read_to_end(&mut listed)?;
    Ok(Some(listed))
}

/// Removes the files in a list.
fn remove_all(folder: &Path, listed: &[u8]) {
    for path in listed.split(|&byte| byte == 0).map(platform::to_path) {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        // The last path may be cut off.
        if name.starts_with(b".") && name.ends_with(b".tmp") {
            // Most are gone: the run that was killed has published or removed them.
            let _ = fs::remove_file(folder.join(path));
        }
    }
}
