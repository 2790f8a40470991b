//! The files that a run writes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::groups::SEPARATOR;
use crate::output::{Filled, Folders, Listing, Place, manifest_text, numbered, resolved, sync};
use crate::{IoError, OldContent, Output, OutputFile};

/// The files that a run writes. No more of them are open at once than the output says; those that are whole are
/// closed, and all take their places together. Dropped before that, it leaves what was there before.
#[derive(Debug)]
pub(super) struct Files {
    output: Output,
    /// In the order in which they were begun.
    all: Vec<Begun>,
    /// The files of each partition; of an output without partitions there is one, without name.
    series: HashMap<Box<str>, Series>,
    /// Where they will be, whatever links lead there.
    places: HashSet<PathBuf>,
    /// Those that have a descriptor.
    open: Vec<usize>,
    /// Counts the uses of files.
    clock: u64,
    /// How many bytes were stored that nobody was told of.
    newly_stored: u64,
    manifest: Option<OutputFile>,
    folders: Arc<Folders>,
}

/// A file that was begun.
#[derive(Debug)]
struct Begun {
    file: OutputFile,
    filled: Filled,
    /// What was there before, until the first record comes.
    old: Option<OldContent>,
    stage: Stage,
    is_open: bool,
    /// The time of the last use.
    used: u64,
}

/// How far a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    /// What it begins with was written.
    Begun,
    Finished,
}

/// Files that are written one after the other.
#[derive(Debug, Default)]
struct Series {
    current: Option<usize>,
    files: u64,
}

/// What a file is to begin with.
#[derive(Debug)]
pub(super) enum Beginning {
    OfNew,
    /// It has something already.
    OfOld(OldContent),
}

impl Files {
    /// Begins those that are known.
    pub(super) fn open(output: &Output) -> Result<Self, IoError> {
        let folders = Arc::default();
        output.prepare(&folders)?;
        let mut files = Self {
            output: output.clone(),
            all: Vec::new(),
            series: HashMap::new(),
            places: HashSet::new(),
            open: Vec::new(),
            clock: 0,
            newly_stored: 0,
            manifest: output.open_manifest(&folders)?,
            folders,
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

    /// The file that takes the next record of a partition; begun if there is none.
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

    /// What is to be written to a file before the first record; `None` if that was done.
    pub(super) fn beginning(&mut self, index: usize) -> Option<Beginning> {
        let begun = &mut self.all[index];
        if begun.stage != Stage::New {
            return None;
        }
        begun.stage = Stage::Begun;
        Some(begun.old.take().map_or(Beginning::OfNew, Beginning::OfOld))
    }

    /// Whether a file is still as it was found: nothing is to be added to what it has.
    pub(super) fn is_as_before(&self, index: usize) -> bool {
        let begun = &self.all[index];
        begun.stage == Stage::New && begun.old.is_some()
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

    /// Writes some bytes with so many records in them.
    pub(super) fn write(&mut self, index: usize, bytes: &[u8], records: usize) -> Result<(), IoError> {
        self.use_file(index)?;
        let begun = &mut self.all[index];
        begun.filled.records += records as u64;
        begun.filled.bytes += bytes.len() as u64;
        let written = begun.file.write_all(bytes);
        self.newly_stored += begun.file.newly_stored();
        written
    }

    /// Ends a file that got all its bytes.
    pub(super) fn finish(&mut self, index: usize) -> Result<(), IoError> {
        self.use_file(index)?;
        let begun = &mut self.all[index];
        begun.stage = Stage::Finished;
        begun.is_open = false;
        let finished = begun.file.finish();
        self.newly_stored += begun.file.newly_stored();
        self.open.retain(|&open| open != index);
        finished
    }

    /// Ends the file of a partition; the next record gets another.
    pub(super) fn next(&mut self, key: &str) {
        if let Some(series) = self.series.get_mut(key) {
            series.current = None;
        }
    }

    /// How many bytes were stored since this was last asked.
    pub(super) fn newly_stored(&mut self) -> u64 {
        std::mem::take(&mut self.newly_stored)
    }

    /// Puts all files, which are finished, in their places, and the list of them last.
    pub(super) fn publish(mut self) -> Result<(), IoError> {
        let manifest = self.finish_manifest()?;
        let mut changed = self.folders.changed();
        for begun in self.all.drain(..) {
            changed.extend(begun.file.publish()?);
        }
        sync(&changed)?;
        self.folders.keep();
        match manifest.map(OutputFile::publish).transpose()?.flatten() {
            Some(folder) => sync(&BTreeSet::from([folder])),
            None => Ok(()),
        }
    }

    fn finish_manifest(&mut self) -> Result<Option<OutputFile>, IoError> {
        let Some(mut manifest) = self.manifest.take() else { return Ok(None) };
        let listing = |begun: &Begun| Listing {
            path: begun.file.path().to_owned(),
            records: begun.filled.records,
            bytes: begun.file.stored(),
        };
        let files: Vec<_> = self.all.iter().map(listing).collect();
        manifest.write_all(manifest_text(manifest.path(), &files).as_bytes())?;
        manifest.finish()?;
        Ok(Some(manifest))
    }

    /// Begins the file with this number of a partition.
    fn begin(&mut self, key: &str, number: u64) -> Result<usize, IoError> {
        self.make_room()?;
        let file = match self.output.place() {
            Place::Stdout => self.output.open_stdout(&self.folders)?,
            Place::Path(path) => {
                let path = if self.output.rolling().is_on() { numbered(path, number) } else { path.clone() };
                self.open_file(&path)?
            }
            Place::Partitioned(template) => {
                let path = template.path(key.split(SEPARATOR));
                let path = if self.output.rolling().is_on() { numbered(&path, number) } else { path };
                self.folders.make(path.parent().unwrap_or(&path))?;
                self.open_file(&path)?
            }
        };
        let old = file.old_content()?;
        let index = self.all.len();
        let (filled, stage) = (Filled::default(), Stage::New);
        self.all.push(Begun { file, filled, old, stage, is_open: true, used: self.clock });
        self.open.push(index);
        Ok(index)
    }

    /// Begins the file at a path, if no other is to be in its place.
    fn open_file(&mut self, path: &Path) -> Result<OutputFile, IoError> {
        if !self.places.insert(resolved(path)) {
            return Err(IoError::SamePath { path: path.to_owned() });
        }
        self.output.open_file(path, &self.folders)
    }

    /// Notes that a file is used, which may have to be opened for it.
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

    /// Closes the file that was not used for longest, if no more may be open.
    fn make_room(&mut self) -> Result<(), IoError> {
        while self.open.len() >= self.output.most_open_files() {
            let oldest = self.open.iter().enumerate().min_by_key(|&(_, &index)| self.all[index].used);
            let Some((position, &index)) = oldest else { break };
            self.open.swap_remove(position);
            let begun = &mut self.all[index];
            begun.is_open = false;
            begun.file.suspend()?;
            self.newly_stored += begun.file.newly_stored();
        }
        Ok(())
    }
}
