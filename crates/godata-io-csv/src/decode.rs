//! Decoding blocks into batches. Only this file uses the reader of the `csv` crate.

use std::io::Read;
use std::sync::Arc;

use csv::{ByteRecord, StringRecord};
use godata_core::excerpt;
use godata_etl::{RecordRef, Records, RecordsBuilder, Stop, Work};
use memchr::memchr;
use serde::de::DeserializeOwned;

use crate::cells::{Nulls, Trim};
use crate::columns::Columns;
use crate::decoded::{BadRows, Decoded};
use crate::delimiters::others;
use crate::dialect::Dialect;
use crate::split::split;
use crate::stray_quotes::StrayQuotes;
use crate::tidy::tidy;
use crate::typed::{Refusal, structs, value};
use crate::{Column, CsvError};

pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How a block becomes a batch.
pub(crate) type Decode<B> = fn(&Decoder, Vec<u8>, &mut Work) -> Result<Decoded<B>, Stop>;

/// Decodes blocks of whole records.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// The dialect of the file.
    raw: Dialect,
    /// The dialect of a tidied block.
    dialect: Dialect,
    columns: Columns,
    /// The names of the columns, if structs are read by name.
    names: Option<StringRecord>,
    trim: Trim,
    /// The words that stand for null.
    nulls: Vec<String>,
}

impl Decoder {
    pub(crate) fn new(dialect: Dialect, columns: Columns, trim: Trim, nulls: Vec<String>) -> Self {
        let names = columns.is_named.then(|| columns.shape.names().collect());
        let (raw, dialect) = (dialect, dialect.tidied());
        Self { raw, dialect, columns, names, trim, nulls }
    }

    /// The dynamic records of a block, with the columns of all files.
    pub(crate) fn records(&self, bytes: Vec<u8>, work: &mut Work) -> Result<Decoded<Records>, Stop> {
        let mut decoded = self.own_records(bytes, work)?;
        decoded.batch.set_empty_as_none();
        if !Arc::ptr_eq(&self.columns.shape, &self.columns.all) {
            decoded.batch.conform(&self.columns.all);
        }
        Ok(decoded)
    }

    /// What is wrong with a broken record.
    pub(crate) fn broken(&self, error: CsvError) -> CsvError {
        self.question_delimiter(self.columns.named(error))
    }

    /// The dynamic records of a block, with the columns of their file.
    fn own_records(&self, bytes: Vec<u8>, work: &mut Work) -> Result<Decoded<Records>, Stop> {
        let bytes = self.tidied(bytes, work);
        let bytes = match self.split(bytes, work)? {
            Ok(decoded) => return Ok(decoded),
            Err(bytes) => bytes,
        };
        let mut rows = RecordsBuilder::recycled(Arc::clone(&self.columns.shape), work.records());
        let bad = self.each(&bytes, work, |record, nulls| {
            self.push(&mut rows, &record, nulls)?;
            Ok(record)
        })?;
        work.recycle(bytes);
        Ok(Decoded { batch: rows.finish(), bad })
    }

    /// The structs of a block.
    pub(crate) fn typed<T: DeserializeOwned>(
        &self,
        bytes: Vec<u8>,
        work: &mut Work,
    ) -> Result<Decoded<Vec<T>>, Stop> {
        if self.names.is_some() {
            self.columns.shape.check_struct::<T>()?;
        }
        let bytes = self.tidied(bytes, work);
        let bytes = match self.split(bytes, work)? {
            Ok(records) => return self.structs(records, work),
            Err(bytes) => bytes,
        };
        let mut batch = Vec::new();
        let bad = self.each(&bytes, work, |record, nulls| {
            let mut record = nulls.replace(self.checked_text(record)?);
            if self.columns.is_positional {
                (record.len()..self.columns.len()).for_each(|_| record.push_field(""));
            }
            batch.push(self.deserialize(&record)?);
            Ok(record.into_byte_record())
        })?;
        work.recycle(bytes);
        Ok(Decoded { batch, bad })
    }

    /// The bytes of a block without what the options allow beyond RFC 4180.
    fn tidied(&self, bytes: Vec<u8>, work: &mut Work) -> Vec<u8> {
        if self.raw == self.dialect {
            return bytes;
        }
        let mut tidied = work.buffer();
        let (used, unused) =
            if tidy(&bytes, self.raw, &mut tidied) { (tidied, bytes) } else { (bytes, tidied) };
        work.recycle(unused);
        used
    }

