//! Reads a store's files, and tells what a crash leaves from what is damaged.
//!
//! A crash cuts off what was written since the last sync, or tears it to pieces. Each line of a journal says up to which
//! number everything was synced when it was written. So if nothing valid comes after a bad line that was written once
//! the bad line had been synced, then it never was, and nobody was told that it is stored: that is a torn tail. In any
//! other case the line is damaged.

use std::path::Path;

use godata_core::StoreError;

use crate::error::Refusal;
use crate::files::{Files, exists};
use crate::format::{Fault, JournalHeader, JournalId, JournalLine, VERSION, read_line, read_object};
use crate::journal::Link;
use crate::lines::{Damage, Lines};
use crate::snapshot::{self, Snapshot};
use crate::state::State;
use crate::vfs::Vfs;

/// What a snapshot and its journals have.
pub(crate) struct Loaded {
    /// The rows, up to the first thing that is damaged.
    pub(crate) state: State,
    pub(crate) snapshot_len: u64,
    /// The journals that belong to the snapshot, in their order: one, or two while a snapshot is being written.
    pub(crate) journals: Vec<Link>,
    /// Whether the store was closed, so that all of it is known to be durable.
    pub(crate) closed: bool,
    /// The tail that is not whole.
    pub(crate) torn: Option<Damage>,
    pub(crate) damage: Vec<Damage>,
    /// Valid lines after the first that is not.
    pub(crate) beyond: Vec<JournalLine>,
}

impl Loaded {
    /// An error if anything is damaged.
    pub(crate) fn into_sound(mut self) -> Result<Self, StoreError> {
        if self.damage.is_empty() {
            return Ok(self);
        }
        let hint = "`FileStore::verify` lists all damage, `FileStore::repair` repairs it";
        Err(self.damage.swap_remove(0).into_error(hint))
    }

    /// The last journal has lost lines at its end.
    fn ends_too_early(&self) -> Option<Damage> {
        let Link { path, len, lines, .. } = self.journals.last()?;
        // The header is a line too.
        Some(Damage { path: path.clone(), line: lines + 2, offset: *len, fault: Fault::TooShort })
    }
}

/// Reads the snapshot at this path, and the journals that it names. Without a snapshot, that is the first damage.
pub(crate) fn load(vfs: &dyn Vfs, files: &Files, snapshot: &Path) -> Result<Loaded, StoreError> {
    let found = match exists(vfs, snapshot)? {
        true => snapshot::read(vfs, snapshot)?,
        false => Snapshot::missing(snapshot),
    };
    let mut journals = Vec::new();
    for path in files.journals() {
        if exists(vfs, path)? {
            journals.push(Candidate { path, id: journal_id(vfs, path)? });
        }
    }
    let loaded = Loaded {
        state: found.state,
        snapshot_len: found.len,
        journals: Vec::new(),
        closed: false,
        torn: None,
        damage: found.damage,
        beyond: Vec::new(),
    };
    let mut reading = Reading { vfs, loaded, expected: None, broken: None, next: None, is_cut: false };
    reading.chain(snapshot, found.journal, &mut journals)?;
    reading.others(files, journals)?;
    Ok(reading.judge())
}

/// A file that may be a journal of the snapshot.
struct Candidate<'a> {
    path: &'a Path,
    id: Result<JournalId, Damage>,
}

fn journal_id(vfs: &dyn Vfs, path: &Path) -> Result<Result<JournalId, Damage>, StoreError> {
    let mut lines = Lines::open(vfs, path)?;
    let header = match lines.next()? {
        None => Err(Fault::Empty),
        Some(line) => line.and_then(read_object::<JournalHeader>),
    };
    match header {
        Ok(header) if header.version > VERSION => {
            let (path, version) = (path.to_owned(), header.version);
            Err(Refusal::Version { path, version, known: VERSION }.into())
        }
        Ok(header) => Ok(Ok(header.id)),
        Err(fault) => Ok(Err(lines.damage(fault))),
    }
}

struct Reading<'a> {
    vfs: &'a dyn Vfs,
    loaded: Loaded,
    /// The number of the next line; `None` before the first, which may be any that is in the snapshot, or the next.
    expected: Option<u64>,
    /// The first line of the journals that is not what was expected, and the number it should have.
    broken: Option<(Damage, u64)>,
    /// The journal that was said to come next.
    next: Option<JournalId>,
    /// Whether the one that was said to come next was not found, and one that can't be read was.
    is_cut: bool,
}

