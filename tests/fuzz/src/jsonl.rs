//! JSON Lines are read as `serde_json` reads each line, typed or not, in blocks of any size.

use arbitrary::Unstructured;
use godata::{DuplicateKeys, Input, jsonl};
use serde_json::Value;

use super::documents::{is_same, is_utf_8_of_no_other_mark};
use super::options::{block_size, one_of, rest};
use super::run::{records_as_json, values};

/// Reads `data`: options, then a file.
pub fn check(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let keys = one_of(&mut bytes, &[DuplicateKeys::Refuse, DuplicateKeys::First, DuplicateKeys::Last]);
    let depth = one_of(&mut bytes, &[128, 1, 3]);
    let size = block_size(&mut bytes, data.len());
    let text = rest(bytes);
    let dynamic = || jsonl::read_records(Input::bytes("in", text)).duplicate_keys(keys).max_depth(depth);
    let typed = || jsonl::read::<Value>(Input::bytes("in", text));

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
    if !is_utf_8_of_no_other_mark(text) {
        return;
    }
    match (oracle(text), found_typed) {
        (Ok(expected), found) => assert_eq!(found, Ok(expected)),
        (Err((record, line)), Err(error)) => {
            let place = format!("read failed at record {record} (in:{line}): ");
            assert!(error.starts_with(&place), "{error}, {place}");
        }
        (Err(place), Ok(found)) => panic!("{found:?}, and there is no JSON at {place:?}"),
    }
}

/// What is on each line, or the record and the line of the first that is no JSON.
fn oracle(text: &[u8]) -> Result<Vec<Value>, (usize, usize)> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let is_blank = |line: &[u8]| line.iter().all(|byte| b" \t\r".contains(byte));
    let lines = (1..).zip(text.split(|&byte| byte == b'\n')).filter(|(_, line)| !is_blank(line));
    let decode = |(record, (line, text))| serde_json::from_slice(text).map_err(|_| (record, line));
    (1..).zip(lines).map(decode).collect()
}
