//! What must hold for every input. Each module has one target.
//!
//! libFuzzer runs the targets for as long as you like, and the tests of the workspace for a short time.

pub mod cron;
pub mod csv;
pub mod csv_files;
pub mod csv_round_trip;
pub mod json;
pub mod json_round_trip;
pub mod jsonl;
pub mod schedule;

mod documents;
mod options;
mod run;
