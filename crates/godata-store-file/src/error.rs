//! The causes below the kinds of [`StoreError`].

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use godata_core::{StoreError, debug_as_chain};

use crate::format::Fault;
use crate::vfs::Kind;

/// A file operation that failed.
#[derive(thiserror::Error)]
#[error("can't {action} {}", path.display())]
struct Failed {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// Makes the error of a file operation: [`StoreError::Full`] if the disk is full, else [`StoreError::Unavailable`].
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

/// Why a file is refused although its content is intact.
#[derive(thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{path:?} does not name a file; expected a path such as data/state.json")]
    NoFile { path: PathBuf },
    #[error("{} is {found}; expected a regular file", path.display())]
    NotAFile { path: PathBuf, found: Kind },
    #[error("{} is not a file of a store; give another path", path.display())]
    NotAStore { path: PathBuf },
    #[error(
        "{} belongs to user {owner}, and this process runs as user {user}; run it as the owner, or change the owner of \
         all files of the store",
        path.display()
    )]
    Foreign { path: PathBuf, owner: u32, user: u32 },
    #[error("{} does not exist; `FileStore::open` creates a store, but opening one for reading does not", path.display())]
    Missing { path: PathBuf },
    #[error(
        "{} has format version {version}, and this release reads versions up to {known}; use a newer release",
        path.display()
    )]
    Version { path: PathBuf, version: u64, known: u64 },
    #[error("{} is open for reading only; open it with `FileStore::open` to change it", path.display())]
    ReadOnly { path: PathBuf },
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        Self::invalid(refusal)
    }
}

/// A store could not be read as it was at one moment.
#[derive(thiserror::Error)]
#[error("{} changed during each attempt to read it; try again when its process writes less", path.display())]
pub(crate) struct Changing {
    pub(crate) path: PathBuf,
}

impl From<Changing> for StoreError {
    fn from(changing: Changing) -> Self {
        Self::unavailable(changing)
    }
}

/// Why an open store accepts no more changes.
#[derive(Clone, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("{} was closed by this process; open it again", path.display())]
    Closed { path: PathBuf },
    #[error(
        "a sync of {} failed, so it is unknown what the disk holds; close the store and open it again",
        path.display()
    )]
    Poisoned { path: PathBuf },
    #[error(
        "{} was removed, renamed or replaced while the store was open, so nothing more is stored; put the file back, or \
         close the store and open it again",
        path.display()
    )]
    Moved { path: PathBuf },
}

impl From<Stopped> for StoreError {
    fn from(stopped: Stopped) -> Self {
        Self::unavailable(stopped)
    }
}

/// What is wrong with a damaged line, and what to do about it.
pub(crate) struct Unsound {
    pub(crate) fault: Fault,
    pub(crate) hint: &'static str,
}

impl fmt::Display for Unsound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.fault, self.hint)
    }
}

impl Error for Unsound {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.fault.source()
    }
}

