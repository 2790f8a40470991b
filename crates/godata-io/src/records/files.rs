//! The files of a run.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use godata_core::RunId;

use super::groups::SEPARATOR;
use crate::output::{Filled, Listing, Place, Session, manifest_text, numbered, resolved, sync};
use crate::{IoError, OldContent, Output, OutputFile};

/// The files of a run. Finished files are closed, and the number of open ones is limited. All files are published
/// together. If it is dropped before that, what was there before is unchanged.
#[derive(Debug)]
pub(super) struct Files {
    output: Output,
    /// In the order in which they were started.
    all: Vec<Entry>,
    /// The files of each partition. An output without partitions has a single one, whose key is empty.
    series: HashMap<Box<str>, Series>,
    /// The final paths of the files, with all links resolved.
    places: HashSet<PathBuf>,
    /// The files that have a descriptor.
    open: Vec<usize>,
    /// Counts the uses of files.
    clock: u64,
    /// How many stored bytes were not reported yet.
    newly_stored: u64,
    manifest: Option<OutputFile>,
    manifest_place: Option<PathBuf>,
    session: Arc<Session>,
}

/// A file that was started.
#[derive(Debug)]
struct Entry {
    file: OutputFile,
    filled: Filled,
    /// The content before this run, until the first record comes.
    old: Option<OldContent>,
    stage: Stage,
    is_open: bool,
    /// The clock at the last use.
    used: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    /// The beginning of the file was written.
    Begun,
    Finished,
}

/// The rolled files of a partition.
#[derive(Debug, Default)]
struct Series {
    current: Option<usize>,
    files: u64,
}

/// The state in which a file gets its first record.
#[derive(Debug)]
pub(super) enum Beginning {
    Empty,
    Existing(OldContent),
}

