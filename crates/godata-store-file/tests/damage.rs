//! Damage is reported with its place, listed, and repaired with no more loss than the caller allows.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use godata_core::{RunQuery, Store as _, StoreError};
use godata_store_file::{FileStore, Loss};
use proptest::prelude::{Just, ProptestConfig, any, prop_oneof, proptest};
use tempfile::TempDir;

use support::{History, beside, block_on, copy_all};

/// A store with a previous generation, three commits in its snapshot and three in its journal.
struct Store {
    dir: TempDir,
    orders: History,
}

impl Store {
    /// The files that a killed process leaves.
    fn killed() -> Self {
        let live = tempfile::tempdir().unwrap();
        let (store, orders) = Self::filled(live.path());
        let dir = tempfile::tempdir().unwrap();
        copy_all(live.path(), dir.path());
        drop(store);
        Self { dir, orders }
    }

    fn closed() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, orders) = Self::filled(dir.path());
        drop(store);
        Self { dir, orders }
    }

    fn filled(dir: &Path) -> (FileStore, History) {
        let store = FileStore::open(dir.join("state.json")).unwrap();
        let mut orders = History::new("orders");
        for step in 0..6 {
            if step == 3 {
                block_on(store.snapshot()).unwrap();
            }
            orders.commit(&store);
        }
        (store, orders)
    }

    /// A copy with one file changed.
    fn changed(&self, suffix: &str, change: impl FnOnce(&mut Vec<u8>)) -> (TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        copy_all(self.dir.path(), dir.path());
        let path = dir.path().join("state.json");
        let file = beside(&path, suffix);
        let mut bytes = fs::read(&file).unwrap();
        change(&mut bytes);
        fs::write(&file, bytes).unwrap();
        (dir, path)
    }
}

/// The place of the damage that opening the store reports.
fn place(path: &Path) -> String {
    match FileStore::open(path) {
        Err(StoreError::Corrupt { place, .. }) => place,
        other => panic!("{other:?}"),
    }
}

