//! What must hold of all input, whatever bytes it is: each module has one target.
//!
//! libFuzzer runs them for as long as one likes, and the tests of the workspace for a moment.

pub mod csv;
pub mod csv_round_trip;
pub mod json;
pub mod json_round_trip;
pub mod jsonl;
pub mod schedule;

mod documents;
mod options;
mod run;
