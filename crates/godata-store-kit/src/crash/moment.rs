//! What is durable on a disk at one moment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::choice::{Choices, Fate};
use crate::disk::machine::overwrite;
use crate::{Event, FileId, Image, Seeded};

/// A disk between two events of a recording.
pub(super) struct Moment {
    files: BTreeMap<FileId, History>,
    names: BTreeMap<PathBuf, FileId>,
    /// The unsynced changes of names, in order.
    renamings: Vec<Change>,
    passed: usize,
}

/// A file: its durable bytes and the changes since. A durable change after an unsynced one stays a change, because their order
/// matters.
#[derive(Default)]
struct History {
    durable: Vec<u8>,
    changes: Vec<Change>,
}

struct Change {
    event: Event,
    /// How many events came before it.
    when: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Cached,
    /// The sync that should have written it failed: it may be on the disk, and no later sync makes that certain.
    Abandoned,
    Durable,
}

/// An unsynced change, and where it is kept.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) change: Event,
    /// Whether it is a write past the former end of the file.
    pub(super) grows: bool,
    when: usize,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    File(FileId, usize),
    Name(usize),
}

impl Moment {
    pub(super) fn new(before: &Image) -> Self {
        let ids = || (0..).map(FileId::numbered);
        Self {
            files: before
                .0
                .values()
                .zip(ids())
                .map(|(bytes, file)| (file, History { durable: bytes.clone(), changes: Vec::new() }))
                .collect(),
            names: before.0.keys().cloned().zip(ids()).collect(),
            renamings: Vec::new(),
            passed: 0,
        }
    }

    pub(super) fn pass(&mut self, event: &Event) {
        self.passed += 1;
        let change = || Change { event: event.clone(), when: self.passed, state: State::Cached };
        match event {
            Event::Create { .. } | Event::Rename { .. } | Event::Remove { .. } => {
                let change = change();
                self.renamings.push(change);
            }
            Event::Write { file, .. } | Event::SetLen { file, .. } => {
                let change = change();
                self.history(*file).changes.push(change);
            }
            Event::Synced { file } => self.history(*file).sync(State::Durable),
            Event::SyncFailed { file } => self.history(*file).sync(State::Abandoned),
            Event::DirSynced { dir } => {
                for change in self.renamings.extract_if(.., |change| is_in(&change.event, dir)) {
                    rename(&mut self.names, &change.event);
                }
            }
            Event::Restarted | Event::Failed { .. } | Event::Begun(_) | Event::Acknowledged(_) => {}
        }
    }

    fn history(&mut self, file: FileId) -> &mut History {
        self.files.entry(file).or_default()
    }

    /// The unsynced changes, in the order in which they were made.
    pub(super) fn open_changes(&self) -> Vec<Open> {
        let names = self.renamings.iter().enumerate().map(|(n, change)| Open {
            change: change.event.clone(),
            grows: false,
            when: change.when,
            place: Place::Name(n),
        });
        let files = self.files.iter().flat_map(|(file, history)| history.open(*file));
        let mut open: Vec<_> = names.chain(files).collect();
        open.sort_by_key(|open| open.when);
        open
    }

    /// The image after these fates of the unsynced changes.
    pub(super) fn image(&self, open: &[Open], choices: &Choices) -> Image {
        let fates: BTreeMap<Place, Fate> =
            open.iter().map(|open| open.place).zip(choices.fates().iter().copied()).collect();
        let fate = |place| fates.get(&place).copied().unwrap_or(Fate::Kept);

        let mut names = self.names.clone();
        for (n, change) in self.renamings.iter().enumerate() {
            if fate(Place::Name(n)) == Fate::Kept {
                rename(&mut names, &change.event);
            }
        }
        let content = |file: FileId| {
            let Some(history) = self.files.get(&file) else { return Vec::new() };
            let mut bytes = history.durable.clone();
            for (n, change) in history.changes.iter().enumerate() {
                apply(&mut bytes, &change.event, fate(Place::File(file, n)));
            }
            bytes
        };
        Image(names.into_iter().map(|(path, file)| (path, content(file))).collect())
    }
}

impl History {
    fn sync(&mut self, becomes: State) {
        for change in &mut self.changes {
            if change.state == State::Cached {
                change.state = becomes;
            }
        }
        let durable = self.changes.iter().take_while(|change| change.state == State::Durable).count();
        for change in self.changes.drain(..durable) {
            apply(&mut self.durable, &change.event, Fate::Kept);
        }
    }

    fn open(&self, file: FileId) -> impl Iterator<Item = Open> {
        let mut len = self.durable.len();
        self.changes.iter().enumerate().filter_map(move |(n, change)| {
            let grows = match &change.event {
                Event::Write { at, bytes, .. } => {
                    let grows = *at >= len;
                    len = len.max(at + bytes.len());
                    grows
                }
                Event::SetLen { len: new, .. } => {
                    len = *new;
                    false
                }
                _ => false,
            };
            (change.state != State::Durable).then(|| Open {
                change: change.event.clone(),
                grows,
                when: change.when,
                place: Place::File(file, n),
            })
        })
    }
}

/// Whether all names that an event changes are in this directory.
fn is_in(event: &Event, dir: &Path) -> bool {
    let is_here = |path: &Path| path.parent() == Some(dir);
    match event {
        Event::Create { path, .. } | Event::Remove { path } => is_here(path),
        Event::Rename { from, to, .. } => is_here(from) && is_here(to),
        _ => false,
    }
}

/// Changes names, even if an earlier change was lost.
fn rename(names: &mut BTreeMap<PathBuf, FileId>, event: &Event) {
    match event {
        Event::Create { path, file } => {
            names.insert(path.clone(), *file);
        }
        Event::Rename { from, to, file } => {
            if names.get(from) == Some(file) {
                names.remove(from);
            }
            names.insert(to.clone(), *file);
        }
        Event::Remove { path } => {
            names.remove(path);
        }
        _ => {}
    }
}

/// Changes a file's bytes as far as the fate of the change allows.
fn apply(file: &mut Vec<u8>, change: &Event, fate: Fate) {
    match (change, fate) {
        (_, Fate::Dropped) => {}
        (Event::SetLen { len, .. }, _) => file.resize(*len, 0),
        (Event::Write { at, bytes, .. }, Fate::Kept) => overwrite(file, *at, bytes),
        (Event::Write { at, bytes, .. }, Fate::Cut(len)) => overwrite(file, *at, &bytes[..len]),
        (Event::Write { at, bytes, .. }, Fate::Zeros { from, to }) => {
            let mut bytes = bytes.clone();
            bytes[from..to].fill(0);
            overwrite(file, *at, &bytes);
        }
        (Event::Write { at, bytes, .. }, Fate::Garbage { from, to, seed }) => {
            let mut bytes = bytes.clone();
            let mut seeded = Seeded::new(seed);
            bytes[from..to].fill_with(|| seeded.number() as u8);
            overwrite(file, *at, &bytes);
        }
        _ => {}
    }
}
