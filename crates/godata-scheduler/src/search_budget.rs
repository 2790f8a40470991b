//! Limits how much work a search may do.
//!
//! Times differ between machines and builds, so the limit is in steps of roughly 10 ns each. Searches charge their steps
//! here as they go, through all nested schedules. [`within`] sets the limit and reports whether it was enough.

use std::cell::Cell;

thread_local! {
    /// The steps left for the search in progress; `None` without a limit.
    static REMAINING: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Charges some steps.
pub(crate) fn spend(steps: u32) {
    REMAINING.set(REMAINING.get().map(|remaining| remaining.saturating_sub(steps)));
}

/// Whether the limit is reached. A search should end then, because its answer is discarded.
pub(crate) fn is_spent() -> bool {
    REMAINING.get() == Some(0)
}

/// Runs a search with a limit. Returns its answer and the steps it took, or `None` if `limit` steps were not enough.
pub(crate) fn within<T>(limit: u32, search: impl FnOnce() -> T) -> Option<(T, u32)> {
    // The guard restores the outer limit even if a user's schedule panics.
    let _restore = Restore { outer: REMAINING.replace(Some(limit)), limit };
    let answer = search();
    REMAINING.get().filter(|remaining| *remaining > 0).map(|remaining| (answer, limit - remaining))
}

/// Restores the outer limit on drop, and charges it what the search took.
struct Restore {
    outer: Option<u32>,
    limit: u32,
}

impl Drop for Restore {
    fn drop(&mut self) {
        let taken = self.limit - REMAINING.get().unwrap_or_default();
        REMAINING.set(self.outer.map(|remaining| remaining.saturating_sub(taken)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_count_only_under_a_limit() {
        spend(u32::MAX);
        assert!(!is_spent());
        assert_eq!(within(10, || spend(9)), Some(((), 9)));
        assert_eq!(within(10, || spend(10)), None);
        assert!(!is_spent());
    }

    #[test]
    fn steps_under_an_inner_limit_count_against_the_outer_one() {
        let both = |inner| within(10, || within(5, || spend(inner)).is_some());
        assert_eq!(both(4), Some((true, 4)));
        assert_eq!(both(7), Some((false, 5)));
    }

    #[test]
    fn a_panic_lifts_the_limit() {
        let panicked = std::panic::catch_unwind(|| within(1, || panic!("in a user's schedule")));
        assert!(panicked.is_err());
        spend(1);
        assert!(!is_spent());
    }
}
