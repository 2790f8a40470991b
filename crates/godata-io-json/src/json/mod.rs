//! One big JSON array, as in `orders.json`, or an array within a document, such as the response of a web service.
//!
//! [`read`] reads values of any type that implements serde's `Deserialize`, [`read_records`] dynamic [`Records`].
//! [`write()`] writes both.
//!
//! # When to take this and not [`jsonl`](crate::jsonl)
//!
//! Take this module for files that are a single JSON value: they begin with `[`, or with `{` and have the array somewhere
//! inside. Where you choose the format, take JSON Lines: it can be split, appended to and searched line by line, and a
//! truncated file still has its first records.
//!
//! # Questions
//!
//! * *Must the file fit into memory?* No. The array is split into blocks of whole elements
//!   ([`block_size`](JsonReader::block_size)), which workers decode. An element has at most 64 MiB.
//! * *What if the array is inside an object?* Give its place as a JSON pointer (RFC 6901):
//!   `json::read_records("answer.json").pointer("/data/items")`. The text around the array is checked but not kept, so a
//!   page number next to it is not available. The document is read to its end, and invalid JSON after the array fails the
//!   run.
//! * *What if one element is invalid?* The run fails with the number of the record, the file, and the line and column of the
//!   error. In an element of several lines, it is the line of the error and not the line on which the element begins. Which
//!   elements can be left out instead is said in [Bad records](crate#bad-records).
//! * *What if the file is not UTF-8?* Set its encoding:
//!   `json::read_records(Input::path("answer.json").encoding(Encoding::Utf16))`.
//! * *Pretty or compact?* Both are read. [`write()`] is compact; [`pretty`](JsonWriter::pretty) indents.
//! * *What if a key appears twice?* It is an error, or the first or last value counts:
//!   [`duplicate_keys`](JsonReader::duplicate_keys).
//! * *How deep can values be nested?* 128 deep, or as [`max_depth`](JsonReader::max_depth) sets.
//! * *What happens to 12.50 and 12345678901234567890123?* Values are treated as in [`jsonl`](crate::jsonl): numbers of
//!   dynamic records keep their digits, floats keep their point.
//!
//! # What is written
//!
//! An array in UTF-8, without a byte order mark and without a line feed at the end; `[]` if there are no records. The output
//! is any [`Output`]: a file, which is replaced as a whole when the run succeeds; files up to a certain size or a file for
//! each value of a field, each with its own array; or standard output; compressed or not. A finished array can't be appended
//! to; take JSON Lines for that.
//!
//! # Example
//!
//! ```
//! use godata_io_json::{BoxError, Pipeline, RunContext, json};
//!
//! # fn main() -> Result<(), BoxError> {
//! # let folder = tempfile::tempdir()?;
//! let orders = folder.path().join("orders.json");
//! std::fs::write(&orders, "[{\"id\": \"A-1\", \"amount\": 12.50},\n {\"id\": \"A-2\", \"amount\": 0}]")?;
//! let paid = folder.path().join("paid.json");
//!
//! let pipeline = Pipeline::builder("paid")
//!     .read(json::read_records(orders))
//!     .try_filter(|order| Ok(order.f64("amount")? > 0.0))
//!     .write(json::write(&*paid))?;
//! pipeline.run_blocking(&RunContext::new())?;
//! assert_eq!(std::fs::read_to_string(&paid)?, "[{\"id\": \"A-1\", \"amount\": 12.50}]");
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! [`JsonError`] says what is wrong. For an element, it is the source of a [`PipelineError`](crate::PipelineError) that
//! names the record, the file and the line. For the document around the elements, it names the file and the line itself:
//!
//! ```text
//! read failed at record 101 (orders.json:503): column 25: field `amount`: expected f64, found string "abc"
//! read failed: answer.json:9: there is nothing at `/data/items`: the object at `/data` has no `items`
//! ```
//!
//! If a file can't be opened, read or written, or an element is too long, the source is an [`IoError`](crate::IoError),
//! which names the file.

mod format;
mod framing;
mod pointer;
mod reader;
mod scanner;
mod source;
mod writer;

use godata_etl::Records;
use godata_io::{Input, Output};
use serde::de::DeserializeOwned;

#[doc(no_inline)]
pub use crate::{DuplicateKeys, JsonError};
pub use reader::JsonReader;
pub use writer::JsonWriter;

/// Reads the elements of an array as values of a type.
///
/// # Errors
///
/// During the run: an [`IoError`](crate::IoError) if the file can't be opened or read, a [`JsonError`] if it is not JSON,
/// has no array, or an element does not fit the type.
///
/// ```
/// use godata_io_json::{BoxError, Input, Pipeline, json};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let input = Input::bytes("points", "[[1, 2], [3, 4]]");
/// let points = Pipeline::builder("points").read(json::read::<(i64, i64)>(input)).collect(10).await?;
/// assert_eq!(points, [(1, 2), (3, 4)]);
/// # Ok(())
/// # }
/// ```
pub fn read<T: DeserializeOwned + Send + 'static>(input: impl Into<Input>) -> JsonReader<Vec<T>> {
    JsonReader::typed(input.into())
}

/// Reads the objects of an array as dynamic records.
///
/// # Errors
///
/// During the run: an [`IoError`](crate::IoError) if the file can't be opened or read, a [`JsonError`] if it is not JSON,
/// has no array, or an element is not an object, has a duplicate key, or is nested too deep.
///
/// ```
/// use godata_io_json::{BoxError, Input, Pipeline, json, record};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let input = Input::bytes("orders", r#"[{"id": "A-1", "amount": 12.5}, {"id": "A-2", "coupon": null}]"#);
/// let orders = Pipeline::builder("orders").read(json::read_records(input)).collect(10).await?;
/// let expected = [record! {"id" => "A-1", "amount" => 12.5}, record! {"id" => "A-2", "coupon" => ()}];
/// assert_eq!(orders, expected);
/// # Ok(())
/// # }
/// ```
pub fn read_records(input: impl Into<Input>) -> JsonReader<Records> {
    JsonReader::records(input.into())
}

/// Writes an array of dynamic records, or of values of any type that implements serde's `Serialize`.
///
/// # Errors
///
/// During the run: an [`IoError`](crate::IoError) if the file can't be written, a [`JsonError`] if JSON can't hold a value.
///
/// ```
/// use godata_io_json::{BoxError, Pipeline, RunContext, json};
///
/// # fn main() -> Result<(), BoxError> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("squares.json");
/// let squares = Pipeline::builder("squares").read_vec(vec![1, 2, 3]).map(|n| n * n).write(json::write(&*path))?;
/// squares.run_blocking(&RunContext::new())?;
/// assert_eq!(std::fs::read_to_string(&path)?, "[1,4,9]");
/// # Ok(())
/// # }
/// ```
pub fn write(output: impl Into<Output>) -> JsonWriter {
    JsonWriter::new(output.into())
}

#[cfg(test)]
mod tests;
