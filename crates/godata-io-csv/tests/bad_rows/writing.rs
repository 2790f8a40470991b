//! Records that can't be written.

use std::collections::BTreeMap;
use std::sync::Mutex;

use godata_etl::{Limit, OnError, Pipeline, RunContext};
use godata_io_csv as csv;
use serde::Serialize;

/// Maps can't be the value of a field in CSV, and this one is refused before the record is a row.
#[derive(Serialize)]
struct Uneven {
    id: u32,
    value: Value,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    Text(&'static str),
    Keys(BTreeMap<(u8, u8), u8>),
}

#[test]
fn a_struct_that_can_not_be_a_row_does_not_move_the_places_of_those_after_it() {
    let text = |id, text| Uneven { id, value: Value::Text(text) };
    let keys = Uneven { id: 2, value: Value::Keys(BTreeMap::from([((0, 0), 0)])) };
    let records = [text(1, "a"), keys, text(3, "b"), text(4, "a\0")];
    let folder = tempfile::tempdir().unwrap();
    let records = Mutex::new(Some(records));
    let pipeline = Pipeline::builder("t")
        .on_error(OnError::skip(Limit::unlimited()))
        .read_iter(move |_| records.lock().unwrap().take().unwrap())
        .write(csv::write(folder.path().join("out.csv")))
        .unwrap();
    let report = pipeline.run_blocking(&RunContext::new()).unwrap();
    let places: Vec<_> = report.rejections.iter().map(|rejected| rejected.place.record).collect();
    assert_eq!((places, report.written.records), (vec![Some(2), Some(4)], 2));
}
