//! How dynamic records are read.

/// What is done with a key that an object has twice, when dynamic records are read.
///
/// ```
/// use godata_etl::{Pipeline, record};
/// use godata_io_json::{DuplicateKeys, jsonl};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), godata_core::BoxError> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("orders.jsonl");
/// std::fs::write(&path, "{\"id\":1,\"id\":2}\n")?;
///
/// let reader = jsonl::read_records(path).duplicate_keys(DuplicateKeys::Last);
/// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
/// assert_eq!(orders, [record! {"id" => 2}]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DuplicateKeys {
    /// It is an error, because nobody can know which one counts.
    #[default]
    Refuse,
    /// The first one counts; the others must be valid JSON.
    First,
    /// The last one counts, as in JavaScript and Python; it stands where the first one stood.
    Last,
}

/// How deep values may be nested if nothing else is said.
const MAX_DEPTH: usize = 128;

/// The greatest depth that can be asked for: values are read, written and dropped by recursion, on threads with
/// stacks of 2 MiB.
const DEEPEST: usize = 1024;

/// How dynamic records are read.
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
