//! CSV is read like the `csv` crate reads it, typed or dynamic, in blocks of any size.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use arbitrary::Unstructured;
use godata::csv::{self as format, BlankLines, CsvReader, Ragged, Trim};
use godata::{Input, Record, ValueRef};

use super::documents::text_after_marks;
use super::options::{block_size, one_of, rest};
use super::run::{records, values};

/// Where the names of the columns come from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Names {
    Header,
    Absent,
    Given,
}

/// How a file is read. The choices are independent.
#[derive(Clone, Copy, Debug)]
struct Options {
    delimiter: u8,
    quote: Option<u8>,
    escape: Option<u8>,
    comment: Option<u8>,
    names: Names,
    ragged: Ragged,
    trim: Trim,
    null: Option<&'static str>,
    skip_lines: u64,
    is_lenient: bool,
    spaces_around_quotes: bool,
    blank_lines: BlankLines,
    drops_trailing_empty: bool,
    makes_names_unique: bool,
    has_sep_line: bool,
}

/// A record as the `csv` crate reads it.
type Cells = Vec<Vec<u8>>;

impl Options {
    fn of(bytes: &mut Unstructured<'_>) -> Self {
        Self {
            delimiter: one_of(bytes, b",;\t a"),
            quote: one_of(bytes, &[Some(b'"'), Some(b'\''), None]),
            escape: one_of(bytes, &[None, Some(b'\\')]),
            comment: one_of(bytes, &[None, Some(b'#')]),
            names: one_of(bytes, &[Names::Header, Names::Absent, Names::Given]),
            ragged: one_of(bytes, &[Ragged::Refuse, Ragged::Pad, Ragged::Cut]),
            trim: one_of(bytes, &[Trim::None, Trim::Fields, Trim::Header, Trim::All]),
            null: one_of(bytes, &[None, Some(""), Some("NA")]),
            skip_lines: one_of(bytes, &[0, 1, 3]),
            is_lenient: one_of(bytes, &[true, false]),
            spaces_around_quotes: one_of(bytes, &[false, true]),
            blank_lines: one_of(bytes, &[BlankLines::Empty, BlankLines::White, BlankLines::EmptyCells]),
            drops_trailing_empty: one_of(bytes, &[false, true]),
            makes_names_unique: one_of(bytes, &[false, true]),
            has_sep_line: one_of(bytes, &[false, true]),
        }
    }

    fn apply<B>(self, mut reader: CsvReader<B>) -> CsvReader<B> {
        reader = reader.delimiter(self.delimiter).ragged(self.ragged).trim(self.trim);
        reader = reader.skip_lines(self.skip_lines).nulls(self.null);
        reader = match self.quote {
            Some(quote) => reader.quote(quote),
            None => reader.no_quotes(),
        };
        if let Some(escape) = self.escape.filter(|_| self.quote.is_some()) {
            reader = reader.escape(escape);
        }
        if let Some(comment) = self.comment {
            reader = reader.comment(comment);
        }
        reader = reader.blank_lines(self.blank_lines);
        reader = if self.is_lenient { reader.lenient_quotes() } else { reader };
        reader = if self.spaces_around_quotes { reader.spaces_around_quotes() } else { reader };
        reader = if self.drops_trailing_empty { reader.drop_trailing_empty() } else { reader };
        reader = if self.makes_names_unique { reader.unique_names() } else { reader };
        reader = if self.has_sep_line { reader.sep_line() } else { reader };
        match self.names {
            Names::Header => reader,
            Names::Absent => reader.no_header(),
            Names::Given => reader.names(["a", "b"]),
        }
    }

    /// Whether the `csv` crate can read such a file.
    fn has_oracle(self) -> bool {
        let is_beyond = self.spaces_around_quotes
            || self.blank_lines != BlankLines::Empty
            || self.drops_trailing_empty
            || self.makes_names_unique
            || self.has_sep_line;
        self.skip_lines == 0 && !is_beyond
    }

    /// The records that the `csv` crate reads.
    fn oracle(self, text: &[u8]) -> Vec<Cells> {
        let mut builder = csv::ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(self.delimiter);
        builder.quoting(self.quote.is_some()).quote(self.quote.unwrap_or(b'"')).comment(self.comment);
        builder.escape(self.escape);
        // The crate reads a comment at the end of the input as a record.
        let end: &[u8] = if self.comment.is_some() { b"\n" } else { b"" };
        let reader = builder.from_reader(text.chain(end));
        let cells = |record: csv::ByteRecord| record.iter().map(<[u8]>::to_vec).collect();
        reader.into_byte_records().map(|record| cells(record.expect("it is in memory"))).collect()
    }
}

