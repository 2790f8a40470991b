//! The state of a disk, and the effect of its calls.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::{Call, Event, Fault, FileId, Image, Trouble, killed};

/// Everything that happened to a disk, and its content before.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// The content at the start. Its files have the ids 0, 1, … in the order of their names.
    pub before: Image,
    /// The events, in order.
    pub events: Vec<Event>,
}

#[derive(Default)]
pub(super) struct Machine {
    pub(super) fault: Option<Fault>,
    pub(super) failures: u64,
    pub(super) calls: u64,
    pub(super) syncs_are_held: bool,
    pub(super) syncs_waiting: usize,
    recording: Recording,
    /// The files as processes see them.
    names: BTreeMap<PathBuf, FileId>,
    files: Vec<Vec<u8>>,
    /// Locks are not part of the recording: a crash releases them, and the content of their files is for people.
    locked: BTreeSet<PathBuf>,
    holders: BTreeMap<PathBuf, Vec<u8>>,
    process: u64,
}

impl Machine {
    pub(super) fn new(image: &Image) -> Self {
        Self {
            recording: Recording { before: image.clone(), events: Vec::new() },
            names: image.0.keys().cloned().zip((0..).map(FileId)).collect(),
            files: image.0.values().cloned().collect(),
            ..Self::default()
        }
    }

    pub(super) fn process(&self) -> u64 {
        self.process
    }

    pub(super) fn next_process(&mut self) -> u64 {
        self.locked.clear();
        self.process += 1;
        self.process
    }

    /// Whether a process may make a call, and how it fails.
    pub(super) fn strike(&mut self, process: u64, call: Call) -> io::Result<Option<Trouble>> {
        if process != self.process {
            return Err(killed());
        }
        self.calls += 1;
        let trouble = self.fault.as_mut().and_then(|fault| fault.strike(call));
        if let Some(trouble) = trouble {
            self.failures += 1;
            self.note(Event::Failed { call, trouble });
        }
        Ok(trouble)
    }

    pub(super) fn call(&mut self, process: u64, call: Call) -> io::Result<()> {
        self.strike(process, call)?.map_or(Ok(()), Trouble::result)
    }

    /// Writes at the end of a file, and returns how many bytes were written.
    pub(super) fn append(&mut self, process: u64, file: FileId, bytes: &[u8]) -> io::Result<usize> {
        let trouble = self.strike(process, Call::Write)?;
        let len = match (trouble, self.fault) {
            (Some(_), Some(fault)) => fault.written(bytes.len()),
            _ => bytes.len(),
        };
        let written = &bytes[..len];
        if len > 0 {
            let at = self.bytes(file).len();
            self.files[file.0].extend_from_slice(written);
            self.note(Event::Write { file, at, bytes: written.to_vec() });
        }
        trouble.map_or(Ok(()), Trouble::result)?;
        Ok(len)
    }

    pub(super) fn note(&mut self, event: Event) {
        self.recording.events.push(event);
    }

    pub(super) fn recording(&self) -> Recording {
        self.recording.clone()
    }

    pub(super) fn image(&self) -> Image {
        Image(self.names.iter().map(|(path, file)| (path.clone(), self.bytes(*file).to_vec())).collect())
    }

    pub(super) fn find(&self, path: &Path) -> io::Result<FileId> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn bytes(&self, file: FileId) -> &[u8] {
        &self.files[file.0]
    }

    pub(super) fn create(&mut self, path: &Path) -> io::Result<FileId> {
        if self.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = FileId(self.files.len());
        self.files.push(Vec::new());
        self.names.insert(path.to_owned(), file);
        self.note(Event::Create { path: path.to_owned(), file });
        Ok(file)
    }

    pub(super) fn set_len(&mut self, file: FileId, len: usize) {
        self.files[file.0].resize(len, 0);
        self.note(Event::SetLen { file, len });
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let file = self.find(from)?;
        self.names.remove(from);
        self.names.insert(to.to_owned(), file);
        self.note(Event::Rename { from: from.to_owned(), to: to.to_owned(), file });
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.find(path)?;
        self.names.remove(path);
        self.note(Event::Remove { path: path.to_owned() });
        Ok(())
    }

    pub(super) fn try_lock(&mut self, path: &Path, holder: &[u8]) -> bool {
        if self.locked.contains(path) {
            return false;
        }
        self.locked.insert(path.to_owned());
        self.holders.insert(path.to_owned(), holder.to_vec());
        true
    }

    pub(super) fn unlock(&mut self, path: &Path) {
        self.locked.remove(path);
    }

    pub(super) fn holder(&self, path: &Path) -> Option<&[u8]> {
        self.holders.get(path).map(Vec::as_slice)
    }
}

/// Overwrites bytes; a gap before them is filled with zeros.
pub(crate) fn overwrite(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}
