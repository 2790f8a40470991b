//! Services that are told to stop by SIGTERM or Ctrl-C, at any moment: they end by themselves, and each run that was
//! recorded has its end recorded too.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![cfg(unix)]

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use godata::{FileStore, RunQuery, RunStatus, Store};
use tokio::runtime::Builder;

/// How many signals are sent to a program; `SIGNALS` says another number.
fn signals() -> usize {
    env::var("SIGNALS").map_or(20, |count| count.parse().unwrap())
}

#[test]
fn a_busy_service_ends_with_every_run_recorded() {
    for number in 0..signals() {
        // From before the first event to the midst of many.
        let lines = number * 37 % 60;
        let runs = stop_after(lines, env!("CARGO_BIN_EXE_busy"), number);
        assert!(runs > 0 || lines == 0, "{lines} events, and no run is stored");
    }
}

#[test]
fn the_example_ends_with_every_run_recorded() {
    for (number, lines) in [0, 1, 2].into_iter().enumerate() {
        stop_after(lines, env!("CARGO_BIN_EXE_orchestrate"), number);
    }
}

/// Starts a program on a state file, stops it when it has printed so many lines, and looks at what it has stored: how
/// many runs.
fn stop_after(lines: usize, program: &str, number: usize) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("examples/data");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("orders.csv"), "order_id,amount,status\nA-1,100,paid\n").unwrap();

    let mut child = Command::new(program)
        .arg("state.json")
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen: Vec<_> = printed.by_ref().take(lines).map(Result::unwrap).collect();
    if lines == 0 {
        until_there(&folder.path().join("state.json"));
    }
    let signal = if number.is_multiple_of(2) { "-TERM" } else { "-INT" };
    let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    seen.extend(printed.map(Result::unwrap));
    let status = child.wait().unwrap();
    // Before it listens, a signal ends it as any program.
    assert!(status.success() || lines == 0, "{status} after {lines} lines: {seen:#?}");

    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = FileStore::open_read_only(folder.path().join("state.json")).unwrap();
        let running = store.list_runs(&RunQuery::new().status(RunStatus::Running)).await.unwrap();
        assert!(running.is_empty() || !status.success(), "no end is stored of {running:#?}\n{seen:#?}");
        store.list_runs(&RunQuery::new()).await.unwrap().len()
    })
}

/// Waits until a file is there.
fn until_there(path: &Path) {
    while !path.exists() {
        std::thread::yield_now();
    }
}
