//! The reader of JSON Lines.

use std::fmt;

use godata_core::BoxError;
use godata_etl::{Batch, BlockingRead, Reader, Records, RunScope};
use godata_io::{Blocks, Input};
use serde::de::DeserializeOwned;

use super::{
    framing::LineFraming,
    source::{DecodeBlock, JsonlSource, decode_block},
};
use crate::{
    DuplicateKeys,
    decode::{RecordDecoder, TypedDecoder},
    options::Options,
};

/// Reads JSON Lines, made by [`read`](super::read) or [`read_records`](super::read_records).
///
/// The thread of the source only decompresses files and cuts them into blocks of about 256 KiB of whole lines; the workers decode them.
#[derive(Clone)]
pub struct JsonlReader<B> {
    input: Input,
    decode: DecodeBlock<B>,
    options: Options,
    /// `None` for that of `Blocks`.
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

    /// Says what is done with a key that an object has twice, at any depth. It is an error if this is not called.
    #[must_use]
    pub fn duplicate_keys(mut self, rule: DuplicateKeys) -> Self {
        self.options = self.options.with_duplicate_keys(rule);
        self
    }

    /// Sets how deep arrays and objects may be nested, the record itself being the first: 128 if this is not
    /// called, from 1 to at most 1,024. Deeper records are an error.
    #[must_use]
    pub fn max_depth(mut self, depth: usize) -> Self {
        self.options = self.options.with_max_depth(depth);
        self
    }
}

impl<B> JsonlReader<B> {
    fn new(input: Input, decode: DecodeBlock<B>) -> Self {
        Self { input, decode, options: Options::default(), block_size: None }
    }

    /// Sets how many bytes are decoded at a time, about: 256 KiB if this is not called, at least 1, at most
    /// 64 MiB.
    ///
    /// A batch has the records of such a block. Smaller blocks take less memory and more time.
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
        let mut blocks = Blocks::new(files, LineFraming::default(), scope);
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
