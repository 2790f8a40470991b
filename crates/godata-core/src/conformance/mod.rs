//! The suite that proves a store: one test per clause of its [contract](crate::Store#the-contract).
//!
//! [`store_conformance!`](crate::store_conformance) makes the tests, from a [`Fixture`] that says how to open the
//! store; the docs of [`Store`](crate::Store) show one. A clause that does not speak of such a store says on stderr
//! why it was skipped.
//!
//! The functions of this module are the tests; whoever has no `tokio` calls them from their own.

mod commits;
mod faulty;
mod owners;
mod puts;
mod trial;

pub use commits::{
    clause_01_a_commit_is_all_or_nothing_and_durable,
    clause_02_one_of_many_commits_with_the_same_rev_succeeds, clause_03_runs_change_only_as_they_may,
    clause_04_the_cursor_only_rises, clause_05_a_shared_store_compares_due_times_with_its_own_clock,
    clause_10_pipelines_do_not_wait_for_each_other,
};
pub use faulty::clause_09_the_default_commit_survives_a_failure_between_every_two_writes;
pub use owners::{
    clause_06_a_dead_owner_never_commits_or_renews, clause_07_reap_returns_the_runs_of_dead_owners,
    clause_08_prune_removes_nothing_that_is_needed, clause_11_is_kept_by_who_uses_the_store,
};
pub use puts::{clause_00_pages_are_newest_first_and_complete, clause_00_what_was_put_is_read};
pub use trial::{Fixture, Spawn, Trial};

/// Makes the tests that prove a store, from an expression for its [`Fixture`](crate::conformance::Fixture), which is
/// evaluated once per test.
///
/// It needs the feature `conformance`, and `tokio` with its features `macros` and `rt-multi-thread` among the
/// dev-dependencies.
#[macro_export]
macro_rules! store_conformance {
    ($fixture:expr) => {
        $crate::store_conformance! { @tests $fixture;
            clause_00_what_was_put_is_read
            clause_00_pages_are_newest_first_and_complete
            clause_01_a_commit_is_all_or_nothing_and_durable
            clause_02_one_of_many_commits_with_the_same_rev_succeeds
            clause_03_runs_change_only_as_they_may
            clause_04_the_cursor_only_rises
            clause_05_a_shared_store_compares_due_times_with_its_own_clock
            clause_06_a_dead_owner_never_commits_or_renews
            clause_07_reap_returns_the_runs_of_dead_owners
            clause_08_prune_removes_nothing_that_is_needed
            clause_09_the_default_commit_survives_a_failure_between_every_two_writes
            clause_10_pipelines_do_not_wait_for_each_other
            clause_11_is_kept_by_who_uses_the_store
        }
    };
    (@tests $fixture:expr; $($clause:ident)+) => { $(
        #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $clause() {
            let trial = $crate::conformance::Trial::new($fixture, |task| {
                let task = ::tokio::spawn(task);
                ::std::boxed::Box::pin(async { task.await.expect("no task of the suite panics") })
            });
            trial.finish($crate::conformance::$clause(&trial)).await;
        }
    )+ };
}
