//! Decoding blocks into batches. Only this file uses the reader of the `csv` crate.

use std::error::Error;
use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use csv::{ByteRecord, DeserializeErrorKind, ErrorKind, StringRecord};
use godata_core::{BoxError, excerpt};
use godata_etl::{Records, RecordsBuilder, Stop, Work};
use memchr::memchr;
use serde::de::DeserializeOwned;

use crate::blame::Blame;
use crate::cells::{Nulls, Trim};
use crate::columns::Columns;
use crate::dialect::Dialect;

use crate::split::split;
use crate::typed::{Unusual, structs};
use crate::{Column, CsvError, Ragged};

/// How many records are decoded between two checks for cancellation.
const RECORDS_PER_CHECK: u32 = 256;

pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How a block becomes a batch.
pub(crate) type Decode<B> = fn(&Decoder, Vec<u8>, &mut Work) -> Result<B, Stop>;

/// Decodes blocks of whole records.
#[derive(Debug)]
pub(crate) struct Decoder {
    dialect: Dialect,
    columns: Columns,
    /// The names of the columns, if structs are read by name.
    names: Option<StringRecord>,
    trim: Trim,
    /// The words that stand for null.
    nulls: Vec<String>,
    /// Whether only the reader of the `csv` crate can decode the type of the structs.
    is_rare_type: AtomicBool,
}

impl Decoder {
    pub(crate) fn new(dialect: Dialect, columns: Columns, trim: Trim, nulls: Vec<String>) -> Self {
        let names = columns.is_named.then(|| columns.shape.names().collect());
        Self { dialect, columns, names, trim, nulls, is_rare_type: AtomicBool::new(false) }
    }

    /// The dynamic records of a block.
    pub(crate) fn records(&self, bytes: Vec<u8>, work: &mut Work) -> Result<Records, Stop> {
        let bytes = match self.split(bytes, work)? {
            Ok(records) => return Ok(records),
            Err(bytes) => bytes,
        };
        let mut rows = RecordsBuilder::recycled(Arc::clone(&self.columns.shape), work.records());
        self.each(&bytes, work, |record, nulls| {
            self.push(&mut rows, &record, nulls)?;
            Ok(record)
        })?;
        work.recycle(bytes);
        Ok(rows.finish())
    }

    /// The structs of a block.
    pub(crate) fn typed<T: DeserializeOwned>(&self, bytes: Vec<u8>, work: &mut Work) -> Result<Vec<T>, Stop> {
        if self.names.is_some() {
            self.columns.shape.check_struct::<T>()?;
        }
        let len = bytes.len();
        let is_rare = self.is_rare_type.load(Ordering::Relaxed);
        let split = if is_rare { Err(bytes) } else { self.split(bytes, work)? };
        let bytes = match split {
            Ok(records) => match structs(&records, self.names.is_some(), work)? {
                Ok(batch) => {
                    work.recycle_records(records);
                    return Ok(batch);
                }
                Err(unusual) => {
                    if unusual == Unusual::Type {
                        self.is_rare_type.store(true, Ordering::Relaxed);
                    }
                    let mut bytes = records.into_text().into_bytes();
                    bytes.truncate(len);
                    bytes
                }
            },
            Err(bytes) => bytes,
        };
        let mut batch = Vec::new();
        self.each(&bytes, work, |record, nulls| {
            let mut record = nulls.replace(self.checked_text(record)?);
            if self.names.is_none() {
                // When read by position, an `Option` needs a cell to become `None`.
                (record.len()..self.columns.len()).for_each(|_| record.push_field(""));
            }
            batch.push(self.deserialize(&record)?);
            Ok(record.into_byte_record())
        })?;
        work.recycle(bytes);
        Ok(batch)
    }

    /// The records of a block without anything unusual, otherwise its bytes.
    fn split(&self, bytes: Vec<u8>, work: &mut Work) -> Result<Result<Records, Vec<u8>>, Stop> {
        if self.nulls.is_empty() && !self.trim.takes_fields() {
            split(bytes, self.dialect, &self.columns, work)
        } else {
            Ok(Err(bytes))
        }
    }

