//! Files that something else has changed: the store reports it, or still has everything. Only a journal that is cut between
//! two lines looks like one that was never longer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use godata_core::{AnyStore, StoreError};
use godata_store_kit::damage::{Damaged, editors, flips, line_edits, truncations};
use godata_store_kit::{Disk, Found, Image, Ledger, file_store};

use crate::support::{commit, read};

const JOURNAL: &str = "/store/state.json.journal";
const NEXT_JOURNAL: &str = "/store/state.json.journal.next";
const TORN: &str = "/store/state.json.torn";
/// The minimum length of the journal; the snapshot has at least half of it. In release builds the store has 100 KB:
/// `cargo test --release -p godata-store-kit --test file_store damage -- --no-capture`.
const JOURNAL_BYTES: usize = if cfg!(debug_assertions) { 6_000 } else { 60_000 };

/// What a store with a damaged file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// It is refused, and the error names the place of the damage.
    Refused,
    /// It has everything.
    Whole,
    /// It has whole commits; the missing ones are reported and kept in a separate file.
    LossSaid,
    /// It has whole commits, and does not report the missing ones.
    LossUnsaid,
}

/// A store with a snapshot and a journal.
struct Subject {
    image: Image,
    ledger: Ledger,
    found: Found,
}

impl Subject {
    /// With at least this many bytes in the journal, and half as many in the snapshot.
    fn with(bytes: usize) -> Self {
        Self::seeded(11, bytes)
    }

    fn seeded(seed: u64, bytes: usize) -> Self {
        let disk = Disk::new(&Image::new());
        let mut ledger = Ledger::new(seed, 3);
        let len = |path: &str| disk.image().file(Path::new(path)).map_or(0, <[u8]>::len);
        let store = open(&disk, bytes as u64).unwrap();
        while len(file_store::PATH) < bytes / 2 {
            commit(&store, &mut ledger, 1);
        }
        drop(store);
        // Until no other snapshot is being written, and no longer.
        let store = open(&disk, 1 << 30).unwrap();
        while len(JOURNAL) < bytes || len(NEXT_JOURNAL) > 0 {
            commit(&store, &mut ledger, 1);
        }
        let found = read(&store);
        drop(store);
        Self { image: disk.image(), ledger, found }
    }

    fn file(&self, path: &str) -> &[u8] {
        self.image.file(Path::new(path)).unwrap()
    }

    fn outcome(&self, path: &str, damaged: Damaged) -> Outcome {
        let how = damaged.how;
        let disk = Disk::new(&self.image.clone().with(path, damaged.bytes));
        let store = match open(&disk, 1 << 30) {
            Ok(store) => store,
            Err(StoreError::Corrupt { .. }) => return Outcome::Refused,
            Err(error) => panic!("{path}: {how}: {error:?}"),
        };
        let found = read(&store);
        if found == self.found {
            return Outcome::Whole;
        }
        let whole_commits = self.ledger.check(&found, &self.ledger.all_begun());
        whole_commits.unwrap_or_else(|broken| panic!("{path}: {how}: {broken}"));
        match disk.image().file(Path::new(TORN)) {
            Some(_) => Outcome::LossSaid,
            None => Outcome::LossUnsaid,
        }
    }

    /// The outcome for each.
    fn outcomes(
        &self,
        path: &str,
        all: impl Iterator<Item = Damaged> + Send,
    ) -> BTreeMap<Outcome, Vec<String>> {
        let all = Mutex::new(all);
        let next = || all.lock().unwrap().next();
        let outcomes = Mutex::new(BTreeMap::<Outcome, Vec<String>>::new());
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
                scope.spawn(|| {
                    while let Some(damaged) = next() {
                        let how = damaged.how.clone();
                        let outcome = self.outcome(path, damaged);
                        outcomes.lock().unwrap().entry(outcome).or_default().push(how);
                    }
                });
            }
        });
        outcomes.into_inner().unwrap()
    }
}

fn open(disk: &Disk, threshold: u64) -> Result<AnyStore, StoreError> {
    file_store::open_with(disk, threshold)
}

/// Prints how many had which outcome.
fn say(path: &str, what: &str, outcomes: &BTreeMap<Outcome, Vec<String>>) {
    let counts: Vec<_> = outcomes.iter().map(|(outcome, hows)| (outcome, hows.len())).collect();
    println!("{path}, {what}: {counts:?}");
}

#[test]
fn each_changed_byte_is_detected() {
    let subject = Subject::with(JOURNAL_BYTES);
    for path in [file_store::PATH, JOURNAL] {
        let outcomes = subject.outcomes(path, flips(subject.file(path), 1));
        say(path, "each byte changed", &outcomes);
        assert_eq!(outcomes.get(&Outcome::LossUnsaid), None);
    }
}

