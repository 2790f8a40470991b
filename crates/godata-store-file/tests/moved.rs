//! Files that are removed, renamed or replaced while the store is open.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![cfg(unix)]

mod support;

use std::fs;
use std::path::Path;

use godata_core::{StoreError, error_chain};
use godata_store_file::{Durability, FileStore, FileStoreBuilder};

use support::{History, beside, block_on};

/// Opens a store with one commit, moves something, and checks that the store notices at its next commit, or when it is closed.
#[track_caller]
fn check(what: &str, builder: impl Fn(&Path) -> FileStoreBuilder, change: impl Fn(&Path)) {
    for is_closed_at_once in [false, true] {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("state");
        fs::create_dir(&dir).unwrap();
        let path = dir.join("state.json");
        let store = builder(&path).open().unwrap();
        let mut orders = History::new("orders");
        orders.commit(&store);
        change(&path);
        if !is_closed_at_once {
            for _ in 0..2 {
                expect_moved(what, orders.try_commit(&store).unwrap_err());
            }
            expect_moved(what, block_on(store.snapshot()).unwrap_err());
        }
        expect_moved(what, block_on(store.close()).unwrap_err());
    }
}

#[track_caller]
fn expect_moved(what: &str, error: StoreError) {
    let text = error_chain(&error).to_string();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{what}: {text}");
    assert!(text.contains("was removed, renamed or replaced while the store was open"), "{what}: {text}");
}

fn with_every_durability(what: &str, change: impl Fn(&Path)) {
    for durability in [Durability::Sync, Durability::Interval(std::time::Duration::ZERO), Durability::Never] {
        check(what, |path| FileStore::builder(path).durability(durability), &change);
    }
}

#[test]
fn a_removed_or_renamed_folder_is_noticed() {
    with_every_durability("removed", |path| fs::remove_dir_all(path.parent().unwrap()).unwrap());
    with_every_durability("renamed", |path| {
        let dir = path.parent().unwrap();
        fs::rename(dir, dir.with_extension("away")).unwrap();
    });
}

#[test]
fn a_missing_file_is_noticed() {
    for suffix in ["", ".journal", ".lock"] {
        with_every_durability(suffix, |path| fs::remove_file(beside(path, suffix)).unwrap());
    }
}

#[test]
fn a_replaced_file_is_noticed() {
    for suffix in [".journal", ".lock"] {
        with_every_durability(suffix, |path| {
            let file = beside(path, suffix);
            let copy = beside(path, ".copy");
            fs::copy(&file, &copy).unwrap();
            fs::rename(&copy, &file).unwrap();
        });
    }
}

#[test]
fn a_store_whose_folder_was_renamed_leaves_the_next_store_alone() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("state");
    fs::create_dir(&dir).unwrap();
    let path = dir.join("state.json");
    let first = FileStore::builder(&path).snapshot_threshold(0).open().unwrap();
    let mut orders = History::new("orders");
    orders.commit(&first);
    block_on(first.snapshot()).unwrap();

    fs::rename(&dir, root.path().join("away")).unwrap();
    fs::create_dir(&dir).unwrap();
    let second = FileStore::open(&path).unwrap();
    let mut imports = History::new("imports");
    imports.commit(&second);
    expect_moved("renamed", block_on(first.snapshot()).unwrap_err());
    expect_moved("renamed", orders.try_commit(&first).unwrap_err());
    drop(first);
    block_on(second.close()).unwrap();
    imports.assert_in(&FileStore::open(&path).unwrap());
}

#[test]
fn snapshots_and_commits_side_by_side_miss_no_file() {
    let root = tempfile::tempdir().unwrap();
    let store = FileStore::builder(root.path().join("state.json")).snapshot_threshold(0).open().unwrap();
    let mut orders = History::new("orders");
    for _ in 0..300 {
        orders.commit(&store);
    }
    block_on(store.close()).unwrap();
}
