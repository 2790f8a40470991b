//! Each error, as its message and as `main` prints it.

use godata_runner::RunnerBuildError;

#[test]
fn each_error_reads_the_same_as_its_message_and_in_main() {
    let pool = || "database".to_owned();
    let errors = [
        (
            RunnerBuildError::NoSlots,
            "the runner has a limit of 0 and would run nothing: set at least 1, or no limit",
        ),
        (
            RunnerBuildError::EmptyPool { pool: pool() },
            "pool `database` has 0 slots and would run nothing: give it at least 1",
        ),
        (
            RunnerBuildError::SamePool { pool: pool() },
            "two pools are named `database`: give each its own name",
        ),
    ];
    for (error, message) in errors {
        assert_eq!(error.to_string(), message);
        assert_eq!(format!("{error:?}"), message);
    }
}
