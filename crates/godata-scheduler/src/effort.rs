//! How much a question takes.
//!
//! Times differ between machines and builds, so what is limited is counted in steps, of roughly 10 ns each. What
//! searches counts its steps here as it goes, through all schedules that it asks in turn; whoever sets a limit is
//! told if it was not enough.

use std::cell::Cell;

thread_local! {
    /// The steps that are left to the question being asked; none if they are not limited.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Counts some steps.
pub(crate) fn spend(steps: u32) {
    LEFT.set(LEFT.get().map(|left| left.saturating_sub(steps)));
}

/// Whether the limit is reached, so that a search had better end: its answer is not used.
pub(crate) fn is_spent() -> bool {
    LEFT.get() == Some(0)
}

/// The answer to a question and the steps that it took; none if `limit` steps were not enough.
pub(crate) fn within<T>(limit: u32, ask: impl FnOnce() -> T) -> Option<(T, u32)> {
    // Somebody else's schedule may panic, or build another one.
    let _restored = Restore { before: LEFT.replace(Some(limit)), limit };
    let answer = ask();
    LEFT.get().filter(|left| *left > 0).map(|left| (answer, limit - left))
}

/// Goes on with the limit that was before, less what was taken.
struct Restore {
    before: Option<u32>,
    limit: u32,
}

impl Drop for Restore {
    fn drop(&mut self) {
        let taken = self.limit - LEFT.get().unwrap_or_default();
        LEFT.set(self.before.map(|left| left.saturating_sub(taken)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_count_while_they_are_limited() {
        spend(u32::MAX);
        assert!(!is_spent());
        assert_eq!(within(10, || spend(9)), Some(((), 9)));
        assert_eq!(within(10, || spend(10)), None);
        assert!(!is_spent());
    }

    #[test]
    fn steps_within_a_limit_count_in_the_one_around_it() {
        let both = |inner| within(10, || within(5, || spend(inner)).is_some());
        assert_eq!(both(4), Some((true, 4)));
        assert_eq!(both(7), Some((false, 5)));
    }

    #[test]
    fn a_panic_ends_the_limit() {
        let panicked = std::panic::catch_unwind(|| within(1, || panic!("somebody else's")));
        assert!(panicked.is_err());
        spend(1);
        assert!(!is_spent());
    }
}
