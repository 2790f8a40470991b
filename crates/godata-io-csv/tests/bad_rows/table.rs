//! A file with one record of each malformed kind.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use godata_io_csv::{self as csv, CsvReader, Input};
use serde::Deserialize;

use crate::kit::{Bad, Outcome, Rows, failure, skipping, with_letters};

const HEADER: &str = "id,name,amount,note\n";
const ROWS: u32 = 10_000;
const SIZES: [usize; 5] = [64, 1 << 10, 17 << 10, 256 << 10, 1 << 20];

#[derive(Debug, Deserialize, PartialEq)]
struct Order {
    id: u32,
    name: String,
    amount: f64,
    note: Option<String>,
}

/// A bad record: the row that it replaces, alone or with others, its text, the kind, the column, and whether only structs refuse
/// it.
type BadRow = (u32, &'static [u8], &'static str, Option<&'static str>, bool);

const BAD: [BadRow; 23] = [
    (1, b"1,first,1.5\n", "columns", None, false),
    (600, b"600,few\n", "columns", None, false),
    (1200, b"1200,many,1.5,x,y,z\n", "columns", None, false),
    // A record of three lines that lacks a column costs each of them.
    (1201, b"1201,\"two\n", "columns", Some("name"), false),
    (1201, b"lines\n", "columns", None, false),
    (1201, b"\",1.5\n", "quote", Some("id"), false),
    (1800, b"1800,M\xfcller,1.5,x\n", "encoding", Some("name"), false),
    (2400, b"2400,binary\0,1.5,x\n", "nul", Some("name"), false),
    (2401, b"2401,\"in quotes\0\",1.5,\xff\n", "nul", Some("name"), false),
    (3000, b"3000,5\" disk,1.5,x\n", "quote", Some("name"), false),
    (3600, b"3600,\"Ann\" Lee,1.5,x\n", "quote", Some("name"), false),
    (3601, b"3601,\"Ann\" \"Lee\",1.5,x\r\n", "quote", Some("name"), false),
    // A lone quote: a quote of a later row closes it.
    (4200, b"4200,\"Boston,1.5,x\n", "quote", Some("name"), false),
    (4206, b"4206,Austin,1.5,\"x\n", "quote", Some("note"), false),
    // The cells before the lone quote have several lines.
    (4800, b"\"4800\n\",\"a\nb\",1.5,\"lone\n", "quote", Some("note"), false),
    (5400, b"5400,type,abc,x\n", "type", Some("amount"), true),
    (5401, b"no number,type,1.5,x\n", "type", Some("id"), true),
    (6000, b"6000,empty,,x\n", "type", Some("amount"), true),
    (6001, b"6001,few", "columns", None, false),
    // Two lone quotes that close each other, in a record with one column more.
    (7198, b"7198,\"5 pipe,1.5,x\n", "columns", Some("name"), false),
    (7202, b"7202,5\",1.5,x,extra\n", "quote", Some("name"), false),
    (9_999, b"9999,wide,1.5,x,\n", "columns", None, false),
    // A quote that nothing closes.
    (10_000, b"10000,last,1.5,\"open", "quote", Some("note"), false),
];

fn good(id: u32) -> String {
    match id % 7 {
        0 => format!("{id},\"Lee, \"\"Ann\"\"\",{id}.5,ok\n"),
        1 => format!("{id},\"two\nlines\",{id},\n"),
        2 => format!("{id},CRLF,{id}.25,x\r\n"),
        3 if id % 100 < 7 => format!("\n\n{id},after blank lines,{id},x\n"),
        _ => format!("{id},plain,{id},Größe\n"),
    }
}

/// The file, the same without its bad records, and these.
fn table(is_typed: bool) -> (Vec<u8>, Vec<u8>, Vec<Bad>) {
    let (mut all, mut rest) = (HEADER.as_bytes().to_vec(), HEADER.as_bytes().to_vec());
    let mut bad = Vec::new();
    let mut record = 0;
    for id in 1..=ROWS {
        if !BAD.iter().any(|(row, ..)| *row == id) {
            all.extend(good(id).into_bytes());
            rest.extend(good(id).into_bytes());
            record += 1;
        }
        for (_, text, kind, column, typed_only) in BAD.into_iter().filter(|(row, ..)| *row == id) {
            let line = 1 + all.iter().filter(|&&byte| byte == b'\n').count() as u64;
            let start = all.len();
            record += 1;
            all.extend(text);
            if id < ROWS && !text.ends_with(b"\n") {
                all.push(b'\n');
            }
            if is_typed || !typed_only {
                let (byte, column) = (Some(start as u64), column.map(str::to_owned));
                bad.push(Bad { record, line, kind, column, byte, raw: Some(all[start..].to_vec()) });
            } else {
                rest.extend(text);
            }
        }
    }
    (all, rest, bad)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn check<B: Rows<Row: Send>>(is_typed: bool, sizes: &[usize], read: impl Fn(Input) -> CsvReader<B>) {
    let (all, rest, bad) = table(is_typed);
    let folder = tempfile::tempdir().unwrap();
    let (plain, packed) = (folder.path().join("orders.csv"), folder.path().join("orders.csv.gz"));
    std::fs::write(&plain, &all).unwrap();
    std::fs::write(&packed, gzip(&all)).unwrap();
    let expected = skipping(read(Input::bytes("orders.csv", rest)), 1).records;
    // One of the rows has become three records.
    assert_eq!(expected.len() + bad.len(), ROWS as usize + 2);
    let mut first: Option<Outcome<B::Row>> = None;
    for &size in sizes {
        for workers in [1, 4, 16] {
            for path in [&plain, &packed] {
                let (found, letters) = with_letters(read(Input::from(path)).block_size(size), workers);
                assert!(letters.iter().all(|letter| letter.str("header") == Some(HEADER)));
                let context = format!("blocks of {size} bytes, {workers} workers, {}", path.display());
                assert_eq!(found.bad, bad, "{context}");
                assert!(found.records == expected, "{context}");
                let first = first.get_or_insert_with(|| found.clone_messages());
                assert_eq!(found.messages, first.messages, "{context}");
            }
        }
    }
}

impl<T> Outcome<T> {
    fn clone_messages(&self) -> Self {
        Self { records: Vec::new(), bad: self.bad.clone(), messages: self.messages.clone() }
    }
}

#[test]
fn dynamic_records_of_each_malformed_kind_are_left_out() {
    check(false, &SIZES, csv::read_records);
}

#[test]
fn structs_of_each_malformed_kind_are_left_out() {
    check(true, &SIZES, csv::read::<Order>);
}

#[test]
fn what_is_read_record_by_record_leaves_out_the_same() {
    let sizes = [5_000, 256 << 10];
    check(false, &sizes, |input| csv::read_records(input).nulls(["no such word"]));
    check(true, &sizes, |input| csv::read::<Order>(input).escape(b'\\'));
}

/// Without a policy, a run ends at the first of the bad records, whichever kind it is, and names it.
#[test]
fn each_malformed_kind_fails_a_run_at_its_record() {
    for (row, text, _, column, typed_only) in BAD {
        let mut file = format!("{HEADER}{}", (2..7).map(good).collect::<String>()).into_bytes();
        let line = 1 + file.iter().filter(|&&byte| byte == b'\n').count();
        file.extend(text);
        if row < ROWS {
            file.extend(b"\n1,plain,1,\n7,\"quoted\",1,\n");
        }
        let input = Input::bytes("orders.csv", file);
        for (size, workers) in [(1, 4), (1 << 20, 1)] {
            let mut found = vec![failure(csv::read::<Order>(input.clone()).block_size(size), workers)];
            if !typed_only {
                found.push(failure(csv::read_records(input.clone()).block_size(size), workers));
            }
            for found in found {
                assert!(
                    found.starts_with(&format!("read failed at record 6 (orders.csv:{line}): ")),
                    "{found}"
                );
                assert!(
                    column.is_none_or(|column| found.contains(&format!("column `{column}`: "))),
                    "{found}"
                );
            }
        }
    }
}
