//! JSON Lines: one JSON value per line, as in `orders.jsonl` or `orders.ndjson`.
//!
//! [`read`] and [`write()`] carry values of any type that serde knows, [`read_records`] and [`write()`] dynamic
//! [`Records`].
//!
//! # What is read
//! * Whatever an [`Input`] can be: a file, several, a glob, a directory, standard input, bytes; plain or compressed with
//!   gzip, zstd or bzip2. Files of one input are read as if they were one.
//! * UTF-8 text, with or without a byte order mark, or what [`Input::encoding`] says; lines end with LF or CRLF, the
//!   last one may lack it. A byte order mark of another encoding is refused, a NUL byte and invalid UTF-8 at their
//!   line and column.
//! * Lines of nothing but spaces, tabs and carriage returns are passed over; they count as lines, not as records.
//! * A record of a type is any JSON value that the type takes. What the type does with a key that is there twice, or
//!   one that it does not know, is up to the type: derived structs refuse the first and ignore the second.
//! * A dynamic record is an object. A key that is there twice is an error, at any depth, because nobody can know
//!   which one counts; [`duplicate_keys`](JsonlReader::duplicate_keys) has other rules. Names keep the order in which
//!   the batch had them first; a row that has them in another order gets that order too. Strings become text, arrays
//!   lists, objects maps.
//! * A number of a dynamic record keeps its digits: what no step changes is written as it was read, be it
//!   `12345678901234567890123`, `1e999` or `12.50`. Asked for as `i64`, `u64` or `f64` it is parsed; one beyond the
//!   range is an error that names the field and the digits. Taken off its batch (`collect`, a closure that takes a
//!   [`Record`](godata_etl::Record)) it is the narrowest of the three that holds it (`-0` is 0), or text beyond the range
//!   of `f64` and where the nearest `f64` is another whole number, as 1 is to `0.99999999999999999999`.
//! * Within lists and maps a number is an `i64` or `u64` if it has neither fraction nor exponent and fits, else the
//!   nearest `f64` (so is `-0`), or text beyond the range of that. A list or map that no step replaces is written as it
//!   was read.
//! * A dynamic record is nested at most 128 deep ([`max_depth`](JsonlReader::max_depth)), a value of a type at most
//!   127. A line has at most 64 MiB.
//!
//! # What is written
//! One value per line, ended by LF, in UTF-8 without byte order mark.
//! * A dynamic record that was read as JSON, on one line, and that no step changed is written as it was read, with its
//!   spaces and escapes. Of one that a step changed, so are the numbers, lists and maps that are as they were. All else
//!   is written without spaces.
//! * An absent field is left out, null is `null`, text is a string. A number that was read as one, or
//!   [cast](godata_etl::RecordMut::cast) from text, keeps its digits (`12.50`); others are written as the shortest
//!   text that reads back as the same (`12.5`).
//! * A float keeps its point: `12.0`. NaN and the infinities are an error, in dynamic records as in types: JSON has no
//!   such numbers, and a null would be a loss that nobody sees.
//! * A timestamp is text by RFC 3339. Bytes of a dynamic record are an error; a type says itself what its bytes are.
//!
//! It goes to whatever an [`Output`] can be: a file, files of a certain size, a file for each value of a field, standard
//! output; compressed, replaced as a whole when the run succeeds, or appended to. In a file that is appended to, a last
//! line without its end is ended.
//!
//! # Example
//! ```
//! use godata_core::RunContext;
//! use godata_etl::Pipeline;
//! use godata_io_json::jsonl;
//!
//! #[derive(serde::Deserialize, serde::Serialize)]
//! struct Order {
//!     id: String,
//!     amount: f64,
//! }
//!
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
//! # Ok::<(), godata_core::BoxError>(())
//! ```
//!
//! Of bytes in memory, or of all files of a directory:
//!
//! ```
//! use godata_etl::Pipeline;
//! use godata_io::Input;
//! use godata_io_json::jsonl;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), godata_core::BoxError> {
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
//! [`JsonError`](crate::JsonError) says what is wrong with a record, as the cause of a
//! [`PipelineError`](godata_etl::PipelineError) that names the record, the file and the line:
//!
//! ```text
//! read failed at record 101 (orders.jsonl:103): column 25: field `amount`: expected f64, found string "abc"
//! ```
//!
//! Files that can't be opened, read or written are [`IoError`](godata_io::IoError)s, which name the file.

mod format;
mod framing;
mod lines;
mod reader;
mod source;
mod writer;

use godata_etl::Records;
use godata_io::{Input, Output};
pub use reader::JsonlReader;
use serde::de::DeserializeOwned;
pub use writer::JsonlWriter;

/// Reads values of a type, one per line.
///
/// The type owns its data; to borrow from the line, read dynamic records and take
/// [`RecordRef::de`](godata_etl::RecordRef::de).
///
/// # Errors
/// In the run: an [`IoError`](godata_io::IoError) if the file can't be opened or read, a
/// [`JsonError`](crate::JsonError) if a line is not JSON or the type does not take it.
///
/// ```
/// use godata_etl::Pipeline;
/// use godata_io_json::jsonl;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), godata_core::BoxError> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("points.jsonl");
/// std::fs::write(&path, "[1, 2]\n[3, 4]\n")?;
///
/// let points = Pipeline::builder("points").read(jsonl::read::<(i64, i64)>(path)).collect(10).await?;
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
/// In the run: an [`IoError`](godata_io::IoError) if the file can't be opened or read, a
/// [`JsonError`](crate::JsonError) if a line is no object, has a key twice, or is nested too deep.
///
/// ```
/// use godata_etl::{Pipeline, record};
/// use godata_io_json::jsonl;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), godata_core::BoxError> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("orders.jsonl");
/// std::fs::write(&path, "{\"id\":\"A-1\",\"amount\":12.5}\n{\"id\":\"A-2\",\"coupon\":null}\n")?;
///
/// let orders = Pipeline::builder("orders").read(jsonl::read_records(path)).collect(10).await?;
/// let expected = [record! {"id" => "A-1", "amount" => 12.5}, record! {"id" => "A-2", "coupon" => ()}];
/// assert_eq!(orders, expected);
/// # Ok(())
/// # }
/// ```
pub fn read_records(input: impl Into<Input>) -> JsonlReader<Records> {
    JsonlReader::records(input.into())
}

/// Writes one value per line: dynamic records, or values of any type that serde writes.
///
/// # Errors
/// In the run: an [`IoError`](godata_io::IoError) if the file can't be written, a [`JsonError`](crate::JsonError) if
/// JSON can't hold a value.
///
/// ```
/// use godata_core::RunContext;
/// use godata_etl::Pipeline;
/// use godata_io_json::jsonl;
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("squares.jsonl");
/// let squares = Pipeline::builder("squares").read_vec(vec![1, 2, 3]).map(|n| n * n).write(jsonl::write(&*path))?;
/// squares.run_blocking(&RunContext::new())?;
/// assert_eq!(std::fs::read_to_string(&path)?, "1\n4\n9\n");
/// # Ok::<(), godata_core::BoxError>(())
/// ```
pub fn write(output: impl Into<Output>) -> JsonlWriter {
    JsonlWriter::new(output.into())
}

#[cfg(test)]
mod tests;
