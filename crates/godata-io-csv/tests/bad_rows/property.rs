//! Random tables with random corruption, against an oracle that reads line by line.

use godata_etl::{Record, record};
use godata_io_csv::{self as csv, CsvReader, Input};
use proptest::prelude::*;
use serde::Deserialize;

use crate::kit::{of, skipping};

#[derive(Debug, Deserialize, PartialEq)]
struct Row {
    a: String,
    b: String,
    c: String,
}

/// A cell of one line. Quoted ones begin with a letter: after a lone quote, `",` would be the end of its cell.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zä]{0,6}",
        "[a-z]( ?[a-z,;ß]){0,4}".prop_map(|text| format!("\"{text}\"")),
        "[a-z]{1,3}".prop_map(|text| format!("\"{text} \"\"quoted\"\"\"")),
        Just("\"\"".to_owned()),
    ]
}

/// What happens to a line.
#[derive(Clone, Debug)]
enum Change {
    Drop,
    Add,
    Byte(u8),
    LoneQuote,
    QuoteWithin,
    AfterQuote,
    Unclosed,
    /// The line closes a quote of an earlier line, in a record with too many columns.
    Close,
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let change = prop::sample::select(vec![
        Change::Drop,
        Change::Add,
        Change::Byte(0),
        Change::Byte(0xff),
        Change::LoneQuote,
        Change::QuoteWithin,
        Change::AfterQuote,
        Change::Unclosed,
        Change::Close,
    ]);
    let change = prop::option::weighted(0.15, (change, 0..3_usize));
    (prop::collection::vec(cell(), 3), change, prop::sample::select(vec!["\n", "\n", "\n", "\r\n"])).prop_map(
        |(cells, change, end)| {
            let mut cells: Vec<Vec<u8>> = cells.into_iter().map(String::into_bytes).collect();
            match change {
                None => {}
                Some((Change::Drop, at)) => drop(cells.remove(at)),
                Some((Change::Add, at)) => cells.insert(at, b"x".to_vec()),
                Some((Change::Byte(byte), at)) => {
                    let middle = cells[at].len() / 2;
                    cells[at].insert(middle, byte);
                }
                Some((Change::Close, _)) => cells.insert(0, b"x\"".to_vec()),
                Some((Change::LoneQuote, at)) => cells[at] = b"\"lone".to_vec(),
                Some((Change::QuoteWithin, at)) => cells[at] = b"5\" disk".to_vec(),
                Some((Change::AfterQuote, at)) => cells[at] = b"\"a\"b".to_vec(),
                Some((Change::Unclosed, at)) => cells[at] = b"\"un, \"\"closed\"\"".to_vec(),
            }
            [cells.join(&b','), end.into()].concat()
        },
    )
}

/// The cells of a line if it is whole.
fn oracle(line: &[u8]) -> Option<Vec<String>> {
    let line = std::str::from_utf8(line).ok().filter(|line| !line.contains('\0'))?;
    let mut rest = line.trim_end_matches(['\r', '\n']);
    let mut cells = Vec::new();
    loop {
        let mut cell = String::new();
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = quoted;
            loop {
                let (text, after) = rest.split_once('"')?;
                cell += text;
                rest = after;
                match rest.strip_prefix('"') {
                    Some(after) => {
                        cell.push('"');
                        rest = after;
                    }
                    None => break,
                }
            }
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            cell += &rest[..end];
            rest = &rest[end..];
            if cell.contains('"') {
                return None;
            }
        }
        cells.push(cell);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => return (rest.is_empty() && cells.len() == 3).then_some(cells),
        }
    }
}

fn options<B>(reader: CsvReader<B>, slow: bool, size: usize) -> CsvReader<B> {
    let reader = reader.names(["a", "b", "c"]).block_size(size);
    if slow { reader.comment(b'#') } else { reader }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whole_lines_come_out_of_a_corrupted_table(
        lines in prop::collection::vec(line(), 1..60),
        is_terminated in any::<bool>(),
        slow in any::<bool>(),
        workers in 1_usize..5,
        size in prop_oneof![1_usize..40, 40_usize..4_000],
    ) {
        let mut text = lines.concat();
        if !is_terminated {
            text.truncate(text.trim_ascii_end().len());
        }
        let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
        // A line that lost all its cells is blank.
        let lines = (1..).zip(lines).filter(|(_, line)| !line.trim_ascii_end().is_empty());
        let (mut whole, mut bad) = (Vec::new(), Vec::new());
        for (number, line) in lines {
            match oracle(line) {
                Some(cells) => whole.push(cells),
                None => bad.push(number),
            }
        }

        let found = skipping(options(of(text.clone()), slow, size), workers);
        let rows: Vec<Record> =
            whole.iter().map(|cells| record! {"a" => &*cells[0], "b" => &*cells[1], "c" => &*cells[2]}).collect();
        prop_assert_eq!(&found.records, &rows);
        prop_assert_eq!(found.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), bad.clone());

        let typed = csv::read::<Row>(Input::bytes("orders.csv", text));
        let found = skipping(options(typed, slow, size), workers);
        let rows: Vec<Row> = whole
            .into_iter()
            .map(|cells| Row { a: cells[0].clone(), b: cells[1].clone(), c: cells[2].clone() })
            .collect();
        prop_assert_eq!(&found.records, &rows);
        prop_assert_eq!(found.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), bad);
    }
}
