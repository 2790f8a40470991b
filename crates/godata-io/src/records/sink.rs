//! The sink that writes records to files, for all formats.

use godata_core::BoxError;
use godata_etl::{BlockingSink, BlockingWrite, RunScope};

use super::encoded::Part;
use super::files::{Beginning, Files};
use super::{Encoded, FileFormat};
use crate::output::{Place, Rolling, Waiting};
use crate::{IoError, Output};

/// Writes the records of a run to the files of an output, in some format; made by [`Output::sink`].
/// [`FileFormat`] has an example.
///
/// It compresses and writes on a blocking thread, while the next batches are read and processed.
#[derive(Debug)]
pub struct FileSink<F> {
    format: F,
    files: Files,
    /// The partition fields, and whether any record had them so far.
    fields: Vec<(Box<str>, bool)>,
    has_records: bool,
    is_prepared: bool,
    rolling: Rolling,
    scratch: Vec<u8>,
    scope: RunScope,
}

impl Output {
    /// Opens the output for the records of a run. Call it in [`Writer::open`](godata_etl::Writer::open).
    ///
    /// # Errors
    ///
    /// The errors of [`open`](Self::open), [`IoError::Template`], [`IoError::ListedInput`], [`IoError::SamePath`] if another output
    /// of the run has the path, and [`IoError::Options`] for options that can't be combined. For dead letters, also
    /// [`IoError::LettersOverInput`]. For a file that is appended to, also [`IoError::OwnInput`], [`IoError::Read`] and
    /// [`IoError::Compressed`].
    pub async fn sink<F: FileFormat>(
        &self,
        format: F,
        scope: &RunScope,
    ) -> Result<BlockingWrite<FileSink<F>>, BoxError> {
        self.check()?;
        if self.appends() && !F::APPENDS {
            return Err(self.refused("files of this format can't be appended to").into());
        }
        if scope.is_for_dead_letters() {
            let (output, run) = (self.clone(), scope.context().run_id());
            scope.blocking(move || Ok(output.check_letters(run)?)).await?;
        }
        let files = self.files(scope).await?;
        Ok(BlockingWrite::new(FileSink::new(self, format, files, scope), scope))
    }

    /// Starts the files that are known before the first record. It waits if something else appends to one of them.
    async fn files(&self, scope: &RunScope) -> Result<Files, BoxError> {
        let (waiting, run) = (Waiting::begin(self), scope.context().run_id());
        loop {
            let output = self.clone();
            match scope.blocking(move || Ok(Files::open(&output, run))).await? {
                Err(IoError::InUse { .. }) if waiting.may_go_on() => {
                    // The thread is released after each pause: the other run may need it.
                    let pause = || {
                        Waiting::pause();
                        Ok(())
                    };
                    scope.blocking(pause).await?;
                }
                opened => return Ok(opened?),
            }
        }
    }
}

impl<F: FileFormat> FileSink<F> {
    fn new(output: &Output, format: F, files: Files, scope: &RunScope) -> Self {
        let fields = match output.place() {
            Place::Partitioned(template) => template.fields(),
            Place::Path(_) | Place::Stdout => &[],
        };
        let fields = fields.iter().map(|field| (Box::from(&**field), false)).collect();
        let (rolling, scope) = (output.rolling(), scope.clone());
        let scratch = Vec::new();
        Self { format, files, fields, has_records: false, is_prepared: false, rolling, scratch, scope }
    }

    fn write_all(&mut self, batches: Vec<Encoded<F::Batch>>) -> Result<(), BoxError> {
        for encoded in batches {
            for part in encoded.parts() {
                self.write_part(&encoded, part)?;
            }
            self.scope.count_bytes_written(self.files.newly_stored());
            self.scope.recycle(encoded.into_bytes());
        }
        Ok(())
    }

    fn write_part(&mut self, encoded: &Encoded<F::Batch>, part: &Part) -> Result<(), BoxError> {
        let (mut record, mut start) = (part.records.start, part.bytes.start);
        while record < part.records.end {
            let file = self.files.current(&part.key)?;
            self.begin(file)?;
            let filled = self.files.filled(file);
            let separator = if filled.records == 0 { F::SEPARATOR.len() } else { 0 };
            let mut count = part.records.len();
            let mut end = part.bytes.end;
            if let Some(ends) = encoded.ends(record..part.records.end) {
                count = self.rolling.fitting(filled, self.end_len(), start + separator, ends);
                if count == 0 {
                    self.finish(file)?;
                    self.files.next(&part.key);
                    continue;
                }
                end = ends[count - 1];
            }
            self.files.write(file, &encoded.bytes()[start + separator..end], count)?;
            record += count;
            start = end;
        }
        Ok(())
    }

    /// Writes the beginning of a file, unless that was done.
    fn begin(&mut self, file: usize) -> Result<(), BoxError> {
        let Some(beginning) = self.files.beginning(file) else { return Ok(()) };
        self.scratch.clear();
        match beginning {
            Beginning::Empty => self.format.begin(&mut self.scratch)?,
            Beginning::Existing(old) => {
                let resumed = self.format.resume(&old, &mut self.scratch);
                resumed.map_err(|source| IoError::Resume { path: self.files.path(file), source })?;
            }
        }
        Ok(self.files.write(file, &self.scratch, 0)?)
    }

    /// Writes the end of a file, and flushes the file to the disk.
    fn finish(&mut self, file: usize) -> Result<(), BoxError> {
        if self.files.is_finished(file) {
            return Ok(());
        }
        if !self.files.is_unchanged(file) {
            self.begin(file)?;
            self.scratch.clear();
            self.format.end(self.files.filled(file).records, &mut self.scratch);
            self.files.write(file, &self.scratch, 0)?;
        }
        Ok(self.files.finish(file)?)
    }

    /// The length of the end of a file.
    fn end_len(&mut self) -> u64 {
        self.scratch.clear();
        self.format.end(1, &mut self.scratch);
        self.scratch.len() as u64
    }

    /// Checks that each partition field was in at least one record.
    fn check_fields(&self) -> Result<(), IoError> {
        match self.fields.iter().find(|(_, is_present)| !is_present) {
            Some((field, _)) if self.has_records => {
                Err(IoError::PartitionField { field: String::from(&**field) })
            }
            _ => Ok(()),
        }
    }
}

impl<F: FileFormat> BlockingSink<Encoded<F::Batch>> for FileSink<F> {
    fn write(&mut self, encoded: Encoded<F::Batch>) -> Result<(), BoxError> {
        self.has_records |= !encoded.parts().is_empty();
        for ((_, is_present), &in_batch) in self.fields.iter_mut().zip(encoded.present()) {
            *is_present |= in_batch;
        }
        let ready = self.format.prepare(encoded)?;
        self.write_all(ready)
    }

    fn prepare(&mut self) -> Result<(), BoxError> {
        self.check_fields()?;
        let ready = self.format.release()?;
        self.write_all(ready)?;
        for file in 0..self.files.len() {
            self.finish(file)?;
        }
        self.scope.count_bytes_written(self.files.newly_stored());
        self.files.prepare()?;
        self.is_prepared = true;
        Ok(())
    }

    fn commit(mut self) -> Result<(), BoxError> {
        if !self.is_prepared {
            self.prepare()?;
        }
        Ok(self.files.publish()?)
    }
}
