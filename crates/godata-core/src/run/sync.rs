//! The mutex of the cell. The loom test replaces this module with one that uses loom's mutex.

pub(super) use std::sync::Mutex;