/// Reads `data`: options, then a file.
pub fn check(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let options = Options::of(&mut bytes);
    let size = block_size(&mut bytes, data.len());
    let text = rest(bytes);
    let input = || Input::bytes("in", text);

    let found = records(options.apply(format::read_records(input())), 1);
    let in_blocks = records(options.apply(format::read_records(input())).block_size(size), 2);
    assert_eq!(in_blocks, found, "blocks of {size} bytes, {options:?}");

    let typed = options.apply(format::read::<BTreeMap<String, String>>(input())).block_size(size);
    if options.names != Names::Absent {
        let typed = values(typed, 2);
        match (&found, typed) {
            (Ok(found), Ok(typed)) => assert_same(found, &typed),
            (Err(found), Err(typed)) => assert_eq!(&typed, found),
            (found, typed) => panic!("{typed:?} differs from {found:?}"),
        }
    }
    if options.has_oracle()
        && let Some(text) = text_after_marks(text)
    {
        check_oracle(options, options.oracle(text), &found);
    }
}

/// A null is empty text where a type expects text, and absent where the cell was absent.
pub(crate) fn assert_same(records: &[Record], typed: &[BTreeMap<String, String>]) {
    assert_eq!(records.len(), typed.len());
    for (record, typed) in records.iter().zip(typed) {
        for (name, value) in record.iter() {
            match value {
                ValueRef::Text(text) => assert_eq!(typed.get(name).map(String::as_str), Some(text)),
                value => assert!(value == ValueRef::Null && typed.get(name).is_none_or(String::is_empty)),
            }
        }
        assert!(typed.len() <= record.len());
    }
}

fn check_oracle(options: Options, mut oracle: Vec<Cells>, found: &Result<Vec<Record>, String>) {
    let header = match options.names {
        Names::Header if oracle.is_empty() => return assert!(found.is_err()),
        Names::Header => oracle.remove(0),
        Names::Given => vec![b"a".to_vec(), b"b".to_vec()],
        Names::Absent => oracle.first().cloned().unwrap_or_default(),
    };
    let found = match found {
        Ok(found) => found,
        // Only this reader refuses it.
        Err(error) if error.contains("never closed") || error.contains("declares the delimiter") => return,
        Err(error) if error.contains("quotes are around whole cells") => return assert!(!options.is_lenient),
        Err(error) => return assert!(!is_fine(options, &header, &oracle), "{error}, {options:?}"),
    };
    assert_eq!(found.len(), oracle.len(), "{options:?}");
    for (record, cells) in found.iter().zip(&oracle) {
        assert_eq!(record.len(), header.len());
        let cells = cells.iter().map(|cell| Some(std::str::from_utf8(cell).expect("others are refused")));
        for ((_, value), cell) in record.iter().zip(cells.chain(std::iter::repeat(None))) {
            let cell = cell.map(|cell| match options.trim {
                Trim::Fields | Trim::All => cell.trim(),
                _ => cell,
            });
            match value {
                ValueRef::Text(text) => assert_eq!(Some(text), cell),
                value => assert!(value == ValueRef::Null && (cell.is_none() || cell == options.null)),
            }
        }
    }
}

/// Whether all records can be read.
fn is_fine(options: Options, header: &Cells, records: &[Cells]) -> bool {
    let is_text = |cell: &Vec<u8>| !cell.contains(&0) && std::str::from_utf8(cell).is_ok();
    let trimmed = |name: &Vec<u8>| match options.trim {
        Trim::Header | Trim::All => String::from_utf8_lossy(name).trim().to_owned(),
        _ => String::from_utf8_lossy(name).into_owned(),
    };
    let has_names = options.names == Names::Header;
    let names: BTreeSet<String> = header.iter().map(trimmed).collect();
    let is_named = !has_names || (names.len() == header.len() && header.iter().all(is_text));
    is_named
        && records.iter().all(|cells| {
            let fits = match options.ragged {
                Ragged::Pad => cells.len() <= header.len(),
                Ragged::Cut => true,
                _ => cells.len() == header.len(),
            };
            fits && cells.iter().take(header.len()).all(is_text)
        })
}
