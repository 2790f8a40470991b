//! Orchestrators in a world made from a seed, in which everything that may go wrong does: commits are late, lost, or arrive
//! after their callers stopped waiting; clocks are wrong and jump; machines stall, sleep and crash; users edit, pause,
//! remove, backfill and cancel. A ledger of what the store accepted and what ran is checked with each entry, and once more
//! when everything has calmed down.
//!
//! To repeat one seed and print everything that happens (for a seed from an ordinary test, add `DUE_TIMES=700`):
//!
//!     SEED=17 cargo test -p godata-tests --test simulation -- --ignored one_seed --nocapture
//!
//! To run many seeds, starting at `FIRST` (default 0); several of these commands may run at once, each for its part:
//!
//!     SEEDS=10000 PART=1/2 cargo test --release -p godata-tests --test simulation -- --ignored many_seeds --nocapture
//!
//! With `STORE=file`, both use a file store, which one instance has open at a time, on a disk that loses power.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::print_stdout, reason = "a simulation that is repeated tells what happens")]

mod clock;
mod instance;
mod jobs;
mod ledger;
mod medium;
mod network;
mod panics;
mod plan;
mod random;
mod world;

use std::env;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ledger::Totals;
use plan::Plan;
use world::{Outcome, simulate, simulate_on_files};

/// Runs a plan, and prints what happens if asked to.
type Simulate = fn(Plan, bool) -> Outcome;

/// How many seeds an ordinary test runs, and for how many due times each.
const SEEDS: u64 = 200;
const SEEDS_ON_FILES: u64 = 24;
const DUE_TIMES: u64 = 700;

#[test]
fn no_seed_breaks_a_promise() {
    let totals = sweep(simulate, &(0..SEEDS).collect::<Vec<_>>(), DUE_TIMES);
    assert!(totals.due_times > SEEDS * DUE_TIMES / 2, "{totals:?} is no test");
    assert!(totals.retries > SEEDS && totals.recoveries > SEEDS && totals.interrupted > SEEDS, "{totals:?}");
    assert!(totals.joins > SEEDS, "{totals:?}");
}

#[test]
fn no_seed_breaks_a_promise_on_files() {
    let seeds: Vec<_> = (0..SEEDS_ON_FILES).collect();
    let totals = sweep(simulate_on_files, &seeds, DUE_TIMES);
    assert!(totals.due_times > SEEDS_ON_FILES * DUE_TIMES / 2, "{totals:?} is no test");
    assert!(totals.interrupted > SEEDS_ON_FILES, "{totals:?}");
}

#[test]
fn a_seed_is_the_same_world_each_time() {
    for (simulate, seeds) in [(simulate as Simulate, 0..8), (simulate_on_files, 0..2)] {
        for seed in seeds {
            let [once, again] = [(); 2].map(|()| simulate(Plan::of(seed, DUE_TIMES), false));
            assert_eq!(once.digest, again.digest, "seed {seed}");
        }
    }
}

/// All but one of the instances that decide about a due time lose their commits, so only one of them tries.
#[test]
fn few_commits_are_lost_however_many_instances_there_are() {
    for (instances, pipelines) in [(1, 20), (2, 20), (4, 20), (8, 20), (8, 1)] {
        let (warm, all) = (pipelines * 20, pipelines * 120);
        let run = |due_times| {
            let plan = Plan::still(7, instances, pipelines, "every 2s", Duration::from_millis(500));
            let outcome = simulate(Plan { due_times, ..plan }, false);
            assert_eq!(outcome.violations, Vec::<String>::new());
            outcome
        };
        let (begun, ended) = (run(warm), run(all));
        let due_times = (ended.totals.due_times - begun.totals.due_times) as f64;
        let lost = (ended.totals.refusals - begun.totals.refusals) as f64 / due_times;
        let looks = (ended.looks - begun.looks) as f64 / due_times;
        println!(
            "{instances} instances, {pipelines} pipelines: {lost:.3} losing commits per due time, {looks:.3} looks"
        );
        assert!(lost <= 0.1, "{lost} losing commits per due time of {instances} instances");
        assert_eq!(ended.totals.skipped, begun.totals.skipped, "{:?}", ended.totals);
    }
}

/// The leases of all instances expire while the store is away, and none is declared dead for it.
#[test]
fn an_outage_of_twice_the_lease_interrupts_no_run() {
    for seed in 0..20 {
        let minute = Duration::from_secs(60);
        let plan = Plan::still(seed, 3, 20, "every 10s", 3 * minute);
        let begins = 2 * minute + Duration::from_millis(seed * 700);
        let outcome =
            simulate(Plan { due_times: 20 * 60, outage: Some(begins..begins + minute), ..plan }, false);
        let totals = outcome.totals;
        assert_eq!(outcome.violations, Vec::<String>::new(), "seed {seed}");
        assert_eq!((totals.interrupted, totals.recoveries), (0, 0), "seed {seed}: {totals:?}");
        assert!(totals.jobs > 100, "{totals:?} is no test");
    }
}

#[test]
#[ignore = "repeats one seed: see the head of this file"]
fn one_seed() {
    let outcome = simulation()(Plan::of(number("SEED", 0), number("DUE_TIMES", 10_000)), true);
    println!("{:#?}", outcome.totals);
    assert_eq!(outcome.violations, Vec::<String>::new());
}

#[test]
#[ignore = "takes long: see the head of this file"]
fn many_seeds() {
    let (part, parts) = part();
    let first = number("FIRST", 0);
    let seeds = (first..first + number("SEEDS", 10_000)).skip(part - 1).step_by(parts);
    sweep(simulation(), &seeds.collect::<Vec<_>>(), number("DUE_TIMES", 10_000));
}

/// Runs the seeds on all cores, and fails with those that broke a rule.
fn sweep(simulate: Simulate, seeds: &[u64], due_times: u64) -> Totals {
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let found = Mutex::new((Totals::default(), Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(&seed) = seeds.get(next.fetch_add(1, Relaxed) as usize) {
                    let outcome = simulate(Plan::of(seed, due_times), false);
                    let (totals, broken) = &mut *found.lock().unwrap_or_else(PoisonError::into_inner);
                    *totals += outcome.totals;
                    if let Some(violation) = outcome.violations.first() {
                        println!("SEED={seed} DUE_TIMES={due_times}: {violation}");
                        broken.push(seed);
                    }
                }
            });
        }
    });
    let (totals, mut broken) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{} seeds in {:.1?}: {totals:?}", seeds.len(), began.elapsed());
    broken.sort_unstable();
    assert_eq!(
        broken,
        Vec::<u64>::new(),
        "these seeds break something; the head of tests/simulation/main.rs says how to repeat one"
    );
    totals
}

/// The simulation on the store that `STORE` asks for.
fn simulation() -> Simulate {
    match env::var("STORE").as_deref() {
        Ok("file") => simulate_on_files,
        Ok("memory") | Err(_) => simulate,
        Ok(other) => panic!("STORE is `memory` or `file`, not `{other}`"),
    }
}

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// `1/2`, the first of two parts.
fn part() -> (usize, usize) {
    let text = env::var("PART").unwrap_or_else(|_| "1/1".to_owned());
    let (part, parts) = text.split_once('/').unwrap();
    (part.parse().unwrap(), parts.parse().unwrap())
}
