//! What was done to a disk.

use std::path::PathBuf;

use super::{Call, Trouble};

/// A file, whatever it is called: what an inode number is on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(super) usize);

impl FileId {
    pub(crate) fn numbered(number: usize) -> Self {
        Self(number)
    }
}

/// One thing that was done to a disk, or that a test noted meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An empty file was made.
    Create {
        /// Its name.
        path: PathBuf,
        /// The file.
        file: FileId,
    },
    /// A file was given another name, and lost the one it had. A file of that name lost it.
    Rename {
        /// The name that it had.
        from: PathBuf,
        /// The name that it has.
        to: PathBuf,
        /// The file.
        file: FileId,
    },
    /// A name was removed.
    Remove {
        /// The name.
        path: PathBuf,
    },
    /// Bytes were written.
    Write {
        /// To which file.
        file: FileId,
        /// From which byte on.
        at: usize,
        /// What.
        bytes: Vec<u8>,
    },
    /// A file was cut, or extended with zeros.
    SetLen {
        /// Which file.
        file: FileId,
        /// How long it is now.
        len: usize,
    },
    /// A file's bytes and length became durable.
    Synced {
        /// Which file.
        file: FileId,
    },
    /// A file's bytes did not become durable, and no later sync writes them: the system has dropped them, or takes
    /// them for written (Rebello et al., USENIX ATC 2020).
    SyncFailed {
        /// Which file.
        file: FileId,
    },
    /// The names in a directory became durable.
    DirSynced {
        /// Which directory.
        dir: PathBuf,
    },
    /// The process ended, and the next one uses the disk.
    Restarted,
    /// A call failed, as a test has asked for.
    Failed {
        /// The call.
        call: Call,
        /// How it failed.
        trouble: Trouble,
    },
    /// The store was asked for a commit: the one with this number in the [`Ledger`](crate::Ledger).
    Begun(usize),
    /// The store has acknowledged it.
    Acknowledged(usize),
}

impl Event {
    /// Whether the disk is not the same as before.
    #[must_use]
    pub fn is_of_the_disk(&self) -> bool {
        !matches!(self, Self::Restarted | Self::Failed { .. } | Self::Begun(_) | Self::Acknowledged(_))
    }
}