    /// Calls `f` with each record and its nulls. `f` returns the record, so that its memory is reused.
    fn each<F>(&self, bytes: &[u8], work: &mut Work, mut f: F) -> Result<(), Stop>
    where
        F: FnMut(ByteRecord, &Nulls<'_>) -> Result<ByteRecord, BoxError>,
    {
        let mut reader = reader(bytes, self.dialect);
        let mut nulls = Nulls::new(&self.nulls, self.trim.takes_fields(), bytes, self.dialect);
        let mut record = ByteRecord::new();
        let has_nul = memchr(0, bytes).is_some();
        for row in 0.. {
            if row % RECORDS_PER_CHECK == 0 {
                work.check()?;
            }
            if !reader.read_byte_record(&mut record)? {
                break;
            }
            if self.columns.ragged == Ragged::Cut {
                record.truncate(self.columns.len());
            }
            nulls.find(&record);
            let decoded = match self.check(&record, has_nul) {
                Ok(()) => f(record, &nulls),
                Err(error) => Err(error.into()),
            };
            match decoded {
                Ok(used) => record = used,
                Err(error) => {
                    work.reject(row, error)?;
                    record = ByteRecord::new();
                }
            }
        }
        Ok(())
    }

    fn check(&self, record: &ByteRecord, has_nul: bool) -> Result<(), CsvError> {
        if has_nul && let Some(position) = record.iter().position(|cell| memchr(0, cell).is_some()) {
            return Err(CsvError::Nul { column: self.columns.column(position) });
        }
        let checked = self.columns.check(record.len());
        checked.map_err(|error| self.columns.question_delimiter(self.dialect.delimiter, error))
    }

    fn push(
        &self,
        rows: &mut RecordsBuilder,
        record: &ByteRecord,
        nulls: &Nulls<'_>,
    ) -> Result<(), BoxError> {
        // Validating all cells at once is faster than each on its own. `get` makes sure that no cell begins or ends
        // inside a character.
        let text = std::str::from_utf8(record.as_slice()).map_err(|_| self.not_utf8(record))?;
        rows.begin_row();
        for position in 0..record.len() {
            let cell = record.range(position).and_then(|range| text.get(range));
            let cell = cell.ok_or_else(|| self.not_utf8(record))?;
            if nulls.is_null(position) {
                rows.push_null();
            } else {
                rows.push_text(nulls.trim(cell));
            }
        }
        for _ in record.len()..self.columns.len() {
            rows.push_null();
        }
        Ok(rows.end_row()?)
    }

    fn checked_text(&self, record: ByteRecord) -> Result<StringRecord, CsvError> {
        StringRecord::from_byte_record(record).map_err(|error| self.not_utf8(&error.into_byte_record()))
    }

    fn not_utf8(&self, record: &ByteRecord) -> CsvError {
        not_utf8(record, |position| self.columns.column(position))
    }

    fn deserialize<T: DeserializeOwned>(&self, record: &StringRecord) -> Result<T, CsvError> {
        let short;
        let names = match &self.names {
            Some(names) if record.len() < names.len() => {
                short = names.iter().take(record.len()).collect();
                Some(&short)
            }
            names => names.as_ref(),
        };
        record.deserialize(names).map_err(|error| self.unfit::<T>(record, names, error))
    }

    /// The reason why a record does not fit `T`, with the cell that causes it, if it is a single one.
    fn unfit<T: DeserializeOwned>(
        &self,
        record: &StringRecord,
        names: Option<&StringRecord>,
        error: csv::Error,
    ) -> CsvError {
        let ErrorKind::Deserialize { err, .. } = error.kind() else {
            return CsvError::Record { source: error.into() };
        };
        let source: BoxError = Mismatch(err.kind().clone()).into();
        let known = err.field().and_then(|position| usize::try_from(position).ok());
        // If the type itself refuses a cell, `csv` does not know which one it was, so decode again to find out.
        let position = known.or_else(|| record.deserialize::<Blame<T>>(names).ok()?.position);
        match position.and_then(|position| Some((position, record.get(position)?))) {
            Some((position, cell)) => {
                CsvError::Value { column: self.columns.column(position), value: excerpt(cell), source }
            }
            None => self.columns.question_delimiter(self.dialect.delimiter, CsvError::Record { source }),
        }
    }
}

/// The cells of a header.
pub(crate) fn names(bytes: &[u8], dialect: Dialect, trim: Trim) -> Result<Vec<String>, CsvError> {
    let record = one(bytes, dialect)?;
    let number = |position| Column { number: position + 1, name: None };
    if let Some(position) = record.iter().position(|cell| memchr(0, cell).is_some()) {
        return Err(CsvError::Nul { column: number(position) });
    }
    match StringRecord::from_byte_record(record) {
        Ok(record) if trim.takes_header() => Ok(record.iter().map(|name| name.trim().into()).collect()),
        Ok(record) => Ok(record.iter().map(Into::into).collect()),
        Err(error) => Err(not_utf8(&error.into_byte_record(), number)),
    }
}

/// The number of cells in a record.
pub(crate) fn width(bytes: &[u8], dialect: Dialect) -> Result<usize, CsvError> {
    Ok(one(bytes, dialect)?.len())
}

fn one(bytes: &[u8], dialect: Dialect) -> Result<ByteRecord, CsvError> {
    let mut record = ByteRecord::new();
    let read = reader(bytes, dialect).read_byte_record(&mut record);
    read.map_err(|error| CsvError::Record { source: error.into() })?;
    Ok(record)
}

fn reader(bytes: &[u8], dialect: Dialect) -> csv::Reader<impl Read> {
    // The reader would skip a byte order mark, which inside a file is an ordinary character. A blank line before it
    // prevents that.
    let blank: &[u8] = if bytes.starts_with(BYTE_ORDER_MARK) { b"\n" } else { b"" };
    // The reader would return a comment at the end of the input as a record. A line break after it prevents that.
    let end: &[u8] = if dialect.comment.is_some() { b"\n" } else { b"" };
    csv::ReaderBuilder::new()
        .delimiter(dialect.delimiter)
        .quoting(dialect.quote.is_some())
        .quote(dialect.quote.unwrap_or_default())
        .escape(dialect.escape)
        .comment(dialect.comment)
        .has_headers(false)
        .flexible(true)
        .from_reader(blank.chain(bytes).chain(end))
}

fn not_utf8(record: &ByteRecord, column: impl Fn(usize) -> Column) -> CsvError {
    let position = record.iter().position(|cell| std::str::from_utf8(cell).is_err()).unwrap_or_default();
    let value = String::from_utf8_lossy(record.get(position).unwrap_or_default());
    CsvError::Utf8 { column: column(position), value: excerpt(&value) }
}

/// The reason why a cell or a record does not fit a type, in the words of serde and the standard library.
#[derive(Debug)]
struct Mismatch(DeserializeErrorKind);

impl Error for Mismatch {}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
