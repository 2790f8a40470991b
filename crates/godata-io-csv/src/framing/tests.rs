//! The cutter against the `csv` crate, which reads the whole text at once.

use std::io::Read;

use csv::ByteRecord;
use proptest::prelude::*;

use super::*;

const DELIMITER: u8 = b',';

fn delimiter() -> Delimiter {
    Delimiter::new(DELIMITER).unwrap()
}

fn naive_line(text: &[u8], at: usize) -> u64 {
    let mut line = 1;
    for i in 0..at {
        let ends_line = text[i] == b'\n' || (text[i] == b'\r' && text.get(i + 1) != Some(&b'\n'));
        line += u64::from(ends_line);
    }
    line
}

/// Where the quote is that a text does not close, by a machine that looks at each byte.
fn naive_unclosed(text: &[u8]) -> Option<usize> {
    #[derive(PartialEq)]
    enum At {
        CellBegin,
        Cell,
        Quoted(usize),
        QuoteInQuoted(usize),
    }
    let mut at = At::CellBegin;
    for (i, &byte) in text.iter().enumerate() {
        at = match (at, byte) {
            (At::CellBegin, b'"') => At::Quoted(i),
            (At::Quoted(open), b'"') => At::QuoteInQuoted(open),
            (At::Quoted(open), _) => At::Quoted(open),
            (At::QuoteInQuoted(open), b'"') => At::Quoted(open),
            (_, b'\r' | b'\n' | DELIMITER) => At::CellBegin,
            _ => At::Cell,
        };
    }
    if let At::Quoted(open) = at { Some(open) } else { None }
}

/// The records as the `csv` crate reads them, and the line on which each begins.
fn oracle(text: &[u8]) -> Vec<(ByteRecord, u64)> {
    // Without a byte before it, a byte order mark would be taken off.
    let bytes = b"\n".as_slice().chain(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut records = Vec::new();
    for record in reader.byte_records() {
        let record = record.unwrap();
        let mut at = usize::try_from(record.position().unwrap().byte()).unwrap().saturating_sub(1);
        while matches!(text.get(at), Some(b'\r' | b'\n')) {
            at += 1;
        }
        records.push((record, naive_line(text, at)));
    }
    records
}

/// Cuts a text as `Blocks` does, with blocks of this size; fails with the line of the unclosed quote.
fn cut(text: &[u8], size: usize) -> (Vec<(ByteRecord, u64)>, Option<String>) {
    let mut cutter = Cutter::new(delimiter());
    let (mut records, mut at, mut line) = (Vec::new(), 0, 1);
    while at < text.len() {
        let mut len = size;
        let frame = loop {
            let end = text.len().min(at + len);
            let ahead = Ahead { bytes: &text[at..end], file: &"f".into(), line, at_end: end == text.len() };
            match cutter.frame(ahead) {
                Err(error) => return (records, Some(error.to_string())),
                Ok(frame) if frame.bytes > 0 => break frame,
                Ok(_) => assert!(!ahead.at_end, "all bytes are covered at the end"),
            }
            len += 1;
        };
        let block = &text[at..at + frame.bytes];
        let lines = record_lines(block, delimiter(), line);
        let decoded = oracle(block);
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

fn check(text: &[u8]) {
    let mut expected = oracle(text);
    let error = naive_unclosed(text).map(|quote| {
        expected.pop();
        format!("f:{}: the quote that opens here is never closed", naive_line(text, quote))
    });
    for size in 1..=text.len() + 1 {
        assert_eq!(cut(text, size), (expected.clone(), error.clone()), "blocks of {size} bytes");
    }
}

/// A table whose cells are quoted where they have to be, and sometimes where not.
fn table() -> impl Strategy<Value = String> {
    let cell = ("[a,\"\r\nä\u{feff} ]{0,6}", any::<bool>()).prop_map(|(text, quoted)| {
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
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tables_are_cut_as_the_csv_crate_reads_them(text in table()) {
        check(text.as_bytes());
    }

    #[test]
    fn any_bytes_are_cut_as_the_csv_crate_reads_them(text in "[\",\r\na]{0,24}") {
        check(text.as_bytes());
    }
}

#[test]
fn a_header_is_cut_alone() {
    let frame = |text: &[u8]| {
        let mut cutter = Cutter::one(delimiter());
        cutter.frame(Ahead { bytes: text, file: &"f".into(), line: 1, at_end: true }).unwrap()
    };
    assert_eq!(frame(b"a\r\nb\n"), Frame { bytes: 3, records: 1, lines: 1 });
    assert_eq!(frame(b"\"a\nb\",c\nd"), Frame { bytes: 8, records: 1, lines: 2 });
    assert_eq!(frame(b"\r\n\na\n"), Frame { bytes: 2, records: 0, lines: 1 });
    assert_eq!(frame(b"a"), Frame { bytes: 1, records: 1, lines: 1 });
}
