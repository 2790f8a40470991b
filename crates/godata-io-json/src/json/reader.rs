//! The reader of arrays.

use std::fmt;

use godata_core::BoxError;
use godata_etl::{Batch, BlockingRead, Reader, Records, RunScope};
use godata_io::Input;
use serde::de::DeserializeOwned;

use super::{
    pointer::Pointer,
    source::{DecodeBlock, JsonSource, decode_block},
};
use crate::{
    DuplicateKeys,
    decode::{RecordDecoder, TypedDecoder},
    options::Options,
};

/// Reads the elements of an array, made by [`read`](super::read) or [`read_records`](super::read_records).
///
/// The thread of the source only cuts the array into blocks of about 256 KiB of whole elements; the workers decode
/// them.
#[derive(Clone)]
pub struct JsonReader<B> {
    input: Input,
    pointer: String,
    decode: DecodeBlock<B>,
    options: Options,
    /// `None` for that of `Blocks`.
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

    /// Says where in the document the array is, by a JSON pointer (RFC 6901): `/data/items`, `/pages/0/rows`.
    ///
    /// The document itself is the array if this is not called, or with an empty pointer. In a name, `~` is written as
    /// `~0` and `/` as `~1`.
    ///
    /// # Errors
    /// In the run: [`JsonError::Pointer`](crate::JsonError::Pointer) if this is no pointer,
    /// [`JsonError::PointerMissing`](crate::JsonError::PointerMissing) if it leads to nothing, and
    /// [`JsonError::NoArray`](crate::JsonError::NoArray) if it leads to something else.
    ///
    /// ```
    /// use godata_etl::{Pipeline, record};
    /// use godata_io_json::json;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_core::BoxError> {
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("answer.json");
    /// std::fs::write(&path, r#"{"page": 1, "data": {"items": [{"id": 1}, {"id": 2}]}, "total": 2}"#)?;
    ///
    /// let reader = json::read_records(path).pointer("/data/items");
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

    /// Says what is done with a key that an object has twice: one of a dynamic record, at any depth, or one on the
    /// way of the pointer. It is an error if this is not called.
    ///
    /// What comes later on the way of the pointer is not known when the array is read, so that there
    /// [`DuplicateKeys::Last`] is an error too.
    #[must_use]
    pub fn duplicate_keys(mut self, rule: DuplicateKeys) -> Self {
        self.options = self.options.with_duplicate_keys(rule);
        self
    }

    /// Sets how deep arrays and objects may be nested, in a dynamic record (itself being the first) and in what is
    /// outside of the array: 128 if this is not called, from 1 to at most 1,024. What is deeper is an error.
    ///
    /// Values of types are nested at most 127 deep, whatever is set here.
    #[must_use]
    pub fn max_depth(mut self, depth: usize) -> Self {
        self.options = self.options.with_max_depth(depth);
        self
    }

    /// Sets how many bytes are decoded at a time, about: 256 KiB if this is not called, at least 1, at most
    /// 64 MiB.
    ///
    /// A batch has the elements of such a block. Smaller blocks take less memory and more time.
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
