//! Opening files: finding out their columns and skipping what comes before their records.

use std::collections::HashSet;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{RunScope, Shape};
use godata_io::Blocks;

use crate::columns::{Columns, FileColumns};
use crate::decode::{self, Decoder};
use crate::dialect::Dialect;
use crate::framing::{Cutter, RawLine};
use crate::header::{First, Header, duplicate, first_difference, first_whole};
use crate::options::{Names, Options};
use crate::sep_line::SepLine;
use crate::{CsvError, Trim};

/// What comes before the records in each file.
#[derive(Debug)]
pub(crate) struct Opening {
    options: Options,
    pub(crate) dialect: Dialect,
    /// Whether the first file with a header was opened.
    has_begun: bool,
    /// The first header, if the files have one.
    first: Option<Header>,
    /// The header of the current file, as it is in the file; empty if it has none.
    current: Vec<u8>,
    /// The names of all files.
    all: Arc<Shape>,
}

impl Opening {
    /// Opens the first file, unless there is none (`is_empty`). Returns its columns as well.
    pub(crate) fn begin(
        blocks: &mut Blocks<Cutter>,
        dialect: Dialect,
        options: Options,
        is_empty: bool,
        scope: &RunScope,
    ) -> Result<(Self, Columns), BoxError> {
        let (first, current, all) = (None, Vec::new(), Arc::default());
        let mut opening = Self { options, dialect, has_begun: false, first, current, all };
        opening.start(blocks)?;
        let is_named = !matches!(opening.options.names, Names::Absent);
        let shape = match &opening.options.names {
            Names::InFile if is_empty => Shape::default(),
            Names::InFile => opening.first_header(blocks)?,
            Names::Absent => Columns::numbered(opening.first_width(blocks)?),
            Names::Given(names) => given(names)?,
        };
        opening.has_begun = true;
        let shape = Arc::new(shape);
        opening.all = opening.all_names(blocks, &shape, scope)?;
        let columns = Columns::new(shape, &opening.all, is_named, &opening.options);
        Ok((opening, columns))
    }

    /// Opens a further file. Returns its columns if they differ from those of the file before.
    pub(crate) fn next(&mut self, blocks: &mut Blocks<Cutter>) -> Result<Option<Columns>, BoxError> {
        self.start(blocks)?;
        let Some(first) = &self.first else { return Ok(None) };
        if self.options.has_one_header {
            first.skip_same(blocks, self.dialect, &self.options)?;
            blocks.has_header_of_last_file();
            return Ok(None);
        }
        match First::header(blocks, self.dialect)? {
            None if self.options.skips_empty_files => return Ok(None),
            None => return Err(missing_header(blocks.name(), true)),
            Some(found) if found.bytes == self.current => {
                blocks.skip(found.frame);
                return Ok(None);
            }
            Some(_) => {}
        }
        let Some(header) = Header::take(blocks, self.dialect, &self.options)? else { return Ok(None) };
        let shape = shape(&header.names)?;
        self.check(first, &header, &shape)?;
        self.current = header.bytes;
        let is_other = self.options.file_columns != FileColumns::Same;
        Ok(is_other.then(|| Columns::new(Arc::new(shape), &self.all, true, &self.options)))
    }

    /// A decoder of files with these columns.
    pub(crate) fn decoder(&self, columns: Columns) -> Decoder {
        Decoder::new(self.dialect, columns, self.options.trim, self.options.nulls.clone())
    }

    /// Skips the lines before the header.
    fn start(&mut self, blocks: &mut Blocks<Cutter>) -> Result<(), BoxError> {
        blocks.framing_mut().begin_file();
        if self.options.has_sep_line || self.options.skip_lines == 0 {
            self.sep_line(blocks)?;
        }
        for _ in 0..self.options.skip_lines {
            let Some(frame) = blocks.first_record(&mut RawLine)?.map(|line| line.frame) else { break };
            blocks.skip(frame);
        }
        Ok(())
    }

    /// Skips the line that declares the delimiter, if there is one.
    fn sep_line(&mut self, blocks: &mut Blocks<Cutter>) -> Result<(), BoxError> {
        let Some(SepLine { delimiter, frame }) = SepLine::of(blocks)? else { return Ok(()) };
        let file = Arc::clone(blocks.name());
        if !self.options.has_sep_line {
            return Err(CsvError::SepLine { file, delimiter }.into());
        }
        if !self.has_begun {
            self.dialect = Dialect { delimiter, ..self.dialect }.checked()?;
            *blocks.framing_mut() = Cutter::new(self.dialect);
        } else if delimiter != self.dialect.delimiter {
            return Err(CsvError::OtherDelimiter { file, delimiter, expected: self.dialect.delimiter }.into());
        }
        blocks.skip(frame);
        Ok(())
    }

    /// Reads the first header.
    fn first_header(&mut self, blocks: &mut Blocks<Cutter>) -> Result<Shape, BoxError> {
        let file = Arc::clone(blocks.name());
        loop {
            if let Some(header) = Header::take(blocks, self.dialect, &self.options)? {
                self.current.clone_from(&header.bytes);
                return shape(&self.first.insert(header).names);
            }
            let has_more = blocks.next_file()?;
            if !has_more || !self.options.skips_empty_files {
                return Err(missing_header(&file, has_more));
            }
            self.start(blocks)?;
        }
    }

