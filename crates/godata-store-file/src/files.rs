//! The files of a store, and checks that they may be used.

use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use godata_core::StoreError;

use crate::error::{Refusal, Stopped, failed};
use crate::format::is_sealed;
use crate::lines::Lines;
use crate::options::Options;
use crate::vfs::{Kind, Lock, Metadata, Vfs, write_all};

/// The paths of a store's files, all in one directory. Only the snapshot, the journal and the lock always exist.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) dir: PathBuf,
    /// The snapshot.
    pub(crate) snapshot: PathBuf,
    /// The commits since the snapshot.
    pub(crate) journal: PathBuf,
    /// Held while the store is open.
    pub(crate) lock: PathBuf,
    /// The commits since the snapshot that is being written started.
    pub(crate) journal_next: PathBuf,
    /// A journal that will replace another one.
    pub(crate) journal_new: PathBuf,
    /// The snapshot that is being written.
    pub(crate) snapshot_tmp: PathBuf,
    /// The previous generation.
    pub(crate) snapshot_old: PathBuf,
    pub(crate) journal_old: PathBuf,
    /// The incomplete end of a journal.
    pub(crate) torn: PathBuf,
}

impl Files {
    /// The files of the store at `path`. A symbolic link is followed, so that its target is replaced and not the link.
    pub(crate) fn find(vfs: &dyn Vfs, path: &Path) -> Result<Self, StoreError> {
        let name = path.file_name().ok_or_else(|| Refusal::NoFile { path: path.to_owned() })?;
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let dir = vfs.canonicalize(parent).map_err(failed("find the directory", parent))?;
        let snapshot = dir.join(name);
        match metadata(vfs, &snapshot)? {
            Some(Metadata { kind: Kind::Link, .. }) => {
                let target = vfs.canonicalize(&snapshot).map_err(failed("follow the link", &snapshot))?;
                Self::at(&target)
            }
            _ => Self::at(&snapshot),
        }
    }

    fn at(snapshot: &Path) -> Result<Self, StoreError> {
        let Some(dir) = snapshot.parent() else {
            return Err(Refusal::NoFile { path: snapshot.to_owned() }.into());
        };
        let with = |suffix: &str| {
            let mut path = snapshot.as_os_str().to_owned();
            path.push(suffix);
            PathBuf::from(path)
        };
        Ok(Self {
            dir: dir.to_owned(),
            snapshot: snapshot.to_owned(),
            journal: with(".journal"),
            lock: with(".lock"),
            journal_next: with(".journal.next"),
            journal_new: with(".journal.new"),
            snapshot_tmp: with(".tmp"),
            snapshot_old: with(".old"),
            journal_old: with(".journal.old"),
            torn: with(".torn"),
        })
    }

    /// All paths where a journal may be.
    pub(crate) fn journals(&self) -> [&Path; 4] {
        [&self.journal, &self.journal_next, &self.journal_new, &self.journal_old]
    }

    fn all(&self) -> [&Path; 9] {
        [
            &self.snapshot,
            &self.journal,
            &self.lock,
            &self.journal_next,
            &self.journal_new,
            &self.snapshot_tmp,
            &self.snapshot_old,
            &self.journal_old,
            &self.torn,
        ]
    }

    /// Refuses anything but regular files; reading a pipe, for example, would block.
    pub(crate) fn check_kinds(&self, vfs: &dyn Vfs) -> Result<(), StoreError> {
        for path in self.all() {
            match metadata(vfs, path)? {
                None | Some(Metadata { kind: Kind::File, .. }) => {}
                Some(Metadata { kind: found, .. }) => {
                    return Err(Refusal::NotAFile { path: path.to_owned(), found }.into());
                }
            }
        }
        Ok(())
    }

    /// Refuses anything but regular files that belong to the user of this process.
    pub(crate) fn check(&self, vfs: &dyn Vfs) -> Result<(), StoreError> {
        self.check_kinds(vfs)?;
        for path in self.all() {
            let Some(Metadata { owner, .. }) = metadata(vfs, path)? else { continue };
            if let (Some(owner), Some(user)) = (owner, vfs.user())
                && owner != user
            {
                return Err(Refusal::Foreign { path: path.to_owned(), owner, user }.into());
            }
        }
        Ok(())
    }

