//! Disks that fail.

use std::future::Future as _;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Waker};

use godata_core::{AnyStore, Retention, Store as _, StoreError};
use godata_store_file::FileStore;
use godata_store_kit::crash::Thoroughness;
use godata_store_kit::power::{Script, Take};
use godata_store_kit::{Call, Disk, Fault, Image, Ledger, Trouble, file_store};

use crate::support::{commit, read, runtime};

/// Long enough for snapshots, and for a store to be opened after the fault.
fn script() -> Script {
    let (processes, commits) = (2, 14);
    Script { processes, commits, at_once: false, killed: false, ..Script::numbered(4, Retention::new()) }
}

#[test]
fn whichever_call_fails_nothing_acknowledged_is_lost() {
    let calls = Take::play(script(), &file_store::open).unwrap().calls();
    for trouble in [Trouble::Full, Trouble::Broken, Trouble::Interrupted, Trouble::Short] {
        let faults = |n| {
            let once = Fault::after(n, trouble);
            match trouble {
                // Whoever asks again is served, and one that was interrupted has done nothing.
                Trouble::Interrupted => vec![once],
                Trouble::Short => vec![once, once.lasting()],
                Trouble::Full | Trouble::Broken => vec![once, once.half_done(), once.lasting()],
            }
        };
        let images: u64 = (0..calls).flat_map(faults).map(play).sum();
        println!("{trouble:?} at each of {calls} calls: {images} images");
    }
}

#[test]
fn after_a_failed_sync_no_file_is_synced_again_and_nothing_is_lost() {
    for call in [Call::Sync, Call::SyncDir] {
        let mut strikes = 0;
        for n in 0.. {
            let fault = Fault::after(n, Trouble::Broken).of(call);
            let take = Take::play_with(script(), fault, &file_store::open).unwrap();
            let images = take.cut_power(Thoroughness { every: 3, ..Thoroughness::GLANCE }, &file_store::open);
            images.unwrap_or_else(|failure| panic!("{fault:?}: {failure}"));
            if take.failures() == 0 {
                break;
            }
            strikes += 1;
        }
        assert!(strikes > 3, "{call:?} failed {strikes} times");
        println!("{call:?} failed at each of {strikes} calls");
    }
}

/// Plays on a disk that fails, and cuts the power.
fn play(fault: Fault) -> u64 {
    let take = Take::play_with(script(), fault, &file_store::open)
        .unwrap_or_else(|broken| panic!("{fault:?}: {broken}"));
    match take.cut_power(Thoroughness { subsets_of: 1, cuts: 1, every: 100 }, &file_store::open) {
        Ok(tally) => tally.images,
        Err(failure) => panic!("{fault:?}: {failure}\nsaved in {:?}", failure.save()),
    }
}

#[test]
fn after_a_failed_sync_of_the_journal_no_commit_is_acknowledged() {
    let disk = Disk::new(&Image::new());
    let store = file_store::open(&disk).unwrap();
    let mut ledger = Ledger::new(1, 2);
    commit(&store, &mut ledger, 4);
    disk.fail(Fault::after(0, Trouble::Broken).of(Call::Sync));
    let runtime = runtime();
    for _ in 0..5 {
        let (_, commit) = ledger.next_of_any();
        let answer = runtime.block_on(store.commit(&commit));
        assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
    }
    assert_eq!(disk.failures(), 1);
}

#[test]
fn a_snapshot_that_can_t_be_synced_is_thrown_away_and_nothing_depends_on_it() {
    // Its syncs in their order: that of the new journal, that of the line that names it, that of the new snapshot.
    for (sync, poisons) in [(0, false), (1, true), (2, false)] {
        let disk = Disk::new(&Image::new());
        let builder = FileStore::builder(file_store::PATH).snapshot_threshold(1 << 30);
        let file = builder.vfs(Arc::new(disk.clone())).open().unwrap();
        let (store, mut ledger) = (AnyStore::new(file.clone()), Ledger::new(1, 2));
        commit(&store, &mut ledger, 4);
        let before = disk.image();
        disk.fail(Fault::after(sync, Trouble::Broken).of(Call::Sync));
        let refused = runtime().block_on(file.snapshot());
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
        let path = Path::new(file_store::PATH);
        assert_eq!(disk.image().file(path), before.file(path), "sync {sync}");

        let (number, next) = ledger.next_of_any();
        let answer = runtime().block_on(store.commit(&next));
        assert_eq!(answer.is_err(), poisons, "sync {sync}: {answer:?}");
        if !poisons {
            ledger.acknowledge(number);
            commit(&store, &mut ledger, 3);
            let durable = disk.recording().durable();
            assert_eq!(read(&file_store::open(&Disk::new(&durable)).unwrap()), read(&store));
            runtime().block_on(file.snapshot()).unwrap();
            assert_ne!(disk.image().file(path), before.file(path));
        }
    }
}

#[test]
fn a_full_disk_is_said_and_the_store_goes_on_once_there_is_room() {
    for fault in [Fault::after(0, Trouble::Full), Fault::after(0, Trouble::Full).half_done()] {
        let disk = Disk::new(&Image::new());
        let store = file_store::open(&disk).unwrap();
        let mut ledger = Ledger::new(1, 2);
        commit(&store, &mut ledger, 4);
        let before = read(&store);
        disk.fail(fault.of(Call::Write).lasting());
        let (number, refused) = ledger.next_of_any();
        let answer = runtime().block_on(store.commit(&refused));
        assert!(
            matches!(&answer, Err(error @ StoreError::Full { .. }) if error.is_retryable()),
            "{answer:?}"
        );
        assert_eq!(read(&store), before, "a commit that was refused is there");
        disk.heal();
        assert!(runtime().block_on(store.commit(&refused)).is_ok());
        ledger.acknowledge(number);
        commit(&store, &mut ledger, 10);
        let after = read(&store);
        let image = disk.recording().durable();
        drop(store);
        assert_eq!(read(&file_store::open(&Disk::new(&image)).unwrap()), after);
    }
}

#[test]
fn a_commit_is_not_acknowledged_before_it_is_synced() {
    let disk = Disk::new(&Image::new());
    let store = file_store::open(&disk).unwrap();
    let mut ledger = Ledger::new(1, 1);
    commit(&store, &mut ledger, 2);
    let (_, next) = ledger.next_of_any();
    disk.hold_syncs();
    let mut answer = std::pin::pin!(store.commit(&next));
    let mut context = Context::from_waker(Waker::noop());
    assert!(answer.as_mut().poll(&mut context).is_pending());
    disk.wait_for_a_sync();
    assert!(answer.as_mut().poll(&mut context).is_pending(), "it was acknowledged and is not synced");
    disk.release_syncs();
    assert!(runtime().block_on(answer).is_ok());
    let durable = disk.recording().durable();
    assert_eq!(read(&file_store::open(&Disk::new(&durable)).unwrap()), read(&store));
}