    /// The number of cells in the first record that is not broken; 0 if there is none. Files without records are skipped.
    fn first_width(&mut self, blocks: &mut Blocks<Cutter>) -> Result<usize, BoxError> {
        loop {
            if let Some(first) = first_whole(blocks, self.dialect)? {
                return Ok(decode::width(&first, self.dialect)?);
            }
            if !blocks.next_file()? {
                return Ok(0);
            }
            self.start(blocks)?;
        }
    }

    /// The names of all files. If all headers are needed for that, the further files are opened a second time.
    fn all_names(
        &mut self,
        blocks: &Blocks<Cutter>,
        first: &Arc<Shape>,
        scope: &RunScope,
    ) -> Result<Arc<Shape>, BoxError> {
        let takes_all = self.options.file_columns == FileColumns::Union
            && !self.options.is_positional
            && !self.options.has_one_header
            && self.first.is_some();
        let further = if takes_all { blocks.further(Cutter::new(self.dialect))? } else { None };
        let Some(mut further) = further else { return Ok(Arc::clone(first)) };
        let mut names: Vec<String> = first.names().map(str::to_owned).collect();
        let mut known: HashSet<String> = names.iter().cloned().collect();
        let mut single = Vec::new();
        loop {
            scope.context().check()?;
            self.start(&mut further)?;
            match Header::take(&mut further, self.dialect, &self.options)? {
                Some(header) => {
                    let before = names.len();
                    names.extend(header.names.iter().filter(|name| known.insert((*name).clone())).cloned());
                    if header.names.len() == 1 && names.len() > before {
                        single.push(header);
                    }
                }
                None if self.options.skips_empty_files => {}
                None => return Err(missing_header(further.name(), true)),
            }
            if !further.next_file()? {
                break;
            }
        }
        for header in self.first.iter().chain(&single) {
            header.check_delimiter(self.dialect, |name| known.contains(name))?;
        }
        Ok(Arc::new(shape(&names)?))
    }

    /// Checks that a further file may have these columns.
    fn check(&self, first: &Header, other: &Header, columns: &Shape) -> Result<(), CsvError> {
        other.check_delimiter(self.dialect, |name| self.all.position(name).is_some())?;
        first.check_delimiter(self.dialect, |name| columns.position(name).is_some())?;
        let (found, expected) = (&other.names, &first.names);
        let extra = || found.iter().position(|name| self.all.position(name).is_none());
        let missing = || expected.iter().position(|name| columns.position(name).is_none());
        let (difference, rule) = match self.options.file_columns {
            FileColumns::Same => (
                first_difference(found, expected).map(|at| (at, found.get(at), expected.get(at))),
                "files of one input need the same columns in the same order, unless `file_columns` is set",
            ),
            FileColumns::Union if !self.options.is_positional => (
                extra().map(|at| (at, found.get(at), None)),
                "all headers were read when the run began, and this one has changed since",
            ),
            FileColumns::AnyOrder | FileColumns::Union => (
                extra()
                    .map(|at| (at, found.get(at), None))
                    .or_else(|| missing().map(|at| (at, None, expected.get(at)))),
                "files of one input need the same columns, unless `file_columns` is `Union`, which is not for tuples",
            ),
        };
        let Some((at, found, expected)) = difference else { return Ok(()) };
        Err(CsvError::OtherHeader {
            file: Arc::clone(&other.file),
            line: other.line,
            first: Arc::clone(&first.file),
            column: at + 1,
            found: found.cloned(),
            expected: expected.cloned(),
            rule,
        })
    }
}

/// Checks that the names in `old`, the beginning of a file, are those in `header`.
pub(crate) fn same_header(old: &[u8], header: &[u8], dialect: Dialect) -> Result<(), CsvError> {
    let mut old = old;
    while let Some(rest) = old.strip_prefix(decode::BYTE_ORDER_MARK) {
        old = rest;
    }
    let dialect = Dialect { lenient_quotes: true, ..dialect };
    let names = |bytes| decode::names(bytes, dialect, Trim::None);
    let (found, expected) = (names(old)?, names(header)?);
    let Some(at) = first_difference(&found, &expected) else { return Ok(()) };
    let name = |names: &[String]| names.get(at).cloned();
    Err(CsvError::OldHeader { column: at + 1, found: name(&found), expected: name(&expected) })
}

/// The shape of given names.
pub(crate) fn given(names: &[String]) -> Result<Shape, BoxError> {
    if let Some((first, _)) = duplicate(names) {
        return Err(CsvError::DuplicateGivenName { name: names[first].clone() }.into());
    }
    shape(names)
}

fn shape(names: &[String]) -> Result<Shape, BoxError> {
    Ok(Shape::new(names.iter().map(String::as_str))?)
}

fn missing_header(file: &Arc<str>, is_one_of_many: bool) -> BoxError {
    CsvError::MissingHeader { file: Arc::clone(file), is_one_of_many }.into()
}
