//! The rules by which an orchestrator decides, each as a user of it sees them: on a clock that is turned.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod attempts;
mod by_hand;
mod changes;
mod faulty;
mod instances;
mod logs;
mod overlap;
mod schedule;
mod shutdown;
mod support;
mod trouble;
