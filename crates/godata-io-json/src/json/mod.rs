//! One big array of values, as in `orders.json`, or within a document such as the answer of a web service.
//!
//! [`read`] and [`write()`] carry values of any type that serde knows, [`read_records`] and [`write()`] dynamic
//! [`Records`].
//!
//! # When to take this and not [`jsonl`](crate::jsonl)
//! A file is one JSON value: it begins with `[`, or with `{` and has the array somewhere within. Where you choose the
//! format, take JSON Lines: it can be cut, appended to and searched line by line, and a file that was cut off still has
//! its first records.
//!
//! # Questions
//! * *Does the file have to fit into memory?* No. The array is cut into blocks of whole elements
//!   ([`block_size`](JsonReader::block_size)), which workers decode; an element has at most 64 MiB.
//! * *The array is inside of an object.* Say where, by a JSON pointer (RFC 6901):
//!   `json::read_records("answer.json").pointer("/data/items")`. What is around the array is checked and not kept, so
//!   that a page number beside it is not to be had. The rest of the document is read to its end, and what is no JSON
//!   there fails the run.
//! * *One element is broken.* The run fails with the number of the record, the file, and the line and column of the
//!   error; in an element of many lines that is the line of the error, not the one on which the element begins.
//! * *The file is not UTF-8.* Say so: `json::read_records(Input::path("answer.json").encoding(Encoding::Utf16))`.
//! * *Pretty or compact?* Reading takes both. [`write()`] is compact; [`pretty`](JsonWriter::pretty) indents.
//! * *A key is there twice.* An error, or by rule the first or the last: [`duplicate_keys`](JsonReader::duplicate_keys).
//! * *How deep?* 128, or as [`max_depth`](JsonReader::max_depth) says.
//! * *What becomes of 12.50 and 12345678901234567890123?* All that is said of values in [`jsonl`](crate::jsonl) holds:
//!   numbers of dynamic records keep their digits, floats their point.
//!
//! # What is written
//! An array in UTF-8, without byte order mark and without a line feed at its end; `[]` if there are no records. It goes
//! to whatever an [`Output`] can be: a file, which is replaced as a whole when the run succeeds, files of a certain size
//! or one for each value of a field, each with an array of its own, or standard output; compressed or not. An array
//! can't be appended to, as it has ended: take JSON Lines for that.
//!
//! # Example
//! ```
//! use godata_core::RunContext;
//! use godata_etl::Pipeline;
//! use godata_io_json::json;
//!
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
//! # Ok::<(), godata_core::BoxError>(())
//! ```
//!
//! # Errors
//! [`JsonError`](crate::JsonError) says what is wrong: with an element, as the cause of a
//! [`PipelineError`](godata_etl::PipelineError) that names the record, the file and the line, or with the document, then
//! it names file and line itself:
//!
//! ```text
//! read failed at record 101 (orders.json:503): column 25: field `amount`: expected f64, found string "abc"
//! read failed: answer.json:9: there is nothing at `/data/items`: the object at `/data` has no `items`
//! ```
//!
//! Files that can't be opened, read or written are [`IoError`](godata_io::IoError)s, which name the file; so is an
//! element that is too long.

mod elements;
mod format;
mod framing;
mod pointer;
mod reader;
mod scanner;
mod source;
mod writer;

use godata_etl::Records;
use godata_io::{Input, Output};
pub use reader::JsonReader;
use serde::de::DeserializeOwned;
pub use writer::JsonWriter;

/// Reads values of a type, the elements of an array.
///
/// # Errors
/// In the run: an [`IoError`](godata_io::IoError) if the file can't be opened or read, a
/// [`JsonError`](crate::JsonError) if it is not JSON, has no array, or the type does not take an element.
///
/// ```
/// use godata_etl::Pipeline;
/// use godata_io_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), godata_core::BoxError> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("points.json");
/// std::fs::write(&path, "[[1, 2], [3, 4]]")?;
///
/// let points = Pipeline::builder("points").read(json::read::<(i64, i64)>(path)).collect(10).await?;
/// assert_eq!(points, [(1, 2), (3, 4)]);
/// # Ok(())
/// # }
/// ```
pub fn read<T: DeserializeOwned + Send + 'static>(input: impl Into<Input>) -> JsonReader<Vec<T>> {
    JsonReader::typed(input.into())
}

/// Reads dynamic records, the objects of an array.
///
/// # Errors
/// In the run: an [`IoError`](godata_io::IoError) if the file can't be opened or read, a
/// [`JsonError`](crate::JsonError) if it is not JSON, has no array, or an element is no object, has a key twice or is
/// nested too deep.
///
/// ```
/// use godata_etl::{Pipeline, record};
/// use godata_io_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), godata_core::BoxError> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("orders.json");
/// std::fs::write(&path, "[{\"id\":\"A-1\",\"amount\":12.5},{\"id\":\"A-2\",\"coupon\":null}]")?;
///
/// let orders = Pipeline::builder("orders").read(json::read_records(path)).collect(10).await?;
/// let expected = [record! {"id" => "A-1", "amount" => 12.5}, record! {"id" => "A-2", "coupon" => ()}];
/// assert_eq!(orders, expected);
/// # Ok(())
/// # }
/// ```
pub fn read_records(input: impl Into<Input>) -> JsonReader<Records> {
    JsonReader::records(input.into())
}

/// Writes an array: of dynamic records, or of values of any type that serde writes.
///
/// # Errors
/// In the run: an [`IoError`](godata_io::IoError) if the file can't be written, a [`JsonError`](crate::JsonError) if
/// JSON can't hold a value.
///
/// ```
/// use godata_core::RunContext;
/// use godata_etl::Pipeline;
/// use godata_io_json::json;
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("squares.json");
/// let squares = Pipeline::builder("squares").read_vec(vec![1, 2, 3]).map(|n| n * n).write(json::write(&*path))?;
/// squares.run_blocking(&RunContext::new())?;
/// assert_eq!(std::fs::read_to_string(&path)?, "[1,4,9]");
/// # Ok::<(), godata_core::BoxError>(())
/// ```
pub fn write(output: impl Into<Output>) -> JsonWriter {
    JsonWriter::new(output.into())
}

#[cfg(test)]
mod tests;
