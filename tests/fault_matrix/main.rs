//! Everything that is read and written, with everything that may go wrong with files: the error names the file, the old
//! target is as it was, and nothing is beside it.
//!
//!     cargo test -p godata-tests --test fault_matrix -- --no-capture
//!
//! prints what was tested. A new reader or writer is a variant more in `pipelines`, a new fault a line more in `reading`
//! or `writing`.

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

/// Long enough for a cell on the busiest of machines.
const LIMIT: Duration = Duration::from_secs(60);

/// One reader or writer with one fault.
struct Cell {
    name: String,
    check: Box<dyn FnOnce() -> Verdict + Send>,
}

type Verdict = Result<(), Miss>;

/// Why a cell is not as it should be.
#[derive(Debug)]
enum Miss {
    /// There can be no such fault.
    None(&'static str),
    /// It can't be tested on this system.
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
fn every_fault_is_named_and_leaves_what_was_there() {
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

/// Checks one thing of a cell.
fn ensure(holds: bool, what: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(Miss::Wrong(what())) }
}
