//! Each error, as its message and as `main` prints it.

use godata_core::excerpt_within;
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

#[test]
fn no_error_prints_a_character_that_a_terminal_obeys_or_a_text_without_end() {
    for pool in ["a\n\u{1b}[2J\u{202e}\u{200b}\u{2028}\u{9b}\u{e0041}".to_owned(), "x".repeat(1 << 20)] {
        for error in [RunnerBuildError::EmptyPool { pool: pool.clone() }, RunnerBuildError::SamePool { pool }]
        {
            let message = format!("{error:?}");
            assert!(message.len() < 300 && excerpt_within(&message, message.len()) == message, "{message}");
        }
    }
}
