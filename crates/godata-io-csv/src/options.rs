//! The options of a reader.

use crate::dialect::Dialect;
use crate::{FileColumns, Ragged, Trim};

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
    pub(crate) longest_record: Option<usize>,
    pub(crate) file_columns: FileColumns,
    /// Whether the records are read by position even if the columns have names.
    pub(crate) is_positional: bool,
    /// Whether only the first file has a header.
    pub(crate) has_one_header: bool,
    pub(crate) skips_empty_files: bool,
    pub(crate) makes_names_unique: bool,
    pub(crate) drops_trailing_empty: bool,
    /// Whether the files may begin with a line that declares the delimiter.
    pub(crate) has_sep_line: bool,
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
            longest_record: None,
            file_columns: FileColumns::Same,
            is_positional: false,
            has_one_header: false,
            skips_empty_files: false,
            makes_names_unique: false,
            drops_trailing_empty: false,
            has_sep_line: false,
        }
    }
}
