//! Lines that are JSON, are not, or may be refused: each among good lines.

use godata_io_json::{Input, jsonl};
use serde_json::Value;

use super::{try_split, values};

/// What all parsers accept (RFC 8259).
const ACCEPTED: [(&str, &[u8]); 36] = [
    ("empty array", b"[]"),
    ("empty object", b"{}"),
    ("array with white space", b" [ 1 ,\t2 ] "),
    ("object with white space", b"{ \"b\" :\t1 }"),
    ("carriage return at the end", b"[1]\r"),
    ("carriage return inside", b"[1\r]"),
    ("array of all types", b"[null, true, false, 0, \"\", [], {}]"),
    ("nested arrays", b"[[[[[[]]]]]]"),
    ("empty key", b"{\"\":0}"),
    ("escaped key", b"{\"b\\u0000c\":0}"),
    ("key with brackets", b"{\"}{][\":0}"),
    ("lonely string", b"\"text\""),
    ("lonely number", b"42"),
    ("lonely negative number", b"-0.1"),
    ("lonely word", b"null"),
    ("minus zero", b"-0"),
    ("zero exponent", b"0e1"),
    ("exponent", b"1E+2"),
    ("negative exponent", b"1e-2"),
    ("fraction and exponent", b"123.456e78"),
    ("many digits", b"-0.0000000000000000000000000000000000000000000000000000001"),
    ("all simple escapes", b"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    ("escape of a control character", b"\"\\u0012\""),
    ("escape of NUL", b"\"\\u0000\""),
    ("escaped surrogate pair", b"\"\\uD834\\udd1e\""),
    ("escaped noncharacter", b"\"\\uFFFF\""),
    ("two escaped characters", b"\"\\u0061\\u30af\""),
    ("escaped backslash and u", b"\"\\\\u0000\""),
    ("last escape is a backslash", b"\"\\\\\""),
    ("UTF-8 of two bytes", b"\"\xc3\xa9\""),
    ("UTF-8 of three bytes", b"\"\xe2\x82\xac\""),
    ("UTF-8 of four bytes", b"\"\xf0\x9d\x84\x9e\""),
    ("line separator", b"\"\xe2\x80\xa8\""),
    ("byte order mark in a string", b"\"\xef\xbb\xbf\""),
    ("delete", b"\"\x7f\""),
    ("slashes", b"\"a/*b*/c//d\""),
];

