//! Tells whether a value that can't be read as a record is a record of its own.

use super::scan::{skip_space, value_end};
use crate::decode::string_end;

/// Where the structure of a value is broken, and what was expected there.
#[derive(Debug, PartialEq)]
pub(super) struct Broken {
    pub(super) at: usize,
    pub(super) expected: &'static str,
}

/// What may come next, besides white space.
#[derive(Clone, Copy, PartialEq)]
enum Expected {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

/// Checks that the brackets, strings, colons and commas of a value are in order. Otherwise one of them may be missing, so that the
/// values after it are inside it.
///
/// What is between them may be anything: numbers and words that are not JSON, bytes that are not text, and line breaks in
/// strings. There may be a comma before a closing bracket.
#[cold]
pub(super) fn check_structure(value: &[u8]) -> Result<(), Broken> {
    let (mut at, mut open, mut expected) = (0, Vec::new(), Expected::Value);
    loop {
        at = skip_space(value, at);
        let innermost = open.last().copied();
        let Some(&byte) = value.get(at) else {
            let is_whole = innermost.is_none() && expected == Expected::CommaOrEnd;
            return if is_whole { Ok(()) } else { Err(broken(at, expected, innermost)) };
        };
        let next = match (byte, expected) {
            (b'{' | b'[', Expected::Value | Expected::ValueOrEnd) => {
                open.push(byte);
                Some(if byte == b'{' { Expected::KeyOrEnd } else { Expected::ValueOrEnd })
            }
            (b'}', Expected::KeyOrEnd | Expected::CommaOrEnd) if innermost == Some(b'{') => {
                open.pop();
                Some(Expected::CommaOrEnd)
            }
            (b']', Expected::ValueOrEnd | Expected::CommaOrEnd) if innermost == Some(b'[') => {
                open.pop();
                Some(Expected::CommaOrEnd)
            }
            (b',', Expected::CommaOrEnd) => {
                innermost.map(|open| if open == b'{' { Expected::KeyOrEnd } else { Expected::ValueOrEnd })
            }
            (b':', Expected::Colon) => Some(Expected::Value),
            (b'{' | b'[' | b'}' | b']' | b',' | b':', _) => None,
            (b'"', Expected::KeyOrEnd) => Some(Expected::Colon),
            (_, Expected::Value | Expected::ValueOrEnd) => Some(Expected::CommaOrEnd),
            _ => None,
        };
        expected = next.ok_or_else(|| broken(at, expected, innermost))?;
        at = match byte {
            b'{' | b'[' | b'}' | b']' | b',' | b':' => at + 1,
            b'"' => string_end(value, at + 1).ok_or(Broken { at, expected: "a closing quote" })?,
            _ => value_end(value, at).unwrap_or(value.len()),
        };
    }
}

fn broken(at: usize, expected: Expected, innermost: Option<u8>) -> Broken {
    let is_object = innermost == Some(b'{');
    let expected = match expected {
        Expected::Value => "a value",
        Expected::ValueOrEnd => "a value or `]`",
        Expected::KeyOrEnd => "a key or `}`",
        Expected::Colon => "`:`",
        Expected::CommaOrEnd if is_object => "`,` or `}`",
        Expected::CommaOrEnd => "`,` or `]`",
    };
    Broken { at, expected }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::strategies::json_value;

    #[test]
    fn structure_is_in_order_whatever_is_between_it() {
        let values = [
            "{}",
            "[]",
            " [ { } , { \"a\" : [ ] } ] ",
            "1",
            "nul",
            "'x'",
            "\"\"",
            "\"a\nb\"",
            "{\"a\":NaN}",
            "{\"a\":01,\"b\":+1,\"c\":.5}",
            "[1,]",
            "{\"a\":1,}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\0}",
            "{\"a\":\"}{\"}",
        ];
        for value in values {
            assert_eq!(check_structure(value.as_bytes()), Ok(()), "{value}");
        }
        assert_eq!(check_structure(b"{\"a\":\xff,\"\xff\":1}"), Ok(()));
    }

    #[test]
    fn what_is_missing_is_told() {
        let values = [
            ("", 0, "a value"),
            ("}", 0, "a value"),
            (":1", 0, "a value"),
            ("{", 1, "a key or `}`"),
            ("{,", 1, "a key or `}`"),
            ("{1", 1, "a key or `}`"),
            ("{'a':1}", 1, "a key or `}`"),
            ("{\"a\"}", 4, "`:`"),
            ("{\"a\" 1}", 5, "`:`"),
            ("{\"a\":}", 5, "a value"),
            ("{\"a\":1]", 6, "`,` or `}`"),
            ("{\"a\":1 {\"a\":2}}", 7, "`,` or `}`"),
            ("{\"a\":\"x}\n{\"a\":1", 11, "`,` or `}`"),
            ("{\"a\":1,{\"a\":2}}", 7, "a key or `}`"),
            ("{\"a\":1,\"b", 7, "a closing quote"),
            ("[", 1, "a value or `]`"),
            ("[1", 2, "`,` or `]`"),
            ("[1}", 2, "`,` or `]`"),
            ("[[1]", 4, "`,` or `]`"),
            ("[\"a\"\"b\"]", 4, "`,` or `]`"),
            ("[,1]", 1, "a value or `]`"),
        ];
        for (value, at, expected) in values {
            assert_eq!(check_structure(value.as_bytes()), Err(Broken { at, expected }), "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_json_is_broken(value in json_value()) {
            prop_assert_eq!(check_structure(value.to_string().as_bytes()), Ok(()));
        }
    }
}
