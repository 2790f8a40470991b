//! Where the records of a batch came from, for errors to name.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use godata_core::excerpt_path;

use crate::chunk::{RowMap, UNKNOWN_ROW};
use crate::engine::Buffers;

/// Where a batch came from: its source, the number of its first record, its bytes and its lines.
///
/// A reader makes one for each batch. Record and line numbers count from 1, byte offsets from 0.
///
/// ```
/// use godata_etl::{Lines, Origin};
///
/// let origin = Origin::new(100).source("orders.csv").lines(Lines::From(102));
/// assert_eq!(origin.place(1).to_string(), "record 101 (orders.csv:103)");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    source: Option<Arc<str>>,
    first_record: u64,
    bytes: Range<u64>,
    lines: Lines,
    header: Option<Arc<str>>,
    raw: Option<Arc<Raw>>,
    /// The rows, if the records were numbered anew.
    rows: Option<Box<RowMap>>,
    /// The other origins, each with the first row that it has; ascending.
    further: Vec<(u32, Self)>,
    /// The place of each row, if they came from many batches.
    places: Option<Arc<Places>>,
}

/// The places of records that came from many batches.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) rows: Vec<PlaceOf>,
    pub(crate) sources: Vec<Arc<str>>,
}

/// The place of a record. What is 0 is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlaceOf {
    /// The number of the source, from 1.
    pub(crate) source: usize,
    pub(crate) record: u64,
    pub(crate) line: u64,
}

impl Places {
    /// The source of a row, and its numbers.
    fn numbers(&self, row: u32) -> (Option<&Arc<str>>, PlaceOf) {
        let place = self.rows.get(row as usize).copied().unwrap_or_default();
        (place.source.checked_sub(1).and_then(|at| self.sources.get(at)), place)
    }
}

/// How the records of a batch map to the lines of its source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lines {
    /// The source has no lines.
    #[default]
    None,
    /// Each record has one line. The first record has this one.
    From(u64),
    /// The line on which each record starts.
    Each(Arc<[u64]>),
}

impl Origin {
    /// The origin of a batch whose first record has this number; 0 if records have no number.
    #[must_use]
    pub fn new(first_record: u64) -> Self {
        Self { first_record, ..Self::default() }
    }

    /// Sets the name of the source: a path, a table, an address.
    #[must_use]
    pub fn source(mut self, name: impl Into<Arc<str>>) -> Self {
        self.source = Some(name.into());
        self
    }

    /// Sets the bytes of the source that this batch was made from. The run counts them as read.
    #[must_use]
    pub fn bytes(mut self, bytes: Range<u64>) -> Self {
        self.bytes = bytes;
        self
    }

    /// Sets the lines on which the records start.
    #[must_use]
    pub fn lines(mut self, lines: Lines) -> Self {
        self.lines = lines;
        self
    }

    /// Sets the header that the records need to be read: the first line of a CSV file with a header, line end included. Dead
    /// letters keep it for replay.
    #[must_use]
    pub fn header(mut self, text: impl Into<Arc<str>>) -> Self {
        self.header = Some(text.into());
        self
    }

    /// The origin of a batch whose records came from many batches.
    pub(crate) fn of_places(places: Places) -> Self {
        Self { places: Some(Arc::new(places)), ..Self::default() }
    }

    /// Numbers the records anew: the record at `index` is the row `index`, and `rows` has its row so far.
    pub(crate) fn renumbered(mut self, mut rows: RowMap) -> Self {
        if let Some(before) = self.rows.take() {
            rows = rows.through(&before);
        }
        self.rows = Some(Box::new(rows));
        self
    }

    /// The row in the batch as it was read.
    pub(crate) fn row_read(&self, row: u32) -> u32 {
        self.rows.as_ref().map_or(row, |rows| rows.get(row as usize))
    }

    /// Keeps the bytes of the batch, for dead letters.
    pub(crate) fn keep_raw(mut self, raw: Raw) -> Self {
        self.raw = Some(Arc::new(raw));
        self
    }

    /// Sets another source for the rest of the batch: the records from `row` on came from `origin`. For batches of many
    /// small files. Each call passes a greater `row` than the one before.
    ///
    /// ```
    /// use godata_etl::{Lines, Origin};
    ///
    /// let first = Origin::new(1).source("a.csv").lines(Lines::From(2));
    /// let second = Origin::new(1).source("b.csv").lines(Lines::From(2));
    /// let origin = first.followed_by(100, second);
    /// assert_eq!(origin.place(99).to_string(), "record 100 (a.csv:101)");
    /// assert_eq!(origin.place(100).to_string(), "record 1 (b.csv:2)");
    /// ```
    #[must_use]
    pub fn followed_by(mut self, row: u32, origin: Self) -> Self {
        self.further.push((row, origin));
        self
    }

