//! Bad records are left out, each with its place and the reason, and all others are read.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod kit;
mod limits;
mod property;
mod table;
mod writing;
