//! What the files of one run have in common.

use std::path::Path;

use godata_core::RunId;

use super::folders::Folders;
use super::temporaries::Temporaries;
use crate::IoError;
use crate::identity::FileId;
use crate::in_use;
use crate::in_use::{Appending, Open, Replacing};

/// What the files of one run have in common. A file that is opened without a run has a session of its own.
#[derive(Debug, Default)]
pub(crate) struct Session {
    run: Option<RunId>,
    _open: Option<Open>,
    /// They are dropped before the directories, which are empty only afterwards.
    pub(super) temporaries: Temporaries,
    pub(crate) folders: Folders,
}

impl Session {
    pub(super) fn of(run: Option<RunId>, temporaries: Temporaries) -> Self {
        Self { run, _open: run.map(Open::output), temporaries, folders: Folders::default() }
    }

    /// Notes that a file is appended to. It fails if the run reads the file, or if something else in this process appends
    /// to it. `path` is the output, for errors.
    pub(super) fn append(&self, id: &FileId, path: &Path) -> Result<Appending, IoError> {
        let Some(appending) = Appending::begin(self.run, id.clone()) else {
            return Err(IoError::InUse { path: path.to_owned() });
        };
        self.check_input(id, path)?;
        Ok(appending)
    }

    /// Checks that the run does not read a file.
    pub(super) fn check_input(&self, id: &FileId, path: &Path) -> Result<(), IoError> {
        match self.run {
            Some(run) if in_use::reads(run, id) => Err(IoError::OwnInput { path: path.to_owned() }),
            _ => Ok(()),
        }
    }

    /// Notes that the file at `target` is replaced. It fails if another output of the run, such as its dead letters, does so
    /// too. `path` is the output, for errors.
    pub(super) fn replace(&self, target: &Path, path: &Path) -> Result<Option<Replacing>, IoError> {
        let Some(run) = self.run else { return Ok(None) };
        let replacing =
            Replacing::begin(run, target).ok_or_else(|| IoError::SamePath { path: path.to_owned() });
        replacing.map(Some)
    }

    /// Checks that the run does not read the file at `target` because a pattern matches it or its directory is read. `path`
    /// is the output, for errors.
    pub(super) fn check_listing(&self, target: &Path, path: &Path) -> Result<(), IoError> {
        match self.run.and_then(|run| in_use::listing(run, target)) {
            Some(input) => Err(IoError::ListedInput { path: path.to_owned(), input: (*input).to_owned() }),
            None => Ok(()),
        }
    }
}