    /// The place of the record in this row of the batch as it was read. Rows count from 0. An unknown row (see
    /// [`Chunk::row`](crate::Chunk::row)) has only a source, and only if all rows have the same one.
    #[must_use]
    pub fn place(&self, row: u32) -> Place {
        let (source, PlaceOf { record, line, .. }) = self.numbers(row);
        let known = |number: u64| Some(number).filter(|&number| number > 0);
        Place { record: known(record), source: source.cloned(), line: known(line), byte: None }
    }

    /// The source of a row, and its numbers, of which that of the source has no meaning.
    pub(crate) fn numbers(&self, row: u32) -> (Option<&Arc<str>>, PlaceOf) {
        let row = self.row_read(row);
        if row == UNKNOWN_ROW {
            return (self.source.as_ref().filter(|_| self.further.is_empty()), PlaceOf::default());
        }
        if let Some(places) = &self.places {
            return places.numbers(row);
        }
        if let Some((row, origin)) = self.further(row) {
            return origin.numbers(row);
        }
        let line = match &self.lines {
            Lines::None => 0,
            Lines::From(first) => first + u64::from(row),
            Lines::Each(lines) => lines.get(row as usize).copied().unwrap_or(0),
        };
        let record = if self.first_record > 0 { self.first_record + u64::from(row) } else { 0 };
        (self.source.as_ref(), PlaceOf { source: 0, record, line })
    }

    /// Where a row starts in the text of the source, and its bytes, if they were kept.
    pub(crate) fn raw(&self, row: u32) -> Option<(u64, Arc<[u8]>)> {
        let row = self.row_read(row);
        if row == UNKNOWN_ROW {
            return None;
        }
        if let Some((row, origin)) = self.further(row) {
            return origin.raw(row);
        }
        let raw = self.raw.as_ref()?;
        let range = raw.rows.get_or_init(|| (raw.find_rows)(&raw.bytes)).get(row as usize)?.clone();
        let start = raw.start + range.start as u64;
        Some((start, raw.bytes.get(range)?.into()))
    }

    /// The header of the source of a row.
    pub(crate) fn header_of(&self, row: u32) -> Option<Arc<str>> {
        let row = self.row_read(row);
        match self.further(row) {
            Some(_) if row == UNKNOWN_ROW => None,
            Some((row, origin)) => origin.header_of(row),
            None => self.header.clone(),
        }
    }

    /// The other origin that a row came from, and the row there.
    fn further(&self, row: u32) -> Option<(u32, &Self)> {
        let next = self.further.partition_point(|(first, _)| *first <= row);
        let (first, origin) = self.further.get(next.checked_sub(1)?)?;
        Some((row - first, origin))
    }

    /// How many bytes of the source this batch was made from.
    pub(crate) fn byte_count(&self) -> u64 {
        let further: u64 = self.further.iter().map(|(_, origin)| origin.byte_count()).sum();
        self.bytes.end.saturating_sub(self.bytes.start) + further
    }
}

/// Where one record came from: `record 101 (orders.csv:103)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The number of the record in its source, from 1.
    pub record: Option<u64>,
    /// The name of the source.
    pub source: Option<Arc<str>>,
    /// The line of the source on which the record starts, from 1. For a JSON value of several lines that can't be read, it is the
    /// line of the fault.
    pub line: Option<u64>,
    /// Where the record starts in the text of the source, in bytes from 0. The text is what is left after decompression and
    /// the conversion to UTF-8. Known only for a rejected record whose bytes were kept.
    pub byte: Option<u64>,
}

impl Place {
    pub(crate) fn is_unknown(&self) -> bool {
        self.record.is_none() && self.source.is_none() && self.line.is_none()
    }
}

/// The bytes that the records of a batch were read from.
pub(crate) struct Raw {
    pub(crate) bytes: Vec<u8>,
    /// Gets the memory of the bytes back.
    pub(crate) pool: Arc<Buffers>,
    /// Where they start in the text of the source.
    pub(crate) start: u64,
    /// Finds the rows in the bytes.
    pub(crate) find_rows: FindRows,
    pub(crate) rows: OnceLock<Vec<Range<usize>>>,
}

type FindRows = Box<dyn Fn(&[u8]) -> Vec<Range<usize>> + Send + Sync>;

impl Drop for Raw {
    fn drop(&mut self) {
        self.pool.put(std::mem::take(&mut self.bytes));
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        (self.start, &self.bytes) == (other.start, &other.bytes)
    }
}

impl Eq for Raw {}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes at {}", self.bytes.len(), self.start)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.record {
            Some(record) => write!(f, "record {record}")?,
            None => f.write_str("a record")?,
        }
        match (&self.source, self.line) {
            (Some(source), Some(line)) => write!(f, " ({}:{line})", excerpt_path(&**source)),
            (Some(source), None) => write!(f, " ({})", excerpt_path(&**source)),
            (None, Some(line)) => write!(f, " (line {line})"),
            (None, None) => Ok(()),
        }
    }
}
