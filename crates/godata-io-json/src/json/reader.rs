//! The reader of arrays.

use std::fmt;

use godata_core::BoxError;
use godata_etl::{Batch, BlockingRead, Reader, Records, RunScope};
use godata_io::Input;
use serde::de::DeserializeOwned;

use super::pointer::Pointer;
use super::source::{DecodeBlock, JsonSource, decode_block};
use crate::DuplicateKeys;
use crate::decode::{RecordDecoder, TypedDecoder};
use crate::options::Options;

/// Reads the elements of an array; made by [`read`](super::read) or [`read_records`](super::read_records).
///
/// The source's thread splits the array into blocks of whole elements, about 256 KiB each. Workers decode the blocks.
#[derive(Clone)]
pub struct JsonReader<B> {
    input: Input,
    pointer: String,
    decode: DecodeBlock<B>,
    options: Options,
    /// `None` for the default of `Blocks`.
    block_size: Option<usize>,
}

impl<T: DeserializeOwned + Send + 'static> JsonReader<Vec<T>> {
    pub(super) fn typed(input: Input) -> Self {
        Self::new(input, decode_block::<TypedDecoder<T>>)
    }
}

impl JsonReader<Records> {
    pub(super) fn records(input: Input) -> Self {
        Self::new(input, decode_block::<RecordDecoder>)
    }
}

impl<B> JsonReader<B> {
    fn new(input: Input, decode: DecodeBlock<B>) -> Self {
        Self { input, pointer: String::new(), decode, options: Options::default(), block_size: None }
    }

    /// Sets where in the document the array is, as a JSON pointer (RFC 6901): `/data/items`, `/pages/0/rows`.
    ///
    /// The default is an empty pointer: the document itself is the array. In a name, write `~` as `~0` and `/` as `~1`.
    ///
    /// # Errors
    ///
    /// During the run: [`JsonError::Pointer`](crate::JsonError::Pointer) if this is not a pointer,
    /// [`JsonError::PointerMissing`](crate::JsonError::PointerMissing) if it leads to nothing, and
    /// [`JsonError::NoArray`](crate::JsonError::NoArray) if it leads to something other than an array.
    ///
    /// ```
    /// use godata_io_json::{BoxError, Input, Pipeline, json, record};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let answer = r#"{"page": 1, "data": {"items": [{"id": 1}, {"id": 2}]}, "total": 2}"#;
    /// let reader = json::read_records(Input::bytes("answer", answer)).pointer("/data/items");
    /// let items = Pipeline::builder("items").read(reader).collect(10).await?;
    /// assert_eq!(items, [record! {"id" => 1}, record! {"id" => 2}]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn pointer(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = pointer.into();
        self
    }

    /// Sets what happens when a key appears twice in an object, in a dynamic record at any depth, or on the path of the
    /// pointer. By default it is an error.
    ///
    /// On the path of the pointer, it is an error under [`DuplicateKeys::Last`] too, because the array is read before a
    /// later key is known.
    #[must_use]
    pub fn duplicate_keys(mut self, rule: DuplicateKeys) -> Self {
        self.options = self.options.with_duplicate_keys(rule);
        self
    }

    /// Sets how deep arrays and objects can be nested, in a dynamic record (counting the record itself as 1) and outside the
    /// array. Deeper nesting is an error.
    ///
    /// The default is 128. Values below 1 count as 1, values above 1,024 as 1,024. Typed records are nested at most 127 deep,
    /// whatever is set here.
    #[must_use]
    pub fn max_depth(mut self, depth: usize) -> Self {
        self.options = self.options.with_max_depth(depth);
        self
    }

    /// Sets about how many bytes are decoded at a time: the elements of one block become one batch. Smaller blocks take less
    /// memory and more time.
    ///
    /// The default is 256 KiB, the minimum 1 byte, the maximum 64 MiB.
    #[must_use]
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.block_size = Some(bytes);
        self
    }
}

impl<B: Batch> Reader for JsonReader<B> {
    type Batch = B;
    type Source = BlockingRead<JsonSource<B>>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
        let pointer = Pointer::parse(&self.pointer)?;
        let (input, of_run) = (self.input.clone(), scope.clone());
        let files = scope.blocking(move || Ok(input.open(&of_run)?)).await?;
        let mut source = JsonSource::new(files, pointer, self.decode, self.options, scope);
        if let Some(bytes) = self.block_size {
            source = source.block_size(bytes);
        }
        Ok(BlockingRead::new(source, scope))
    }
}

impl<B> fmt::Debug for JsonReader<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("JsonReader");
        debug.field("input", &self.input).field("pointer", &self.pointer).finish_non_exhaustive()
    }
}
