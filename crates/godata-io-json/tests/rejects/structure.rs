//! Values and elements whose structure is broken fail the run: the records after them may be inside them.

use std::ops::Range;

use godata_io_json::etl::Reader;
use godata_io_json::{Input, json, jsonl};
use serde_json::Value;

use super::{split, try_split};

/// What can hide where a value ends: brackets and quotes in strings, escapes, and line breaks between tokens.
const VALUES: [&str; 10] = [
    "{\"a\":\"x\",\"b\":[1,{\"c\":\"}\"}]}",
    "{\"a\":\"y\"}",
    "[\"{\",[],\"]\"]",
    "{\"a\":\"q\\\"r\",\"t\":\", \"}",
    "{\"a\":\"\\\\\"}",
    "{\n  \"a\": {\n    \"b\": null\n  }\n}",
    "\"[\"",
    "{\"\":{\"\":\"\"}}",
    "[-1.5e3]",
    "{\"a\":\"z\"}",
];

/// The values with these between them, and where they are.
fn joined(begin: &str, between: &[&str], end: &str) -> (Vec<u8>, Vec<(Range<usize>, Value)>) {
    let (mut text, mut places) = (begin.as_bytes().to_vec(), Vec::new());
    for (value, between) in VALUES.iter().zip(between.iter().cycle()) {
        if !places.is_empty() {
            text.extend(between.as_bytes());
        }
        places.push((text.len()..text.len() + value.len(), serde_json::from_str(value).unwrap()));
        text.extend(value.as_bytes());
    }
    text.extend(end.as_bytes());
    (text, places)
}

/// Whether the text can be read. Fails if one of the values is then missing.
fn keeps_all<R: Reader<Batch = Vec<Value>>>(reader: R, values: Vec<&Value>, text: &[u8]) -> bool {
    let Ok((kept, _)) = try_split(reader, 2, |flow| flow) else { return false };
    let mut kept = kept.iter();
    for value in values {
        assert!(kept.any(|kept| kept == value), "{value} is lost of {}", String::from_utf8_lossy(text));
    }
    true
}

/// Cuts the text at every byte, and leaves out each byte. Returns how often the run succeeded.
fn damage<R: Reader<Batch = Vec<Value>>>(
    (text, places): &(Vec<u8>, Vec<(Range<usize>, Value)>),
    reader: impl Fn(Input, usize) -> R,
) -> [usize; 2] {
    let mut succeeded = [0; 2];
    for at in 0..text.len() {
        let before = &text[..at];
        let without = [before, &text[at + 1..]].concat();
        let whole = places.iter().filter(|(place, _)| place.end <= at);
        let others = places.iter().filter(|(place, _)| !place.contains(&at));
        let damaged: [(&[u8], Vec<_>); 2] = [
            (before, whole.map(|(_, value)| value).collect()),
            (&without, others.map(|(_, value)| value).collect()),
        ];
        for (succeeded, (text, values)) in succeeded.iter_mut().zip(damaged) {
            for size in [1, 24, 1 << 18] {
                let is_read = keeps_all(reader(Input::bytes("in", text), size), values.clone(), text);
                *succeeded += usize::from(is_read);
            }
        }
    }
    succeeded
}

#[test]
fn damaged_values_take_no_others_with_them_or_fail_the_run() {
    let text = joined("", &["\n", "", " ", "\n\u{1e}"], "\n");
    let succeeded = damage(&text, |input, size| jsonl::read(input).concatenated().block_size(size));
    assert!(succeeded.iter().all(|&count| count > 0 && count < 3 * text.0.len()), "{succeeded:?}");
}

#[test]
fn damaged_elements_take_no_others_with_them_or_fail_the_run() {
    let text = joined("[", &[",\n", ",", " , "], "]\n");
    let [_, deleted] = damage(&text, |input, size| json::read(input).block_size(size));
    assert!(deleted > 0 && deleted < 3 * text.0.len(), "{deleted}");
}

/// The error of a run that leaves out bad records.
fn error_of(reader: impl Reader<Batch = Vec<Value>>) -> String {
    format!("{:#}", try_split(reader, 2, |flow| flow).unwrap_err())
}

#[test]
fn one_missing_byte_in_many_values_fails_the_run_with_its_place() {
    let text: String = (1..=1000).map(|id| format!("{{\"id\":{id},\"name\":\"a\"}}\n")).collect();
    let without = |part: &str| text.replacen("{\"id\":10,\"name\":\"a\"}", part, 1);
    for (part, place) in [
        ("{\"id\":10,\"name\":\"a\"", "in:11: column 1: expected `,` or `}`"),
        ("{\"id\":10,\"name\":\"a}", "in:11: column 3: expected `,` or `}`"),
        ("\"id\":10,\"name\":\"a\"}", "in:10: column 5: expected a value"),
    ] {
        for size in [1 << 10, 1 << 18] {
            let reader = jsonl::read(Input::bytes("in", without(part))).concatenated().block_size(size);
            let hint = "the records after it may be inside it, so it can't be left out alone";
            assert_eq!(error_of(reader), format!("read failed: {place}; {hint}"));
        }
    }
}

#[test]
fn a_type_that_does_not_fit_does_not_hide_that_the_structure_is_broken() {
    let reader =
        jsonl::read::<super::Typed>(Input::bytes("in", "{\"a\":\"x\" {\"a\":2}}{\"a\":3}")).concatenated();
    let error = try_split(reader, 1, |flow| flow).unwrap_err();
    assert!(format!("{error:#}").contains("in:1: column 10: expected `,` or `}`"), "{error:#}");
}

#[test]
fn an_element_that_swallows_others_fails_the_run() {
    // The escaped quote ends the string that the missing quote of the first element has opened.
    let text = "[{\"a\":\"x},{\"a\":\"y\"},{\"a\":\"q\\\"r\"},{\"a\":\"z\"}]";
    let error = error_of(json::read(Input::bytes("in", text)));
    assert!(error.starts_with("read failed: in:1: column 13: expected `,` or `}`"), "{error}");
}

#[test]
fn structure_that_is_broken_between_elements_fails_the_run() {
    let error = error_of(json::read(Input::bytes("in", "[{\"a\":1} {\"a\":2}]")));
    assert_eq!(error, "read failed: in:1: column 10: expected `,` or `]`");
}

#[test]
fn a_line_with_a_broken_structure_is_left_out_alone() {
    let text = "{\"a\":1}\n{\"a\":\n{\"a\":\"x}\n{\"a\":2}}\n{\"a\":2}\n";
    let (kept, rejected) = split(jsonl::read::<Value>(Input::bytes("in", text)), 1);
    assert_eq!((kept.len(), rejected.len()), (2, 3));
}