/// What all parsers refuse.
const REFUSED: [(&str, &[u8]); 97] = [
    ("trailing comma in an array", b"[1,]"),
    ("trailing comma in an object", b"{\"b\":1,}"),
    ("two trailing commas", b"[1,,]"),
    ("two commas", b"[1,,2]"),
    ("comma first", b"[,1]"),
    ("just a comma", b"[,]"),
    ("comma after the value", b"[1],"),
    ("comma before the value", b",[1]"),
    ("comma in place of a colon", b"{\"b\",1}"),
    ("colon in an array", b"[\"b\":1]"),
    ("two colons", b"{\"b\"::1}"),
    ("no colon", b"{\"b\" 1}"),
    ("no comma", b"[1 2]"),
    ("no comma in an object", b"{\"b\":1 \"c\":2}"),
    ("no value", b"{\"b\":}"),
    ("no value after a comma", b"{\"b\":1,\"c\"}"),
    ("key only", b"{\"b\"}"),
    ("key without quotes", b"{b:1}"),
    ("key with single quotes", b"{'b':1}"),
    ("key that is a number", b"{1:1}"),
    ("key that is a word", b"{null:1}"),
    ("key that is an array", b"{[]:1}"),
    ("open array", b"[1"),
    ("open array after a comma", b"[1,"),
    ("open array of arrays", b"[[1]"),
    ("open object", b"{\"b\":1"),
    ("open object after a colon", b"{\"b\":"),
    ("open object after a comma", b"{\"b\":1,"),
    ("open object after a key", b"{\"b\""),
    ("lone opening bracket", b"["),
    ("lone opening brace", b"{"),
    ("lone closing bracket", b"]"),
    ("lone closing brace", b"}"),
    ("extra closing bracket", b"[1]]"),
    ("extra closing brace", b"{\"b\":1}}"),
    ("brackets crossed", b"[1}"),
    ("braces crossed", b"{\"b\":1]"),
    ("brackets interlaced", b"{\"b\":[1}]"),
    ("two values", b"[] []"),
    ("value and a word", b"{} true"),
    ("value and garbage", b"{}#"),
    ("leading zero", b"01"),
    ("leading zeros", b"-012"),
    ("plus", b"+1"),
    ("plus and minus", b"+-1"),
    ("two minuses", b"--1"),
    ("lone minus", b"-"),
    ("minus and a space", b"- 1"),
    ("point at the end", b"1."),
    ("point first", b".5"),
    ("minus and a point", b"-.5"),
    ("point and an exponent", b"1.e1"),
    ("lone point", b"."),
    ("two points", b"1.2.3"),
    ("no exponent", b"1e"),
    ("no digits after a sign", b"1e+"),
    ("exponent with a point", b"1e1.5"),
    ("two exponents", b"1e1e1"),
    ("exponent first", b"e1"),
    ("hexadecimal", b"0x2a"),
    ("space in a number", b"1 000"),
    ("underscore in a number", b"1_000"),
    ("comma in a number", b"1,000"),
    ("letter after a number", b"1a"),
    ("NaN", b"NaN"),
    ("minus NaN", b"-NaN"),
    ("Infinity", b"Infinity"),
    ("minus Infinity", b"-Infinity"),
    ("Inf", b"Inf"),
    ("full-width digit", b"\xef\xbc\x91"),
    ("cut null", b"nul"),
    ("cut true", b"tru"),
    ("cut false", b"fals"),
    ("longer word", b"nulll"),
    ("capital True", b"True"),
    ("capital NULL", b"NULL"),
    ("undefined", b"undefined"),
    ("single quotes", b"'text'"),
    ("no quotes", b"text"),
    ("back quotes", b"`text`"),
    ("open string", b"\"text"),
    ("lone quote", b"\""),
    ("quote escaped at the end", b"\"\\\""),
    ("text after a string", b"\"a\"b"),
    ("tab in a string", b"\"\t\""),
    ("carriage return in a string", b"\"a\rb\""),
    ("unit separator in a string", b"\"\x1f\""),
    ("unknown escape", b"\"\\x41\""),
    ("escape of a quote that is single", b"\"\\'\""),
    ("short escape", b"\"\\u00A\""),
    ("escape that is no number", b"\"\\u00Gx\""),
    ("escape in capitals", b"\"\\U0041\""),
    ("comment", b"[] // none"),
    ("comment inside", b"[/* none */]"),
    ("byte order mark before a value", b"\xef\xbb\xbf[]"),
    ("byte order mark inside", b"[\xef\xbb\xbf1]"),
    ("no-break space", b"[\xc2\xa01]"),
];

/// What parsers may accept or refuse, and what is no text.
const EITHER: [(&str, &[u8]); 22] = [
    ("lone high surrogate", b"\"\\uD800\""),
    ("lone low surrogate", b"\"\\uDC00\""),
    ("two high surrogates", b"\"\\uD800\\uD800\""),
    ("surrogates in the wrong order", b"\"\\uDd1e\\uD834\""),
    ("high surrogate and text", b"\"\\uD800abc\""),
    ("high surrogate and an escape", b"\"\\uD800\\n\""),
    ("cut surrogate pair", b"\"\\uD834\\u12\""),
    ("number over the range", b"1e999"),
    ("negative number over the range", b"-1e999"),
    ("number under the range", b"1e-999"),
    ("integer over the range", b"123456789012345678901234567890"),
    ("exponent over the range", b"0.4e00669999999999999999999999999999999999999999999999999999999"),
    ("invalid UTF-8 in a string", b"\"\xff\""),
    ("invalid UTF-8 between tokens", b"[\xff]"),
    ("UTF-8 that is cut", b"\"\xe2\x82\""),
    ("UTF-8 that is too long", b"\"\xc0\xaf\""),
    ("UTF-8 of a surrogate", b"\"\xed\xa0\x80\""),
    ("UTF-8 over the last character", b"\"\xf4\xbf\xbf\xbf\""),
    ("Latin 1", b"\"\xe9\""),
    ("NUL", b"[\0]"),
    ("NUL in a string", b"\"a\0b\""),
    ("key that occurs twice", b"{\"b\":1,\"b\":2}"),
];

