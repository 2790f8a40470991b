//! What a format puts around its records.

use godata_core::BoxError;

use super::Encoded;
use crate::OldContent;

/// What a format puts around its records in files: what [`FileSink`](crate::FileSink) needs to know of it.
///
/// One value of it serves all files of a run, on the one thread that writes. The records come encoded, from
/// [`Output::encode`](crate::Output::encode) on the workers.
///
/// ```
/// use godata_core::{BoxError, RunContext};
/// use godata_etl::{BlockingWrite, Chunk, Pipeline, RunScope, Stop, Work, Writer};
/// use godata_io::{Encoded, FileFormat, FileSink, Output};
///
/// /// Numbers with semicolons between them, the last with a period.
/// struct Sentence;
///
/// impl FileFormat for Sentence {
///     type Batch = ();
///     const SEPARATOR: &'static [u8] = b"; ";
///
///     fn end(&self, records: u64, out: &mut Vec<u8>) {
///         out.extend_from_slice(if records > 0 { b"." } else { b"" });
///     }
/// }
///
/// struct SentenceWriter(Output);
///
/// impl Writer<Vec<u32>> for SentenceWriter {
///     type Encoded = Encoded;
///     type Sink = BlockingWrite<FileSink<Sentence>>;
///
///     async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
///         self.0.sink(Sentence, scope).await
///     }
///
///     fn encode(&self, chunk: Chunk<Vec<u32>>, work: &mut Work) -> Result<Encoded, Stop> {
///         self.0.encode(chunk.batch(), |index| chunk.row(index), work, |out, number| {
///             out.extend_from_slice(format!("; {number}").as_bytes());
///             Ok::<_, BoxError>(())
///         })
///     }
/// }
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("numbers.txt");
/// let writer = SentenceWriter(Output::path(&path).roll_by_rows(2));
/// Pipeline::builder("numbers").read_vec(vec![1, 2, 3]).write(writer)?.run_blocking(&RunContext::new())?;
/// assert_eq!(std::fs::read_to_string(folder.path().join("numbers-00001.txt"))?, "1; 2.");
/// assert_eq!(std::fs::read_to_string(folder.path().join("numbers-00002.txt"))?, "3.");
/// # Ok::<(), BoxError>(())
/// ```
pub trait FileFormat: Send + 'static {
    /// What is known of a batch beside the bytes of its records, such as the names of columns; `()` if nothing.
    type Batch: Send + 'static;

    /// What stands between two records. Each record is encoded with it before; it is left out before the first of
    /// a file.
    const SEPARATOR: &'static [u8] = b"";

    /// Whether records can be added to the end of a file that is whole.
    const APPENDS: bool = true;

    /// Called with each batch in order, before its records are written: the place to
    /// [write them anew](Encoded::rewrite) if they do not fit to the batches before.
    ///
    /// # Errors
    /// Any error fails the run.
    fn prepare(&mut self, encoded: Encoded<Self::Batch>) -> Result<Encoded<Self::Batch>, BoxError> {
        Ok(encoded)
    }

    /// Adds what a file begins with. Called before its first record, or at its end if it has none.
    ///
    /// # Errors
    /// Any error fails the run.
    fn begin(&mut self, _out: &mut Vec<u8>) -> Result<(), BoxError> {
        Ok(())
    }

    /// As [`begin`](Self::begin), for records that are added to a file that has something; not called if there
    /// are none. If this is not implemented, a last line without its end gets one.
    ///
    /// # Errors
    /// When the records do not fit to the file; the error need not name it.
    fn resume(&mut self, old: &OldContent, out: &mut Vec<u8>) -> Result<(), BoxError> {
        if old.last() != b'\n' {
            out.push(b'\n');
        }
        Ok(())
    }

    /// Adds what a file ends with that has so many records; the number of bytes must be the same for all numbers
    /// but 0.
    fn end(&self, _records: u64, _out: &mut Vec<u8>) {}
}
