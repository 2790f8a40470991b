//! The file system of the machine.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};

use super::{Kind, Lock, Metadata, Vfs, VfsFile};

/// The mode of a new file until it gets the permissions of the file it replaces.
const PRIVATE: u32 = 0o600;

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealVfs;

#[derive(Debug)]
struct RealFile(File);

#[derive(Debug)]
struct RealLock(File);

impl Vfs for RealVfs {
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let metadata = fs::symlink_metadata(path)?;
        let kind = match metadata.file_type() {
            kind if kind.is_symlink() => Kind::Link,
            kind if kind.is_dir() => Kind::Directory,
            kind if kind.is_file() => Kind::File,
            _ => Kind::Other,
        };
        Ok(Metadata { kind, len: metadata.len(), owner: platform::owner(&metadata) })
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(path)?))
    }

    fn create(&self, path: &Path, like: &Path, mode: u32) -> io::Result<Box<dyn VfsFile>> {
        let create = |mode| platform::with_mode(mode).append(true).create_new(true).open(path);
        let file = match fs::symlink_metadata(like) {
            Ok(like) => {
                let file = create(PRIVATE)?;
                platform::copy_permissions(&file, &like)?;
                file
            }
            Err(error) if error.kind() == ErrorKind::NotFound => create(mode)?,
            Err(error) => return Err(error),
        };
        Ok(Box::new(RealFile(file)))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn VfsFile>> {
        Ok(Box::new(RealFile(OpenOptions::new().append(true).open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        platform::sync_dir(path)
    }

    fn try_lock(&self, path: &Path, mode: u32, holder: &[u8]) -> io::Result<Option<Box<dyn Lock>>> {
        let open = || platform::not_a_link(mode).read(true).write(true).create(true).open(path);
        let Some(mut file) = lock_file_at(path, open)? else { return Ok(None) };
        // Only the lock counts. The content is for error messages, so writing it may fail, on a full disk for example.
        drop(file.set_len(0).and_then(|()| file.write_all(holder)));
        Ok(Some(Box::new(RealLock(file))))
    }

    fn user(&self) -> Option<u32> {
        platform::user()
    }
}

/// How often a lock file that has lost its name is opened again before the lock counts as held.
const ATTEMPTS: usize = 100;

/// Locks the file at this path. The file may be removed or replaced between opening and locking it, and then its lock
/// protects nothing; so the lock counts only if the file still has its name. If that never succeeds, as on some network
/// file systems, the lock counts as held.
fn lock_file_at(path: &Path, mut open: impl FnMut() -> io::Result<File>) -> io::Result<Option<File>> {
    for _ in 0..ATTEMPTS {
        let file = open()?;
        match file.try_lock() {
            Ok(()) if platform::is_at(&file, path)? => return Ok(Some(file)),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

impl VfsFile for RealFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        // Of the metadata only the length matters, and `sync_data` syncs it too.
        self.0.sync_data()
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        platform::is_at(&self.0, path)
    }
}

impl Lock for RealLock {
    fn is_at(&self, path: &Path) -> io::Result<bool> {
        platform::is_at(&self.0, path)
    }
}

impl Drop for RealLock {
    /// Closing the file would release the lock too, but not while a process that another thread has just forked still has it
    /// open.
    fn drop(&mut self) {
        drop(self.0.unlock());
    }
}

#[cfg(unix)]
mod platform {
    use std::fs::{File, Metadata, OpenOptions, Permissions};
    use std::io;
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
    use std::path::Path;

    pub(super) fn owner(metadata: &Metadata) -> Option<u32> {
        Some(metadata.uid())
    }

    pub(super) fn user() -> Option<u32> {
        Some(rustix::process::geteuid().as_raw())
    }

    pub(super) fn with_mode(mode: u32) -> OpenOptions {
        let mut options = OpenOptions::new();
        options.mode(mode);
        options
    }

    /// As [`with_mode`], and fails if the path is a symbolic link. In a folder that others may write to, somebody may put one
    /// there at any moment.
    pub(super) fn not_a_link(mode: u32) -> OpenOptions {
        let mut options = with_mode(mode);
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        options
    }

    /// Gives a file the mode and group of another one. If this process may not assign the group, the group bits are removed,
    /// because they were meant for the other group.
    pub(super) fn copy_permissions(file: &File, like: &Metadata) -> io::Result<()> {
        let made = file.metadata()?;
        let has_group = made.gid() == like.gid() || fchown(file, None, Some(like.gid())).is_ok();
        let mode = like.mode() & if has_group { 0o777 } else { 0o707 };
        // Some file systems have one mode for all files and refuse to set it.
        if made.mode() & 0o777 == mode {
            return Ok(());
        }
        file.set_permissions(Permissions::from_mode(mode))
    }

    /// Whether this path still leads to this file.
    pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
        let id = |metadata: Metadata| (metadata.dev(), metadata.ino());
        match std::fs::metadata(path) {
            Ok(found) => Ok(id(found) == id(file.metadata()?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Syncs a directory.
    ///
    /// Some file systems, most of them on a network, can't do that and refuse with `EINVAL`, `ENOTSUP` or `ENOSYS`. That is
    /// not an error, as in godata-io: there is nothing more that could be done. Every other error is one.
    pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
        unless_unsupported(File::open(path)?.sync_all())
    }

    /// Turns the refusal of a file system that can't sync directories into success.
    fn unless_unsupported(synced: io::Result<()>) -> io::Result<()> {
        synced.or_else(|error| match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => Ok(()),
            _ => Err(error),
        })
    }

    #[cfg(all(test, target_os = "linux"))]
    mod tests {
        use super::*;

        #[test]
        fn a_file_system_that_cannot_sync_directories_is_no_error() {
            sync_dir(Path::new("/proc")).unwrap();
        }

        #[test]
        fn only_the_refusal_of_a_file_system_is_ignored() {
            for (errno, is_ignored) in
                [(22, true), (38, true), (95, true), (5, false), (28, false), (30, false), (9, false)]
            {
                let synced = unless_unsupported(Err(io::Error::from_raw_os_error(errno)));
                assert_eq!(synced.is_ok(), is_ignored, "error {errno}");
            }
        }
    }
}

/// On other systems, files have no owner and no mode, an open file keeps its name, and directories can't be synced, which is
/// left to the system.
#[cfg(not(unix))]
mod platform {
    use std::fs::{File, Metadata, OpenOptions};
    use std::io;
    use std::path::Path;

    pub(super) fn copy_permissions(_: &File, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn is_at(_: &File, _: &Path) -> io::Result<bool> {
        Ok(true)
    }

    pub(super) fn owner(_: &Metadata) -> Option<u32> {
        None
    }

    pub(super) fn user() -> Option<u32> {
        None
    }

    pub(super) fn with_mode(_: u32) -> OpenOptions {
        OpenOptions::new()
    }

    pub(super) fn not_a_link(mode: u32) -> OpenOptions {
        with_mode(mode)
    }

    pub(super) fn sync_dir(_: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_released_even_while_a_forked_process_has_its_file_open() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.json.lock");
        RealVfs.try_lock(&path, 0o600, b"").unwrap().unwrap();
        let file = File::open(&path).unwrap();
        file.try_lock().unwrap();
        let forked = file.try_clone().unwrap();
        drop(RealLock(file));
        assert!(RealVfs.try_lock(&path, 0o600, b"").unwrap().is_some());
        drop(forked);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_locked_and_its_target_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (path, target) = (dir.path().join("state.json.lock"), dir.path().join("target"));
        fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert!(RealVfs.try_lock(&path, 0o600, b"holder").is_err());
        assert_eq!(fs::read(&target).unwrap(), b"precious");
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_on_a_file_that_lost_its_name_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.json.lock");
        let create = || OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let mut others = Vec::new();
        let mut opened = 0;
        let lock = lock_file_at(&path, || {
            opened += 1;
            let file = create()?;
            match opened {
                // The file is removed before it is locked.
                1 => fs::remove_file(&path)?,
                // Another file has its name by then, and is not locked.
                2 => {
                    fs::remove_file(&path)?;
                    drop(create()?);
                }
                // Another file has its name by then, and is locked.
                3 => {
                    fs::remove_file(&path)?;
                    others.push(create()?);
                    others[0].try_lock()?;
                }
                _ => {}
            }
            Ok(file)
        });
        assert!(lock.unwrap().is_none(), "two handles have the lock");
        assert_eq!(opened, 4);
    }
}
