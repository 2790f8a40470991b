//! What was acknowledged is there after the store was closed, dropped, or cut off.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::fs;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use godata_core::{Commit, Committed, Retention, RunQuery, Store as _, StoreError};
use godata_store_file::{Durability, FileStore};

use support::{History, at, beside, block_on, copy_all, owner};

/// A directory with the files that a store has at this moment, as if its process had died.
fn image_of(dir: &Path) -> tempfile::TempDir {
    let image = tempfile::tempdir().unwrap();
    copy_all(dir, image.path());
    image
}

#[test]
fn each_commit_is_there_after_the_process_has_died() {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path().join("state.json")).unwrap();
    let (mut orders, mut users) = (History::new("orders"), History::new("users"));
    for step in 0..10 {
        match step % 3 {
            0 => users.commit(&store),
            1 => orders.commit(&store),
            _ => orders.cancel_last(&store),
        }
        if step == 5 {
            block_on(store.snapshot()).unwrap();
        }
        let image = image_of(dir.path());
        let reopened = FileStore::open(image.path().join("state.json")).unwrap();
        orders.assert_in(&reopened);
        users.assert_in(&reopened);
        assert_eq!(reopened.torn(), None);
    }
}

#[test]
fn commits_go_on_after_each_way_to_end() {
    for durability in [Durability::Sync, Durability::Interval(Duration::ZERO), Durability::Never] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.json");
        let mut orders = History::new("orders");
        for way in 0..6 {
            let store =
                FileStore::builder(&path).durability(durability).snapshot_threshold(1).open().unwrap();
            orders.assert_in(&store);
            orders.commit(&store);
            match way % 3 {
                0 => drop(store),
                1 => block_on(store.close()).unwrap(),
                _ => {
                    block_on(store.snapshot()).unwrap();
                    drop(store);
                }
            }
        }
        orders.assert_in(&FileStore::open(&path).unwrap());
    }
}

#[test]
fn a_commit_that_was_cut_off_is_set_aside_and_the_others_are_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let store = FileStore::open(&path).unwrap();
    let mut orders = History::new("orders");
    orders.commit(&store);
    let whole = fs::metadata(beside(&path, ".journal")).unwrap().len();
    let mut cut = History { pipeline: orders.pipeline.clone(), runs: orders.runs.clone() };
    cut.commit(&store);

    let journal = fs::read(beside(&path, ".journal")).unwrap();
    for len in [whole + 1, journal.len() as u64 - 1] {
        let image = image_of(dir.path());
        let path = image.path().join("state.json");
        let journal = &journal[..len as usize];
        fs::write(beside(&path, ".journal"), journal).unwrap();
        let store = FileStore::open(&path).unwrap();
        orders.assert_in(&store);
        let torn = store.torn().unwrap();
        assert_eq!((torn.offset, torn.bytes), (whole, len - whole));
        assert_eq!(fs::read(&torn.kept_as).unwrap(), &journal[whole as usize..]);
        let mut orders = History { pipeline: orders.pipeline.clone(), runs: orders.runs.clone() };
        orders.commit(&store);
        drop(store);
        let store = FileStore::open(&path).unwrap();
        orders.assert_in(&store);
        assert_eq!(store.torn(), None, "it is told of once");
    }
}