#[test]
fn a_truncated_file_is_detected() {
    let subject = Subject::with(JOURNAL_BYTES);
    for path in [file_store::PATH, JOURNAL] {
        let cuts = |at_a_line: bool| {
            truncations(subject.file(path)).filter(move |cut| cut.ends_with_a_line == at_a_line)
        };
        let outcomes = subject.outcomes(path, cuts(false));
        say(path, "cut within a line", &outcomes);
        assert_eq!(outcomes.get(&Outcome::LossUnsaid), None);
        // A journal that is cut between two lines looks as if it was never longer. A snapshot has an end line.
        let outcomes = subject.outcomes(path, cuts(true));
        say(path, "cut between two lines", &outcomes);
        assert!(path == JOURNAL || outcomes.keys().all(|outcome| *outcome == Outcome::Refused));
    }
}

#[test]
fn moved_lines_are_detected() {
    let subject = Subject::with(JOURNAL_BYTES);
    for path in [file_store::PATH, JOURNAL] {
        let file = subject.file(path);
        let outcomes = subject.outcomes(path, line_edits(file));
        say(path, "each line removed, doubled, swapped", &outcomes);
        let unsaid = outcomes.get(&Outcome::LossUnsaid).map_or(0, Vec::len);
        // Removing the last line of a journal cuts it between two lines.
        assert!(unsaid <= usize::from(path == JOURNAL), "{outcomes:?}");
    }
}

#[test]
fn changes_by_editors_are_detected() {
    let subject = Subject::with(4_000);
    for path in [file_store::PATH, JOURNAL] {
        let outcomes = subject.outcomes(path, editors(subject.file(path)));
        say(path, "saved by an editor", &outcomes);
        assert_eq!(outcomes.get(&Outcome::LossUnsaid), None);
    }
}

#[test]
fn files_from_different_moments_are_not_mixed() {
    let older = Subject::with(4_000);
    let disk = Disk::new(&older.image);
    let store = open(&disk, 4_000).unwrap();
    let mut ledger = Ledger::going_on(12, 3, &older.found);
    while disk.image().file(Path::new(file_store::PATH)) == Some(older.file(file_store::PATH)) {
        commit(&store, &mut ledger, 1);
    }
    commit(&store, &mut ledger, 5);
    let found = read(&store);
    drop(store);
    let newer = disk.image();
    // Each file of the newer store is replaced with that of the older one.
    let paths: Vec<PathBuf> = older.image.files().map(|(path, _)| path.to_owned()).collect();
    for path in paths {
        let mixed = newer.clone().with(&path, older.image.file(&path).unwrap());
        match open(&Disk::new(&mixed), 1 << 30) {
            Ok(store) => assert_eq!(read(&store), found, "with the older {}", path.display()),
            Err(error) => assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}"),
        }
    }
}

#[test]
fn files_from_different_stores_are_not_mixed() {
    let one = Subject::seeded(1, 4_000);
    let mut refused = 0;
    for seed in 2..40 {
        let other = Subject::seeded(seed, 4_000);
        for path in [file_store::PATH, JOURNAL] {
            let mixed = one.image.clone().with(path, other.file(path));
            match open(&Disk::new(&mixed), 1 << 30) {
                // Nothing is taken from the other store.
                Ok(store) => assert_eq!(read(&store), one.found, "{path} of {seed}"),
                Err(error) => {
                    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
                    refused += 1;
                }
            }
        }
    }
    println!("{refused} refused");
}

#[test]
fn a_power_cut_between_two_renames_is_not_damage() {
    let subject = Subject::with(4_000);
    // The second one follows an attempt whose last rename failed.
    for journal in [JOURNAL, NEXT_JOURNAL] {
        let between = Image::new()
            .with("/store/state.json.old", subject.file(file_store::PATH))
            .with(journal, subject.file(JOURNAL));
        assert_eq!(read(&open(&Disk::new(&between), 1 << 30).unwrap()), subject.found, "{journal}");
    }
}

#[test]
fn a_missing_or_empty_file_is_not_mistaken_for_an_empty_history() {
    let subject = Subject::with(4_000);
    for path in [file_store::PATH, JOURNAL] {
        let mut gone = Image::new();
        for (other, bytes) in subject.image.files().filter(|(other, _)| *other != Path::new(path)) {
            gone = gone.with(other, bytes);
        }
        for image in [gone.clone(), gone.with(path, "")] {
            match open(&Disk::new(&image), 1 << 30) {
                Ok(store) => assert_eq!(read(&store), subject.found, "{image:?} without {path}"),
                Err(error) => println!("{path}: {}", godata_core::error_chain(&error)),
            }
        }
    }
}
