//! JSON Lines are read like `serde_json` reads each line, and concatenated values like it reads one after the other, typed or
//! dynamic, in blocks of any size.

use arbitrary::Unstructured;
use godata::etl::Batch;
use godata::jsonl::JsonlReader;
use godata::{DuplicateKeys, Input, jsonl};
use serde_json::{Deserializer, Value};

use super::documents::{is_same, text_after_marks};
use super::options::{block_size, one_of, rest};
use super::run::{records_as_json, values};

/// Reads `data`: options, then a file.
pub fn check(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let keys = one_of(&mut bytes, &[DuplicateKeys::Refuse, DuplicateKeys::First, DuplicateKeys::Last]);
    let depth = one_of(&mut bytes, &[128, 1, 3]);
    let is_concatenated = one_of(&mut bytes, &[false, true]);
    let size = block_size(&mut bytes, data.len());
    let text = rest(bytes);
    let dynamic = || {
        let reader = jsonl::read_records(Input::bytes("in", text)).duplicate_keys(keys).max_depth(depth);
        apply(reader, is_concatenated)
    };
    let typed = || apply(jsonl::read::<Value>(Input::bytes("in", text)), is_concatenated);

    let found = records_as_json(dynamic(), 1);
    assert_eq!(records_as_json(dynamic().block_size(size), 2), found, "blocks of {size} bytes");
    let found_typed = values(typed(), 1);
    assert_eq!(values(typed().block_size(size), 2), found_typed, "blocks of {size} bytes");

    if let (Ok(found), Ok(typed)) = (&found, &found_typed)
        && keys != DuplicateKeys::First
    {
        assert_eq!(found.len(), typed.len());
        for (dynamic, typed) in found.iter().zip(typed) {
            assert!(is_same(dynamic, typed), "{dynamic} differs from {typed}");
        }
    }
    let Some(text) = text_after_marks(text) else { return };
    let oracle = if is_concatenated { concatenated(text) } else { lines(text) };
    match (oracle, found_typed) {
        (Ok(expected), found) => assert_eq!(found, Ok(expected)),
        (Err(place), Err(error)) => assert!(error.starts_with(&place), "{error}, {place}"),
        (Err(place), Ok(found)) => panic!("{found:?}, and there is no JSON at {place:?}"),
    }
}

fn apply<B: Batch>(reader: JsonlReader<B>, is_concatenated: bool) -> JsonlReader<B> {
    if is_concatenated { reader.concatenated() } else { reader }
}

/// The value of each line, or how the error for the first line begins that is not JSON.
fn lines(text: &[u8]) -> Result<Vec<Value>, String> {
    let is_blank = |line: &[u8]| line.iter().all(|byte| b" \t\r".contains(byte));
    let lines = (1..).zip(text.split(|&byte| byte == b'\n')).filter(|(_, line)| !is_blank(line));
    let decode = |(record, (line, text)): (u64, (u64, &[u8]))| {
        serde_json::from_slice(text).map_err(|_| format!("read failed at record {record} (in:{line}): "))
    };
    (1..).zip(lines).map(decode).collect()
}

/// All values, or how the error for the first begins that is not JSON.
fn concatenated(mut text: &[u8]) -> Result<Vec<Value>, String> {
    let mut values = Vec::new();
    loop {
        text = match text {
            [] => return Ok(values),
            [b' ' | b'\t' | b'\n' | b'\r' | 0x1e, rest @ ..] | [0xef, 0xbb, 0xbf, rest @ ..] => rest,
            _ => {
                let mut stream = Deserializer::from_slice(text).into_iter();
                let record = values.len() + 1;
                let value = stream.next().and_then(Result::ok);
                values.push(value.ok_or_else(|| format!("read failed at record {record} (in:"))?);
                &text[stream.byte_offset()..]
            }
        };
    }
}
