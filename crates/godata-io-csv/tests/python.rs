//! Python's `csv` module reads the files that are written here, and the files that it writes are read here.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a panic fails the test, and a skipped test says why"
)]

mod support;

use std::path::Path;
use std::process::Command;

use godata_core::RunContext;
use godata_etl::{Pipeline, Record, Records};
use godata_io_csv::{Quoting, Terminator};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use godata_io_csv as csv;
use support::{Folder, batches, flow_of};

const TABLES: usize = 200;

/// Reads each table with its options, and writes it again.
const SCRIPT: &str = r#"
import csv, sys
folder, count = sys.argv[1], int(sys.argv[2])
for number in range(count):
    with open(f"{folder}/{number}.options", newline="", encoding="utf-8") as file:
        delimiter, quote, escape = file.read()
    options = {"delimiter": delimiter, "quotechar": quote, "strict": True}
    if escape != "\0":
        options |= {"escapechar": escape, "doublequote": False}
    with open(f"{folder}/{number}.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, **options))
    quoting = [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC][number % 3]
    # With minimal quoting, it quotes only those line breaks that it ends lines with.
    end = "\n" if number % 2 and number % 3 else "\r\n"
    if escape != "\0":
        # Python escapes outside quotes, too.
        quoting = csv.QUOTE_ALL
    with open(f"{folder}/{number}.again", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=quoting, lineterminator=end, **options).writerows(rows)
"#;

#[derive(Clone, Debug)]
struct Case {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
    delimiter: u8,
    quote: u8,
    escape: Option<u8>,
    quoting: Quoting,
    terminator: Terminator,
}

const CELL: &str = "[a,;\t|\"'\\\\\r\n ä€0-9.]{0,8}";

fn case() -> impl Strategy<Value = Case> {
    use prop::sample::select;
    let table = prop::collection::btree_set(CELL, 1..5).prop_flat_map(|names| {
        let row = prop::collection::vec(CELL, names.len());
        (Just(names.into_iter().collect::<Vec<_>>()), prop::collection::vec(row, 1..12))
    });
    let options = (
        select(vec![b',', b';', b'\t', b'|']),
        select(vec![b'"', b'\'']),
        select(vec![None, Some(b'\\')]),
        select(vec![Quoting::Necessary, Quoting::Always, Quoting::NonNumeric]),
        select(vec![Terminator::Lf, Terminator::CrLf]),
    );
    (table, options).prop_map(|((names, rows), (delimiter, quote, escape, quoting, terminator))| Case {
        names,
        rows,
        delimiter,
        quote,
        escape,
        quoting,
        terminator,
    })
}

impl Case {
    fn records(&self) -> Vec<Record> {
        let record = |cells: &Vec<String>| self.names.iter().cloned().zip(cells.iter().cloned()).collect();
        self.rows.iter().map(record).collect()
    }

    fn write(&self, path: &Path) {
        let writer = csv::write(path).delimiter(self.delimiter).quote(self.quote);
        let writer = writer.quoting(self.quoting).terminator(self.terminator);
        let writer = if let Some(escape) = self.escape { writer.escape(escape) } else { writer };
        let pipeline = flow_of(vec![self.records().into_iter().collect()]).write(writer).unwrap();
        pipeline.run_blocking(&RunContext::new()).unwrap();
    }

    fn read(&self, folder: &Folder, path: &Path) -> Vec<Record> {
        let reader = csv::read_records(path).delimiter(self.delimiter).quote(self.quote);
        let reader = if let Some(escape) = self.escape { reader.escape(escape) } else { reader };
        let flow = Pipeline::builder("test").read(reader);
        batches(folder, flow).unwrap().into_iter().flat_map(Records::into_records).collect()
    }
}

#[test]
fn files_can_be_exchanged_with_python() {
    // Before 3.11, Python's writer did not escape the escape character.
    let check = "import sys; sys.exit(sys.version_info < (3, 11))";
    if !Command::new("python3").args(["-c", check]).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no python3 of at least 3.11");
        return;
    }
    let folder = Folder::new(b"");
    let mut runner = TestRunner::deterministic();
    let cases: Vec<Case> = (0..TABLES).map(|_| case().new_tree(&mut runner).unwrap().current()).collect();
    for (number, case) in cases.iter().enumerate() {
        case.write(&folder.path(&format!("{number}.csv")));
        let options = [case.delimiter, case.quote, case.escape.unwrap_or_default()];
        std::fs::write(folder.path(&format!("{number}.options")), options).unwrap();
    }
    let directory = folder.path("");
    let run = Command::new("python3").args(["-c", SCRIPT]).arg(&directory).arg(TABLES.to_string()).output();
    let run = run.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    for (number, case) in cases.iter().enumerate() {
        let found = case.read(&folder, &folder.path(&format!("{number}.again")));
        assert_eq!(found, case.records(), "table {number}: {case:?}");
    }
}
