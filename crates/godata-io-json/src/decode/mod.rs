//! Decodes the text of a value into a record. Columns count from the start of the text, across its lines.

mod compact;
mod dynamic;
mod explain;
pub(crate) mod hint;
mod nested;
mod parser;
mod problem;
mod record;
mod surrogate;

use godata_core::debug_as_chain;
use godata_etl::{Batch, Records};
use serde::de::DeserializeOwned;

pub(crate) use self::explain::reason;
pub(crate) use self::parser::string_end;
pub(crate) use self::record::RecordDecoder;
pub(crate) use self::surrogate::lone_surrogate;

use self::explain::explain;
use crate::JsonError;
use crate::options::Options;

/// Fills a batch with the records of a block, one after the other.
pub(crate) trait Decoder {
    /// The batch that it fills.
    type Batch: Batch;

    /// A decoder for about `records` records of a block of `len` bytes. It reuses the memory of an earlier batch.
    fn new(options: Options, records: usize, len: usize, memory: Records) -> Self;

    /// Adds a record whose text begins at `begin` in the block. A record that fails is not added.
    fn push(&mut self, text: &str, begin: usize) -> Result<(), JsonError>;

    /// The batch of all added records, and the block, unless the batch keeps it.
    fn finish(self, block: String) -> Result<(Self::Batch, Option<String>), BlockLength>;
}

/// A block is not as long as announced, or too long for a batch to refer to.
#[derive(thiserror::Error)]
#[error("can't make a batch over a block of {0} bytes")]
pub(crate) struct BlockLength(usize);

debug_as_chain!(BlockLength);

/// Fills a batch with values of a type.
pub(crate) struct TypedDecoder<T>(Vec<T>);

impl<T: DeserializeOwned + Send + 'static> Decoder for TypedDecoder<T> {
    type Batch = Vec<T>;

    fn new(_: Options, records: usize, _: usize, _: Records) -> Self {
        Self(Vec::with_capacity(records))
    }

    fn push(&mut self, text: &str, _: usize) -> Result<(), JsonError> {
        let record = dynamic::decode(text).map_or_else(|| by_serde(text), Ok)?;
        self.0.push(record);
        Ok(())
    }

    fn finish(self, block: String) -> Result<(Vec<T>, Option<String>), BlockLength> {
        Ok((self.0, Some(block)))
    }
}

fn by_serde<T: DeserializeOwned>(text: &str) -> Result<T, JsonError> {
    serde_json::from_str(text).map_err(|error| {
        let mut json = serde_json::Deserializer::from_str(text);
        let again = serde_path_to_error::deserialize::<_, T>(&mut json);
        explain(text, &error, again.err().as_ref().map(serde_path_to_error::Error::path))
    })
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
