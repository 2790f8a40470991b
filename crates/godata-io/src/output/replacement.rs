//! A file that will replace another.

use std::ffi::OsString;
use std::fs;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use godata_core::debug_as_chain;
use tempfile::{NamedTempFile, TempPath};

use super::{Session, folders, platform};
use crate::IoError;
use crate::identity::FileId;
use crate::in_use::Replacing;

/// How many bytes of the target's name are used in the name of the temporary file. File systems allow 255.
const NAME_LEN: usize = 200;

/// How many symbolic links are followed in a row, as on Linux.
const MOST_LINKS: usize = 40;

/// A temporary file next to its target. It is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Replacement {
    /// `None` while it is closed.
    file: Option<File>,
    temporary: TempPath,
    id: FileId,
    target: PathBuf,
    /// The file that is replaced, whose permissions the new one gets.
    old: Option<Metadata>,
    /// Whether the owner may write to the temporary file, although the old file is read-only.
    is_writable: bool,
    _replacing: Option<Replacing>,
}

impl Replacement {
    /// Starts a replacement for the file at `target`, which is a regular file or does not exist. `path` is the output, for
    /// errors.
    pub(super) fn begin(path: &Path, target: PathBuf, session: &Session) -> Result<Self, IoError> {
        let create = |source| IoError::Create { path: path.to_owned(), source };
        let folder = folders::parent(&target);
        folders::check(folder, path)?;
        // Fail now rather than at the commit if the directory can't be opened, which flushing it needs.
        platform::Directory::open(folder).map_err(create)?;
        let old = replaceable(&target).map_err(create)?;
        if old.is_some() {
            session.check_listing(&target, path)?;
        }
        let replacing = session.replace(&target, path)?;
        let file = temporary_file(folder, &target, old.as_ref(), session).map_err(create)?;
        let (file, temporary) = file.into_parts();
        let id = FileId::of(&file, &temporary).map_err(create)?;
        Ok(Self { file: Some(file), temporary, id, target, old, is_writable: false, _replacing: replacing })
    }

    /// The file, positioned at its end; opened again if it was closed.
    pub(super) fn file(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.reopen()?,
        };
        Ok(self.file.insert(file))
    }

    fn reopen(&self) -> io::Result<File> {
        self.check_temporary()?;
        let file = platform::options().append(true).open(&self.temporary)?;
        if FileId::of(&file, &self.temporary)? == self.id { Ok(file) } else { Err(io::Error::other(Lost)) }
    }

    /// Closes the file until it is needed again.
    pub(super) fn close(&mut self) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            self.is_writable |= platform::let_owner_write(&file)?;
        }
        Ok(())
    }

    /// Flushes the finished file to the disk and closes it.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let (old, is_writable) = (self.old.clone(), self.is_writable);
        let file = self.file()?;
        if let Some(old) = old {
            if is_writable {
                platform::copy_permissions(file, &old)?;
            }
            platform::give_owner(file, &old);
        }
        file.sync_all()?;
        self.file = None;
        Ok(())
    }

    /// Checks everything that can be known about the replacement before it is made.
    pub(super) fn check(&self) -> io::Result<()> {
        platform::check_writable(folders::parent(&self.target))?;
        replaceable(&self.target)?;
        self.check_temporary()
    }

    fn check_temporary(&self) -> io::Result<()> {
        let is_there = FileId::named(&self.temporary).as_ref() == Some(&self.id);
        if is_there { Ok(()) } else { Err(io::Error::other(Lost)) }
    }

    /// Replaces the old file with this one. Returns their directory.
    pub(super) fn publish(self) -> io::Result<PathBuf> {
        self.temporary.persist(&self.target)?;
        Ok(folders::parent(&self.target).to_owned())
    }
}

