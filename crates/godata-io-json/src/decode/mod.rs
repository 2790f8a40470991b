//! From the text of one value to a record: the only place of the readers that knows serde_json. Columns count from the
//! begin of the text, over its lines.

mod compact;
mod explain;
mod nested;
mod parser;
mod record;
mod refused;

use godata_etl::{Batch, Records};
use serde::de::DeserializeOwned;

pub(crate) use self::{explain::reason, parser::string_end, record::RecordDecoder};

use self::explain::explain;
use crate::{JsonError, options::Options};

/// Fills a batch with the records of a block, one after the other.
pub(crate) trait Decoder {
    /// The batch.
    type Batch: Batch;

    /// For about so many records of a block of `len` bytes, with the memory of an earlier batch.
    fn new(options: Options, records: usize, len: usize, memory: Records) -> Self;

    /// Adds the record that `text` is, which begins at `begin` in the block. A record that fails is no part of the
    /// batch.
    fn push(&mut self, text: &str, begin: usize) -> Result<(), JsonError>;

    /// The batch of what was added from this block, and the block, if the batch has no use for it.
    fn finish(self, block: String) -> Result<(Self::Batch, Option<String>), BlockLength>;
}

/// A block has another length than was announced, or one whose parts have no place in a batch.
#[derive(Debug, thiserror::Error)]
#[error("no batch can be made over a block of {0} bytes")]
pub(crate) struct BlockLength(usize);

/// Fills a batch of a type that serde reads.
pub(crate) struct TypedDecoder<T>(Vec<T>);

impl<T: DeserializeOwned + Send + 'static> Decoder for TypedDecoder<T> {
    type Batch = Vec<T>;

    fn new(_: Options, records: usize, _: usize, _: Records) -> Self {
        Self(Vec::with_capacity(records))
    }

    fn push(&mut self, text: &str, _: usize) -> Result<(), JsonError> {
        let record = serde_json::from_str(text).map_err(|error| {
            let mut json = serde_json::Deserializer::from_str(text);
            let again = serde_path_to_error::deserialize::<_, T>(&mut json);
            explain(text, &error, again.err().as_ref().map(serde_path_to_error::Error::path))
        })?;
        self.0.push(record);
        Ok(())
    }

    fn finish(self, block: String) -> Result<(Vec<T>, Option<String>), BlockLength> {
        Ok((self.0, Some(block)))
    }
}

impl Decoder for RecordDecoder {
    type Batch = Records;

    fn new(options: Options, _: usize, len: usize, memory: Records) -> Self {
        Self::new(options, len, memory)
    }

    fn push(&mut self, text: &str, begin: usize) -> Result<(), JsonError> {
        self.push_row(text, begin)
    }

    fn finish(self, block: String) -> Result<(Records, Option<String>), BlockLength> {
        let records = self.into_records(block).map_err(|block| BlockLength(block.len()))?;
        Ok((records, None))
    }
}

#[cfg(test)]
mod tests;
