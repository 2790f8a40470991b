//! The snapshot: a JSON array with one object per line.

use std::path::Path;

use godata_core::{PipelineRecord, RunRecord, StoreError};

use crate::error::{Refusal, failed};
use crate::files::Files;
use crate::format::{
    Change, End, Fault, JournalId, SnapshotHeader, SnapshotLine, VERSION, check_number, read_object,
    write_object,
};
use crate::lines::{Damage, Lines};
use crate::options::Options;
use crate::state::State;
use crate::vfs::{Vfs, VfsFile, write_all};

/// How many bytes are written at once.
const WRITE_BYTES: usize = 256 << 10;
/// How many bytes are written between two syncs, so that the journal's syncs don't wait long for those of a snapshot.
const SYNC_BYTES: u64 = 8 << 20;

/// A snapshot that is being written.
pub(crate) struct SnapshotWriter<'a> {
    path: &'a Path,
    file: Box<dyn VfsFile>,
    buffer: Vec<u8>,
    next: u64,
    rows: End,
    len: u64,
    synced: u64,
}

impl<'a> SnapshotWriter<'a> {
    /// Starts a snapshot of all changes through number `through`; `journal` has the changes after it.
    pub(crate) fn begin(
        options: &Options,
        files: &'a Files,
        through: u64,
        journal: &JournalId,
    ) -> Result<Self, StoreError> {
        let path = &files.snapshot_tmp;
        let file = options.vfs.create(path, &files.snapshot, options.mode).map_err(failed("create", path))?;
        let mut writer =
            Self { path, file, buffer: b"[".to_vec(), next: 1, rows: End::default(), len: 0, synced: 0 };
        let header = SnapshotHeader { n: 0, version: VERSION, through, journal: journal.clone() };
        write_object(&mut writer.buffer, &header).map_err(StoreError::invalid)?;
        Ok(writer)
    }

    pub(crate) fn pipeline(&mut self, pipeline: &PipelineRecord) -> Result<(), StoreError> {
        self.rows.pipelines += 1;
        self.line(Some(pipeline), None, None)
    }

    pub(crate) fn run(&mut self, run: &RunRecord) -> Result<(), StoreError> {
        self.rows.runs += 1;
        self.line(None, Some(run), None)
    }

    /// Ends the snapshot, syncs it, and returns its length.
    pub(crate) fn finish(mut self) -> Result<u64, StoreError> {
        let end = self.rows;
        self.line(None, None, Some(end))?;
        self.buffer.extend(b"]\n");
        self.flush()?;
        self.file.sync().map_err(failed("sync", self.path))?;
        Ok(self.len)
    }

    fn line(
        &mut self,
        pipeline: Option<&PipelineRecord>,
        run: Option<&RunRecord>,
        end: Option<End>,
    ) -> Result<(), StoreError> {
        self.buffer.extend(b",\n");
        let line = SnapshotLine { n: self.next, pipeline, run, end };
        self.next += 1;
        write_object(&mut self.buffer, &line).map_err(StoreError::invalid)?;
        if self.buffer.len() >= WRITE_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        write_all(&mut *self.file, &self.buffer).map_err(failed("write", self.path))?;
        self.len += self.buffer.len() as u64;
        self.buffer.clear();
        if self.len - self.synced >= SYNC_BYTES {
            self.file.sync().map_err(failed("sync", self.path))?;
            self.synced = self.len;
        }
        Ok(())
    }
}

/// Writes a snapshot of a state that does not change meanwhile.
pub(crate) fn write(
    options: &Options,
    files: &Files,
    state: &State,
    journal: &JournalId,
) -> Result<u64, StoreError> {
    let mut writer = SnapshotWriter::begin(options, files, state.number, journal)?;
    for pipeline in state.tables.pipelines() {
        writer.pipeline(pipeline)?;
    }
    for run in state.tables.runs_after(None) {
        writer.run(run)?;
    }
    writer.finish()
}

/// The content of a snapshot, as far as it is not damaged.
pub(crate) struct Snapshot {
    pub(crate) state: State,
    /// The journal that has the changes after it; `None` if the header can't be read.
    pub(crate) journal: Option<JournalId>,
    pub(crate) len: u64,
    pub(crate) damage: Vec<Damage>,
}

impl Snapshot {
    /// The result for a file that does not exist.
    pub(crate) fn missing(path: &Path) -> Self {
        let damage = Damage { path: path.to_owned(), line: 1, offset: 0, fault: Fault::Missing };
        Self { state: State::default(), journal: None, len: 0, damage: vec![damage] }
    }
}

/// Reads a snapshot.
pub(crate) fn read(vfs: &dyn Vfs, path: &Path) -> Result<Snapshot, StoreError> {
    let mut lines = Lines::open(vfs, path)?;
    let mut snapshot = Snapshot { state: State::default(), journal: None, len: 0, damage: Vec::new() };
    match lines.next()? {
        None => {
            snapshot.damage.push(lines.damage(Fault::Empty));
            return Ok(snapshot);
        }
        Some(line) => match line.and_then(read_header) {
            Ok(header) if header.version > VERSION => {
                let (path, version) = (path.to_owned(), header.version);
                return Err(Refusal::Version { path, version, known: VERSION }.into());
            }
            Ok(header) => {
                snapshot.state.number = header.through;
                snapshot.journal = Some(header.journal);
            }
            Err(fault) => snapshot.damage.push(lines.damage(fault)),
        },
    }
    read_rows(&mut lines, &mut snapshot)?;
    snapshot.len = lines.end();
    Ok(snapshot)
}

fn read_rows(lines: &mut Lines, snapshot: &mut Snapshot) -> Result<(), StoreError> {
    let (mut expected, mut rows, mut ended) = (1, End::default(), false);
    while let Some(line) = lines.next()? {
        let fault = match line.and_then(read_row) {
            Ok(_) if ended => Some(Fault::Trailing),
            Ok(line) => {
                let found = std::mem::replace(&mut expected, line.n + 1);
                let misplaced = found != line.n;
                rows.pipelines += u64::from(line.pipeline.is_some());
                rows.runs += u64::from(line.run.is_some());
                ended = line.end.is_some();
                let is_short = line.end.is_some_and(|end| end != rows);
                let runs = line.run.into_iter().collect();
                let change = Change { pipeline: line.pipeline, runs, ..Change::default() };
                snapshot.state.apply(snapshot.state.number, change);
                if misplaced {
                    Some(Fault::Number { expected: found, found: line.n })
                } else {
                    is_short.then_some(Fault::TooShort)
                }
            }
            Err(fault) => {
                expected += 1;
                Some(fault)
            }
        };
        snapshot.damage.extend(fault.map(|fault| lines.damage(fault)));
    }
    if !ended {
        snapshot.damage.push(lines.damage(Fault::TooShort));
    }
    Ok(())
}

fn read_header(line: &[u8]) -> Result<SnapshotHeader, Fault> {
    let object = line.strip_prefix(b"[").and_then(|line| line.strip_suffix(b","));
    let header: SnapshotHeader = read_object(object.ok_or(Fault::Unsealed)?)?;
    check_number(header.through).map(|()| header)
}

fn read_row(line: &[u8]) -> Result<SnapshotLine, Fault> {
    // The last line ends the array; every other line ends in a comma.
    let (object, is_last) = match line.strip_suffix(b",") {
        Some(object) => (object, false),
        None => (line.strip_suffix(b"]").ok_or(Fault::Unsealed)?, true),
    };
    let line: SnapshotLine = read_object(object)?;
    check_number(line.n)?;
    if line.end.is_some() == is_last { Ok(line) } else { Err(Fault::Unsealed) }
}
