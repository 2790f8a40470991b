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
use crate::decode::{RecordDecoder, TypedDecoder};

/// Reads JSON Lines, made by [`read`](super::read) or [`read_records`](super::read_records).
///
/// The thread of the source only decompresses files and cuts them into blocks of about 256 KiB of whole lines; the workers decode them.
#[derive(Clone)]
pub struct JsonlReader<B> {
    input: Input,
    decode: DecodeBlock<B>,
}

impl<T: DeserializeOwned + Send + 'static> JsonlReader<Vec<T>> {
    pub(super) fn typed(input: Input) -> Self {
        Self { input, decode: decode_block::<TypedDecoder<T>> }
    }
}

impl JsonlReader<Records> {
    pub(super) fn records(input: Input) -> Self {
        Self { input, decode: decode_block::<RecordDecoder> }
    }
}

impl<B: Batch> Reader for JsonlReader<B> {
    type Batch = B;
    type Source = BlockingRead<JsonlSource<B>>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
        let (input, of_run) = (self.input.clone(), scope.clone());
        let files = scope.blocking(move || Ok(input.open(&of_run)?)).await?;
        let blocks = Blocks::new(files, LineFraming::default(), scope);
        Ok(BlockingRead::new(JsonlSource::new(blocks, self.decode), scope))
    }
}

impl<B> fmt::Debug for JsonlReader<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonlReader").field("input", &self.input).finish_non_exhaustive()
    }
}
