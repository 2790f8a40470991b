//! The faults of a disk, and when they happen.

use std::io;

/// The kinds of calls that faults distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Opening, reading and listing.
    Read,
    /// Creating a file.
    Create,
    /// Writing to a file.
    Write,
    /// Truncating or extending a file.
    SetLen,
    /// Making a file durable.
    Sync,
    /// Making the names in a directory durable.
    SyncDir,
    /// Renaming a file.
    Rename,
    /// Removing a name.
    Remove,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// ENOSPC: the disk is full.
    Full,
    /// EIO: the disk is broken.
    Broken,
    /// EINTR: a signal came; the call succeeds when it is repeated.
    Interrupted,
    /// A write takes half of its bytes; other calls succeed.
    Short,
}

impl Trouble {
    /// What the call returns.
    pub(super) fn result(self) -> io::Result<()> {
        match self {
            Self::Full => Err(io::ErrorKind::StorageFull.into()),
            Self::Broken => Err(io::Error::other("input/output error")),
            Self::Interrupted => Err(io::ErrorKind::Interrupted.into()),
            Self::Short => Ok(()),
        }
    }
}

/// A fault of the disk: when it starts, and how calls fail.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    call: Option<Call>,
    after: u64,
    trouble: Trouble,
    lasts: bool,
    half: bool,
}

impl Fault {
    /// The call after `calls` others fails, once.
    #[must_use]
    pub fn after(calls: u64, trouble: Trouble) -> Self {
        Self { call: None, after: calls, trouble, lasts: false, half: trouble == Trouble::Short }
    }

    /// Only calls of this kind count and fail.
    #[must_use]
    pub fn of(self, call: Call) -> Self {
        Self { call: Some(call), ..self }
    }

    /// All calls from then on fail, until the disk [heals](super::Disk::heal).
    #[must_use]
    pub fn lasting(self) -> Self {
        Self { lasts: true, ..self }
    }

    /// A failing write writes the first half of its bytes anyway.
    #[must_use]
    pub fn half_done(self) -> Self {
        Self { half: true, ..self }
    }

    /// Counts a call, and returns how it fails.
    pub(super) fn strike(&mut self, call: Call) -> Option<Trouble> {
        if self.call.is_some_and(|only| only != call) {
            return None;
        }
        match self.after.checked_sub(1) {
            Some(left) => {
                self.after = left;
                None
            }
            None => {
                if !self.lasts {
                    self.after = u64::MAX;
                }
                Some(self.trouble)
            }
        }
    }

    /// How many bytes a failing write writes anyway.
    pub(super) fn written(&self, len: usize) -> usize {
        if self.half { len / 2 } else { 0 }
    }
}
