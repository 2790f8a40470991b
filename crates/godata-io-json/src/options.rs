//! Options for reading dynamic records.

/// What happens when a key appears twice in an object of a dynamic record.
///
/// ```
/// use godata_io_json::{BoxError, DuplicateKeys, Input, Pipeline, jsonl, record};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let input = || Input::bytes("orders", "{\"id\":1,\"id\":2}\n");
///
/// let reader = jsonl::read_records(input()).duplicate_keys(DuplicateKeys::Last);
/// assert_eq!(Pipeline::builder("orders").read(reader).collect(10).await?, [record! {"id" => 2}]);
///
/// let reader = jsonl::read_records(input());
/// assert!(Pipeline::builder("orders").read(reader).collect(10).await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DuplicateKeys {
    /// It is an error, because it is not clear which value counts.
    #[default]
    Refuse,
    /// The first value counts. The others must still be valid JSON.
    First,
    /// The last value counts, as in JavaScript and Python. It keeps the position of the first.
    Last,
}

/// The default limit for nesting.
const MAX_DEPTH: usize = 128;

/// The highest limit for nesting. Values are read, written and dropped recursively, on threads with stacks of 2 MiB.
const DEEPEST: usize = 1024;

/// Options for reading dynamic records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    duplicate_keys: DuplicateKeys,
    max_depth: usize,
}

impl Options {
    pub(crate) fn duplicate_keys(self) -> DuplicateKeys {
        self.duplicate_keys
    }

    pub(crate) fn with_duplicate_keys(self, rule: DuplicateKeys) -> Self {
        Self { duplicate_keys: rule, ..self }
    }

    pub(crate) fn max_depth(self) -> usize {
        self.max_depth
    }

    pub(crate) fn with_max_depth(self, depth: usize) -> Self {
        Self { max_depth: depth.clamp(1, DEEPEST), ..self }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { duplicate_keys: DuplicateKeys::default(), max_depth: MAX_DEPTH }
    }
}
