//! The options of a reader.

use crate::dialect::Dialect;
use crate::{Ragged, Trim};

/// How a file is read.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) dialect: Dialect,
    pub(crate) skip_lines: u64,
    pub(crate) names: Names,
    pub(crate) ragged: Ragged,
    pub(crate) trim: Trim,
    pub(crate) nulls: Vec<String>,
    pub(crate) block_size: Option<usize>,
}

/// Where the names of the columns come from.
#[derive(Clone, Debug)]
pub(crate) enum Names {
    /// From the first record of each file.
    InFile,
    /// The columns have no names.
    Absent,
    /// They were given, and the file has none.
    Given(Vec<String>),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            skip_lines: 0,
            names: Names::InFile,
            ragged: Ragged::Refuse,
            trim: Trim::None,
            nulls: Vec::new(),
            block_size: None,
        }
    }
}