fn runs(path: &Path) -> usize {
    let store = FileStore::open(path).unwrap();
    block_on(store.list_runs(&RunQuery::new())).unwrap().len()
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

#[test]
fn a_flipped_byte_is_reported_as_damage_or_as_a_torn_last_commit() {
    for (store, left) in [(Store::killed(), 5), (Store::closed(), 6)] {
        for suffix in ["", ".journal"] {
            let bytes = fs::read(beside(&store.dir.path().join("state.json"), suffix)).unwrap();
            let last = bytes.len() - lines(&bytes).last().unwrap().len();
            for position in (0..bytes.len()).filter(|at| at % 13 == 0 || bytes[*at] == b'\n') {
                let (_dir, path) = store.changed(suffix, |bytes| bytes[position] ^= 1 << (position % 8));
                let verification = FileStore::verify(&path).unwrap();
                if suffix == ".journal" && position >= last {
                    let torn = verification.torn.as_ref().unwrap();
                    assert_eq!(torn.offset, last as u64, "byte {position}");
                    assert_eq!(runs(&path), left);
                } else {
                    assert!(!verification.is_sound(), "byte {position} of state.json{suffix}");
                    assert!(FileStore::open(&path).is_err(), "byte {position} of state.json{suffix}");
                }
            }
        }
    }
}

#[test]
fn a_truncation_is_found_unless_it_is_at_the_end_of_a_journal_line() {
    let store = Store::killed();
    for suffix in ["", ".journal"] {
        let bytes = fs::read(beside(&store.dir.path().join("state.json"), suffix)).unwrap();
        let header = lines(&bytes)[0].len();
        for len in (0..bytes.len()).filter(|len| len % 13 == 0 || bytes[..*len].ends_with(b"\n")) {
            let (_dir, path) = store.changed(suffix, |bytes| bytes.truncate(len));
            let verification = FileStore::verify(&path).unwrap();
            if suffix == ".journal" && len >= header {
                let is_at_end = bytes[..len].ends_with(b"\n");
                assert_eq!(verification.torn.is_none(), is_at_end, "{len} bytes");
                assert!(verification.is_sound(), "{len} bytes");
            } else {
                assert!(!verification.is_sound(), "{len} bytes of state.json{suffix}");
            }
        }
    }
}

#[test]
fn swapped_doubled_removed_or_edited_lines_are_found() {
    type Change = fn(&mut Vec<Vec<u8>>);
    let changes: [(&str, Change); 5] = [
        ("swapped", |lines| lines.swap(2, 3)),
        ("doubled", |lines| lines.insert(2, lines[1].clone())),
        ("removed", |lines| drop(lines.remove(2))),
        ("with CRLF", |lines| lines.iter_mut().for_each(|line| line.insert(line.len() - 1, b'\r'))),
        ("with a BOM", |lines| drop(lines[0].splice(0..0, *b"\xef\xbb\xbf"))),
    ];
    let store = Store::killed();
    for suffix in ["", ".journal"] {
        for (what, change) in changes {
            let (_dir, path) = store.changed(suffix, |bytes| {
                let mut lines: Vec<_> = lines(bytes).into_iter().map(<[u8]>::to_vec).collect();
                change(&mut lines);
                *bytes = lines.concat();
            });
            assert!(place(&path).contains(&format!("state.json{suffix}, line ")), "{what}: {}", place(&path));
        }
    }
}

#[test]
fn damage_is_reported_with_line_and_byte() {
    let store = Store::killed();
    let journal = fs::read(beside(&store.dir.path().join("state.json"), ".journal")).unwrap();
    let offset = lines(&journal)[0].len();
    let (_dir, path) = store.changed(".journal", |bytes| bytes[offset + 30] ^= 1);
    let expected =
        format!("{}, line 2, byte {offset}", beside(&path.canonicalize().unwrap(), ".journal").display());
    assert_eq!(place(&path), expected);
    let verification = FileStore::verify(&path).unwrap();
    assert_eq!(verification.damage[0].to_string(), expected);
    assert_eq!(verification.runs, 3);
}

#[test]
fn an_empty_or_missing_file_is_not_mistaken_for_a_new_store() {
    let store = Store::killed();
    for suffix in ["", ".journal"] {
        let (_dir, path) = store.changed(suffix, Vec::clear);
        assert!(place(&path).contains(&format!("state.json{suffix}, line 1, byte 0")), "{}", place(&path));
        let (_dir, path) = store.changed(suffix, |_| ());
        fs::remove_file(beside(&path, suffix)).unwrap();
        assert!(place(&path).contains("state.json, line 1"), "{}", place(&path));
    }
}

#[test]
fn a_journal_of_another_store_is_refused() {
    let (store, other) = (Store::killed(), Store::killed());
    let others = fs::read(beside(&other.dir.path().join("state.json"), ".journal")).unwrap();
    let (_dir, path) = store.changed(".journal", |bytes| *bytes = others);
    assert!(place(&path).ends_with("state.json, line 1, byte 0"), "{}", place(&path));
}

#[test]
fn a_newer_format_is_refused() {
    let store = Store::killed();
    for (suffix, field) in [("", "godata_store"), (".journal", "godata_journal")] {
        let (_dir, path) = store.changed(suffix, |bytes| {
            let text = String::from_utf8(std::mem::take(bytes)).unwrap();
            let (first, rest) = text.split_once('\n').unwrap();
            let first = first.replacen(&format!("\"{field}\":1"), &format!("\"{field}\":2"), 1);
            let begin = first.find('{').unwrap();
            let end = first.find(",\"crc\":").unwrap();
            let crc = crc32fast::hash(&first.as_bytes()[begin..end]);
            let after = &first[end + 18..];
            *bytes = format!("{},\"crc\":\"{crc:08x}\"}}{after}\n{rest}", &first[..end]).into_bytes();
        });
        match FileStore::open(&path) {
            Err(StoreError::Invalid { source }) => {
                assert!(source.to_string().contains("version 2"), "{source}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_damaged_snapshot_is_restored_from_the_previous_generation() {
    let store = Store::killed();
    for change in [Vec::clear as fn(&mut Vec<u8>), |bytes| bytes[200] ^= 1] {
        let (_dir, path) = store.changed("", change);
        let repaired = FileStore::repair(&path, Loss::Nothing).unwrap();
        assert!(repaired.is_complete && !repaired.damage.is_empty());
        assert!(repaired.kept_as.iter().any(|copy| copy.ends_with("state.json.damaged-1")));
        store.orders.assert_in(&FileStore::open(&path).unwrap());
    }
}

#[test]
fn a_repair_gives_up_only_what_it_may_and_reports_it() {
    let store = Store::killed();
    let journal = fs::read(beside(&store.dir.path().join("state.json"), ".journal")).unwrap();
    let offset = lines(&journal)[..2].concat().len();
    let damaged = || store.changed(".journal", |bytes| bytes[offset + 30] ^= 1);

    let (_dir, path) = damaged();
    assert!(matches!(FileStore::repair(&path, Loss::Nothing), Err(StoreError::Corrupt { .. })));
    assert!(FileStore::open(&path).is_err(), "nothing was done");

    for (loss, left) in [(Loss::FromDamageOn, 4), (Loss::DamagedLines, 5)] {
        let (_dir, path) = damaged();
        let repaired = FileStore::repair(&path, loss).unwrap();
        assert!(!repaired.is_complete && repaired.damage.len() == 1);
        assert_eq!(runs(&path), left, "{loss:?}");
        assert!(FileStore::verify(&path).unwrap().is_sound());
    }

    let (_dir, path) = store.changed("", |_| ());
    assert!(FileStore::repair(&path, Loss::DamagedLines).unwrap().damage.is_empty());
    store.orders.assert_in(&FileStore::open(&path).unwrap());
}

#[test]
fn a_file_that_no_store_has_written_is_refused_and_never_replaced() {
    let refused = |path: &Path, error: StoreError| {
        let StoreError::Invalid { source } = error else { panic!("{error:?}") };
        let path = path.canonicalize().unwrap();
        assert_eq!(
            source.to_string(),
            format!("{} is not a file of a store; give another path", path.display())
        );
    };
    for content in [
        "",
        "\n",
        "{\"my\": \"config\"}\n",
        "{\n  \"a\": 1\n}\n",
        "id,a\n1,2\n",
        "[]",
        "[{\"n\":0,\"godata_store\":1,\"through\":2,\"journal\":\"5ffd\",\"crc\":\"00000000\"},\n",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        fs::write(&path, content).unwrap();
        // The backup of an editor.
        fs::write(beside(&path, ".old"), content).unwrap();
        refused(&path, FileStore::open(&path).unwrap_err());
        refused(&path, FileStore::open_read_only(&path).unwrap_err());
        refused(&path, FileStore::verify(&path).unwrap_err());
        for loss in [Loss::Nothing, Loss::FromDamageOn, Loss::DamagedLines] {
            refused(&path, FileStore::repair(&path, loss).unwrap_err());
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing was added");
    }
}

#[test]
fn a_store_whose_header_is_damaged_is_still_a_store() {
    for store in [Store::killed(), Store::closed()] {
        for others in [true, false] {
            let (dir, path) = store.changed("", |bytes| bytes[20] ^= 1);
            if !others {
                let others = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path());
                others.filter(|other| *other != path).for_each(|other| fs::remove_file(other).unwrap());
            }
            assert!(matches!(FileStore::open(&path), Err(StoreError::Corrupt { .. })));
            assert!(!FileStore::verify(&path).unwrap().is_sound());
            FileStore::repair(&path, Loss::DamagedLines).unwrap();
            assert!(FileStore::verify(&path).unwrap().is_sound());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Replaces some bytes of a file with others.
    #[test]
    fn a_changed_store_that_opens_has_a_state_it_once_had(
        is_closed in any::<bool>(),
        suffix in prop_oneof![Just(""), Just(".journal")],
        (begin, len) in (any::<proptest::sample::Index>(), 0..600_usize),
        put in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..20),
            Just(vec![0; 512]),
            Just(b"{\"n\":4,\"synced\":3,\"crc\":\"00000000\"}\n".to_vec()),
        ],
    ) {
        static STORES: LazyLock<[Store; 2]> = LazyLock::new(|| [Store::killed(), Store::closed()]);
        let store = &STORES[usize::from(is_closed)];
        let (_dir, path) = store.changed(suffix, |bytes| {
            let begin = begin.index(bytes.len());
            let end = bytes.len().min(begin + len);
            bytes.splice(begin..end, put);
        });
        let verification = FileStore::verify(&path).unwrap();
        match FileStore::open(&path) {
            Ok(opened) => {
                assert!(verification.is_sound());
                let query = RunQuery::new().pipeline(store.orders.pipeline.name.clone());
                let runs = block_on(opened.list_runs(&query)).unwrap();
                assert!(runs.iter().rev().eq(&store.orders.runs[..runs.len()]));
            }
            Err(StoreError::Corrupt { .. }) => assert!(!verification.is_sound()),
            Err(error) => panic!("{error}"),
        }
    }
}
