//! CSV as a file format: a header, and records below it.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{RunScope, Shape};
use godata_io::{Encoded, FileFormat, OldContent};

use crate::field_names::FieldNames;
use crate::quoting::{CellWriter, Kind};
use crate::realign::realign;
use crate::{CsvError, open};

/// Writes the header, and makes sure that all records have its columns.
pub struct CsvFormat {
    cells: CellWriter,
    rules: HeaderRules,
    header: Header,
    /// The input whose names are the header.
    header_of: Option<Arc<str>>,
    scope: RunScope,
}

/// How the header is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderRules {
    pub(crate) is_written: bool,
    /// How many records it is made from, if the names are not known without them.
    pub(crate) records: usize,
    /// Whether fields that are not in it are dropped.
    pub(crate) drops_extra: bool,
}

/// The names in the header.
enum Header {
    Known(Arc<Shape>),
    Open(Collected),
}

/// The names in the records so far.
#[derive(Default)]
struct Collected {
    names: Vec<String>,
    known: HashSet<String>,
    records: usize,
    /// The batches of these records.
    waiting: Vec<Encoded<FieldNames>>,
}

impl CsvFormat {
    pub(crate) fn new(
        cells: CellWriter,
        rules: HeaderRules,
        given: Option<Arc<Shape>>,
        scope: &RunScope,
    ) -> Self {
        let header = given.map_or_else(|| Header::Open(Collected::default()), Header::Known);
        Self { cells, rules, header, header_of: None, scope: scope.clone() }
    }

    /// Makes the header from the names so far. Returns the batches that waited for it.
    fn decide(&mut self) -> Result<Vec<Encoded<FieldNames>>, BoxError> {
        let Header::Open(collected) = &mut self.header else { return Ok(Vec::new()) };
        let Collected { names, waiting, .. } = std::mem::take(collected);
        if names.is_empty() {
            return Err(CsvError::NoFields.into());
        }
        self.header_of = waiting.first().and_then(|first| first.batch().input.clone());
        let names = Arc::new(Shape::new(names)?);
        self.header = Header::Known(Arc::clone(&names));
        waiting.into_iter().map(|encoded| self.fit(&names, encoded)).collect()
    }

    /// Gives the records the columns of the header.
    fn fit(
        &self,
        header: &Arc<Shape>,
        mut encoded: Encoded<FieldNames>,
    ) -> Result<Encoded<FieldNames>, BoxError> {
        // A blank line is not a record: under one column, it gets quotes.
        if *header == encoded.batch().shape && !encoded.batch().has_blank {
            return Ok(encoded);
        }
        if let Some((field, place)) = encoded.batch().new_to(header).filter(|_| !self.rules.drops_extra) {
            if let Some((input, header_of)) = encoded.batch().input.clone().zip(self.header_of.clone()) {
                let (new, missing) = encoded.batch().differences(header);
                return Err(CsvError::OtherColumns { input, header_of, new, missing }.into());
            }
            let (field, records) = (field.to_owned(), self.rules.records);
            return Err(CsvError::NewField { field, place, records }.into());
        }
        let old = realign(&self.cells, header, &mut encoded, self.scope.buffer())?;
        self.scope.recycle(old);
        Ok(encoded)
    }
}

impl Collected {
    fn add(&mut self, batch: &FieldNames, limit: usize) {
        for name in batch.within(limit.saturating_sub(self.records)) {
            if self.known.insert(name.to_owned()) {
                self.names.push(name.to_owned());
            }
        }
        self.records += batch.records;
    }
}

impl FileFormat for CsvFormat {
    type Batch = FieldNames;

    fn prepare(&mut self, encoded: Encoded<FieldNames>) -> Result<Vec<Encoded<FieldNames>>, BoxError> {
        let collected = match &mut self.header {
            Header::Known(header) => {
                let header = Arc::clone(header);
                return Ok(vec![self.fit(&header, encoded)?]);
            }
            Header::Open(collected) => collected,
        };
        collected.add(encoded.batch(), self.rules.records);
        let is_known = encoded.batch().first.is_none();
        collected.waiting.push(encoded);
        if is_known || collected.records >= self.rules.records { self.decide() } else { Ok(Vec::new()) }
    }

    fn release(&mut self) -> Result<Vec<Encoded<FieldNames>>, BoxError> {
        match &self.header {
            Header::Open(collected) if collected.records > 0 => self.decide(),
            _ => Ok(Vec::new()),
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), BoxError> {
        let Header::Known(names) = &self.header else { return Ok(()) };
        if !self.rules.is_written {
            return Ok(());
        }
        let start = out.len();
        for (position, name) in names.names().enumerate() {
            if position > 0 {
                self.cells.delimit(out);
            }
            self.cells.push(out, name, name, Kind::Text)?;
        }
        self.cells.end_record(out, start);
        Ok(())
    }

    fn resume(&mut self, old: &OldContent, out: &mut Vec<u8>) -> Result<(), BoxError> {
        if !matches!(old.last(), b'\n' | b'\r') {
            out.extend_from_slice(self.cells.terminator());
        }
        if !self.rules.is_written {
            return Ok(());
        }
        let mut header = Vec::new();
        self.begin(&mut header)?;
        Ok(open::same_header(old.head(), &header, self.cells.dialect())?)
    }
}

impl fmt::Debug for CsvFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvFormat").field("rules", &self.rules).finish_non_exhaustive()
    }
}
