//! For implementors of stores: the conformance suite, with a test or more per clause of the
//! [contract](crate::Store#the-contract). `clause_00` tests what the clauses assume: reads.
//!
//! [`store_conformance!`](crate::store_conformance) generates the tests from a [`Fixture`], which opens the store and
//! describes it. The docs of [`Store`](crate::Store#a-store-of-your-own) show a complete test file. A clause that does
//! not apply to the store is skipped, and the reason is printed to stderr. Clause 11 binds the callers of a store and has
//! no test.
//!
//! The functions of this module are the tests. On a runtime other than tokio, await them directly, with a [`Trial`].

mod commits;
mod faulty;
mod owners;
mod puts;
mod several;
mod trial;

pub use commits::{
    clause_01_a_commit_is_all_or_nothing_and_durable, clause_02_one_commit_per_rev_succeeds,
    clause_03_runs_change_only_as_allowed, clause_04_the_cursor_does_not_go_back,
    clause_05_a_shared_store_compares_due_times_with_its_own_clock,
    clause_10_pipelines_do_not_wait_for_each_other,
};
pub use faulty::clause_09_the_default_commit_survives_a_failure_of_any_put;
pub use owners::{
    clause_03_queued_runs_without_an_owner_are_anybodys, clause_06_a_dead_owner_never_commits_or_renews,
    clause_07_no_commit_of_a_dead_owner_arrives_after_reap, clause_07_only_steady_owners_declare_others_dead,
    clause_07_reap_returns_the_runs_of_dead_owners, clause_08_prune_keeps_every_run_that_is_needed,
};
pub use puts::{clause_00_pages_are_newest_first_and_complete, clause_00_rows_are_read_as_they_were_put};
pub use several::{
    clause_00_changed_pipelines_are_found_by_their_revs, clause_00_counts_and_newest_runs_agree_with_queries,
    clause_00_queued_runs_without_an_owner_are_claimable, clause_02_handles_see_each_others_commits,
    clause_10_many_commits_at_once_all_end,
};
pub use trial::{Fixture, Spawn, Trial};

/// For implementors of stores: generates the tests of a store, one or more per clause of its
/// [contract](crate::Store#the-contract).
///
/// The argument is an expression for the store's [`Fixture`](crate::conformance::Fixture). It is evaluated once per test.
/// The docs of [`Store`](crate::Store#a-store-of-your-own) show a complete test file.
///
/// The macro needs the feature `conformance`, and `tokio` with its features `macros` and `rt-multi-thread` in the
/// dev-dependencies.
#[macro_export]
macro_rules! store_conformance {
    ($fixture:expr) => {
        $crate::store_conformance! { @tests $fixture;
            clause_00_rows_are_read_as_they_were_put
            clause_00_pages_are_newest_first_and_complete
            clause_00_counts_and_newest_runs_agree_with_queries
            clause_00_changed_pipelines_are_found_by_their_revs
            clause_00_queued_runs_without_an_owner_are_claimable
            clause_01_a_commit_is_all_or_nothing_and_durable
            clause_02_one_commit_per_rev_succeeds
            clause_02_handles_see_each_others_commits
            clause_03_runs_change_only_as_allowed
            clause_03_queued_runs_without_an_owner_are_anybodys
            clause_04_the_cursor_does_not_go_back
            clause_05_a_shared_store_compares_due_times_with_its_own_clock
            clause_06_a_dead_owner_never_commits_or_renews
            clause_07_reap_returns_the_runs_of_dead_owners
            clause_07_only_steady_owners_declare_others_dead
            clause_07_no_commit_of_a_dead_owner_arrives_after_reap
            clause_08_prune_keeps_every_run_that_is_needed
            clause_09_the_default_commit_survives_a_failure_of_any_put
            clause_10_pipelines_do_not_wait_for_each_other
            clause_10_many_commits_at_once_all_end
        }
    };
    (@tests $fixture:expr; $($clause:ident)+) => { $(
        #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $clause() {
            let trial = $crate::conformance::Trial::new($fixture, |task| {
                let task = ::tokio::spawn(task);
                ::std::boxed::Box::pin(async { task.await.expect("no task of the suite panics") })
            });
            trial.run($crate::conformance::$clause(&trial)).await;
        }
    )+ };
}
