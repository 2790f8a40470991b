//! What is written as JSON reads back equal, as lines and as an array.

use arbitrary::Unstructured;
use godata::etl::to_record;
use godata::{Input, Pipeline, json, jsonl};
use serde_json::{Value, json as value};

use super::documents::object;
use super::options::{block_size, one_of};
use super::run::{path, records_as_json, values, written};

/// Writes and reads the records that `data` stands for.
pub fn check(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let is_pretty = one_of(&mut bytes, &[false, true]);
    let size = block_size(&mut bytes, data.len());
    let mut rows = Vec::new();
    while !bytes.is_empty() && rows.len() < 1000 {
        let Ok(row) = object(&mut bytes, 4) else { break };
        rows.push(row);
    }
    let expected: Vec<Value> = rows.iter().cloned().map(Value::from).collect();
    let record = |row| value!(to_record(row).expect("an object is a record"));
    let expected_as_read: Vec<Value> = rows.iter().map(record).collect();
    let typed = || Pipeline::builder("write").read_vec(rows.clone());
    let written_array = || if is_pretty { json::write(path()).pretty() } else { json::write(path()) };

    for lines in [written(typed(), jsonl::write(path())), written(typed().untyped(), jsonl::write(path()))] {
        let lines = lines.expect("each value can be written");
        assert_eq!(lines.iter().filter(|&&byte| byte == b'\n').count(), rows.len());
        let input = || Input::bytes("in", &*lines);
        assert_eq!(values(jsonl::read::<Value>(input()).block_size(size), 2).as_ref(), Ok(&expected));
        assert_eq!(
            records_as_json(jsonl::read_records(input()).block_size(size), 2),
            Ok(expected_as_read.clone())
        );
    }
    for array in [written(typed(), written_array()), written(typed().untyped(), written_array())] {
        let array = array.expect("each value can be written");
        assert_eq!(serde_json::from_slice::<Value>(&array).ok(), Some(value!(expected)));
        let input = || Input::bytes("in", &*array);
        assert_eq!(values(json::read::<Value>(input()).block_size(size), 2).as_ref(), Ok(&expected));
        assert_eq!(
            records_as_json(json::read_records(input()).block_size(size), 2),
            Ok(expected_as_read.clone())
        );
    }
}
