//! What differs between Unix and other systems.

pub(super) use imp::{Directory, create, let_owner_write, set_permissions};

#[cfg(unix)]
mod imp {
    use std::fs::{File, Permissions};
    use std::io;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use tempfile::{Builder, NamedTempFile};

    /// Creates a temporary file with the permissions of the old file, or those of any new one.
    pub(in crate::output) fn create(
        builder: &mut Builder<'_, '_>,
        directory: &Path,
        old: Option<Permissions>,
    ) -> io::Result<NamedTempFile> {
        // Given at creation, the mode is never wider than it will be; the umask still takes from it.
        builder.permissions(old.clone().unwrap_or_else(|| Permissions::from_mode(0o666)));
        let file = builder.tempfile_in(directory)?;
        if let Some(old) = old {
            file.as_file().set_permissions(old)?;
        }
        Ok(file)
    }

    /// Lets the owner open the file again to write to it.
    pub(in crate::output) fn let_owner_write(file: &File) -> io::Result<()> {
        let mode = file.metadata()?.permissions().mode();
        file.set_permissions(Permissions::from_mode(mode | 0o200))
    }

    pub(in crate::output) fn set_permissions(file: &File, permissions: Permissions) -> io::Result<()> {
        file.set_permissions(permissions)
    }

    /// A directory whose entries can be made durable.
    #[derive(Debug)]
    pub(in crate::output) struct Directory(File);

    impl Directory {
        pub(in crate::output) fn open(path: &Path) -> io::Result<Self> {
            File::open(path).map(Self)
        }

        /// Makes the names in the directory durable. Some file systems (of networks, mostly) can't be asked
        /// to, and say so.
        pub(in crate::output) fn sync(&self) -> io::Result<()> {
            let synced = self.0.sync_all();
            synced.or_else(|error| match error.kind() {
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => Ok(()),
                _ => Err(error),
            })
        }
    }
}

#[cfg(not(unix))]
mod imp {
    use std::fs::{File, Permissions};
    use std::io;
    use std::path::Path;

    use tempfile::{Builder, NamedTempFile};

    /// Creates a temporary file with the permissions of any new one.
    pub(in crate::output) fn create(
        builder: &mut Builder<'_, '_>,
        directory: &Path,
        _: Option<Permissions>,
    ) -> io::Result<NamedTempFile> {
        builder.tempfile_in(directory)
    }

    /// Every temporary file can be opened again.
    pub(in crate::output) fn let_owner_write(_: &File) -> io::Result<()> {
        Ok(())
    }

    /// Permissions are those of any new file.
    pub(in crate::output) fn set_permissions(_: &File, _: Permissions) -> io::Result<()> {
        Ok(())
    }

    /// A directory; its entries are as durable as the system makes them.
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