debug_as_chain!(Failed, Refusal, Changing, Stopped, Unsound);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::JournalId;
    use crate::lines::Damage;

    /// The kind's own text is that of [`StoreError`]; the rest of the chain is this crate's.
    #[track_caller]
    fn check(error: impl Into<StoreError>, expected: &str) {
        let error = error.into();
        assert_eq!(format!("{error:?}"), format!("{error}: {expected}"));
    }

    #[test]
    fn a_failed_file_operation_says_what_failed_on_which_file() {
        let path = Path::new("/data/state.json");
        check(
            failed("read", path)(ErrorKind::PermissionDenied.into()),
            "can't read /data/state.json: permission denied",
        );
        let full = failed("write", path)(ErrorKind::StorageFull.into());
        assert!(matches!(full, StoreError::Full { .. }));
        check(full, "can't write /data/state.json: no storage space");
    }

    #[test]
    fn each_refusal_says_what_was_expected_and_what_to_do() {
        let path = || PathBuf::from("/data/state.json");
        let refusals = [
            (
                Refusal::NoFile { path: "..".into() },
                r#"".." does not name a file; expected a path such as data/state.json"#,
            ),
            (
                Refusal::NotAFile { path: path(), found: Kind::Directory },
                "/data/state.json is a directory; expected a regular file",
            ),
            (
                Refusal::NotAFile { path: path(), found: Kind::Link },
                "/data/state.json is a symbolic link; expected a regular file",
            ),
            (
                Refusal::NotAStore { path: path() },
                "/data/state.json is not a file of a store; give another path",
            ),
            (
                Refusal::Foreign { path: path(), owner: 0, user: 1000 },
                "/data/state.json belongs to user 0, and this process runs as user 1000; run it as the owner, or change \
                 the owner of all files of the store",
            ),
            (
                Refusal::Missing { path: path() },
                "/data/state.json does not exist; `FileStore::open` creates a store, but opening one for reading does not",
            ),
            (
                Refusal::Version { path: path(), version: 2, known: 1 },
                "/data/state.json has format version 2, and this release reads versions up to 1; use a newer release",
            ),
            (
                Refusal::ReadOnly { path: path() },
                "/data/state.json is open for reading only; open it with `FileStore::open` to change it",
            ),
        ];
        for (refusal, expected) in refusals {
            assert_eq!(refusal.to_string(), format!("{refusal:?}"));
            check(refusal, expected);
        }
    }

    #[test]
    fn a_store_that_stopped_says_to_open_it_again() {
        let path = || PathBuf::from("/data/state.json");
        check(Stopped::Closed { path: path() }, "/data/state.json was closed by this process; open it again");
        check(
            Stopped::Poisoned { path: path() },
            "a sync of /data/state.json failed, so it is unknown what the disk holds; close the store and open it again",
        );
        check(
            Stopped::Moved { path: path() },
            "/data/state.json was removed, renamed or replaced while the store was open, so nothing more is stored; put \
             the file back, or close the store and open it again",
        );
        check(
            Changing { path: path() },
            "/data/state.json changed during each attempt to read it; try again when its process writes less",
        );
    }

    #[test]
    fn damage_says_where_it_is_what_is_wrong_and_what_to_do() {
        let json = serde_json::from_str::<u64>("x").unwrap_err();
        let id: JournalId = serde_json::from_str("\"5ffd\"").unwrap();
        let faults = [
            (Fault::Unsealed, "the line does not end with its checksum", ""),
            (Fault::Checksum, "the line does not match its checksum", ""),
            (
                Fault::Content(json),
                "the line has fields or values that do not belong there",
                ": expected value at line 1 column 1",
            ),
            (Fault::Number { expected: 3, found: 5 }, "the line has number 5, and number 3 was expected", ""),
            (
                Fault::TooLarge { number: 1 << 53 },
                "the line has number 9007199254740992, which is larger than the store ever writes",
                "",
            ),
            (Fault::Unfinished, "the file ends within a line", ""),
            (Fault::Empty, "the file is empty", ""),
            (Fault::TooShort, "lines are missing at the end of the file", ""),
            (Fault::Trailing, "there is a line after the end of the snapshot", ""),
            (Fault::Missing, "the file is missing, but other files of the store exist", ""),
            (Fault::NoJournal { id }, "the journal that belongs to it, 5ffd, is missing", ""),
        ];
        for (fault, what, why) in faults {
            let damage = Damage { path: "/data/state.json".into(), line: 2, offset: 70, fault };
            let place = "/data/state.json, line 2, byte 70";
            assert_eq!(damage.to_string(), place);
            assert_eq!(format!("{damage:?}"), format!("{place}: {what}{why}"));

            let error = damage.into_error("repair it");
            assert!(matches!(&error, StoreError::Corrupt { place: it, .. } if it == place));
            check(error, &format!("{what}; repair it{why}"));
        }
    }
}
