//! What is written is read again, whatever is in it.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod support;

use std::fs;

use godata_core::RunContext;
use godata_etl::{Pipeline, Record, Records};
use godata_io_csv::{self as csv, CsvReader, CsvWriter};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use support::{Folder, batches, flow_of};

const CELL: &str = "[a,;\t|\"\r\n ä€\u{feff}'0-9.]{0,8}";

/// Names, each of them once, and rows of as many cells.
fn table() -> impl Strategy<Value = (Vec<String>, Vec<Vec<String>>)> {
    prop::collection::btree_set(CELL, 1..5).prop_flat_map(|names| {
        let names: Vec<String> = names.into_iter().collect();
        let row = prop::collection::vec(CELL, names.len());
        (Just(names), prop::collection::vec(row, 1..12))
    })
}

/// The options of both sides that belong together.
type Sides = (fn(CsvWriter, u8) -> CsvWriter, fn(CsvReader<Records>, u8, Vec<String>) -> CsvReader<Records>);

const SIDES: [Sides; 2] = [
    (|writer, delimiter| writer.delimiter(delimiter), |reader, delimiter, _| reader.delimiter(delimiter)),
    (
        |writer, delimiter| writer.delimiter(delimiter).no_header(),
        |reader, delimiter, names| reader.delimiter(delimiter).names(names),
    ),
];

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Row {
    text: String,
    float: f64,
    int: Option<i64>,
    flag: bool,
    #[serde(rename = "a,\"b\"\n")]
    odd: char,
}

prop_compose! {
    fn row()(text in CELL, float in -1e9..1e9, int in any::<Option<i64>>(), flag: bool, odd in "[a,;\"\r\n€]") -> Row {
        Row { text, float, int, flag, odd: odd.chars().next().unwrap() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn dynamic_records_return(
        (names, rows) in table(),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|', b' ', b'a', b'.']),
        cut in 0usize..12,
        size in 1usize..64,
    ) {
        let record = |cells: &Vec<String>| -> Record { names.iter().cloned().zip(cells.iter().cloned()).collect() };
        let expected: Vec<Record> = rows.iter().map(record).collect();
        let (head, tail) = expected.split_at(cut.min(expected.len()));
        let given: Vec<Records> = [head, tail].into_iter().filter(|part| !part.is_empty())
            .map(|part| part.iter().cloned().collect()).collect();
        for (to, from) in SIDES {
            let folder = Folder::new(b"");
            let pipeline = flow_of(given.clone()).write(to(csv::write(&folder.path), delimiter)).unwrap();
            pipeline.run_blocking(&RunContext::new()).unwrap();
            for (workers, size) in [(1, 256 << 10), (4, size)] {
                let reader = from(csv::read_records(&folder.path), delimiter, names.clone()).block_size(size);
                let flow = Pipeline::builder("test").workers(workers).read(reader);
                let found: Vec<Record> =
                    batches(&folder, flow).unwrap().into_iter().flat_map(Records::into_records).collect();
                prop_assert_eq!(&found, &expected);
            }
        }
    }

    #[test]
    fn structs_return(rows in prop::collection::vec(row(), 1..12), size in 1usize..64) {
        let folder = Folder::new(b"");
        let pipeline = Pipeline::builder("test").from_vec(rows.clone()).write(csv::write(&folder.path)).unwrap();
        pipeline.run_blocking(&RunContext::new()).unwrap();
        for (workers, size) in [(1, 256 << 10), (4, size)] {
            let flow = Pipeline::builder("test").workers(workers);
            let flow = flow.read(csv::read::<Row>(&folder.path).block_size(size));
            let found: Vec<Row> = batches(&folder, flow).unwrap().into_iter().flatten().collect();
            prop_assert_eq!(&found, &rows);
        }
        // The crate that others read with sees the same.
        let text = fs::read(&folder.path).unwrap();
        let others: Vec<Row> = ::csv::Reader::from_reader(&*text).deserialize().map(Result::unwrap).collect();
        prop_assert_eq!(&others, &rows);
    }
}
