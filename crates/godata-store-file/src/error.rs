//! Why something went wrong, below the kinds of [`StoreError`].

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use godata_core::StoreError;

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("can't {action} {}", path.display())]
struct Failed {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// Makes the error of a file operation: [`StoreError::Full`] if that is why, else [`StoreError::Unavailable`].
pub(crate) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |source| {
        let is_full = is_full(&source);
        let failed = Failed { action, path: path.to_owned(), source };
        if is_full { StoreError::full(failed) } else { StoreError::unavailable(failed) }
    }
}

pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// Why a file is not opened, though nothing is wrong with what it holds.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{} is no path of a file", path.display())]
    NoFile { path: PathBuf },
    #[error("{} is not a file", path.display())]
    NotAFile { path: PathBuf },
    #[error("{} belongs to user {owner}, and this process runs as user {user}", path.display())]
    Foreign { path: PathBuf, owner: u32, user: u32 },
    #[error("{} is not there", path.display())]
    Missing { path: PathBuf },
    #[error("{} has format version {version}; this release reads versions up to {known}", path.display())]
    Version { path: PathBuf, version: u64, known: u64 },
    #[error("{} is open for reading only", path.display())]
    ReadOnly { path: PathBuf },
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        Self::invalid(refusal)
    }
}

/// A store could not be read as it was at one moment.
#[derive(Debug, thiserror::Error)]
#[error("{} was changed by its process whenever it was read", path.display())]
pub(crate) struct Changing {
    pub(crate) path: PathBuf,
}

impl From<Changing> for StoreError {
    fn from(changing: Changing) -> Self {
        Self::unavailable(changing)
    }
}

/// Why a store that is open takes nothing any more.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("it was closed")]
    Closed,
    #[error("{} could not be synced, so nobody knows what it holds; open the store anew", path.display())]
    Poisoned { path: PathBuf },
}

impl From<Stopped> for StoreError {
    fn from(stopped: Stopped) -> Self {
        Self::unavailable(stopped)
    }
}
