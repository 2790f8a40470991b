//! Encoding a batch on a worker.

use godata_etl::{RejectReason, Stop, Work};

use super::groups::groups;
use super::{Encoded, Fields};
use crate::Output;
use crate::output::Place;

impl Output {
    /// Encodes a batch for the [`FileSink`](crate::FileSink) of this output. Call it in [`Writer::encode`], which runs
    /// on a worker.
    ///
    /// `write` appends a record to the bytes: first the [separator](crate::FileFormat::SEPARATOR) of the format, then
    /// the record with its terminator. If it fails, nothing of the record is kept. `row` returns the row that the
    /// record at an index had when it was read, as [`Chunk::row`] does. [`FileFormat`](crate::FileFormat) has an
    /// example.
    ///
    /// [`Writer::encode`]: godata_etl::Writer::encode
    /// [`Chunk::row`]: godata_etl::Chunk::row
    ///
    /// # Errors
    ///
    /// The errors of `write`, and [`IoError::PartitionValue`], if [`Work::reject`] returns them.
    ///
    /// [`IoError::PartitionValue`]: crate::IoError::PartitionValue
    pub fn encode<B: Fields, E: Into<RejectReason>>(
        &self,
        batch: &B,
        row: impl Fn(usize) -> u32,
        work: &mut Work,
        write: impl FnMut(&mut Vec<u8>, B::Record<'_>) -> Result<(), E>,
    ) -> Result<Encoded, Stop> {
        let encoded = Encoded::new(work.buffer(), self.rolling().is_on());
        let mut encoder = Encoder { batch, encoded, row, write };
        match self.place() {
            Place::Partitioned(template) => {
                let (groups, present) = groups(template, batch, &encoder.row, work)?;
                for group in groups {
                    encoder.part(group.key, group.records.into_iter(), work)?;
                }
                encoder.encoded.set_present(present);
            }
            Place::Path(_) | Place::Stdout => encoder.part("".into(), 0..batch.len(), work)?,
        }
        Ok(encoder.encoded)
    }
}

struct Encoder<'a, B, R, W> {
    batch: &'a B,
    encoded: Encoded,
    row: R,
    write: W,
}

impl<B: Fields, R: Fn(usize) -> u32, W> Encoder<'_, B, R, W> {
    /// Encodes the records of one file.
    fn part<E: Into<RejectReason>>(
        &mut self,
        key: Box<str>,
        records: impl Iterator<Item = usize>,
        work: &mut Work,
    ) -> Result<(), Stop>
    where
        W: FnMut(&mut Vec<u8>, B::Record<'_>) -> Result<(), E>,
    {
        let mut written = 0;
        for (position, index) in (0_u32..).zip(records) {
            if position.is_multiple_of(Work::RECORDS_PER_CHECK) {
                work.check()?;
            }
            let Some(record) = self.batch.record(index) else { break };
            let bytes = self.encoded.buffer();
            let start = bytes.len();
            match (self.write)(bytes, record) {
                Ok(()) => {
                    self.encoded.end_record();
                    written += 1;
                }
                Err(error) => {
                    bytes.truncate(start);
                    work.reject((self.row)(index), error)?;
                }
            }
        }
        self.encoded.end_part(key, written);
        Ok(())
    }
}
