//! Cuts the power. `cargo run --release -p godata-store-kit -- power-cuts 5000000` does it more often.

use std::time::Duration;

use godata_core::{AnyStore, Retention, StoreError};
use godata_store_file::Durability;
use godata_store_kit::power::{Open, Script};
use godata_store_kit::{Disk, Event, Found, file_store, power};

use crate::support::read;

#[test]
fn a_power_cut_loses_nothing_acknowledged() {
    cut_power(100_000, &|seed| Script::numbered(seed, Retention::new()), &file_store::open);
}

#[test]
fn a_power_cut_loses_no_run_that_retention_keeps() {
    let retention = Retention::new().keep_newest(1);
    let open = |disk: &_| file_store::open_keeping(disk, 1);
    cut_power(10_000, &|seed| Script::numbered(seed, retention), &open);
}

#[test]
fn with_delayed_syncs_a_power_cut_loses_only_the_last_unsynced_commits() {
    // The shortest interval passes between some commits but not others, the longest never.
    let intervals = [Duration::from_micros(20), Duration::from_micros(200), Duration::from_secs(3_600)];
    for durability in intervals.map(Durability::Interval).into_iter().chain([Durability::Never]) {
        let open = |disk: &_| file_store::open_durable(disk, durability);
        let script = |seed| Script::numbered(seed, Retention::new()).promising_what_is_synced();
        cut_power(4_000, &script, &open);
    }
}

#[test]
fn a_reader_after_a_power_cut_sees_what_recovery_finds_and_changes_nothing() {
    let script = |seed| Script::numbered(seed, Retention::new());
    cut_power(8_000, &script, &|disk| open_after_a_reader(disk, Durability::Sync));
    let script = |seed| script(seed).promising_what_is_synced();
    cut_power(2_000, &script, &|disk| open_after_a_reader(disk, Durability::Never));
}

/// Opens a store; fails if a reader saw anything else before.
fn open_after_a_reader(disk: &Disk, durability: Durability) -> Result<AnyStore, StoreError> {
    let before = disk.recording().events.len();
    let seen = match file_store::open_read_only(disk) {
        Ok(store) => read(&store),
        // The store does not exist yet.
        Err(StoreError::Invalid { .. }) => Found::default(),
        Err(error) => return Err(error),
    };
    if disk.recording().events.iter().skip(before).any(Event::is_of_the_disk) {
        return Err(StoreError::invalid("a reader has changed something"));
    }
    let store = file_store::open_durable(disk, durability)?;
    if read(&store) == seen { Ok(store) } else { Err(StoreError::invalid(format!("a reader saw {seen:?}"))) }
}

fn cut_power(images: u64, script: &(dyn Fn(u64) -> Script + Sync), open: &Open<'_>) {
    match power::hunt(images, script, open) {
        Ok(tally) => println!("{tally:?}"),
        Err(failure) => panic!("{failure}\nsaved in {:?}", failure.save()),
    }
}
