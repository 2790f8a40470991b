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

/// The position of the quote that a text does not close, found byte by byte.
fn naive_unclosed(text: &[u8], dialect: Dialect) -> Option<usize> {
    #[derive(PartialEq)]
    enum At {
        RecordStart,
        CellStart,
        Cell,
        Comment,
        Quoted(usize),
        Escaped(usize),
        QuoteInQuoted(usize),
    }
    let is = |byte, option: Option<u8>| Some(byte) == option;
    let mut at = At::RecordStart;
    for (i, &byte) in text.iter().enumerate() {
        at = match (at, byte) {
            (At::RecordStart, byte) if is(byte, dialect.comment) => At::Comment,
            (At::Comment, b'\n') => At::RecordStart,
            (At::Comment, _) => At::Comment,
            (At::RecordStart | At::CellStart, byte) if is(byte, dialect.quote) => At::Quoted(i),
            (At::Quoted(open), byte) if is(byte, dialect.quote) => At::QuoteInQuoted(open),
            (At::Quoted(open), byte) if is(byte, dialect.escape) => At::Escaped(open),
            (At::Quoted(open) | At::Escaped(open), _) => At::Quoted(open),
            (At::QuoteInQuoted(open), byte) if is(byte, dialect.quote) => At::Quoted(open),
            (_, b'\r' | b'\n') => At::RecordStart,
            (_, byte) if byte == dialect.delimiter => At::CellStart,
            _ => At::Cell,
        };
    }
    if let At::Quoted(open) | At::Escaped(open) = at { Some(open) } else { None }
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

/// Cuts a text as `Blocks` does, with blocks of this size. Also returns the error for an unclosed quote.
fn cut(text: &[u8], dialect: Dialect, size: usize) -> (Vec<(ByteRecord, u64)>, Option<String>) {
    let mut cutter = Cutter::new(dialect);
    let (mut records, mut at, mut line) = (Vec::new(), 0, 1);
    while at < text.len() {
        let mut len = size;
        let frame = loop {
            let end = text.len().min(at + len);
            let file = "f".into();
            let ahead = Ahead::new(&text[at..end], &file).line(line);
            let ahead = if end == text.len() { ahead.at_end() } else { ahead };
            match cutter.frame(ahead) {
                Err(error) => return (records, Some(error.to_string())),
                Ok(frame) if frame.bytes > 0 => break frame,
                Ok(_) => assert!(!ahead.at_end, "all bytes are covered at the end"),
            }
            len += 1;
        };
        let block = &text[at..at + frame.bytes];
        let lines = record_lines(block, dialect, line);
        let decoded = oracle(block, dialect);
        assert_eq!(frame.records, decoded.len() as u64);
        assert_eq!(lines.len(), decoded.len());
        if frame.records == frame.lines {
            assert!(lines.iter().zip(line..).all(|(&each, from)| each == from));
        }
        records.extend(decoded.into_iter().map(|(record, _)| record).zip(lines));
        at += frame.bytes;
        line += frame.lines;
    }
    (records, None)
}

fn check(text: &[u8], dialect: Dialect) {
    let mut expected = oracle(text, dialect);
    let error = naive_unclosed(text, dialect).map(|quote| {
        expected.pop();
        format!("f:{}: the quote that opens here is never closed", naive_line(text, quote))
    });
    for size in 1..=text.len() + 1 {
        let found = cut(text, dialect, size);
        assert_eq!(found, (expected.clone(), error.clone()), "blocks of {size} bytes, {dialect:?}");
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
    fn tables_are_cut_as_the_csv_crate_reads_them(text in table(), dialect in prop::sample::select(dialects().to_vec())) {
        check(text.as_bytes(), dialect);
    }

    #[test]
    fn any_bytes_are_cut_as_the_csv_crate_reads_them(text in "[\"',;#\\\\\r\na]{0,24}", dialect in prop::sample::select(dialects().to_vec())) {
        check(text.as_bytes(), dialect);
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
