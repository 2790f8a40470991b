//! File formats: what surrounds the records in a file.

use godata_core::BoxError;

use super::Encoded;
use crate::OldContent;

/// What a format writes around its records in a file. [`FileSink`](crate::FileSink) calls it.
///
/// One value serves all files of a run, on the one thread that writes. The records arrive encoded:
/// [`Output::encode`](crate::Output::encode) encodes them on the workers.
///
/// ```
/// use godata_io::etl::{BlockingWrite, Chunk, Pipeline, RunScope, Stop, Work, Writer};
/// use godata_io::{BoxError, Encoded, FileFormat, FileSink, Output, RunContext};
///
/// /// Numbers with semicolons between them and a period after the last one.
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
/// let writer = SentenceWriter(Output::path(&path).roll_by_records(2));
/// Pipeline::builder("numbers").read_vec(vec![1, 2, 3]).write(writer)?.run_blocking(&RunContext::new())?;
/// assert_eq!(std::fs::read_to_string(folder.path().join("numbers-00001.txt"))?, "1; 2.");
/// assert_eq!(std::fs::read_to_string(folder.path().join("numbers-00002.txt"))?, "3.");
/// # Ok::<(), BoxError>(())
/// ```
pub trait FileFormat: Send + 'static {
    /// What the format needs to know about a batch besides the bytes of its records, such as the names of its columns;
    /// `()` if nothing.
    type Batch: Send + 'static;

    /// What separates two records. Each record is encoded with the separator in front of it, and the first record of a
    /// file is written without it.
    const SEPARATOR: &'static [u8] = b"";

    /// Whether records can be appended to a finished file.
    const APPENDS: bool = true;

    /// Called with each batch in order. Returns the batches that can be written now, in order. Here a format can
    /// [rewrite](Encoded::rewrite) records that do not match those of the batches before, and keep batches back until it
    /// knows what the files begin with.
    ///
    /// # Errors
    ///
    /// Any error fails the run.
    fn prepare(&mut self, encoded: Encoded<Self::Batch>) -> Result<Vec<Encoded<Self::Batch>>, BoxError> {
        Ok(vec![encoded])
    }

    /// Called after the last batch. Returns the batches that were kept back.
    ///
    /// # Errors
    ///
    /// Any error fails the run.
    fn release(&mut self) -> Result<Vec<Encoded<Self::Batch>>, BoxError> {
        Ok(Vec::new())
    }

    /// Appends the beginning of a file. Called before the first record of a file, or at its end if it has none.
    ///
    /// # Errors
    ///
    /// Any error fails the run.
    fn begin(&mut self, _out: &mut Vec<u8>) -> Result<(), BoxError> {
        Ok(())
    }

    /// Called instead of [`begin`](Self::begin) before the first record that is appended to a file with content. The
    /// default adds a line feed if the last line lacks one.
    ///
    /// # Errors
    ///
    /// If the records do not fit the file. The error does not have to name the file.
    fn resume(&mut self, old: &OldContent, out: &mut Vec<u8>) -> Result<(), BoxError> {
        if old.last() != b'\n' {
            out.push(b'\n');
        }
        Ok(())
    }

    /// Appends the end of a file with `records` records. It must have the same length for every number of records but
    /// 0.
    fn end(&self, _records: u64, _out: &mut Vec<u8>) {}
}
