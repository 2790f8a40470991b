//! The array of a document is read like `serde_json` reads it, typed or dynamic, in blocks of any size.

use arbitrary::Unstructured;
use godata::{Input, json};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::documents::{is_same, text_after_marks};
use super::options::{block_size, one_of, rest};
use super::run::{records_as_json, values};

/// Reads `data`: options, then a document.
pub fn check(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let pointer = one_of(&mut bytes, &["", "/a", "/a/b", "/0", "/a/1/b", "/a~1b", "/"]);
    let size = block_size(&mut bytes, data.len());
    let text = rest(bytes);
    let dynamic = || json::read_records(Input::bytes("in", text)).pointer(pointer);
    let typed = || json::read::<Value>(Input::bytes("in", text)).pointer(pointer);

    let found = records_as_json(dynamic(), 1);
    assert_eq!(records_as_json(dynamic().block_size(size), 2), found, "blocks of {size} bytes");
    let found_typed = values(typed(), 1);
    assert_eq!(values(typed().block_size(size), 2), found_typed, "blocks of {size} bytes");

    if let (Ok(found), Ok(typed)) = (found, &found_typed) {
        assert_eq!(found.len(), typed.len());
        for (dynamic, typed) in found.iter().zip(typed) {
            assert!(is_same(dynamic, typed), "{dynamic} differs from {typed}");
        }
    }
    let Some(text) = text_after_marks(text) else { return };
    let document = serde_json::from_slice::<Value>(text).ok();
    let array = document.as_ref().and_then(|document| document.pointer(pointer)?.as_array());
    match (found_typed, array) {
        (Ok(found), Some(array)) => assert_eq!(&found, array),
        // Only this reader refuses it.
        (Err(error), Some(_)) => assert!(error.contains("twice"), "{error}"),
        (Ok(found), None) => {
            // A number out of range or a deep nesting may be outside of the array.
            assert!(document.is_none(), "{found:?}, and there is no such array");
            serde_json::from_slice::<IgnoredAny>(text).expect("what was read is JSON");
        }
        (Err(_), None) => {}
    }
}