#[test]
fn a_crash_between_any_two_names_that_a_snapshot_changes_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let store = FileStore::open(&path).unwrap();
    let mut orders = History::new("orders");
    orders.commit(&store);
    let old = image_of(dir.path());
    block_on(store.snapshot()).unwrap();
    orders.commit(&store);
    drop(store);
    let new = image_of(dir.path());
    let file = |dir: &tempfile::TempDir, suffix: &str| beside(&dir.path().join("state.json"), suffix);

    // Which file has which name, before each step and after the last.
    let steps: [&[(&str, &str, &str)]; 6] = [
        &[
            ("old", "", ""),
            ("new", ".journal.old", ".journal"),
            ("new", "", ".tmp"),
            ("new", ".journal", ".journal.next"),
        ],
        &[
            ("old", "", ".old"),
            ("new", ".journal.old", ".journal"),
            ("new", "", ".tmp"),
            ("new", ".journal", ".journal.next"),
        ],
        &[
            ("old", "", ".old"),
            ("new", ".journal.old", ".journal"),
            ("new", "", ""),
            ("new", ".journal", ".journal.next"),
        ],
        &[
            ("old", "", ".old"),
            ("new", ".journal.old", ".journal.old"),
            ("new", "", ""),
            ("new", ".journal", ".journal.next"),
        ],
        &[
            ("old", "", ".old"),
            ("new", ".journal.old", ".journal.old"),
            ("new", "", ""),
            ("new", ".journal", ".journal"),
        ],
        // The last rename has failed, and a crash has come between the names of the next snapshot.
        &[("new", "", ".old"), ("new", ".journal.old", ".journal"), ("new", ".journal", ".journal.next")],
    ];
    for (step, names) in steps.into_iter().enumerate() {
        let image = tempfile::tempdir().unwrap();
        for (of, from, to) in names {
            let of = if *of == "old" { &old } else { &new };
            fs::copy(file(of, from), file(&image, to)).unwrap();
        }
        let path = image.path().join("state.json");
        let store = FileStore::open(&path).unwrap();
        orders.assert_in(&store);
        block_on(store.snapshot()).unwrap();
        let mut orders = History { pipeline: orders.pipeline.clone(), runs: orders.runs.clone() };
        orders.commit(&store);
        drop(store);
        orders.assert_in(&FileStore::open(&path).unwrap());
        assert!(FileStore::verify(&path).unwrap().is_sound(), "step {step}");
    }
}

#[test]
fn what_a_killed_process_left_is_cleaned() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    drop(FileStore::open(&path).unwrap());
    for suffix in [".tmp", ".journal.next", ".journal.new"] {
        fs::write(beside(&path, suffix), "half of someth").unwrap();
    }
    drop(FileStore::open(&path).unwrap());
    for suffix in [".tmp", ".journal.next", ".journal.new"] {
        assert!(!beside(&path, suffix).exists(), "{suffix}");
    }
}

#[test]
fn the_generation_before_is_kept_until_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let store = FileStore::open(&path).unwrap();
    let mut orders = History::new("orders");
    for _ in 0..3 {
        orders.commit(&store);
        let (snapshot, journal) = (fs::read(&path).unwrap(), fs::read(beside(&path, ".journal")).unwrap());
        block_on(store.snapshot()).unwrap();
        assert_eq!(fs::read(beside(&path, ".old")).unwrap(), snapshot);
        assert!(fs::read(beside(&path, ".journal.old")).unwrap().starts_with(&journal));
    }
}

#[test]
fn old_runs_are_forgotten_with_a_snapshot_and_stay_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let store = FileStore::builder(&path).keep_newest(2).open().unwrap();
    let mut orders = History::new("orders");
    for _ in 0..5 {
        orders.commit(&store);
        orders.cancel_last(&store);
    }
    orders.commit(&store);
    block_on(store.snapshot()).unwrap();
    orders.runs.drain(..3);
    orders.assert_in(&store);
    drop(store);
    let store = FileStore::open(&path).unwrap();
    orders.assert_in(&store);
    assert_eq!(block_on(store.prune(&Retention::new().ended_before(at(2_000)))).unwrap(), 2);
    drop(store);
    orders.runs.drain(..2);
    orders.assert_in(&FileStore::open(&path).unwrap());
}

#[test]
fn the_old_runs_of_many_pipelines_are_forgotten_together() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let store = FileStore::builder(&path).keep_newest(0).durability(Durability::Never).open().unwrap();
    for number in 0..50 {
        let orders = History::new(&format!("orders {number}"));
        let commit = Commit::new(owner(), orders.pipeline.clone()).insert(orders.skipped(0));
        block_on(store.commit(&commit)).unwrap();
    }
    block_on(store.snapshot()).unwrap();
    assert_eq!(block_on(store.list_runs(&RunQuery::new())).unwrap(), []);
    let journal = fs::read_to_string(beside(&path, ".journal.old")).unwrap();
    assert_eq!(journal.matches("forget_runs").count(), 1, "each line may take a sync");
}

#[test]
fn old_runs_are_forgotten_also_where_their_pipeline_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let store = FileStore::builder(&path).keep_newest(1).open().unwrap();
    let orders = History::new("orders");
    for number in 0..3 {
        block_on(store.upsert_run(&orders.skipped(number))).unwrap();
    }
    block_on(store.snapshot()).unwrap();
    assert_eq!(block_on(store.list_runs(&RunQuery::new())).unwrap().len(), 1);
    assert_eq!(block_on(store.prune(&Retention::new().keep_newest(0))).unwrap(), 1);
    assert_eq!(block_on(store.list_runs(&RunQuery::new())).unwrap(), []);
}

