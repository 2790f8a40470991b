//! Rejected records of CSV, mended in their dead letters and read once more: together with the records of the first run they are
//! what the files would have been without faults.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use std::path::Path;

use godata::prelude::*;
use godata::{Limit, OnError, dead_letters};
use serde_json::{Value, json};

use support::Folder;
use support::packing::Packing;

/// A record without faults, and the same as it is in the file.
const ROWS: [(&str, &str); 9] = [
    ("1,Ann,1.5\n", "1,Ann,1.5\n"),
    ("2,Bob,2.5\n", "2,Bob\n"),
    ("3,\"Cid\nDot\",3.5\n", "3,\"Cid\nDot\",3.5\n"),
    ("4,Eve,4.5\n", "4,\"Eve,4.5\n"),
    ("5,\"Größe\nder\",5.5\n", "5,\"Größe\nder\",abc\n"),
    ("6,Gus,6.5\n", "6,G\0us,6.5\n"),
    ("7,Hal,7.5\n", "7,\"Hal\" II,7.5\n"),
    ("8,Ida,8.5\r\n", "8,Ida,8.5\r\n"),
    ("9,\"Jo\",9.5\n", "9,\"Jo\",-9.5"),
];

fn rows(title: &str, of: impl Fn(&(&'static str, &'static str)) -> &'static str) -> String {
    format!("{title}\nid,name,amount\n{}", ROWS.iter().map(of).collect::<String>())
}

fn run(reader: csv::CsvReader<Records>, output: &Path, letters: &Path) -> RunReport {
    Pipeline::builder("replay")
        .workers(2)
        .on_error(OnError::dead_letter(jsonl::write(letters), Limit::unlimited()))
        .read(reader.skip_lines(1).block_size(16))
        .cast("amount", Type::Float)
        .expect("the amount is positive", |order| order.f64("amount").is_ok_and(|amount| amount > 0.0))
        .write(csv::write(Output::path(output).append()))
        .unwrap()
        .run_blocking(&RunContext::new())
        .unwrap()
}

/// Mends each letter with the row that it was made from.
fn mend(letters: &Path) {
    let mended = |line: &str| {
        let mut letter: Value = serde_json::from_str(line).unwrap();
        let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (field, bytes) = match (&letter["raw"], &letter["raw_hex"]) {
            (Value::String(raw), Value::Null) => ("raw", hex(raw)),
            (Value::Null, Value::String(digits)) => ("raw_hex", digits.clone()),
            other => panic!("{other:?}"),
        };
        let (good, _) = ROWS.iter().find(|(_, bad)| hex(bad) == bytes).unwrap();
        letter[field] = json!(if field == "raw" { (*good).to_owned() } else { hex(good) });
        assert_eq!(field == "raw_hex", good.starts_with('6'));
        format!("{letter}\n")
    };
    let text = std::fs::read_to_string(letters).unwrap();
    std::fs::write(letters, text.lines().map(mended).collect::<String>()).unwrap();
}

fn sorted(output: &Path) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let flow = Pipeline::builder("output").read(csv::read_records(output));
    let records = runtime.block_on(flow.collect(1_000)).unwrap();
    let mut records: Vec<String> = records.iter().map(|record| format!("{record:?}")).collect();
    records.sort();
    records
}

#[test]
fn mended_dead_letters_complete_the_output() {
    let titles = [["Orders", "Orders"], ["Orders of May", "Orders of June"]];
    for (titles, label, packing) in titles.into_iter().flat_map(|titles| {
        [
            (titles, "utf-8", Packing::Plain),
            (titles, "utf-8", Packing::Gzip),
            (titles, "utf-16le", Packing::Gzip),
        ]
    }) {
        let folder = Folder::new();
        let encode = |text: String| match label {
            "utf-8" => text.into_bytes(),
            _ => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        };
        let input = |folder_name: &str, of: fn(&(&'static str, &'static str)) -> &'static str| {
            let paths = titles.iter().enumerate().map(|(number, title)| {
                let packed = packing.pack(&encode(rows(title, of)));
                folder.write(&format!("{folder_name}-{number}.csv"), packed)
            });
            let encoding = label.parse().unwrap();
            csv::read_records(Input::paths(paths).compression(packing.chosen()).encoding(encoding))
        };
        let (expected, output) = (folder.path("expected.csv"), folder.path("output.csv"));
        let letters = folder.path("letters.jsonl");
        let whole = run(input("good", |row| row.0), &expected, &folder.path("none.jsonl"));
        assert_eq!((whole.written.records, whole.rejected()), (18, 0));

        let first = run(input("bad", |row| row.1), &output, &letters);
        assert_eq!((first.written.records, first.rejected()), (6, 12), "{titles:?}, {label}, {packing:?}");
        mend(&letters);
        let letters = dead_letters(&letters).unwrap();
        let inputs = match letters.input() {
            Ok(input) => vec![input],
            Err(_) => letters.inputs().unwrap().into_iter().map(|(_, input)| input).collect(),
        };
        assert_eq!(inputs.len(), if titles[0] == titles[1] { 1 } else { 2 });
        let replayed = inputs.into_iter().map(|input| {
            let report = run(csv::read_records(input), &output, &folder.path("still-bad.jsonl"));
            assert_eq!(report.rejected(), 0);
            report.written.records
        });
        assert_eq!(replayed.sum::<u64>(), 12);
        assert_eq!(sorted(&output), sorted(&expected));
    }
}
