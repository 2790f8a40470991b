//! JSON Lines: one JSON value per line, as in `orders.jsonl` or `orders.ndjson`.
//!
//! [`read`] reads values of any type that implements serde's `Deserialize`, [`read_records`] dynamic [`Records`].
//! [`write()`] writes both.
//!
//! | a file may also have | by default | to read it |
//! |---|---|---|
//! | several values on a line, or values that span lines, as `jq` prints them | an error | [`concatenated`](JsonlReader::concatenated) |
//! | byte order marks between records, as in joined files, or record separators (RFC 7464) | an error | [`concatenated`](JsonlReader::concatenated) |
//! | a key twice in a dynamic record | an error | [`duplicate_keys`](JsonlReader::duplicate_keys) |
//! | values that are nested more than 128 deep | an error | [`max_depth`](JsonlReader::max_depth) |
//! | text that is not UTF-8 | an error | [`Input::encoding`] |
//! | one array, or a document with an array in it | an error | [`json`](crate::json) |
//!
//! # What is read
//!
//! * **Inputs.** Any [`Input`]: a file, several files, a glob, a directory, standard input or bytes, plain or compressed
//!   with gzip, zstd or bzip2. The files of one input are read one after the other, as if they were one.
//! * **Text.** UTF-8 with or without a byte order mark, or the encoding that [`Input::encoding`] sets. Lines end with LF or
//!   CRLF; the last one needs no line end. A byte order mark of another encoding is an error, and so are a NUL byte and invalid
//!   UTF-8, with their line and column.
//! * **Blank lines**, of nothing but spaces, tabs and carriage returns, are skipped. They count as lines, not as records.
//! * **Typed records** are any JSON value that the type accepts. The type decides about keys that appear twice or that it
//!   does not know: derived structs refuse the former and ignore the latter.
//! * **Dynamic records** are objects. Strings become text, arrays lists, objects maps. Names are in the order in
//!   which they first appear in the batch; a row with another order is reordered.
//! * **Duplicate keys** in a dynamic record are an error at any depth, because it is not clear which value counts.
//!   [`duplicate_keys`](JsonlReader::duplicate_keys) sets another rule.
//! * **Numbers** of a dynamic record keep their digits, also within lists and maps, and through every step that moves or
//!   copies them: `12345678901234567890123`, `1e999` and `12.50` are written as they were read. A number is parsed when a step
//!   asks for an `i64`, `u64` or `f64`; out of range is an error with the field and the digits. Only serde does not keep
//!   digits: in a type of your own, a field that is a [`Value`](crate::Value) holds the number as the first of `i64`, `u64`
//!   and `f64` that can represent it.
//! * **Limits.** A dynamic record is nested at most 128 deep, or as [`max_depth`](JsonlReader::max_depth) sets; a typed
//!   record at most 127. A line has at most 64 MiB.
//!
//! # What is written
//!
//! One value per line, ended by LF, in UTF-8 without a byte order mark.
//!
//! * A dynamic record that was read from a single line of JSON, and that no step changed, is written as it was read, with
//!   its spaces and escapes. In a record that a step changed, unchanged numbers, lists and maps are written as they were
//!   read. Everything else is written without spaces.
//! * An absent field is left out, null is `null`, text is a string. A number that was read as a number, or
//!   [cast](crate::RecordMut::cast) from text, keeps its digits (`12.50`). Any other number is written as the shortest text
//!   that reads back as the same number (`12.5`).
//! * A float keeps its point: `12.0`. NaN and the infinities are an error, in dynamic and typed records: JSON can't express
//!   them, and writing `null` would lose them silently.
//! * A timestamp is text as in RFC 3339. Bytes in a dynamic record are an error; a type chooses the form of its bytes
//!   itself.
//!
//! The output is any [`Output`]: a file, files up to a certain size, a file for each value of a field, or standard output;
//! compressed, replaced as a whole when the run succeeds, or appended to. Appending to a file whose last line has no end
//! ends that line first.
//!
//! # Example
//!
//! ```
//! use godata_io_json::{BoxError, Pipeline, RunContext, jsonl};
//!
//! #[derive(serde::Deserialize, serde::Serialize)]
//! struct Order {
//!     id: String,
//!     amount: f64,
//! }
//!
//! # fn main() -> Result<(), BoxError> {
//! # let folder = tempfile::tempdir()?;
//! let orders = folder.path().join("orders.jsonl");
//! std::fs::write(&orders, "{\"id\":\"A-1\",\"amount\":12.5}\n{\"id\":\"A-2\",\"amount\":0}\n")?;
//! let paid = folder.path().join("paid.jsonl");
//!
//! let pipeline = Pipeline::builder("paid")
//!     .read(jsonl::read::<Order>(orders))
//!     .filter(|order| order.amount > 0.0)
//!     .write(jsonl::write(&*paid))?;
//! pipeline.run_blocking(&RunContext::new())?;
//! assert_eq!(std::fs::read_to_string(&paid)?, "{\"id\":\"A-1\",\"amount\":12.5}\n");
//! # Ok(())
//! # }
//! ```
//!
//! From bytes in memory, or from all files of a directory:
//!
//! ```
//! use godata_io_json::{BoxError, Input, Pipeline, jsonl};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! # let folder = tempfile::tempdir()?;
//! let bytes = Input::bytes("points", "[1, 2]\n[3, 4]\n");
//! let points = Pipeline::builder("points").read(jsonl::read::<(i64, i64)>(bytes)).collect(10).await?;
//! assert_eq!(points, [(1, 2), (3, 4)]);
//!
//! std::fs::write(folder.path().join("a.jsonl"), "[1, 2]\n")?;
//! std::fs::write(folder.path().join("b.jsonl"), "[3, 4]\n")?;
//! let files = Input::directory(folder.path());
//! let points = Pipeline::builder("points").read(jsonl::read::<(i64, i64)>(files)).collect(10).await?;
//! assert_eq!(points, [(1, 2), (3, 4)]);
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! [`JsonError`] says what is wrong with a record. It is the source of a [`PipelineError`](crate::PipelineError), which
//! names the record, the file and the line:
//!
//! ```text
//! read failed at record 101 (orders.jsonl:103): column 25: field `amount`: expected f64, found string "abc"
//! ```
//!
//! If a file can't be opened, read or written, the source is an [`IoError`](crate::IoError), which names the file.

