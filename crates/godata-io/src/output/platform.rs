//! What differs between Unix and other systems.

pub(crate) use imp::{Directory, create};

#[cfg(unix)]
mod imp {
    use std::{
        fs::{File, Permissions},
        io,
        os::unix::fs::PermissionsExt,
        path::Path,
    };

    use tempfile::{Builder, NamedTempFile};

    /// Creates a temporary file with the permissions of the old file, or those of any new one.
    pub(crate) fn create(
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

    /// A directory whose entries can be made durable.
    #[derive(Debug)]
    pub(crate) struct Directory(File);

    impl Directory {
        pub(crate) fn open(path: &Path) -> io::Result<Self> {
            File::open(path).map(Self)
        }

        /// Makes the names in the directory durable. Some file systems (of networks, mostly) can't be asked
        /// to, and say so.
        pub(crate) fn sync(&self) -> io::Result<()> {
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
    use std::{fs::Permissions, io, path::Path};

    use tempfile::{Builder, NamedTempFile};

    /// Creates a temporary file with the permissions of any new one.
    pub(crate) fn create(
        builder: &mut Builder<'_, '_>,
        directory: &Path,
        _: Option<Permissions>,
    ) -> io::Result<NamedTempFile> {
        builder.tempfile_in(directory)
    }

    /// A directory; its entries are as durable as the system makes them.
    #[derive(Debug)]
    pub(crate) struct Directory;

    impl Directory {
        pub(crate) fn open(_: &Path) -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) fn sync(&self) -> io::Result<()> {
            Ok(())
        }
    }
}
