//! Records of formats with and without null.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{How, how, nulls_last, run};
use crate::{BoxError, Flow, Join, Keep, Pipeline, Record, Records, Value, agg};

/// A record of a CSV file, in which an empty text stands for no value, or of a format that has null.
#[derive(Clone, Debug)]
struct Mixed {
    is_csv: bool,
    key: Option<String>,
    value: Option<String>,
}

/// What a type with options reads of a record.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
struct Read {
    k: Option<String>,
    v: Option<String>,
    i: u64,
}

/// What it reads of a record with fields of a table.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
struct ReadJoined {
    k: Option<String>,
    v: Option<String>,
    i: u64,
    w: Option<String>,
    j: Option<u64>,
}

/// What it reads of a group.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
struct ReadGroup {
    k: Option<String>,
    first: Option<String>,
    last: Option<String>,
    count: u64,
}

fn mixed() -> impl Strategy<Value = Vec<Mixed>> {
    let text = || prop::option::of("[ab]?");
    let mixed = (any::<bool>(), text(), text()).prop_map(|(is_csv, key, value)| {
        let read = |text: Option<String>| text.filter(|text| !is_csv || !text.is_empty());
        Mixed { is_csv, key: read(key), value: read(value) }
    });
    prop::collection::vec(mixed, 1..60)
}

/// Reads batches, each of which has records of one format.
#[derive(Clone)]
struct Formats(Vec<Records>);

impl crate::Reader for Formats {
    type Batch = Records;
    type Source = Self;

    async fn open(&self, _: &crate::RunScope) -> Result<Self, BoxError> {
        Ok(self.clone())
    }
}

impl crate::Source for Formats {
    type Batch = Records;

    async fn next(&mut self) -> Result<Option<crate::Unit<Records>>, BoxError> {
        let batch = (!self.0.is_empty()).then(|| self.0.remove(0));
        Ok(batch.map(|batch| crate::Unit::ready(crate::Chunk::new(batch, crate::Origin::default()))))
    }
}

/// The records as they are read from their formats, with these names.
fn formats([key, value, place]: [&str; 3], rows: &[Mixed], how: &How) -> Flow<Records> {
    let mut batches = Vec::new();
    let numbered: Vec<_> = rows.iter().zip(0_u64..).collect();
    for rows in
        numbered.chunk_by(|(a, _), (b, _)| a.is_csv == b.is_csv).flat_map(|rows| rows.chunks(how.batch))
    {
        let is_csv = rows[0].0.is_csv;
        let mut batch = Records::with_names([key, value, place]).unwrap();
        for (row, number) in rows.iter().map(|(row, at)| (row, *at)) {
            let cell = |text: &Option<String>| match text {
                None if is_csv => Value::from(""),
                text => text.as_deref().map_or(Value::Null, Value::from),
            };
            let fields = vec![(key, cell(&row.key)), (value, cell(&row.value)), (place, Value::from(number))];
            batch.push(Record::from(fields));
        }
        if is_csv {
            batch.set_empty_as_none();
        } else {
            batch.open_names();
        }
        batches.push(batch);
    }
    Pipeline::builder("test").workers(how.workers).read(Formats(batches))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_empty_text_stands_for_no_value_in_the_records_whose_format_has_no_null(rows in mixed(), how in how()) {
        let read: Vec<Read> = rows.iter().zip(0..).map(|(row, i)| Read { k: row.key.clone(), v: row.value.clone(), i }).collect();
        let flow = || formats(["k", "v", "i"], &rows, &how);
        let memory = || how.memory.clone();

        let mut sorted = read.clone();
        sorted.sort_by_key(|row| (nulls_last(&row.v), nulls_last(&row.k)));
        prop_assert_eq!(run(flow().sort_by(["v", "k"], memory()).typed::<Read>()).unwrap(), sorted);

        for (keep, is_first) in [(Keep::First, true), (Keep::Last, false)] {
            let is_kept = |row: &&Read| {
                let mut same = read.iter().filter(|other| other.k == row.k).map(|other| other.i);
                let kept = if is_first { same.next() } else { same.next_back() };
                kept == Some(row.i)
            };
            let kept: Vec<_> = read.iter().filter(is_kept).cloned().collect();
            prop_assert_eq!(run(flow().dedupe_by(["k"], keep, memory()).typed::<Read>()).unwrap(), kept);
        }

        let mut groups: BTreeMap<_, Vec<&Read>> = BTreeMap::new();
        read.iter().for_each(|row| groups.entry(nulls_last(&row.k)).or_default().push(row));
        let groups: Vec<_> = groups.into_iter().map(|((_, k), rows)| {
            let values = || rows.iter().filter_map(|row| row.v.clone());
            ReadGroup { k, first: values().next(), last: values().next_back(), count: rows.len() as u64 }
        }).collect();
        let aggregates = [agg::first("v").named("first"), agg::last("v").named("last"), agg::count()];
        let grouped = flow().group_by(["k"], memory()).aggregate(aggregates).typed::<ReadGroup>();
        prop_assert_eq!(run(grouped).unwrap(), groups);
    }

    #[test]
    fn joined_records_keep_what_an_empty_text_stands_for(left in mixed(), right in mixed(), how in how(), other in how()) {
        let mut expected = Vec::new();
        for (i, row) in (0..).zip(&left) {
            let read = |w, j| ReadJoined { k: row.key.clone(), v: row.value.clone(), i, w, j };
            let matches = (0..).zip(&right).filter(|(_, other)| row.key.is_some() && other.key == row.key);
            let before = expected.len();
            expected.extend(matches.map(|(j, other)| read(other.value.clone(), Some(j))));
            if expected.len() == before {
                expected.push(read(None, None));
            }
        }
        let table = formats(["k", "w", "j"], &right, &other);
        let flow = formats(["k", "v", "i"], &left, &how).join(table, ["k"], Join::Left, how.memory);
        prop_assert_eq!(run(flow.typed::<ReadJoined>()).unwrap(), expected);
    }
}