    /// The structs of split records.
    fn structs<T: DeserializeOwned>(
        &self,
        records: Decoded<Records>,
        work: &Work,
    ) -> Result<Decoded<Vec<T>>, Stop> {
        let Decoded { batch: mut records, mut bad } = records;
        if let Some((shape, _)) = &self.columns.order {
            records.conform(shape);
        }
        let mut unfit = BadRows::default();
        let batch = structs(&records, self.names.is_some(), work, |index, record| {
            let value = self.unusual(record);
            value.map_err(|error| unfit.push(index, error.into_reason())).ok()
        })?;
        work.recycle_records(records);
        bad.merge(unfit);
        Ok(Decoded { batch, bad })
    }

    /// The struct of a split record.
    #[cold]
    fn unusual<T: DeserializeOwned>(&self, record: RecordRef<'_>) -> Result<T, CsvError> {
        let shape = self.columns.order.as_ref().map_or(&self.columns.shape, |(shape, _)| shape);
        let cells = (0..shape.len()).filter_map(|position| record.text_at(position)).collect();
        let names: Option<StringRecord> = self.names.as_ref().map(|_| shape.names().collect());
        let column = |position| match &self.columns.order {
            Some((_, order)) => self.columns.column(order[position]),
            None => self.columns.column(position),
        };
        self.fit(&cells, names.as_ref(), column)
    }

    /// The records of a block without anything unusual but a few bad ones, otherwise its bytes.
    fn split(&self, bytes: Vec<u8>, work: &mut Work) -> Result<Result<Decoded<Records>, Vec<u8>>, Stop> {
        if self.nulls.is_empty() && !self.trim.takes_fields() {
            split(bytes, self.dialect, &self.columns, work, |record| self.what_is_wrong(record))
        } else {
            Ok(Err(bytes))
        }
    }

    /// What is wrong with a record whose cells are neither trimmed nor null.
    fn what_is_wrong(&self, bytes: &[u8]) -> Option<CsvError> {
        let checked = one(bytes, self.dialect).and_then(|mut record| {
            self.columns.cut(&mut record);
            self.check(&record, StrayQuotes::of(bytes, self.dialect).as_mut(), true)?;
            self.checked_text(record)
        });
        checked.err()
    }

