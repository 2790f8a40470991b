//! Structs of all kinds are read as the `csv` crate reads them, and refused where it refuses them. Fields of any type
//! are read as from dynamic records.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Debug;

use godata_etl::{Record, Value, record};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::select;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use support::{records, typed_with};

/// Cells that fit one type, several types or none.
const CELLS: [&str; 26] = [
    "",
    "1",
    "-7",
    "300",
    "+5",
    "007",
    "0x1F",
    "1.5",
    "1.",
    ".5",
    "1e3",
    "nan",
    "-inf",
    "true",
    "false",
    "x",
    "paid",
    "open",
    " 1",
    "\"1\"",
    "\"\"",
    "\"q\"\"\"",
    "\"a,b\n\"",
    "é",
    "18446744073709551616",
    "null",
];

/// A float that is equal to itself, even if it is NaN.
#[derive(Debug, Deserialize)]
struct Float<F = f64>(F);

impl<F: Copy + Into<f64>> PartialEq for Float<F> {
    fn eq(&self, other: &Self) -> bool {
        self.0.into().to_bits() == other.0.into().to_bits()
    }
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Paid,
    Open,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Usual {
    b: String,
    a: Option<i64>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Numbers {
    a: Option<Float>,
    b: u8,
    z: Option<Float<f32>>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Choices {
    c: Status,
    a: Option<Status>,
    b: Option<bool>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Rare {
    a: char,
    b: i128,
    c: Box<str>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Nested {
    a: (String, u16),
    c: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Rest<T> {
    a: String,
    #[serde(flatten)]
    rest: BTreeMap<String, T>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Number(u32),
    Text(String),
}

#[derive(Debug, Deserialize, PartialEq)]
struct Any {
    a: Value,
    b: Untagged,
    c: Option<Value>,
}

fn check<T: DeserializeOwned + Debug + PartialEq + Send + 'static>(text: &str, has_header: bool) {
    let oracle = ::csv::ReaderBuilder::new().has_headers(has_header).from_reader(text.as_bytes());
    let expected: Result<Vec<T>, _> = oracle.into_deserialize().collect();
    let found =
        typed_with::<T>(text.as_bytes(), |reader| if has_header { reader } else { reader.no_header() });
    match (found, expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found, expected),
        (Err(_), Err(_)) => {}
        (found, expected) => panic!("{found:?} differs from {expected:?}"),
    }
}

/// A type is read from a file as it is read from the dynamic records of the file.
fn check_dynamic<T: DeserializeOwned + Debug + PartialEq + Send + Sync + 'static>(text: &str) {
    let expected: Result<Vec<T>, _> =
        records(text.as_bytes()).unwrap().iter().map(|record| record.de::<T>()).collect();
    match (typed_with::<T>(text.as_bytes(), |reader| reader), expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
        (Err(_), Err(_)) => {}
        (found, expected) => panic!("{found:?} differs from {expected:?}: {text}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn structs_are_read_as_by_the_csv_crate(
        names in select(vec!["a,b,c", "c,b,a", "z,a,b,c"]),
        records in vec(vec(select(&CELLS[..]), 4), 1..8),
        // Equal records fit a type more often.
        is_uniform in any::<bool>(),
        end in select(vec!["\n", "\r\n"]),
        has_header in any::<bool>(),
    ) {
        let width = names.split(',').count();
        let mut text = if has_header { format!("{names}{end}") } else { String::new() };
        for record in &records {
            let record = if is_uniform { &records[0] } else { record };
            text += &(record[..width].join(",") + end);
        }
        check::<Usual>(&text, has_header);
        check::<Numbers>(&text, has_header);
        check::<Choices>(&text, has_header);
        check::<Rare>(&text, has_header);
        check::<Nested>(&text, has_header);
        if width == 3 {
            check::<(Option<i64>, String, String)>(&text, has_header);
        }
        check::<Vec<String>>(&text, has_header);
        check::<BTreeMap<String, Float>>(&text, has_header);
    }

    #[test]
    fn a_field_of_any_type_is_text(
        names in select(vec!["a,b,c", "c,b,a", "z,a,b,c"]),
        records in vec(vec(select(&CELLS[..]), 4), 1..8),
    ) {
        let width = names.split(',').count();
        let mut text = format!("{names}\n");
        for record in &records {
            text += &(record[..width].join(",") + "\n");
        }
        check_dynamic::<Rest<String>>(&text);
        check_dynamic::<Rest<Value>>(&text);
        check_dynamic::<Any>(&text);
        check_dynamic::<Value>(&text);
        check_dynamic::<Record>(&text);
        check_dynamic::<String>(&text);
        check_dynamic::<u32>(&text);
    }
}

#[test]
fn numbers_in_fields_of_any_type_keep_their_digits() {
    for cell in ["007", "12.50", "+5", "NaN", "1E400", "Infinity", ""] {
        let text = format!("id,v\nA,{cell}\n");
        let found = typed_with::<Record>(text.as_bytes(), |reader| reader).unwrap();
        assert_eq!(found, [record! {"id" => "A", "v" => cell}]);
    }
}

#[test]
fn a_type_of_one_value_is_refused_with_the_place() {
    let error = typed_with::<u32>(b"id,v\n1,007\n", |reader| reader).unwrap_err();
    assert!(
        error.ends_with("(orders.csv:2): the record does not fit its type: invalid type: map, expected u32"),
        "{error}"
    );
    assert_eq!(typed_with::<u32>(b"id\n1\n007\n", |reader| reader).unwrap(), [1, 7]);
}

#[test]
fn a_number_beyond_its_float_is_refused_with_the_place() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Row<F> {
        v: F,
    }
    let error = typed_with::<Row<f32>>(b"id,v\n1,1e39\n", |reader| reader).unwrap_err();
    assert!(error.ends_with("column `v`: `1e39`: beyond the range of f32"), "{error}");
    let error = typed_with::<Row<f64>>(b"id,v\n1,1e400\n", |reader| reader).unwrap_err();
    assert!(error.ends_with("column `v`: `1e400`: beyond the range of f64"), "{error}");
}
