//! Runs the fuzz targets for a short time: over their seeds, and over mutations that are the same in each run.
//!
//! `tests/README.md` says how to run them for longer.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

#[path = "fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "it is a crate of its own, too")]
mod targets;

use std::fs;
use std::ops::Range;
use std::path::Path;

use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_oneof};
use proptest::sample::Index;
use proptest::test_runner::{RngSeed, TestRunner};

/// Bytes with a meaning in some format.
const MEANINGFUL: &[u8] = b"\0\x01 \t\r\n\"'\\,;:#[]{}0-.ea\x80\xc3\xef\xff";

/// A mutation of some bytes.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index, Index),
    Repeat(Index, Index, Index),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Set(at, byte) => *at.get_mut(bytes) = *byte,
            Self::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
            Self::Remove(from, len) => drop(bytes.drain(some(bytes, from, len))),
            Self::Repeat(from, len, to) => {
                let repeated = bytes[some(bytes, from, len)].to_vec();
                let to = to.index(bytes.len());
                bytes.splice(to..to, repeated);
            }
        }
    }
}

/// Some of the bytes, at most 16.
fn some(bytes: &[u8], from: &Index, len: &Index) -> Range<usize> {
    let from = from.index(bytes.len());
    from..from + len.index((bytes.len() - from).min(16) + 1)
}

fn change() -> impl Strategy<Value = Change> {
    let byte = || prop_oneof![any::<u8>(), prop::sample::select(MEANINGFUL)];
    prop_oneof![
        (any::<Index>(), byte()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<Index>(), byte()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        any::<(Index, Index)>().prop_map(|(from, len)| Change::Remove(from, len)),
        any::<(Index, Index, Index)>().prop_map(|(from, len, to)| Change::Repeat(from, len, to)),
    ]
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let is_seed = |path: &Path| path.file_name().unwrap().to_str().unwrap().starts_with("seed-");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // The folder may also have inputs that libFuzzer found.
    let mut paths: Vec<_> = paths.filter(|path| is_seed(path)).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Checks the seeds of a target, and this many mutations.
fn run(target: &str, cases: u32, check: fn(&[u8])) {
    let seeds = seeds(target);
    seeds.iter().for_each(|seed| check(seed));
    let changed = (prop::sample::select(seeds), prop::collection::vec(change(), 1..6));
    let config = ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let outcome = TestRunner::new(config).run(&changed, |(mut bytes, changes)| {
        changes.iter().for_each(|change| change.apply(&mut bytes));
        check(&bytes);
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn cron() {
    run("cron", 2_048, targets::cron::check);
}

#[test]
fn csv() {
    run("csv", 256, targets::csv::check);
}

#[test]
fn csv_files() {
    run("csv_files", 256, targets::csv_files::check);
}

#[test]
fn csv_round_trip() {
    run("csv_round_trip", 128, targets::csv_round_trip::check);
}

#[test]
fn json() {
    run("json", 256, targets::json::check);
}

#[test]
fn json_round_trip() {
    run("json_round_trip", 32, targets::json_round_trip::check);
}

#[test]
fn jsonl() {
    run("jsonl", 256, targets::jsonl::check);
}

#[test]
fn schedule() {
    run("schedule", 512, targets::schedule::check);
}
