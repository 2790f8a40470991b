//! What the cell is made of. A test puts loom's twin of it in its place.

pub(super) use std::sync::Mutex;
