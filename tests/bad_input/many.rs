//! Two million rows, two thousand of them bad at random places.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use godata::prelude::*;
use godata::{Limit, OnError};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::support::Folder;

const ROWS: u64 = 2_000_000;
const BAD: u64 = 2_000;

/// What a letter says about a record: its line, where it starts, its bytes and the kind of fault.
type Letter = (u64, usize, String, &'static str);

/// The text of the file, and what the letters must say.
fn orders() -> (String, Vec<Letter>) {
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut bad = BTreeMap::new();
    while bad.len() < BAD as usize {
        bad.insert(random.next_u64() % ROWS, random.next_u32() % 5);
    }
    let (mut text, mut letters) = ("id,amount,note\n".to_owned(), Vec::new());
    let mut line = 2;
    for row in 0..ROWS {
        let start = text.len();
        let kind = bad.get(&row).copied();
        match kind {
            // A good record with a line break in a cell.
            None if row % 1_000 == 0 => writeln!(text, "{row},{}.5,\"two\nlines\"", row % 977).unwrap(),
            None => writeln!(text, "{row},{}.5,ok", row % 977).unwrap(),
            Some(0) => writeln!(text, "{row},1").unwrap(),
            Some(1) => writeln!(text, "{row},1,a,b").unwrap(),
            Some(2) => writeln!(text, "{row},twelve,x").unwrap(),
            Some(3) => writeln!(text, "{row},1,a\"b").unwrap(),
            Some(_) => writeln!(text, "{row},1,\"a\"b").unwrap(),
        }
        if let Some(kind) = kind {
            let kind = ["columns", "columns", "type", "quote", "quote"][kind as usize];
            letters.push((line, start, text[start..].to_owned(), kind));
        }
        line += text[start..].matches('\n').count() as u64;
    }
    (text, letters)
}

#[test]
fn each_letter_of_a_large_file_has_the_line_the_offset_and_the_bytes_of_its_record() {
    let folder = Folder::new();
    let (input, letters) = (folder.path("orders.csv"), folder.path("bad.jsonl"));
    let (text, expected) = orders();
    std::fs::write(&input, &text).unwrap();
    let pipeline = Pipeline::builder("orders")
        .workers(4)
        .on_error(OnError::dead_letter(jsonl::write(&*letters), Limit::records(BAD)))
        .read(csv::read_records(&*input))
        .cast("amount", Type::Float)
        .write_fn(|_, _| async { Ok(()) });
    let report = pipeline.unwrap().run_blocking(&RunContext::new()).unwrap();
    assert_eq!((report.written.records, report.rejected()), (ROWS - BAD, BAD));
    let letters = godata::dead_letters(&*letters).unwrap();
    let found: Vec<_> = letters.iter().collect();
    assert_eq!(found.len(), expected.len());
    for (letter, (line, start, raw, kind)) in found.into_iter().zip(expected) {
        let place = (letter.line, letter.byte, letter.raw.as_deref(), letter.kind.as_str());
        assert_eq!(place, (Some(line), Some(start as u64), Some(&*raw), kind));
    }
}
