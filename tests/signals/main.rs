//! Services that get SIGTERM or Ctrl-C at any moment: they shut down, and each recorded run has its end recorded too.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![cfg(unix)]

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use godata::{FileStore, RunQuery, RunRecord, RunStatus, Store};
use tokio::runtime::Builder;

/// How many signals are sent to a program; `SIGNALS` overrides it.
fn signals() -> usize {
    env::var("SIGNALS").map_or(20, |count| count.parse().unwrap())
}

#[test]
fn a_busy_service_ends_with_every_run_recorded() {
    for number in 0..signals() {
        // From before the first event to the middle of many.
        stop_after(number * 37 % 60, env!("CARGO_BIN_EXE_busy"), number);
    }
}

#[test]
fn the_example_ends_with_every_run_recorded() {
    for (number, lines) in [0, 1, 2].into_iter().enumerate() {
        stop_after(lines, env!("CARGO_BIN_EXE_orchestrate"), number);
    }
}

/// A process ends although a thread is blocked: by itself after the report if that is a thread of a job, and otherwise at the
/// second signal.
#[test]
fn a_process_in_which_something_is_blocked_ends() {
    for (what, until, signals, code) in [
        ("job", "started", ["-TERM"].as_slice(), 0),
        ("job", "started", &["-INT"], 0),
        ("fifo", "started", &["-TERM"], 0),
        ("grace", "closing", &["-TERM", "-TERM"], 143),
        ("grace", "closing", &["-INT", "-INT"], 130),
        ("main", "1 run was running, 1 interrupted", &["-TERM", "-TERM"], 143),
        ("main", "1 run was running, 1 interrupted", &["-TERM", "-INT"], 130),
    ] {
        let folder = tempfile::tempdir().unwrap();
        assert!(Command::new("mkfifo").arg(folder.path().join("in.fifo")).status().unwrap().success());
        let mut child = Command::new(env!("CARGO_BIN_EXE_blocked"))
            .args(["state.json", what])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut signals = signals.iter();
        assert_eq!(printed.next().as_deref(), Some("started"));
        kill(child.id(), signals.next().unwrap());
        if let Some(second) = signals.next() {
            assert!(printed.any(|line| line == until), "{what}: {until:?} is not printed");
            kill(child.id(), second);
        }
        assert_eq!(child.wait().unwrap().code(), Some(code), "{what}");
        assert_eq!(stored(&folder.path().join("state.json"), RunStatus::Running).is_empty(), what != "grace");
    }
}

/// Starts a program on a state file, stops it after it has printed this many lines, and checks what it has stored: all runs
/// whose start it printed, and an end of each.
fn stop_after(lines: usize, program: &str, number: usize) {
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
    kill(child.id(), signal);
    seen.extend(printed.map(Result::unwrap));
    let status = child.wait().unwrap();
    // Before the program listens for signals, a signal kills it.
    assert!(status.success() || lines == 0, "{status} after {lines} lines: {seen:#?}");

    let state = folder.path().join("state.json");
    let running = stored(&state, RunStatus::Running);
    assert!(running.is_empty() || !status.success(), "no end is stored of {running:#?}\n{seen:#?}");
    let runs: Vec<_> = RunStatus::ALL.into_iter().flat_map(|status| stored(&state, status)).collect();
    for line in seen.iter().filter(|line| line.contains(": started ")) {
        assert!(runs.iter().any(|run| line.contains(&run.id.to_string())), "not stored: {line}");
    }
}

fn kill(process: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
}

/// The stored runs with this status.
fn stored(state: &Path, status: RunStatus) -> Vec<RunRecord> {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = FileStore::open_read_only(state).unwrap();
        store.list_runs(&RunQuery::new().status(status)).await.unwrap()
    })
}

/// Waits until a file exists.
fn until_there(path: &Path) {
    while !path.exists() {
        std::thread::yield_now();
    }
}