impl Files {
    /// Starts the files that are known before the first record.
    pub(super) fn open(output: &Output, run: RunId) -> Result<Self, IoError> {
        let session = output.session(Some(run))?;
        let mut files = Self {
            output: output.clone(),
            all: Vec::new(),
            series: HashMap::new(),
            places: HashSet::new(),
            open: Vec::new(),
            clock: 0,
            newly_stored: 0,
            manifest: output.open_manifest(&session)?,
            manifest_place: output.manifest_place(),
            session,
        };
        match output.place() {
            Place::Path(_) | Place::Stdout => files.current("").map(drop)?,
            Place::Partitioned(_) => {}
        }
        Ok(files)
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The file for the next record of a partition; started if there is none.
    pub(super) fn current(&mut self, key: &str) -> Result<usize, IoError> {
        let series = self.series.entry(key.into()).or_default();
        if let Some(current) = series.current {
            return Ok(current);
        }
        series.files += 1;
        let (number, next) = (series.files, self.all.len());
        series.current = Some(next);
        self.begin(key, number)
    }

    /// The state in which a file is before its beginning is written; `None` if that was done.
    pub(super) fn beginning(&mut self, index: usize) -> Option<Beginning> {
        let entry = &mut self.all[index];
        if entry.stage != Stage::New {
            return None;
        }
        entry.stage = Stage::Begun;
        Some(entry.old.take().map_or(Beginning::Empty, Beginning::Existing))
    }

    /// Whether nothing was appended to an existing file.
    pub(super) fn is_unchanged(&self, index: usize) -> bool {
        let entry = &self.all[index];
        entry.stage == Stage::New && entry.old.is_some()
    }

    pub(super) fn is_finished(&self, index: usize) -> bool {
        self.all[index].stage == Stage::Finished
    }

    pub(super) fn path(&self, index: usize) -> PathBuf {
        self.all[index].file.path().to_owned()
    }

    pub(super) fn filled(&self, index: usize) -> Filled {
        self.all[index].filled
    }

    /// Writes bytes that contain `records` records.
    pub(super) fn write(&mut self, index: usize, bytes: &[u8], records: usize) -> Result<(), IoError> {
        self.use_file(index)?;
        let entry = &mut self.all[index];
        entry.filled.records += records as u64;
        entry.filled.bytes += bytes.len() as u64;
        let written = entry.file.write_all(bytes);
        self.newly_stored += entry.file.newly_stored();
        written
    }

    /// Finishes a file that has all its bytes.
    pub(super) fn finish(&mut self, index: usize) -> Result<(), IoError> {
        self.use_file(index)?;
        let entry = &mut self.all[index];
        entry.stage = Stage::Finished;
        entry.is_open = false;
        let mut finished = entry.file.finish();
        if finished.is_ok() && self.output.has_many_files() {
            finished = entry.file.suspend();
        }
        self.newly_stored += entry.file.newly_stored();
        self.open.retain(|&open| open != index);
        finished
    }

    /// Moves on to the next file of a partition.
    pub(super) fn next(&mut self, key: &str) {
        if let Some(series) = self.series.get_mut(key) {
            series.current = None;
        }
    }

    /// How many bytes were stored since the last call.
    pub(super) fn newly_stored(&mut self) -> u64 {
        std::mem::take(&mut self.newly_stored)
    }

    /// Writes the manifest, and checks what can be known before the first file is published. All files are finished.
    pub(super) fn prepare(&mut self) -> Result<(), IoError> {
        self.finish_manifest()?;
        self.check()
    }

    fn check(&self) -> Result<(), IoError> {
        self.all.iter().map(|entry| &entry.file).chain(&self.manifest).try_for_each(OutputFile::check)
    }

    /// Publishes all files, and the manifest last.
    pub(super) fn publish(mut self) -> Result<(), IoError> {
        // Another output may have been published since they were prepared.
        self.check()?;
        let manifest = self.manifest.take();
        let mut changed = self.session.folders.changed();
        for entry in self.all.drain(..) {
            changed.extend(entry.file.publish()?);
        }
        sync(&changed)?;
        self.session.folders.keep();
        match manifest.map(OutputFile::publish).transpose()?.flatten() {
            Some(folder) => sync(&BTreeSet::from([folder])),
            None => Ok(()),
        }
    }

    fn finish_manifest(&mut self) -> Result<(), IoError> {
        let Some(manifest) = &mut self.manifest else { return Ok(()) };
        let listing = |entry: &Entry| Listing {
            path: entry.file.path().to_owned(),
            records: entry.filled.records,
            bytes: entry.file.stored(),
        };
        let files: Vec<_> = self.all.iter().map(listing).collect();
        manifest.write_all(manifest_text(manifest.path(), &files).as_bytes())?;
        manifest.finish()
    }

    /// Starts the file with this number of a partition.
    fn begin(&mut self, key: &str, number: u64) -> Result<usize, IoError> {
        self.make_room()?;
        let file = match self.output.place() {
            Place::Stdout => self.output.open_stdout(&self.session)?,
            Place::Path(path) => {
                let path = if self.output.rolling().is_on() { numbered(path, number) } else { path.clone() };
                self.open_file(&path)?
            }
            Place::Partitioned(template) => {
                let path = template.path(key.split(SEPARATOR));
                let path = if self.output.rolling().is_on() { numbered(&path, number) } else { path };
                self.session.folders.make(path.parent().unwrap_or(&path))?;
                self.open_file(&path)?
            }
        };
        let old = file.old_content()?;
        let index = self.all.len();
        let (filled, stage) = (Filled::default(), Stage::New);
        self.all.push(Entry { file, filled, old, stage, is_open: true, used: self.clock });
        self.open.push(index);
        Ok(index)
    }

    /// Opens the file at a path, unless another file of the output, or its manifest, has the same path.
    fn open_file(&mut self, path: &Path) -> Result<OutputFile, IoError> {
        let place = resolved(path);
        if self.manifest_place.as_ref() == Some(&place) {
            return Err(self.output.refused("its manifest has the same path"));
        }
        if !self.places.insert(place) {
            return Err(IoError::SamePath { path: path.to_owned() });
        }
        self.output.open_file(path, &self.session)
    }

    /// Records that a file is used. It counts as open afterwards, and another file may be closed to make room for it.
    fn use_file(&mut self, index: usize) -> Result<(), IoError> {
        self.clock += 1;
        self.all[index].used = self.clock;
        if !self.all[index].is_open {
            self.make_room()?;
            self.all[index].is_open = true;
            self.open.push(index);
        }
        Ok(())
    }

    /// Closes the least recently used file if no more may be open.
    fn make_room(&mut self) -> Result<(), IoError> {
        while self.open.len() >= self.output.most_open_files() {
            let oldest = self.open.iter().enumerate().min_by_key(|&(_, &index)| self.all[index].used);
            let Some((position, &index)) = oldest else { break };
            self.open.swap_remove(position);
            let entry = &mut self.all[index];
            entry.is_open = false;
            entry.file.suspend()?;
            self.newly_stored += entry.file.newly_stored();
        }
        Ok(())
    }
}
