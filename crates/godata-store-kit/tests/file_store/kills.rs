//! Kills processes. `cargo run --release -p godata-store-kit -- kills 2000` kills more of them.

use godata_store_kit::file_store;
use godata_store_kit::kill::{Arena, can_trace};

#[test]
fn killing_a_process_loses_nothing_acknowledged() {
    let traced = can_trace();
    if let Err(why) = &traced {
        println!("kills at system calls are skipped: {why}");
    }
    let mut arena = Arena::new(env!("CARGO_BIN_EXE_godata-store-kit"), 1);
    let kills = arena.rounds(100, traced.is_ok(), &file_store::open_path).unwrap();
    println!("{kills}");
}

#[test]
fn a_failing_system_call_loses_nothing_acknowledged() {
    if let Err(why) = can_trace() {
        return println!("skipped: {why}");
    }
    let mut arena = Arena::new(env!("CARGO_BIN_EXE_godata-store-kit"), 2);
    for (call, errors) in [
        ("fdatasync", ["EIO", "ENOSPC", "EINTR"]),
        ("fsync", ["EIO", "ENOSPC", "EINTR"]),
        ("write", ["EIO", "ENOSPC", "EINTR"]),
        ("rename", ["EIO", "ENOSPC", "EACCES"]),
    ] {
        for error in errors {
            let stopped = arena.fail(1..=8, call, error, &file_store::open_path).unwrap();
            println!("{error} of the first 8 calls of {call}: {stopped} processes stopped");
        }
    }
}
