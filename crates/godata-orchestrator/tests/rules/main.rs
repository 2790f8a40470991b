//! The rules of an orchestrator, each as a user sees it, on a manual clock.

#![allow(clippy::unwrap_used, reason = "a test that can't continue fails")]

mod attempts;
mod by_hand;
mod changes;
mod faulty;
mod instances;
mod logs;
mod outside;
mod overlap;
mod params;
mod schedule;
mod shutdown;
mod support;
mod threads;
mod told;
mod trouble;
mod upstream;