    /// Calls `f` with each record and its nulls, and returns the bad rows. `f` returns the record, so that its memory is
    /// reused.
    fn each<F>(&self, bytes: &[u8], work: &mut Work, mut f: F) -> Result<BadRows, Stop>
    where
        F: FnMut(ByteRecord, &Nulls<'_>) -> Result<ByteRecord, CsvError>,
    {
        let mut bad = BadRows::default();
        let mut reader = reader(bytes, self.dialect);
        let mut nulls = Nulls::new(&self.nulls, self.trim.takes_fields(), bytes, self.dialect);
        let mut record = ByteRecord::new();
        let mut quotes = StrayQuotes::of(bytes, self.dialect);
        let has_nul = memchr(0, bytes).is_some();
        for row in 0.. {
            if row % Work::RECORDS_PER_CHECK == 0 {
                work.check()?;
            }
            if !reader.read_byte_record(&mut record)? {
                break;
            }
            self.columns.cut(&mut record);
            nulls.find(&record);
            let decoded = match self.check(&record, quotes.as_mut(), has_nul) {
                Ok(()) => f(record, &nulls),
                Err(error) => Err(error),
            };
            record = decoded.unwrap_or_else(|error| {
                bad.push(row, error.into_reason());
                ByteRecord::new()
            });
        }
        Ok(bad)
    }

    /// Checks the quotes and the number of cells of a record, and that it has no NUL.
    fn check(
        &self,
        record: &ByteRecord,
        quotes: Option<&mut StrayQuotes<'_>>,
        has_nul: bool,
    ) -> Result<(), CsvError> {
        let allowed = quotes.map_or(Ok(()), |quotes| quotes.check(|at| self.columns.column(at)));
        allowed.map_err(|error| self.question_delimiter(error))?;
        if has_nul && let Some(position) = record.iter().position(|cell| memchr(0, cell).is_some()) {
            return Err(CsvError::Nul { column: self.columns.column(position) });
        }
        self.columns.check(record.len()).map_err(|error| self.question_delimiter(error))
    }

    fn question_delimiter(&self, error: CsvError) -> CsvError {
        self.columns.question_delimiter(self.dialect.delimiter, error)
    }

    fn push(
        &self,
        rows: &mut RecordsBuilder,
        record: &ByteRecord,
        nulls: &Nulls<'_>,
    ) -> Result<(), CsvError> {
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
        rows.end_row().map_err(|error| CsvError::Record { source: error.into() })
    }

    fn checked_text(&self, record: ByteRecord) -> Result<StringRecord, CsvError> {
        StringRecord::from_byte_record(record).map_err(|error| self.not_utf8(&error.into_byte_record()))
    }

    fn not_utf8(&self, record: &ByteRecord) -> CsvError {
        not_utf8(record, |position| self.columns.column(position))
    }

    fn deserialize<T: DeserializeOwned>(&self, record: &StringRecord) -> Result<T, CsvError> {
        let column = |position| self.columns.column(position);
        match (&self.names, &self.columns.order) {
            (Some(names), Some((_, order))) => {
                let order: Vec<usize> = order.iter().copied().filter(|&at| at < record.len()).collect();
                let ordered = |record: &StringRecord| order.iter().filter_map(|&at| record.get(at)).collect();
                let (record, names): (StringRecord, StringRecord) = (ordered(record), ordered(names));
                self.fit(&record, Some(&names), |position| column(order[position]))
            }
            (Some(names), None) if record.len() < names.len() => {
                let names = names.iter().take(record.len()).collect();
                self.fit(record, Some(&names), column)
            }
            (names, _) => self.fit(record, names.as_ref(), column),
        }
    }

    fn fit<T: DeserializeOwned>(
        &self,
        record: &StringRecord,
        names: Option<&StringRecord>,
        column: impl Fn(usize) -> Column,
    ) -> Result<T, CsvError> {
        value(record, names).map_err(|refusal| self.unfit(record, column, refusal))
    }

    /// The reason why a record does not fit its type, with the cell that causes it, if it is a single one.
    fn unfit(&self, record: &StringRecord, column: impl Fn(usize) -> Column, refusal: Refusal) -> CsvError {
        match refusal.position.and_then(|position| Some((position, record.get(position)?))) {
            Some((position, cell)) => {
                CsvError::Value { column: column(position), value: excerpt(cell), source: refusal.into() }
            }
            None => self.question_delimiter(CsvError::Record { source: refusal.into() }),
        }
    }
}

/// The cells of a header. If its quotes would be right with another delimiter, the error asks about that.
pub(crate) fn names(bytes: &[u8], dialect: Dialect, trim: Trim) -> Result<Vec<String>, CsvError> {
    let names = checked_names(bytes, dialect, trim);
    let Err(source @ (CsvError::AfterQuote { .. } | CsvError::QuoteInCell { .. })) = names else {
        return names;
    };
    let has_several = |&delimiter: &u8| {
        let names = checked_names(bytes, Dialect { delimiter, ..dialect }, trim);
        names.is_ok_and(|names| names.len() > 1)
    };
    let is_single = width(bytes, dialect).is_ok_and(|width| width == 1);
    let likely = others(dialect.delimiter).find(|other| is_single && has_several(other));
    let Some(delimiter) = likely else { return Err(source) };
    let header = String::from_utf8_lossy(bytes).trim_ascii_end().into();
    Err(CsvError::LikelyDelimiter { header, delimiter, source: Box::new(source) })
}

fn checked_names(bytes: &[u8], dialect: Dialect, trim: Trim) -> Result<Vec<String>, CsvError> {
    let number = |position| Column { number: position + 1, name: None };
    let mut tidied = Vec::new();
    let bytes = if tidy(bytes, dialect, &mut tidied) { &tidied } else { bytes };
    if let Some(mut quotes) = StrayQuotes::of(bytes, dialect.tidied()) {
        quotes.check(number)?;
    }
    let record = one(bytes, dialect.tidied())?;
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
    let mut tidied = Vec::new();
    let bytes = if tidy(bytes, dialect, &mut tidied) { &tidied } else { bytes };
    Ok(one(bytes, dialect.tidied())?.len())
}

/// The first record of the bytes.
fn one(bytes: &[u8], dialect: Dialect) -> Result<ByteRecord, CsvError> {
    if let Some(cells) = plain_cells(bytes, dialect) {
        return Ok(cells.collect());
    }
    let mut record = ByteRecord::new();
    let read = reader(bytes, dialect).read_byte_record(&mut record);
    read.map_err(|error| CsvError::Record { source: error.into() })?;
    Ok(record)
}

/// The cells of a single record in which no byte but the delimiter has a special meaning. To make a reader takes as long as to
/// split a thousand records.
fn plain_cells(bytes: &[u8], dialect: Dialect) -> Option<impl Iterator<Item = &[u8]>> {
    let record = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let record = record.strip_suffix(b"\r").unwrap_or(record);
    let may_be_special = dialect.escape.is_some() || dialect.comment.is_some() || record.is_empty();
    let is_special = |&byte: &u8| Some(byte) == dialect.quote || matches!(byte, b'\r' | b'\n');
    if may_be_special || record.iter().any(is_special) {
        return None;
    }
    Some(record.split(move |&byte| byte == dialect.delimiter))
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
