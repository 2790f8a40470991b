//! A file that will replace another.

use std::ffi::OsString;
use std::fs;
use std::fs::{File, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use super::{folders, platform};
use crate::IoError;

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
    target: PathBuf,
    /// The permissions of the old file. A temporary file that was closed may have wider ones until it is finished.
    permissions: Option<Permissions>,
}

impl Replacement {
    /// Starts a replacement for the file at `path`, which is a regular file or does not exist.
    pub(super) fn begin(path: &Path) -> Result<Self, IoError> {
        let target = target_of(path)?;
        let create = |source| IoError::Create { path: path.to_owned(), source };
        let folder = folders::parent(&target);
        folders::check(folder, path)?;
        // Fail now rather than at the commit if the directory can't be opened, which flushing it needs.
        platform::Directory::open(folder).map_err(create)?;
        let permissions = fs::metadata(&target).ok().map(|old| old.permissions());
        let file = temporary_file(folder, &target, permissions.clone()).map_err(create)?;
        let (file, temporary) = file.into_parts();
        Ok(Self { file: Some(file), temporary, target, permissions })
    }

    /// The file, positioned at its end; opened again if it was closed.
    pub(super) fn file(&mut self) -> io::Result<&mut File> {
        reopened(&mut self.file, &self.temporary)
    }

    /// Closes the file until it is needed again.
    pub(super) fn close(&mut self) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        match &self.permissions {
            Some(permissions) if permissions.readonly() => platform::let_owner_write(&file),
            _ => Ok(()),
        }
    }

    /// Flushes the finished file to the disk and closes it.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let permissions = self.permissions.clone();
        let file = self.file()?;
        if let Some(permissions) = permissions {
            platform::set_permissions(file, permissions)?;
        }
        file.sync_all()?;
        self.file = None;
        Ok(())
    }

    /// Replaces the old file with this one. Returns their directory.
    pub(super) fn publish(self) -> io::Result<PathBuf> {
        self.temporary.persist(&self.target)?;
        Ok(folders::parent(&self.target).to_owned())
    }
}

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

/// The file, opened for appending if it is closed.
pub(super) fn reopened<'a>(file: &'a mut Option<File>, path: &Path) -> io::Result<&'a mut File> {
    let opened = match file.take() {
        Some(file) => file,
        None => File::options().append(true).open(path)?,
    };
    Ok(file.insert(opened))
}

/// A new file next to `target`, with the mode that `target` has or would get.
fn temporary_file(folder: &Path, target: &Path, old: Option<Permissions>) -> io::Result<NamedTempFile> {
    let mut prefix = OsString::from(".");
    prefix.push(short_name(target));
    prefix.push(".");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    platform::create(&mut builder, folder, old).map_err(without_path)
}

/// `tempfile` adds the random name of its file to the error of the system, which means nothing to a user.
#[expect(clippy::needless_pass_by_value, reason = "it is passed to `map_err`")]
fn without_path(error: io::Error) -> io::Error {
    error.kind().into()
}

fn short_name(target: &Path) -> OsString {
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
            Ok(next) => path = path.parent().map_or_else(|| next.clone(), |parent| parent.join(&next)),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

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
        fs::set_permissions(&path, Permissions::from_mode(0o440))?;
        let mode = |path: &Path| fs::metadata(path).map(|file| file.permissions().mode() & 0o777);

        let mut replacement = Replacement::begin(&path).map_err(io::Error::other)?;
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
