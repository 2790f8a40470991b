//! What differs between Unix and other systems.

pub(super) use imp::{Directory, create, let_owner_write, options, set_permissions, try_lock};

#[cfg(unix)]
mod imp {
    use std::fs::{File, OpenOptions, Permissions, TryLockError};
    use std::io;
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    use std::path::Path;

    use rustix::fs::OFlags;
    use rustix::io::Errno;
    use tempfile::{Builder, NamedTempFile};

    /// Options that don't follow a symbolic link at the end of a path. Links are followed before, by rules of our own, and
    /// one that appears in between leads somewhere else.
    pub(in crate::output) fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        options
    }

    /// Locks an open file until it is closed; `false` if something else has locked it. A file system without locks can't tell,
    /// so nothing else has locked a file there.
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

    /// Creates a temporary file with the permissions of the old file, or with those of any new file.
    pub(in crate::output) fn create(
        builder: &mut Builder<'_, '_>,
        directory: &Path,
        old: Option<Permissions>,
    ) -> io::Result<NamedTempFile> {
        // Set at creation, the mode is never wider than it will be. The umask still restricts it.
        builder.permissions(old.clone().unwrap_or_else(|| Permissions::from_mode(0o666)));
        let file = builder.tempfile_in(directory)?;
        if let Some(old) = old {
            file.as_file().set_permissions(old)?;
        }
        Ok(file)
    }

    /// Allows the owner to open the file again for writing.
    pub(in crate::output) fn let_owner_write(file: &File) -> io::Result<()> {
        let mode = file.metadata()?.permissions().mode();
        file.set_permissions(Permissions::from_mode(mode | 0o200))
    }

    pub(in crate::output) fn set_permissions(file: &File, permissions: Permissions) -> io::Result<()> {
        file.set_permissions(permissions)
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
    use std::fs::{File, OpenOptions, Permissions};
    use std::io;
    use std::path::Path;

    use tempfile::{Builder, NamedTempFile};

    pub(in crate::output) fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Locks nothing: a lock would keep others from reading the file.
    pub(in crate::output) fn try_lock(_: &File) -> io::Result<bool> {
        Ok(true)
    }

    /// Creates a temporary file with the permissions of any new file.
    pub(in crate::output) fn create(
        builder: &mut Builder<'_, '_>,
        directory: &Path,
        _: Option<Permissions>,
    ) -> io::Result<NamedTempFile> {
        builder.tempfile_in(directory)
    }

    /// Every temporary file can be opened again anyway.
    pub(in crate::output) fn let_owner_write(_: &File) -> io::Result<()> {
        Ok(())
    }

    /// Permissions stay those of any new file.
    pub(in crate::output) fn set_permissions(_: &File, _: Permissions) -> io::Result<()> {
        Ok(())
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
