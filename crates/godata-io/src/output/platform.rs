//! What differs between Unix and other systems.

pub(super) use imp::{
    Directory, check_replaceable, check_writable, copy_permissions, create, give_owner, is_ours_alone,
    is_trusted_link, let_owner_write, options, private, to_bytes, to_path, try_lock,
};

#[cfg(unix)]
mod imp {
    use std::ffi::OsStr;
    use std::fs;
    use std::fs::{File, Metadata, OpenOptions, Permissions, TryLockError};
    use std::io;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
    use std::path::{Path, PathBuf};

    use rustix::fs::{Access, AtFlags, CWD, OFlags, accessat};
    use rustix::io::Errno;
    use rustix::process::geteuid;

    use crate::output::folders;

    /// The mode of a new file until it gets the permissions of the file it replaces.
    const PRIVATE: u32 = 0o600;

    /// All users may write to it.
    const WORLD_WRITABLE: u32 = 0o002;

    /// Only the owner of a file in it, or of the directory, may remove or replace the file.
    const STICKY: u32 = 0o1000;

    /// Options that don't follow a symbolic link at the end of a path. Links are followed before, by rules of our own, and
    /// one that appears in between leads somewhere else.
    pub(in crate::output) fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        options
    }

    /// The same, for a new file that only this user may read.
    pub(in crate::output) fn private() -> OpenOptions {
        let mut options = options();
        options.mode(PRIVATE);
        options
    }

    /// Whether a file belongs to this user and has a single name.
    pub(in crate::output) fn is_ours_alone(file: &Metadata) -> bool {
        file.is_file() && file.uid() == geteuid().as_raw() && file.nlink() == 1
    }

    pub(in crate::output) fn to_bytes(path: &Path) -> Vec<u8> {
        path.as_os_str().as_bytes().to_vec()
    }

    pub(in crate::output) fn to_path(bytes: &[u8]) -> PathBuf {
        OsStr::from_bytes(bytes).into()
    }

    /// Locks an open file until it is closed; `false` if something else has locked it. On a file system without locks, the
    /// answer is always `true`.
    pub(in crate::output) fn try_lock(file: &File) -> io::Result<bool> {
        match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) if has_no_locks(&error) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn has_no_locks(error: &io::Error) -> bool {
        matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
            || error.raw_os_error() == Some(Errno::NOLCK.raw_os_error())
    }

    /// Creates a file with the permissions of the file that it will replace, or with those of any new file.
    pub(in crate::output) fn create(path: &Path, old: Option<&Metadata>) -> io::Result<File> {
        let Some(old) = old else { return options().append(true).create_new(true).open(path) };
        let file = private().append(true).create_new(true).open(path)?;
        copy_permissions(&file, old)?;
        Ok(file)
    }

    /// Gives a file the mode and the group of another one. If this process may not assign the group, the rights of the group
    /// are removed, because they were meant for another group. The set-user-id, set-group-id and sticky bits are not copied.
    pub(in crate::output) fn copy_permissions(file: &File, old: &Metadata) -> io::Result<()> {
        let made = file.metadata()?;
        let has_group = made.gid() == old.gid() || fchown(file, None, Some(old.gid())).is_ok();
        let mode = old.mode() & if has_group { 0o777 } else { 0o707 };
        // Some file systems have one mode for all files and refuse to set it.
        if made.mode() & 0o7777 == mode {
            return Ok(());
        }
        file.set_permissions(Permissions::from_mode(mode))
    }

    /// Gives a file the owner of another one, if this process may do that. Call it last: this process may not change the file
    /// afterwards.
    pub(in crate::output) fn give_owner(file: &File, old: &Metadata) {
        if old.uid() != geteuid().as_raw() {
            let _ = fchown(file, Some(old.uid()), None);
        }
    }

    /// Whether a symbolic link may be followed. In a directory that all users may write to, it must belong to this user or to
    /// the owner of the directory. This is what Linux checks in sticky directories if `fs.protected_symlinks` is on.
    pub(in crate::output) fn is_trusted_link(path: &Path) -> io::Result<bool> {
        let folder = fs::metadata(folders::parent(path))?;
        let owner = fs::symlink_metadata(path)?.uid();
        Ok(folder.mode() & WORLD_WRITABLE == 0 || owner == geteuid().as_raw() || owner == folder.uid())
    }

    /// Checks that nothing protects a file from being replaced: its attributes, a mount, or the sticky bit of its directory.
    pub(in crate::output) fn check_replaceable(path: &Path, old: &Metadata) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        check_attributes(path)?;
        let me = geteuid();
        if me.is_root() || old.uid() == me.as_raw() {
            return Ok(());
        }
        let folder = fs::metadata(folders::parent(path))?;
        if folder.mode() & STICKY == 0 || folder.uid() == me.as_raw() {
            return Ok(());
        }
        Err(Errno::PERM.into())
    }

    #[cfg(target_os = "linux")]
    fn check_attributes(path: &Path) -> io::Result<()> {
        use rustix::fs::{StatxAttributes, StatxFlags, statx};

        let Ok(file) = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::TYPE) else { return Ok(()) };
        if file.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, MountPoint));
        }
        if file.stx_attributes.intersects(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND) {
            return Err(Errno::PERM.into());
        }
        Ok(())
    }

    /// A single file that is mounted, into a container for example, can't be replaced.
    #[cfg(target_os = "linux")]
    #[derive(thiserror::Error)]
    #[error("it is a mount point, which can't be replaced; mount its directory, or append to it")]
    struct MountPoint;

    #[cfg(target_os = "linux")]
    godata_core::debug_as_chain!(MountPoint);

    /// Checks that the names in a directory can be changed.
    pub(in crate::output) fn check_writable(folder: &Path) -> io::Result<()> {
        match accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS) {
            Err(error @ (Errno::ACCESS | Errno::ROFS | Errno::PERM | Errno::NOENT)) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Allows the owner to open the file again for writing. Returns whether that was necessary.
    pub(in crate::output) fn let_owner_write(file: &File) -> io::Result<bool> {
        let mode = file.metadata()?.mode() & 0o777;
        if mode & 0o200 == 0 {
            file.set_permissions(Permissions::from_mode(mode | 0o200))?;
        }
        Ok(mode & 0o200 == 0)
    }

    /// A directory whose entries can be flushed to the disk.
    #[derive(Debug)]
    pub(in crate::output) struct Directory(File);

    impl Directory {
        pub(in crate::output) fn open(path: &Path) -> io::Result<Self> {
            File::open(path).map(Self)
        }

        /// Flushes the names in the directory to the disk.
        ///
        /// Some file systems, most of them on a network, can't do that and refuse with `EINVAL`, `ENOTSUP` or `ENOSYS`.
        /// That is not an error: there is nothing more that could be done. Every other error is one.
        pub(in crate::output) fn sync(&self) -> io::Result<()> {
            unless_unsupported(self.0.sync_all())
        }
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
        fn only_the_refusal_of_a_file_system_is_ignored() {
            let sync = |errno| unless_unsupported(Err(io::Error::from_raw_os_error(errno)));
            let refusals = [22, 38, 95];
            for errno in refusals {
                assert!(sync(errno).is_ok(), "error {errno}");
            }
            // The disk failed, is full, over its quota or read-only; access was denied; the descriptor is wrong.
            let failures = [5, 28, 122, 30, 13, 1, 9, 4];
            for errno in failures {
                assert_eq!(sync(errno).unwrap_err().raw_os_error(), Some(errno));
            }
        }
    }
}

