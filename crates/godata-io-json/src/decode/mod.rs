//! From the text of one value to a record: the only place of the readers that knows serde_json. Columns count from the begin of the text,
//! over its lines.

mod explain;
mod names;
mod nested;
mod parser;
mod record;
mod refused;

use godata_etl::{Batch, Records};
use serde::de::DeserializeOwned;

pub(crate) use self::{explain::reason, parser::string_end, record::RecordDecoder};

use self::explain::explain;
use crate::{JsonError, options::Options};

/// Fills a batch, one text after the other.
pub(crate) trait Decoder {
    /// The batch.
    type Batch: Batch;

    /// For about so many records.
    fn new(options: Options, records: usize) -> Self;

    /// Adds the record that `text` is. A record that fails is no part of the batch.
    fn push(&mut self, text: &str) -> Result<(), JsonError>;

    /// The batch of what was added.
    fn finish(self) -> Self::Batch;
}

/// Fills a batch of a type that serde reads.
pub(crate) struct TypedDecoder<T>(Vec<T>);

impl<T: DeserializeOwned + Send + 'static> Decoder for TypedDecoder<T> {
    type Batch = Vec<T>;

    fn new(_: Options, records: usize) -> Self {
        Self(Vec::with_capacity(records))
    }

    fn push(&mut self, text: &str) -> Result<(), JsonError> {
        let record = serde_json::from_str(text).map_err(|error| {
            let mut json = serde_json::Deserializer::from_str(text);
            let again = serde_path_to_error::deserialize::<_, T>(&mut json);
            explain(text, &error, again.err().as_ref().map(serde_path_to_error::Error::path))
        })?;
        self.0.push(record);
        Ok(())
    }

    fn finish(self) -> Vec<T> {
        self.0
    }
}

impl Decoder for RecordDecoder {
    type Batch = Records;

    fn new(options: Options, _: usize) -> Self {
        Self::new(options)
    }

    fn push(&mut self, text: &str) -> Result<(), JsonError> {
        self.push_row(text)
    }

    fn finish(self) -> Records {
        self.into_records()
    }
}

#[cfg(test)]
mod tests;
