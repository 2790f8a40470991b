//! A file that is appended to.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::{Path, PathBuf};

use godata_core::debug_as_chain;

use super::locked::locked;
use super::{Session, folders, platform};
use crate::IoError;
use crate::identity::FileId;
use crate::in_use::Appending;

/// A file that is appended to, under a lock. If it is dropped before [`keep`](Self::keep), it is cut back to its old
/// length, or removed if it did not exist.
#[derive(Debug)]
pub(super) struct Appended {
    /// `None` while it is closed.
    file: Option<File>,
    path: PathBuf,
    id: FileId,
    /// The length before; `None` if the file did not exist.
    old_len: Option<u64>,
    /// How many bytes were appended.
    added: u64,
    is_kept: bool,
    _appending: Appending,
}

impl Appended {
    /// Opens the file at `target`, which is a regular file or does not exist. `path` is the output, for errors.
    pub(super) fn begin(path: &Path, target: PathBuf, session: &Session) -> Result<Self, IoError> {
        folders::check(folders::parent(&target), path)?;
        let create = |source| IoError::Create { path: path.to_owned(), source };
        let locked = locked(&target, || open(&target), |file, _| platform::try_lock(file));
        let Some((file, id, is_new)) = locked.map_err(create)? else {
            return Err(IoError::InUse { path: path.to_owned() });
        };
        let appending = session.append(&id, path)?;
        let len = file.metadata().map_err(create)?.len();
        // Something else may have written to the new file before it was locked.
        let old_len = if is_new && len == 0 { None } else { Some(len) };
        Ok(Self {
            file: Some(file),
            path: target,
            id,
            old_len,
            added: 0,
            is_kept: false,
            _appending: appending,
        })
    }

    /// How many bytes the file had before.
    pub(super) fn old_len(&self) -> u64 {
        self.old_len.unwrap_or_default()
    }

    /// Writes all of `bytes`, and counts what was written even if the rest fails.
    pub(super) fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.file()?.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.added += written as u64;
                    bytes = &bytes[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Closes the file until it is needed again. That releases its lock.
    pub(super) fn close(&mut self) {
        if let Some(file) = self.file.take() {
            // A process that another thread has just forked may still have the file open, and with it the lock.
            let _ = file.unlock();
        }
    }

    /// Flushes the file to the disk.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.file()?.sync_all()
    }

    /// Checks that what was appended is in the file that has the name.
    pub(super) fn check(&self) -> io::Result<()> {
        let is_there = FileId::named(&self.path).as_ref() == Some(&self.id);
        if is_there && fs::symlink_metadata(&self.path)?.len() >= self.len() {
            return Ok(());
        }
        Err(io::Error::other(Displaced))
    }

    /// Keeps what was appended. Returns the directory that has a new name in it, if the file is new.
    pub(super) fn keep(mut self) -> Option<PathBuf> {
        self.is_kept = true;
        self.old_len.is_none().then(|| folders::parent(&self.path).to_owned())
    }

    /// The length with what was appended.
    fn len(&self) -> u64 {
        self.old_len() + self.added
    }

    /// The file, opened again if it was closed.
    fn file(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.reopen()?,
        };
        Ok(self.file.insert(file))
    }

    /// Opens the file again. While it was closed, it was not locked.
    fn reopen(&self) -> io::Result<File> {
        let file = match platform::options().append(true).open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(io::Error::other(Displaced)),
            opened => opened?,
        };
        let is_same = FileId::of(&file, &self.path)? == self.id && file.metadata()?.len() == self.len();
        if is_same && platform::try_lock(&file)? { Ok(file) } else { Err(io::Error::other(Displaced)) }
    }

    fn undo(&mut self) -> io::Result<()> {
        let (len, old_len) = (self.len(), self.old_len);
        let file = self.file()?;
        // What something else has written after it must not be lost.
        if file.metadata()?.len() != len {
            return Ok(());
        }
        match old_len {
            Some(old_len) => file.set_len(old_len),
            None if FileId::named(&self.path).as_ref() == Some(&self.id) => fs::remove_file(&self.path),
            None => Ok(()),
        }
    }
}

impl Drop for Appended {
    fn drop(&mut self) {
        if !self.is_kept {
            // Nobody could handle an error here, and the run already reports why it failed.
            let _ = self.undo();
        }
        self.close();
    }
}

/// The file, and whether it was created.
fn open(path: &Path) -> io::Result<(File, bool)> {
    match platform::options().append(true).create_new(true).open(path) {
        Ok(file) => Ok((file, true)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok((platform::options().append(true).open(path)?, false))
        }
        Err(error) => Err(error),
    }
}

/// The file is not what it was, so what was appended may be lost.
#[derive(thiserror::Error)]
#[error(
    "it was removed, replaced, cut off or written to by something else since the run began to append to it"
)]
struct Displaced;

debug_as_chain!(Displaced);