#[cfg(not(unix))]
mod imp {
    use std::fs::{File, Metadata, OpenOptions};
    use std::io;
    use std::path::{Path, PathBuf};

    pub(in crate::output) fn options() -> OpenOptions {
        OpenOptions::new()
    }

    pub(in crate::output) fn private() -> OpenOptions {
        OpenOptions::new()
    }

    pub(in crate::output) fn is_ours_alone(file: &Metadata) -> bool {
        file.is_file()
    }

    /// Names that are not Unicode are not found again.
    pub(in crate::output) fn to_bytes(path: &Path) -> Vec<u8> {
        path.to_string_lossy().into_owned().into_bytes()
    }

    pub(in crate::output) fn to_path(bytes: &[u8]) -> PathBuf {
        String::from_utf8_lossy(bytes).into_owned().into()
    }

    /// Locks nothing: a lock would keep others from reading the file.
    pub(in crate::output) fn try_lock(_: &File) -> io::Result<bool> {
        Ok(true)
    }

    /// Creates a file with the permissions of any new file.
    pub(in crate::output) fn create(path: &Path, _: Option<&Metadata>) -> io::Result<File> {
        options().append(true).create_new(true).open(path)
    }

    /// Permissions stay those of any new file.
    pub(in crate::output) fn copy_permissions(_: &File, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    pub(in crate::output) fn give_owner(_: &File, _: &Metadata) {}

    pub(in crate::output) fn is_trusted_link(_: &Path) -> io::Result<bool> {
        Ok(true)
    }

    pub(in crate::output) fn check_replaceable(_: &Path, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    pub(in crate::output) fn check_writable(_: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Every temporary file can be opened again anyway.
    pub(in crate::output) fn let_owner_write(_: &File) -> io::Result<bool> {
        Ok(false)
    }

    /// A directory. Its entries are as durable as the system makes them.
    #[derive(Debug)]
    pub(in crate::output) struct Directory;

    impl Directory {
        pub(in crate::output) fn open(_: &Path) -> io::Result<Self> {
            Ok(Self)
        }

        pub(in crate::output) fn sync(&self) -> io::Result<()> {
            Ok(())
        }
    }
}