    /// Fails if the lock file was moved: another process may have locked a new one by now.
    pub(crate) fn check_lock(&self, lock: &dyn Lock) -> Result<(), StoreError> {
        match lock.is_at(&self.lock).map_err(failed("find", &self.lock))? {
            true => Ok(()),
            false => Err(Stopped::Moved { path: self.lock.clone() }.into()),
        }
    }

    /// Refuses files in which no line has the checksum of a line that a store has written. They may be anything, and a repair
    /// would replace them.
    ///
    /// It needs no lock. It ignores a file that can't be read, which the next reader reports.
    pub(crate) fn check_content(&self, vfs: &dyn Vfs) -> Result<(), StoreError> {
        let mut foreign = None;
        for path in [&self.snapshot, &self.journal, &self.journal_next, &self.snapshot_old, &self.journal_old]
        {
            match exists(vfs, path)? {
                true if has_line(vfs, path).unwrap_or(true) => return Ok(()),
                true => foreign = foreign.or(Some(path)),
                false => {}
            }
        }
        match foreign {
            Some(path) => Err(Refusal::NotAStore { path: path.clone() }.into()),
            None => Ok(()),
        }
    }

    /// Whether there is no store yet: neither generation has a file.
    pub(crate) fn are_new(&self, vfs: &dyn Vfs) -> Result<bool, StoreError> {
        for path in [&self.snapshot, &self.journal, &self.snapshot_old, &self.journal_old] {
            if exists(vfs, path)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether a file has a line that a store has written.
fn has_line(vfs: &dyn Vfs, path: &Path) -> Result<bool, StoreError> {
    let mut lines = Lines::open(vfs, path)?;
    while let Some(line) = lines.next()? {
        if line.is_ok_and(is_sealed) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The metadata of a path; `None` if nothing is there.
pub(crate) fn metadata(vfs: &dyn Vfs, path: &Path) -> Result<Option<Metadata>, StoreError> {
    absent_is_none(vfs.metadata(path)).map_err(failed("get the metadata of", path))
}

pub(crate) fn exists(vfs: &dyn Vfs, path: &Path) -> Result<bool, StoreError> {
    Ok(metadata(vfs, path)?.is_some())
}

/// Removes a file if it exists.
pub(crate) fn remove(vfs: &dyn Vfs, path: &Path) -> Result<(), StoreError> {
    absent_is_none(vfs.remove(path)).map(drop).map_err(failed("remove", path))
}

pub(crate) fn rename(vfs: &dyn Vfs, from: &Path, to: &Path) -> Result<(), StoreError> {
    vfs.rename(from, to).map_err(failed("rename", from))
}

pub(crate) fn sync_dir(vfs: &dyn Vfs, dir: &Path) -> Result<(), StoreError> {
    vfs.sync_dir(dir).map_err(failed("sync the directory", dir))
}

fn absent_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Copies up to `len` bytes, starting at `offset`, to a new file with the same permissions, and syncs it. Returns how many
/// bytes were copied.
pub(crate) fn copy(
    options: &Options,
    from: &Path,
    offset: u64,
    len: u64,
    to: &Path,
) -> Result<u64, StoreError> {
    let mut reader = options.vfs.read(from).map_err(failed("read", from))?;
    io::copy(&mut reader.by_ref().take(offset), &mut io::sink()).map_err(failed("read", from))?;
    let mut reader = reader.take(len);
    let mut file = options.vfs.create(to, from, options.mode).map_err(failed("create", to))?;
    let (mut buffer, mut copied) = (vec![0; 256 << 10], 0);
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                let bytes = buffer.get(..read).unwrap_or_default();
                write_all(&mut *file, bytes).map_err(failed("write", to))?;
                copied += read as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failed("read", from)(error)),
        }
    }
    file.sync().map_err(failed("sync", to))?;
    Ok(copied)
}

/// An unused path for the copy of a damaged file.
pub(crate) fn aside(vfs: &dyn Vfs, path: &Path) -> Result<PathBuf, StoreError> {
    let mut number = 1_u64;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged-{number}"));
        let name = PathBuf::from(name);
        if metadata(vfs, &name)?.is_none() {
            return Ok(name);
        }
        number += 1;
    }
}
