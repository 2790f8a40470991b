//! The file store never loses what it acknowledged.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that can't go on fails, and says why")]
#![cfg(unix)]

mod damage;
mod faults;
mod kills;
mod places;
mod power_cuts;
mod repairs;
mod support;