impl Reading<'_> {
    /// Reads the journals that follow from the snapshot.
    fn chain(
        &mut self,
        snapshot: &Path,
        first: Option<JournalId>,
        journals: &mut Vec<Candidate<'_>>,
    ) -> Result<(), StoreError> {
        self.next = first;
        let mut named_by = snapshot.to_owned();
        while let Some(id) = self.next.take() {
            let Some(found) =
                journals.iter().position(|journal| journal.id.as_ref().is_ok_and(|it| *it == id))
            else {
                self.is_cut = journals.iter().any(|journal| journal.id.is_err());
                if !self.is_cut {
                    let damage =
                        Damage { path: named_by, line: 1, offset: 0, fault: Fault::NoJournal { id } };
                    self.loaded.damage.push(damage);
                }
                return Ok(());
            };
            let journal = journals.remove(found);
            named_by = journal.path.to_owned();
            self.loaded.journals.push(Link { path: named_by.clone(), id, len: 0, lines: 0 });
            self.read(journal.path, true)?;
        }
        if let Some(expected) = self.expected
            && self.broken.is_none()
            && expected <= self.loaded.state.number
        {
            // The snapshot has lines that were synced before it was written and are gone.
            self.loaded.damage.extend(self.loaded.ends_too_early());
        }
        Ok(())
    }

    /// Looks into the other files for lines that only a journal of the snapshot can have.
    fn others(&mut self, files: &Files, journals: Vec<Candidate<'_>>) -> Result<(), StoreError> {
        for journal in journals.into_iter().filter(|journal| journal.path != files.journal_old) {
            let lines = self.loaded.beyond.len();
            self.read(journal.path, false)?;
            let has_lines = self.loaded.beyond.len() > lines;
            // Without lines it is one that a crash has left before anything was written to it.
            if let Err(damage) = journal.id
                && (has_lines || self.is_cut)
            {
                self.loaded.damage.push(damage);
            }
        }
        Ok(())
    }

    /// Reads a journal after its header.
    fn read(&mut self, path: &Path, is_linked: bool) -> Result<(), StoreError> {
        let mut lines = Lines::open(self.vfs, path)?;
        lines.next()?;
        if is_linked {
            self.whole_through(&lines, 0);
        }
        while let Some(line) = lines.next()? {
            let line = line.and_then(|line| read_line(line).map_err(|fault| self.rescue(line, fault)));
            let line = match line {
                Ok(line) => line,
                Err(fault) => {
                    self.broken(is_linked, &lines, fault);
                    continue;
                }
            };
            let number = self.loaded.state.number;
            if !is_linked && line.n <= number {
                // It is in the state, and was written when nothing after that was.
                continue;
            }
            let is_next = match self.expected {
                Some(expected) => line.n == expected,
                None => line.n <= number + 1,
            };
            let is_after_last = self.next.is_some() || self.loaded.closed;
            if !is_linked || self.broken.is_some() || !is_next || is_after_last {
                let fault = Fault::Number { expected: self.expected.unwrap_or(number + 1), found: line.n };
                self.broken(is_linked, &lines, fault);
                self.loaded.beyond.push(line);
                continue;
            }
            if line.closed {
                self.loaded.closed = true;
                continue;
            }
            self.expected = Some(line.n + 1);
            self.next.clone_from(&line.next);
            self.whole_through(&lines, 1);
            if line.n > number {
                self.loaded.state.apply(line.n, line.into_change());
            }
        }
        Ok(())
    }

    /// Keeps what a bad line ends with if that is a line: then only the end of the line before it is bad. It is looked for
    /// from the end, where it is found at once also if all lines of a file have become one.
    fn rescue(&mut self, bytes: &[u8], fault: Fault) -> Fault {
        let begins = (1..bytes.len())
            .rev()
            .filter_map(|at| bytes.get(at..).filter(|rest| rest.starts_with(b"{\"n\":")));
        let line = begins.map(read_line).find_map(Result::ok);
        // A line that is in the state already says nothing of what was written later.
        self.loaded.beyond.extend(line.filter(|line| line.n > self.loaded.state.number));
        fault
    }

    /// The last of the linked journals is whole through the line that was read last.
    fn whole_through(&mut self, lines: &Lines, more: u64) {
        if let Some(link) = self.loaded.journals.last_mut() {
            (link.len, link.lines) = (lines.end(), link.lines + more);
        }
    }

    fn broken(&mut self, is_linked: bool, lines: &Lines, fault: Fault) {
        if is_linked && self.broken.is_none() {
            let expected = self.expected.unwrap_or(self.loaded.state.number + 1);
            self.broken = Some((lines.damage(fault), expected));
        }
    }

    /// Whether what is broken is a torn tail.
    fn judge(self) -> Loaded {
        let Self { mut loaded, broken, expected, .. } = self;
        let (broken, number) = match broken {
            Some((damage, number)) => (Some(damage), number),
            None => (None, expected.unwrap_or(0).max(loaded.state.number + 1)),
        };
        let was_synced = loaded.beyond.iter().any(|line| line.synced >= number);
        match broken {
            Some(damage) if was_synced || number <= loaded.state.number => loaded.damage.push(damage),
            Some(damage) => loaded.torn = Some(damage),
            None if was_synced => loaded.damage.extend(loaded.ends_too_early()),
            None => {}
        }
        loaded
    }
}
