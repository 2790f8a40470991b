//! Removes line breaks from JSON.

use std::borrow::Cow;

use memchr::memchr2;

use super::string_end;

/// Valid JSON on one line. If it has line breaks, all white space between its tokens is removed.
pub(super) fn compact(json: &str) -> Cow<'_, str> {
    if memchr2(b'\n', b'\r', json.as_bytes()).is_none() {
        return Cow::Borrowed(json);
    }
    let mut compact = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(first) = rest.bytes().next() {
        let (token, after) = match first {
            b'"' => rest.split_at(string_end(rest.as_bytes(), 1).unwrap_or(rest.len())),
            _ => rest.split_at(rest.find(['"', ' ', '\t', '\n', '\r']).unwrap_or(rest.len())),
        };
        compact.push_str(token);
        rest = after.trim_start_matches([' ', '\t', '\n', '\r']);
    }
    Cow::Owned(compact)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::strategies::json_value;

    proptest! {
        #[test]
        fn compact_json_is_the_same_value_on_one_line(value in json_value()) {
            let pretty = serde_json::to_string_pretty(&value).unwrap().replace('\n', "\r\n\t");
            let compact = compact(&pretty);
            prop_assert!(!compact.contains(['\n', '\r']));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&compact).unwrap(), value);
        }
    }
}
