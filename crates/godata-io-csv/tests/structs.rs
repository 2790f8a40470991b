//! Structs of all kinds are read as the `csv` crate reads them, and refused where it refuses them.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::select;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use support::typed_with;

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
struct Rest {
    a: String,
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
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
        check::<Rest>(&text, has_header);
        check::<(Option<i64>, String)>(&text, has_header);
        check::<Vec<String>>(&text, has_header);
        check::<BTreeMap<String, Float>>(&text, has_header);
    }
}
