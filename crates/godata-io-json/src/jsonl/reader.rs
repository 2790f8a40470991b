//! The reader of JSON Lines.

use std::fmt;

use godata_core::BoxError;
use godata_etl::{Batch, BlockingRead, Reader, Records, RunScope};
use godata_io::{Blocks, Input};
use serde::de::DeserializeOwned;

use super::concatenated::ValueFraming;
use super::framing::{JsonlFraming, LineFraming};
use super::source::{DecodeBlock, JsonlSource, decode_block};
use crate::DuplicateKeys;
use crate::decode::{RecordDecoder, TypedDecoder};
use crate::options::Options;

/// Reads JSON Lines; made by [`read`](super::read) or [`read_records`](super::read_records).
///
/// The source's thread decompresses the files and splits them into blocks of whole lines, about 256 KiB each. Workers decode
/// the blocks.
///
/// # Example
///
/// ```
/// use godata_io_json::jsonl::DuplicateKeys;
/// use godata_io_json::{BoxError, Input, Pipeline, jsonl};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let input = Input::bytes("events", "{\"id\":1,\"id\":2,\"data\":[[3]]}\n");
/// let reader = jsonl::read_records(input)
///     .duplicate_keys(DuplicateKeys::First)
///     .max_depth(3)
///     .block_size(64 * 1024);
/// let events = Pipeline::builder("events").read(reader).collect(10).await?;
/// assert_eq!(events.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct JsonlReader<B> {
    input: Input,
    decode: DecodeBlock<B>,
    options: Options,
    is_concatenated: bool,
    /// `None` for the default of `Blocks`.
    block_size: Option<usize>,
}

impl<T: DeserializeOwned + Send + 'static> JsonlReader<Vec<T>> {
    pub(super) fn typed(input: Input) -> Self {
        Self::new(input, decode_block::<TypedDecoder<T>>)
    }
}

impl JsonlReader<Records> {
    pub(super) fn records(input: Input) -> Self {
        Self::new(input, decode_block::<RecordDecoder>)
    }

    /// Sets what happens when a key appears twice in an object, at any depth. By default it is an error.
    #[must_use]
    pub fn duplicate_keys(mut self, rule: DuplicateKeys) -> Self {
        self.options = self.options.with_duplicate_keys(rule);
        self
    }

    /// Sets how deep arrays and objects can be nested, counting the record itself as 1. Deeper records are an error.
    ///
    /// The default is 128. Values below 1 count as 1, values above 1,024 as 1,024.
    #[must_use]
    pub fn max_depth(mut self, depth: usize) -> Self {
        self.options = self.options.with_max_depth(depth);
        self
    }
}

impl<B> JsonlReader<B> {
    fn new(input: Input, decode: DecodeBlock<B>) -> Self {
        Self { input, decode, options: Options::default(), is_concatenated: false, block_size: None }
    }

    /// Reads values that follow one another in any way: several on a line, with nothing between them, or over several lines, as
    /// `jq` prints them. White space is needed only between two numbers or words.
    ///
    /// Byte order marks between values, as in joined files, and the record separators of JSON text sequences (RFC 7464) are
    /// skipped. A value has at most 64 MiB. This takes longer than reading lines, because the end of a value is harder to find.
    /// An error has the line of the fault, which can be after the line on which the record begins. A value that does not end where
    /// it should fails the run even if [bad records](crate#bad-records) are left out.
    ///
    /// By default, each line has one value, and anything else is an error.
    ///
    /// ```
    /// use godata_io_json::{BoxError, Input, Pipeline, jsonl, record};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let input = Input::bytes("orders", "{\"id\":1}{\"id\":2} {\"id\":3}\n{\n  \"id\": 4\n}\n");
    /// let reader = jsonl::read_records(input).concatenated();
    /// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
    /// assert_eq!(orders, [1, 2, 3, 4].map(|id| record! {"id" => id}));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn concatenated(mut self) -> Self {
        self.is_concatenated = true;
        self
    }

    /// Sets about how many bytes are decoded at a time: the records of one block become one batch. Smaller blocks take less
    /// memory and more time.
    ///
    /// The default is 256 KiB, the minimum 1 byte, the maximum 64 MiB.
    #[must_use]
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.block_size = Some(bytes);
        self
    }
}

impl<B: Batch> Reader for JsonlReader<B> {
    type Batch = B;
    type Source = BlockingRead<JsonlSource<B>>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
        let (input, of_run) = (self.input.clone(), scope.clone());
        let files = scope.blocking(move || Ok(input.open(&of_run)?)).await?;
        let mut blocks = if self.is_concatenated {
            // In a shared block, a value that is cut off at the end of one file would continue in the next.
            Blocks::new(files, JsonlFraming::Values(ValueFraming::default()), scope).file_by_file()
        } else {
            Blocks::new(files, JsonlFraming::Lines(LineFraming::default()), scope)
        };
        if let Some(bytes) = self.block_size {
            blocks = blocks.block_size(bytes);
        }
        Ok(BlockingRead::new(JsonlSource::new(blocks, self.decode, self.options), scope))
    }
}

impl<B> fmt::Debug for JsonlReader<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonlReader").field("input", &self.input).finish_non_exhaustive()
    }
}