mod concatenated;
mod format;
mod framing;
mod lines;
mod reader;
mod source;
mod writer;

use godata_etl::Records;
use godata_io::{Input, Output};
use serde::de::DeserializeOwned;

#[doc(no_inline)]
pub use crate::{DuplicateKeys, JsonError};
pub use reader::JsonlReader;
pub use writer::JsonlWriter;

/// Reads values of a type, one per line.
///
/// The type owns its data. To borrow from the line, read dynamic records and call
/// [`RecordRef::de`](crate::RecordRef::de).
///
/// # Errors
///
/// During the run: an [`IoError`](crate::IoError) if the file can't be opened or read, a [`JsonError`] if a line is not
/// JSON or does not fit the type.
///
/// ```
/// use godata_io_json::{BoxError, Input, Pipeline, jsonl};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let input = Input::bytes("points", "[1, 2]\n[3, 4]\n");
/// let points = Pipeline::builder("points").read(jsonl::read::<(i64, i64)>(input)).collect(10).await?;
/// assert_eq!(points, [(1, 2), (3, 4)]);
/// # Ok(())
/// # }
/// ```
pub fn read<T: DeserializeOwned + Send + 'static>(input: impl Into<Input>) -> JsonlReader<Vec<T>> {
    JsonlReader::typed(input.into())
}

/// Reads dynamic records, one object per line.
///
/// # Errors
///
/// During the run: an [`IoError`](crate::IoError) if the file can't be opened or read, a [`JsonError`] if a line is not an
/// object, has a duplicate key, or is nested too deep.
///
/// ```
/// use godata_io_json::{BoxError, Input, Pipeline, jsonl, record};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let input = Input::bytes("orders", "{\"id\":\"A-1\",\"amount\":12.5}\n{\"id\":\"A-2\",\"coupon\":null}\n");
/// let orders = Pipeline::builder("orders").read(jsonl::read_records(input)).collect(10).await?;
/// let expected = [record! {"id" => "A-1", "amount" => 12.5}, record! {"id" => "A-2", "coupon" => ()}];
/// assert_eq!(orders, expected);
/// # Ok(())
/// # }
/// ```
pub fn read_records(input: impl Into<Input>) -> JsonlReader<Records> {
    JsonlReader::records(input.into())
}

/// Writes one value per line: dynamic records, or values of any type that implements serde's `Serialize`.
///
/// # Errors
///
/// During the run: an [`IoError`](crate::IoError) if the file can't be written, a [`JsonError`] if JSON can't hold a value.
///
/// ```
/// use godata_io_json::{BoxError, Pipeline, RunContext, jsonl};
///
/// # fn main() -> Result<(), BoxError> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("squares.jsonl");
/// let squares = Pipeline::builder("squares").read_vec(vec![1, 2, 3]).map(|n| n * n).write(jsonl::write(&*path))?;
/// squares.run_blocking(&RunContext::new())?;
/// assert_eq!(std::fs::read_to_string(&path)?, "1\n4\n9\n");
/// # Ok(())
/// # }
/// ```
pub fn write(output: impl Into<Output>) -> JsonlWriter {
    JsonlWriter::new(output.into())
}

#[cfg(test)]
mod tests;
