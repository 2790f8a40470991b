//! Counts of runs.

use crate::RunStatus;

/// How many runs match a query, by status; returned by [`Store::tally`](crate::Store::tally).
///
/// ```
/// use godata_core::{RunStatus, Tally};
///
/// let mut tally = Tally::default();
/// tally.add(RunStatus::Failed);
/// assert_eq!((tally.count(RunStatus::Failed), tally.total(), tally.is_complete), (1, 1, true));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    by_status: [u64; RunStatus::ALL.len()],
    /// Whether all runs were counted. Otherwise there are more than [`total`](Self::total).
    pub is_complete: bool,
}

impl Tally {
    /// Counts one more run.
    pub fn add(&mut self, status: RunStatus) {
        self.by_status[status as usize] += 1;
    }

    /// For implementors of stores: counts one more run, unless `most` were counted. Then more exist, and this returns `false`.
    pub fn add_up_to(&mut self, most: u64, status: RunStatus) -> bool {
        self.is_complete = self.total() < most;
        if self.is_complete {
            self.add(status);
        }
        self.is_complete
    }

    /// Returns how many runs with this status were counted.
    #[must_use]
    pub fn count(&self, status: RunStatus) -> u64 {
        self.by_status[status as usize]
    }

    /// Returns how many runs were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_status.iter().sum()
    }
}

impl Default for Tally {
    /// Counts nothing so far.
    fn default() -> Self {
        Self { by_status: [0; RunStatus::ALL.len()], is_complete: true }
    }
}
