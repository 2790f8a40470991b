//! Several inputs and outputs in one run, calls that are retried, and targets that refuse rows.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod also_write;
mod chain;
mod faults;
mod kit;
mod retry;
mod route;
mod rows;
mod tee;
