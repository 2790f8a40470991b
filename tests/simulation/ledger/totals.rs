//! Counts of what happened.

use std::ops::AddAssign;

/// How much a simulation has seen. A test must see something to mean anything.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) commits: u64,
    pub(crate) refusals: u64,
    pub(crate) due_times: u64,
    pub(crate) skipped: u64,
    pub(crate) jobs: u64,
    pub(crate) retries: u64,
    pub(crate) recoveries: u64,
    pub(crate) interrupted: u64,
    /// Runs after all of several pipelines.
    pub(crate) joins: u64,
    /// Jobs that were started although another instance had given up the run meanwhile.
    pub(crate) late_starts: u64,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.commits += other.commits;
        self.refusals += other.refusals;
        self.due_times += other.due_times;
        self.skipped += other.skipped;
        self.jobs += other.jobs;
        self.retries += other.retries;
        self.recoveries += other.recoveries;
        self.interrupted += other.interrupted;
        self.joins += other.joins;
        self.late_starts += other.late_starts;
    }
}
