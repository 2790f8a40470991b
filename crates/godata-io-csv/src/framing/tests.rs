//! Compares the cutter with the `csv` crate, which reads the whole text at once.

use std::io::Read;

use csv::ByteRecord;
use proptest::prelude::*;

use crate::raw_cells::{RawCell, RawRecords};

use super::*;

/// Each option alone, and all at once. Their bytes occur in the texts below.
fn dialects() -> [Dialect; 6] {
    let plain = Dialect::default();
    let (quote, escape, comment) = (Some(b'\''), Some(b'\\'), Some(b'#'));
    [
        plain,
        Dialect { quote, ..plain },
        Dialect { quote: None, ..plain },
        Dialect { escape, ..plain },
        Dialect { comment, ..plain },
        Dialect { delimiter: b';', quote, escape, comment, ..plain },
    ]
}

fn naive_line(text: &[u8], at: usize) -> u64 {
    let mut line = 1;
    for i in 0..at {
        let ends_line = text[i] == b'\n' || (text[i] == b'\r' && text.get(i + 1) != Some(&b'\n'));
        line += u64::from(ends_line);
    }
    line
}

/// A record of a text: its bytes, its line, and its fault with the number of its column.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    record: Result<ByteRecord, (&'static str, usize)>,
    line: u64,
}

/// Where a record ends that begins at `start`, found byte by byte, and its fault. If it has several lines, it needs this
/// number of cells.
fn naive_record(
    text: &[u8],
    start: usize,
    dialect: Dialect,
    columns: Option<usize>,
) -> (usize, Option<(&'static str, usize)>) {
    #[derive(PartialEq)]
    enum At {
        CellStart,
        Cell,
        Quoted(usize),
        Escaped(usize),
        QuoteInQuoted(usize),
    }
    let is = |byte, option: Option<u8>| Some(byte) == option;
    let after_break = |at: usize| at + if text[at..].starts_with(b"\r\n") { 2 } else { 1 };
    let line_end = |from: usize| {
        (from..text.len()).find(|&at| b"\r\n".contains(&text[at])).map_or(text.len(), after_break)
    };
    let (mut at, mut column, mut in_cell) = (At::CellStart, 1, None);
    // The quote and the column of the first cell of several lines.
    let mut first = None;
    let joined = |first: Option<(usize, usize)>, is_wrong: bool| {
        first.filter(|_| is_wrong).map(|(open, column)| (line_end(open), Some(("joined", column))))
    };
    let is_wide = |column| columns.is_some_and(|columns| column > columns);
    for (i, &byte) in text.iter().enumerate().skip(start) {
        if let (At::Quoted(open) | At::Escaped(open), b'\r' | b'\n') = (&at, byte) {
            first = first.or(Some((*open, column)));
        }
        at = match (at, byte) {
            (At::CellStart, byte) if is(byte, dialect.quote) => At::Quoted(i),
            (At::Quoted(open), byte) if is(byte, dialect.quote) => At::QuoteInQuoted(open),
            (At::Quoted(open), byte) if is(byte, dialect.escape) => At::Escaped(open),
            (At::Quoted(open) | At::Escaped(open), _) => At::Quoted(open),
            (At::QuoteInQuoted(open), byte) if is(byte, dialect.quote) => At::Quoted(open),
            (_, b'\r' | b'\n') => {
                let is_wrong = columns.is_some_and(|columns| column != columns);
                return joined(first, is_wrong).unwrap_or((after_break(i), None));
            }
            (_, byte) if byte == dialect.delimiter => {
                column += 1;
                At::CellStart
            }
            (At::QuoteInQuoted(open), _) if !dialect.lenient_quotes => {
                let before = first.filter(|(first, _)| *first < open);
                let stray = (line_end(open), Some(("stray", in_cell.unwrap_or(column))));
                return joined(before, is_wide(column)).unwrap_or(stray);
            }
            _ => {
                in_cell = in_cell.or(is(byte, dialect.quote).then_some(column));
                At::Cell
            }
        };
    }
    match at {
        At::Quoted(open) | At::Escaped(open) => {
            let before = first.filter(|(first, _)| *first < open);
            joined(before, is_wide(column)).unwrap_or((line_end(open), Some(("unclosed", column))))
        }
        _ => {
            let is_wrong = columns.is_some_and(|columns| column != columns);
            joined(first, is_wrong).unwrap_or((text.len(), None))
        }
    }
}

/// The records of a text, found byte by byte. The good ones are read by the `csv` crate, each alone.
fn naive(text: &[u8], dialect: Dialect, columns: Option<usize>) -> Vec<Found> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.len() {
        if Some(text[at]) == dialect.comment {
            at += text[at..].iter().position(|&byte| byte == b'\n').map_or(text.len() - at, |end| end + 1);
        } else if b"\r\n".contains(&text[at]) {
            at += 1;
        } else {
            let (end, fault) = naive_record(text, at, dialect, columns);
            let record = match fault {
                None => Ok(oracle(&text[at..end], dialect)[0].0.clone()),
                Some(fault) => Err(fault),
            };
            found.push(Found { record, line: naive_line(text, at) });
            at = end;
        }
    }
    found
}

