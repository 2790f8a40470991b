//! Every reader and writer with everything that may go wrong with files: the error names the file, the old target is
//! unchanged, and no other file is left.
//!
//!     cargo test -p godata-tests --test fault_matrix -- --no-capture
//!
//! prints what was tested. To add a reader or writer, add a variant in `pipelines`; to add a fault, add a line in `reading` or
//! `writing`.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![cfg(unix)]

mod pipelines;
mod process;
mod reading;
#[path = "../support/mod.rs"]
mod support;
mod writing;

use std::collections::BTreeSet;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// Long enough for a cell on a very busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// One reader or writer with one fault.
struct Cell {
    name: String,
    check: Box<dyn FnOnce() -> Verdict + Send>,
}

type Verdict = Result<(), Miss>;

/// Why a cell did not pass.
#[derive(Debug)]
enum Miss {
    /// This fault is impossible here.
    None(&'static str),
    /// This system can't test it.
    Skipped(String),
    Wrong(String),
}

impl Cell {
    fn new(name: String, check: impl FnOnce() -> Verdict + Send + 'static) -> Self {
        Self { name, check: Box::new(check) }
    }

    fn run(self) -> (String, Verdict) {
        let (sender, verdict) = mpsc::channel();
        thread::spawn(move || sender.send((self.check)()));
        let verdict = verdict.recv_timeout(LIMIT).unwrap_or_else(|error| {
            Err(Miss::Wrong(match error {
                mpsc::RecvTimeoutError::Timeout => "it hangs".to_owned(),
                mpsc::RecvTimeoutError::Disconnected => "it panicked".to_owned(),
            }))
        });
        (self.name, verdict)
    }
}

#[test]
fn every_fault_is_named_and_leaves_the_old_target() {
    let cells: Vec<Cell> = reading::cells().chain(writing::cells()).collect();
    let queue = Mutex::new(cells.into_iter().enumerate());
    let next = || queue.lock().unwrap().next();
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((at, cell)) = next() {
                    let (name, verdict) = cell.run();
                    done.lock().unwrap().push((at, name, verdict));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(at, ..)| *at);
    let (mut wrong, mut reasons) = (Vec::new(), BTreeSet::new());
    for (_, name, verdict) in done {
        match verdict {
            Ok(()) => println!("{name}: ok"),
            Err(Miss::None(why)) => println!("{name}: none: {why}"),
            Err(Miss::Skipped(why)) => {
                println!("{name}: skipped: {why}");
                reasons.insert(why);
            }
            Err(Miss::Wrong(what)) => {
                println!("{name}: wrong");
                wrong.push(format!("{name}: {what}"));
            }
        }
    }
    reasons.iter().for_each(|why| support::skipped(why));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

/// Checks one condition of a cell.
fn ensure(holds: bool, what: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(Miss::Wrong(what())) }
}
