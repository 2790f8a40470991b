//! The rules by which an orchestrator decides, each as a user of it sees them: on a clock that is turned.

mod by_hand;
mod schedule;
mod support;