/// The records as the `csv` crate reads them, with the line on which each begins.
fn oracle(text: &[u8], dialect: Dialect) -> Vec<(ByteRecord, u64)> {
    // A line feed before a byte order mark keeps the reader from skipping it. A line feed at the end keeps it from
    // returning a comment at the end of the text as a record.
    let end: &[u8] = if dialect.comment.is_some() { b"\n" } else { b"" };
    let bytes = b"\n".as_slice().chain(text).chain(end);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(dialect.delimiter)
        .quoting(dialect.quote.is_some())
        .quote(dialect.quote.unwrap_or_default())
        .escape(dialect.escape)
        .comment(dialect.comment)
        .buffer_capacity(64)
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut records = Vec::new();
    for record in reader.byte_records() {
        let record = record.unwrap();
        let mut at = usize::try_from(record.position().unwrap().byte()).unwrap().saturating_sub(1);
        loop {
            match text.get(at) {
                Some(b'\r' | b'\n') => at += 1,
                byte if byte.copied() == dialect.comment && byte.is_some() => {
                    at += text[at..].iter().position(|&byte| byte == b'\n').unwrap() + 1;
                }
                _ => break,
            }
        }
        records.push((record, naive_line(text, at)));
    }
    records
}

/// Cuts a text as `Blocks` does, with blocks of this size.
fn cut(text: &[u8], dialect: Dialect, columns: Option<usize>, size: usize) -> Vec<Found> {
    let mut cutter = Cutter::new(dialect);
    cutter.width = columns.map(Width::of);
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    while at < text.len() {
        let mut len = size;
        let frame = loop {
            let end = text.len().min(at + len);
            let file = "f".into();
            let ahead = Ahead::new(&text[at..end], &file).line(line);
            let ahead = if end == text.len() { ahead.at_end() } else { ahead };
            match cutter.frame(ahead).unwrap() {
                frame if frame.bytes > 0 => break frame,
                _ => assert!(!ahead.at_end, "all bytes are covered at the end"),
            }
            len += 1;
        };
        let block = &text[at..at + frame.bytes];
        let broken = cutter.take_broken();
        assert_eq!(frame.is_alone, !broken.is_empty());
        let bytes: Vec<_> = broken.iter().map(|broken| broken.bytes.clone()).collect();
        let lines = record_lines(block, dialect, line, &bytes);
        assert_eq!(frame.records, lines.len() as u64);
        if frame.records == frame.lines {
            assert!(lines.iter().zip(line..).all(|(&each, from)| each == from));
        }
        let whole =
            |range: Range<usize>| oracle(&block[range], dialect).into_iter().map(|(record, _)| Ok(record));
        let ranges = record_ranges(block, dialect, &bytes);
        let (mut read, mut from) = (Vec::new(), 0);
        for broken in broken {
            read.extend(whole(from..broken.bytes.start));
            assert_eq!(read.len() as u64, u64::from(broken.row));
            assert_eq!(ranges[read.len()], broken.bytes);
            from = broken.bytes.end;
            read.push(Err(match broken.error {
                CsvError::UnclosedQuote { column, within: None, .. } => ("unclosed", column.number),
                CsvError::AfterQuote { column, .. } | CsvError::QuoteInCell { column, .. } => {
                    ("stray", column.number)
                }
                CsvError::JoinedLines { column, expected, .. } => {
                    assert_eq!(Some(expected), columns);
                    ("joined", column.number)
                }
                error => panic!("{error}"),
            }));
        }
        read.extend(whole(from..block.len()));
        let before = found.len();
        found.extend(read.into_iter().zip(lines).map(|(record, line)| Found { record, line }));
        assert_eq!((found.len() - before) as u64, frame.records);
        at += frame.bytes;
        line += frame.lines;
    }
    found
}

fn check(text: &[u8], dialect: Dialect, columns: Option<usize>) {
    for lenient_quotes in [false, true] {
        let dialect = Dialect { lenient_quotes, ..dialect };
        let expected = naive(text, dialect, columns);
        if lenient_quotes && expected.iter().all(|found| found.record.is_ok()) {
            let whole =
                oracle(text, dialect).into_iter().map(|(record, line)| Found { record: Ok(record), line });
            assert_eq!(whole.collect::<Vec<_>>(), expected);
        }
        for size in 1..=text.len() + 1 {
            let found = cut(text, dialect, columns, size);
            assert_eq!(found, expected, "blocks of {size} bytes, {columns:?} columns, {dialect:?}");
        }
    }
}

