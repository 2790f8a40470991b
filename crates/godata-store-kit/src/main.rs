//! Looks for what the file store may lose, for as long as one likes.
//!
//!     cargo run --release -p godata-store-kit -- power-cuts 5000000
//!     cargo run --release -p godata-store-kit -- kills 2000
//!
//! Each takes a seed as one more word; equal seeds look at the same.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::env;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use godata_core::{BoxError, Retention, error_chain};
use godata_store_kit::kill::{Arena, can_trace, commit_and_say};
use godata_store_kit::power::Script;
use godata_store_kit::{file_store, power};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match *words {
        ["power-cuts", images] => power_cuts(images, "0"),
        ["power-cuts", images, seed] => power_cuts(images, seed),
        ["kills", count] => kills(count, "0"),
        ["kills", count, seed] => kills(count, seed),
        ["commit", path, seed, commits] => commit(Path::new(path), seed, commits),
        _ => Err("the words are `power-cuts IMAGES [SEED]` or `kills COUNT [SEED]`".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", error_chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn power_cuts(images: &str, seed: &str) -> Result<(), BoxError> {
    let began = Instant::now();
    let seed: u64 = seed.parse()?;
    let script = |number: u64| Script::numbered(seed.wrapping_add(number), Retention::new());
    let tally = power::hunt(images.parse()?, &script, &file_store::open).map_err(|failure| {
        let saved = failure.save().map(|dir| dir.display().to_string());
        format!("{failure}\nsaved in {saved:?}")
    })?;
    println!(
        "{} images of {} scripts, {} of them of crashes of a recovery: nothing lost, nothing refused, in {:.0?}",
        tally.images,
        tally.scripts,
        tally.of_recoveries,
        began.elapsed()
    );
    Ok(())
}

fn kills(count: &str, seed: &str) -> Result<(), BoxError> {
    let began = Instant::now();
    let mut arena = Arena::new(env::current_exe()?, seed.parse()?);
    let traced = match can_trace() {
        Ok(()) => true,
        Err(why) => {
            println!("kills at system calls are skipped: {why}");
            false
        }
    };
    let tally = arena.rounds(count.parse()?, traced, &file_store::open_path)?;
    println!("{tally}: nothing lost, nothing refused, in {:.0?}", began.elapsed());
    Ok(())
}

/// What is killed.
fn commit(path: &Path, seed: &str, commits: &str) -> Result<(), BoxError> {
    let store = file_store::open_path(path)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(commit_and_say(&store, seed.parse()?, commits.parse()?, io::stdout()))
}