/// The lines with a good line before each and after the last, numbered from 0.
fn among_good_lines(lines: &[Vec<u8>]) -> Vec<u8> {
    let good = |number: usize| format!("{{\"good\":{number}}}\n").into_bytes();
    let pairs = (0..).zip(lines).flat_map(|(number, line)| [good(number), line.clone(), b"\n".to_vec()]);
    pairs.chain([good(lines.len())]).collect::<Vec<_>>().concat()
}

/// The lines that are refused, from 0. A step rejects all others, and tells where they were.
fn refused(lines: &[Vec<u8>], is_typed: bool, size: usize, workers: usize) -> Vec<usize> {
    let input = Input::bytes("in", among_good_lines(lines));
    let never = |_: &Value| false;
    let split = if is_typed {
        try_split(jsonl::read(input).block_size(size), workers, |flow| flow.expect("never", never))
    } else {
        let reader = jsonl::read_records(input).block_size(size);
        try_split(reader, workers, |flow| values(flow).expect("never", never))
    };
    let (kept, mut seen) = split.unwrap();
    assert!(kept.is_empty());
    seen.sort_by_key(|rejected| rejected.place.record);
    let places: Vec<_> = seen.iter().map(|rejected| (rejected.place.record, rejected.place.line)).collect();
    let all = (1..=2 * lines.len() as u64 + 1).map(|number| (Some(number), Some(number)));
    assert_eq!(places, all.collect::<Vec<_>>());
    let is_refused = |index: &usize| seen[*index].kind.as_str() != "expectation";
    assert!((0..seen.len()).step_by(2).all(|good| !is_refused(&good)), "a good line is refused");
    (1..seen.len()).step_by(2).filter(is_refused).map(|index| index / 2).collect()
}

fn check(lines: &[Vec<u8>], is_typed: bool, expected: &[usize]) {
    for (size, workers) in [(1, 1), (1, 4), (64, 4), (1000, 2), (1 << 18, 1)] {
        assert_eq!(refused(lines, is_typed, size, workers), expected, "{size} {workers}");
    }
}

#[test]
fn a_line_is_refused_exactly_if_serde_json_refuses_it_and_takes_no_others_with_it() {
    let deep = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    let cases = [&ACCEPTED[..], &REFUSED, &EITHER].concat();
    let mut lines: Vec<_> = cases.iter().map(|(_, line)| line.to_vec()).collect();
    lines.extend([deep(127), deep(128), deep(100_000), vec![b'['; 100_000]]);
    let verdicts: Vec<_> = lines.iter().map(|line| serde_json::from_slice::<Value>(line).is_err()).collect();
    for ((name, _), is_refused) in ACCEPTED.iter().chain(&REFUSED).zip(&verdicts) {
        assert_eq!(REFUSED.iter().any(|(refused, _)| refused == name), *is_refused, "{name}");
    }
    let expected: Vec<_> = (0..lines.len()).filter(|&index| verdicts[index]).collect();
    check(&lines, true, &expected);
}

#[test]
fn dynamic_records_are_refused_for_the_same_values() {
    let cases = [&ACCEPTED[..], &REFUSED].concat();
    let field = |(_, value): &(_, &[u8])| [b"{\"a\":", *value, b"}"].concat();
    let lines: Vec<_> = cases.iter().map(field).collect();
    let expected: Vec<_> = (ACCEPTED.len()..cases.len()).collect();
    check(&lines, false, &expected);
}