/// The file that can be replaced at this path; `None` if there is none yet. An error means that nothing can be put there: the
/// name is too long, for example.
fn replaceable(target: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(target) {
        Ok(old) if old.is_file() => {
            platform::check_replaceable(target, &old)?;
            Ok(Some(old))
        }
        Ok(_) => Err(io::Error::other(NoFile)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The temporary file has another content, or none.
#[derive(thiserror::Error)]
#[error("its temporary file was removed or replaced")]
struct Lost;

debug_as_chain!(Lost);

/// There is a directory, a link or a device where the file should be.
#[derive(thiserror::Error)]
#[error("something other than a file is at this path now")]
struct NoFile;

debug_as_chain!(NoFile);

/// The file that is written for `path`: the one that symbolic links lead to.
pub(super) fn target_of(path: &Path) -> Result<PathBuf, IoError> {
    if path.file_name().is_none() || ends_in_separator(path) {
        return Err(IoError::NoFileName { path: path.to_owned() });
    }
    follow_links(path).map_err(|source| IoError::Create { path: path.to_owned(), source })
}

/// The path of the file that `path` leads to, with all links to files and directories resolved. An invalid path is
/// returned as it is: opening the file will report the error.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let target = follow_links(path).unwrap_or_else(|_| path.to_owned());
    match (fs::canonicalize(folders::parent(&target)), target.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => target,
    }
}

/// A new file next to `target`, with the permissions of the file that it will replace.
fn temporary_file(
    folder: &Path,
    target: &Path,
    old: Option<&Metadata>,
    session: &Session,
) -> io::Result<NamedTempFile> {
    let mut prefix = OsString::from(".");
    prefix.push(short_name(target));
    prefix.push(".");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    let create = |path: &Path| {
        session.temporaries.add(path);
        platform::create(path, old)
    };
    builder.make_in(folder, create).map_err(without_path)
}

/// `tempfile` adds the random name of its file to the error of the system, which means nothing to a user.
#[expect(clippy::needless_pass_by_value, reason = "it is passed to `map_err`")]
fn without_path(error: io::Error) -> io::Error {
    error.kind().into()
}

/// The directory of the file that is written for `path`, and its name as it is in the names of temporary files.
pub(super) fn place_of(path: &Path) -> Option<(PathBuf, OsString)> {
    let target = target_of(path).ok()?;
    Some((folders::parent(&target).to_owned(), short_name(&target)))
}

pub(super) fn short_name(target: &Path) -> OsString {
    let name = target.file_name().unwrap_or_default();
    if name.len() <= NAME_LEN {
        return name.to_owned();
    }
    name.to_string_lossy().chars().take(NAME_LEN / 4).collect::<String>().into()
}

/// The path at the end of a chain of symbolic links. There may be no file at it.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(_) if !platform::is_trusted_link(&path)? => {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, ForeignLink));
            }
            Ok(next) => path = path.parent().map_or_else(|| next.clone(), |parent| parent.join(&next)),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// A symbolic link that somebody may have planted is not followed.
#[derive(thiserror::Error)]
#[error("a symbolic link that another user made in a directory that all users may write to is not followed")]
struct ForeignLink;

debug_as_chain!(ForeignLink);

fn ends_in_separator(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().last().is_some_and(|&last| std::path::is_separator(last.into()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_replacement_of_a_read_only_file_can_be_closed_and_reopened() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("out");
        fs::write(&path, "old")?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440))?;
        let mode = |path: &Path| fs::metadata(path).map(|file| file.permissions().mode() & 0o777);

        let mut replacement =
            Replacement::begin(&path, path.clone(), &Session::default()).map_err(io::Error::other)?;
        replacement.file()?.write_all(b"n")?;
        assert_eq!(mode(&replacement.temporary)?, 0o440);
        replacement.close()?;
        assert_eq!(mode(&replacement.temporary)?, 0o640);
        replacement.file()?.write_all(b"ew")?;
        replacement.finish()?;
        assert_eq!(mode(&replacement.temporary)?, 0o440);
        replacement.publish()?;
        assert_eq!((fs::read(&path)?, mode(&path)?), (b"new".to_vec(), 0o440));
        Ok(())
    }
}
