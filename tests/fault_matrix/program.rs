//! Runs one pipeline of the fault matrix, in a process that may be given other rights or limits, or be killed.
//!
//!     one_run read READER INPUT OUTPUT
//!     one_run write WRITER KIND FOLDER EXTENSION RECORDS [PAUSE]
//!
//! With PAUSE, the run says `paused` at that call of its hook for writing, and goes no further.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what calls it is a test, which reads what it prints"
)]

mod pipelines;

use std::env;
use std::fmt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use godata::prelude::*;
use godata::{PipelineInfo, StageEnd};

use pipelines::{KINDS, READINGS, WRITINGS};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let pipeline = match *words {
        ["read", reading, input, output] => {
            named(&READINGS, reading).pipeline(Input::path(input), Path::new(output), || ())
        }
        ["write", writing, kind, folder, extension, records, ref pause @ ..] => {
            let builder = Pipeline::builder("writing");
            let builder = match pause {
                [call] => builder.hook(Pause { calls: AtomicU64::new(0), at: call.parse().unwrap() }),
                _ => builder,
            };
            let output = named(&KINDS, kind).output(Path::new(folder), extension);
            named(&WRITINGS, writing).pipeline(builder, records.parse().unwrap(), output)
        }
        _ => panic!("see the usage in the source"),
    };
    match pipeline.run_blocking(&RunContext::new()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn named<T: Copy + fmt::Debug>(all: &[T], name: &str) -> T {
    *all.iter().find(|one| format!("{one:?}") == name).unwrap()
}

struct Pause {
    calls: AtomicU64,
    at: u64,
}

impl Pause {
    fn call(&self) {
        if self.calls.fetch_add(1, SeqCst) + 1 == self.at {
            eprintln!("paused");
            loop {
                thread::park();
            }
        }
    }
}

impl PipelineHook for Pause {
    fn on_write_start(&self, _: &RunContext, _: &PipelineInfo, _: u64) {
        self.call();
    }

    fn on_write_end(&self, _: &RunContext, _: &PipelineInfo, _: &StageEnd<'_>) {
        self.call();
    }
}