#[test]
fn a_history_is_looked_through_a_few_runs_at_a_time_and_other_tasks_have_their_turn() {
    let dir = tempfile::tempdir().unwrap();
    let store =
        FileStore::builder(dir.path().join("state.json")).durability(Durability::Never).open().unwrap();
    let mut orders = History::new("orders");
    let rows: Vec<_> = (0..5_000).map(|n| orders.skipped(n)).collect();
    let history = rows.into_iter().fold(Commit::new(owner(), orders.pipeline.clone()), Commit::insert);
    block_on(store.commit(&history)).unwrap();
    orders.pipeline.rev += 1;

    // Nothing is old enough, so nothing has to be waited for; and the task comes back of itself.
    let keep_all = Retention::new().keep_newest(5_000);
    let mut prune = pin!(store.prune(&keep_all));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..4 {
        assert!(prune.as_mut().poll(&mut context).is_pending());
        let commit = Commit::new(owner(), orders.pipeline.clone()).insert(orders.skipped(5_000));
        block_on(store.commit(&commit)).unwrap();
        orders.pipeline.rev += 1;
    }
    assert_eq!(block_on(prune).unwrap(), 0, "runs are counted as they were when they were looked at");
    assert_eq!(block_on(store.prune(&keep_all)).unwrap(), 4);
}

#[test]
fn a_reader_sees_what_was_stored_when_it_opened_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    assert!(matches!(FileStore::open_read_only(&path), Err(StoreError::Invalid { .. })), "there is none");
    let store = FileStore::open(&path).unwrap();
    let mut orders = History::new("orders");
    orders.commit(&store);
    let reader = FileStore::open_read_only(&path).unwrap();
    orders.assert_in(&reader);
    let refused = orders.try_commit(&reader);
    assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{refused:?}");
    orders.commit(&store);
    assert_eq!(block_on(reader.list_runs(&RunQuery::new())).unwrap().len(), 1);
    assert_eq!(
        block_on(FileStore::open_read_only(&path).unwrap().list_runs(&RunQuery::new())).unwrap().len(),
        2
    );
}

#[test]
fn a_reader_beside_a_writer_never_fails() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let store = FileStore::builder(&path).snapshot_threshold(1).open().unwrap();
    let writer = std::thread::spawn(move || {
        let mut orders = History::new("orders");
        for _ in 0..100 {
            orders.commit(&store);
        }
    });
    let mut seen = 0;
    while !writer.is_finished() {
        let reader = FileStore::open_read_only(&path).unwrap();
        let runs = block_on(reader.list_runs(&RunQuery::new().limit(usize::MAX))).unwrap().len();
        assert!(runs >= seen, "what was seen is gone");
        seen = runs;
    }
    writer.join().unwrap();
}

#[test]
fn of_commits_that_are_made_at_once_each_is_judged_by_what_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path().join("state.json")).unwrap();
    let history = History::new("orders");
    for rev in 0..20 {
        let mut pipeline = history.pipeline.clone();
        pipeline.rev = rev;
        // Not through `AnyStore`, which would make one after the other.
        let committers: Vec<_> = (0..8)
            .map(|_| {
                let (store, commit) = (store.clone(), Commit::new(owner(), pipeline.clone()));
                std::thread::spawn(move || block_on(store.commit(&commit)).unwrap())
            })
            .collect();
        let answers: Vec<_> = committers.into_iter().map(|thread| thread.join().unwrap()).collect();
        let done = answers.iter().filter(|answer| **answer == Committed::Done(rev + 1)).count();
        assert_eq!(done, 1, "{answers:?}");
    }
}

#[test]
fn a_store_that_is_closed_is_closed_for_all_its_clones() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let store = FileStore::open(&path).unwrap();
    let clone = store.clone();
    block_on(store.close()).unwrap();
    let mut orders = History::new("orders");
    assert!(matches!(orders.try_commit(&clone), Err(StoreError::Unavailable { .. })));
    orders.commit(&FileStore::open(&path).unwrap());
}