/// A table whose cells are quoted where they must be, and sometimes where they need not be.
fn table() -> impl Strategy<Value = String> {
    let cell = ("[a,;\"'#\\\\\r\nä\u{feff} ]{0,6}", any::<bool>()).prop_map(|(text, quoted)| {
        let needed = text.contains(['"', ',', '\r', '\n']);
        if needed || quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
    });
    let row =
        (prop::collection::vec(cell, 0..5), prop::sample::select(vec!["\n", "\r\n", "\r", "\n\n", "\r\r\n"]));
    let rows = prop::collection::vec(row.prop_map(|(cells, end)| cells.join(",") + end), 0..8);
    (rows, any::<bool>()).prop_map(|(rows, terminated)| {
        let text = rows.concat();
        if terminated { text } else { text.trim_end_matches(['\r', '\n']).into() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tables_are_cut_as_the_csv_crate_reads_them(text in table(), dialect in prop::sample::select(dialects().to_vec()), columns in prop::option::of(1_usize..4)) {
        check(text.as_bytes(), dialect, columns);
    }

    #[test]
    fn any_bytes_are_cut_as_the_csv_crate_reads_them(text in "[\"',;#\\\\\r\na]{0,24}", dialect in prop::sample::select(dialects().to_vec()), columns in prop::option::of(1_usize..4)) {
        check(text.as_bytes(), dialect, columns);
    }
}

#[test]
fn a_header_is_cut_off_alone() {
    let frame = |text: &[u8]| {
        let mut cutter = Cutter::one(Dialect { comment: Some(b'#'), ..Dialect::default() });
        cutter.frame(Ahead::new(text, &"f".into()).at_end()).unwrap()
    };
    assert_eq!(frame(b"a\r\nb\n"), Frame::new(3).records(1).lines(1));
    assert_eq!(frame(b"\"a\nb\",c\nd"), Frame::new(8).records(1).lines(2));
    assert_eq!(frame(b"\r\n\na\n"), Frame::new(2).lines(1));
    assert_eq!(frame(b"#\"\r,\r\na\n"), Frame::new(6).lines(2));
    assert_eq!(frame(b"#a"), Frame::new(2).lines(1));
    assert_eq!(frame(b"a"), Frame::new(1).records(1).lines(1));
}

#[test]
fn raw_lines_are_cut_one_by_one() {
    let frame = |text: &[u8], at_end| {
        let file = "f".into();
        let ahead = Ahead::new(text, &file);
        RawLine.frame(if at_end { ahead.at_end() } else { ahead }).unwrap().bytes
    };
    assert_eq!(frame(b"\"a\nb", true), 3);
    assert_eq!((frame(b"a\r\nb", false), frame(b"\r\r", false), frame(b"\n", true)), (3, 1, 1));
    assert_eq!((frame(b"a\r", false), frame(b"a", false), frame(b"a", true)), (0, 0, 1));
}

/// Which cells of each record are quoted.
fn quoted(text: &[u8], dialect: Dialect) -> Vec<Vec<bool>> {
    let mut cells = RawRecords::new(text, dialect);
    let records = oracle(text, dialect);
    let found = records.iter().map(|(record, _)| {
        cells.advance();
        cells.cells().map(RawCell::is_quoted).chain(std::iter::repeat(false)).take(record.len()).collect()
    });
    found.collect()
}

#[test]
fn quoted_cells_are_distinguished_from_others() {
    let [plain, single, none, escape, comment, all] = dialects();
    let text = b"a,\"b\",c\"\n\n\"x\n,\"\",\",\"\"\r\nd,e\n,\"\"\n";
    let expected = vec![vec![false, true, false], vec![true, true], vec![false, false], vec![false, true]];
    assert_eq!(quoted(text, plain), expected);
    assert_eq!(quoted(text, comment), expected);
    assert_eq!(quoted(b"a,'b'\n", single), [[false, true]]);
    assert_eq!(quoted(b"\"a\",'b'\n", none), [[false, false]]);
    assert_eq!(quoted(b"\"a\\\",b\",c,\"d\"", escape), [[true, false, true]]);
    assert_eq!(quoted(b"#'\na;'b\\';';''\n#'\n'';c", all), [vec![false, true, true], vec![true, false]]);
}

#[test]
fn a_long_text_whose_quotes_join_all_lines_is_not_searched_up_to_its_end() {
    let file = "f".into();
    for line in ["disk 5\",\"good\n", "5\",\"\n"] {
        let text = line.repeat(10_000 / line.len());
        let mut cutter = Cutter::new(Dialect::default());
        cutter.set_width(Width::of(2));
        // More bytes could follow, and the record goes on in all of them.
        let frame = cutter.frame(Ahead::new(text.as_bytes(), &file)).unwrap();
        let broken = cutter.take_broken();
        assert!(broken.len() as u64 == frame.records && frame.records > 100);
        for broken in broken {
            assert!(matches!(broken.error, CsvError::JoinedLines { expected: 2, .. }), "{}", broken.error);
        }
    }
}

#[test]
fn a_frame_has_few_broken_records_for_its_bytes() {
    let (text, file) = ("\"\n".repeat(5_000), "f".into());
    let mut cutter = Cutter::new(Dialect::default());
    cutter.set_width(Width::of(2));
    let (mut at, mut records) = (0, 0);
    while at < text.len() {
        let ahead = Ahead::new(&text.as_bytes()[at..], &file).at_end();
        let frame = cutter.frame(ahead).unwrap();
        assert!(cutter.take_broken().len() <= 1 + ahead.bytes.len() / 64);
        at += frame.bytes;
        records += frame.records;
    }
    assert_eq!(records, 5_000);
}
