//! Whatever is written is read back as it was.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use std::fs;

use godata_core::RunContext;
use godata_etl::{Pipeline, Record, Records, Value};
use godata_io_csv::{CsvReader, CsvWriter, Quoting, Terminator};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use godata_io_csv as csv;
use support::{Folder, batches, flow_of};

const CELL: &str = "[a,;\t|\"\r\n ä€\u{feff}'0-9.]{0,8}";

/// Distinct names, and rows with as many cells.
fn table() -> impl Strategy<Value = (Vec<String>, Vec<Vec<String>>)> {
    prop::collection::btree_set(CELL, 1..5).prop_flat_map(|names| {
        let names: Vec<String> = names.into_iter().collect();
        let row = prop::collection::vec(CELL, names.len());
        (Just(names), prop::collection::vec(row, 1..12))
    })
}

/// Matching options for the writer and the reader.
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

/// Options of the writer and the reader that determine how cells are written.
#[derive(Clone, Debug)]
struct Options {
    delimiter: u8,
    quote: u8,
    escape: Option<u8>,
    quoting: Quoting,
    terminator: Terminator,
    null: Option<&'static str>,
}

fn options() -> impl Strategy<Value = Options> {
    use prop::sample::select;
    (
        select(vec![b',', b';', b'\t', b' ', b'a', b'.']),
        select(vec![b'"', b'\'', b'x']),
        select(vec![None, Some(b'\\'), Some(b'1')]),
        select(vec![Quoting::Necessary, Quoting::Always, Quoting::NonNumeric]),
        select(vec![Terminator::Lf, Terminator::CrLf]),
        select(vec![None, Some("NULL"), Some("-"), Some("")]),
    )
        .prop_map(|(delimiter, quote, escape, quoting, terminator, null)| Options {
            delimiter,
            quote,
            escape,
            quoting,
            terminator,
            null,
        })
}

impl Options {
    fn write(&self, path: &std::path::Path) -> CsvWriter {
        let writer = csv::write(path).delimiter(self.delimiter).quote(self.quote);
        let writer = writer.quoting(self.quoting).terminator(self.terminator);
        let writer = if let Some(escape) = self.escape { writer.escape(escape) } else { writer };
        if let Some(word) = self.null { writer.null(word) } else { writer }
    }

    fn read(&self, path: &std::path::Path) -> CsvReader<Records> {
        let reader = csv::read_records(path).delimiter(self.delimiter).quote(self.quote).nulls(self.null);
        if let Some(escape) = self.escape { reader.escape(escape) } else { reader }
    }

    /// The value that a written value is read back as.
    fn read_as(&self, value: &Value) -> Value {
        match value {
            Value::Null if self.null.is_none() => Value::from(""),
            Value::Null => Value::Null,
            value => Value::from(value.to_string()),
        }
    }
}

/// Values of all kinds that a cell can have. Some texts are words for null.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => "[a,;x\t\"'\\\\1\r\n ä€\u{feff}=.-]{0,8}".prop_map(Value::from),
        1 => prop::sample::select(vec!["NULL", "-", "", "null"]).prop_map(Value::from),
        2 => Just(Value::Null),
        1 => (-1000i64..1000).prop_map(Value::from),
        1 => (-1e9..1e9f64).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_survive_a_round_trip_with_the_same_options(
        options in options(),
        // At least two fields: null in a single field is quoted, so that the line is not blank.
        names in prop::collection::btree_set(CELL, 2..5),
        rows in prop::collection::vec(prop::collection::vec(value(), 5), 1..12),
        cut in 0usize..12,
        size in 1usize..64,
    ) {
        let names: Vec<String> = names.into_iter().collect();
        let records = |convert: &dyn Fn(&Value) -> Value| -> Vec<Record> {
            let record = |cells: &Vec<Value>| names.iter().cloned().zip(cells.iter().map(convert)).collect();
            rows.iter().map(record).collect()
        };
        let given = records(&Value::clone);
        let expected = records(&|value| options.read_as(value));
        // The second batch has its fields in another order.
        let (head, tail) = given.split_at(cut.clamp(1, given.len()));
        let tail: Records = tail.iter().map(|record| {
            let mut fields: Vec<_> = record.iter().map(|(name, value)| (name.to_owned(), value)).collect();
            fields.reverse();
            fields.into_iter().collect::<Record>()
        }).collect();
        let batches_given = [head.iter().cloned().collect(), tail].into_iter().filter(|part: &Records| !part.is_empty());
        let folder = Folder::new(b"");
        let pipeline = flow_of(batches_given.collect()).write(options.write(&folder.path)).unwrap();
        pipeline.run_blocking(&RunContext::new()).unwrap();
        for (workers, size) in [(1, 256 << 10), (4, size)] {
            let flow = Pipeline::builder("test").workers(workers).read(options.read(&folder.path).block_size(size));
            let found: Vec<Record> =
                batches(&folder, flow).unwrap().into_iter().flat_map(Records::into_records).collect();
            prop_assert_eq!(&found, &expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn dynamic_records_survive_a_round_trip(
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
    fn structs_survive_a_round_trip(rows in prop::collection::vec(row(), 1..12), size in 1usize..64) {
        let folder = Folder::new(b"");
        let pipeline = Pipeline::builder("test").read_vec(rows.clone()).write(csv::write(&folder.path)).unwrap();
        pipeline.run_blocking(&RunContext::new()).unwrap();
        for (workers, size) in [(1, 256 << 10), (4, size)] {
            let flow = Pipeline::builder("test").workers(workers);
            let flow = flow.read(csv::read::<Row>(&folder.path).block_size(size));
            let found: Vec<Row> = batches(&folder, flow).unwrap().into_iter().flatten().collect();
            prop_assert_eq!(&found, &rows);
        }
        // The `csv` crate reads the same.
        let text = fs::read(&folder.path).unwrap();
        let others: Vec<Row> = ::csv::Reader::from_reader(&*text).deserialize().map(Result::unwrap).collect();
        prop_assert_eq!(&others, &rows);
    }
}
