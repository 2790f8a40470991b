//! Recognizes text of other formats, and says what reads it.
//!
//! A hint depends only on the record, or on the first wrong byte of a document, so blocks of all sizes give the same.

use crate::JsonError;

/// For a document that is an object.
pub(crate) const OBJECT: &str =
    "`pointer` leads to an array in it; the `jsonl` readers read one value per line";

/// For a document that is neither an array nor an object.
pub(crate) const SCALAR: &str = "the `jsonl` readers read one value per line, and the `csv` readers read CSV";

/// For a second value in a document.
pub(crate) const SECOND_VALUE: &str = "the `jsonl` readers read one value per line";

/// For text that is not JSON from the start.
pub(crate) const CSV: &str = "if the file is CSV, the `csv` readers read it";

const ARRAY: &str = "if the file is one array, the `json` readers read it";

/// The hint for what stands where JSON expects something else.
pub(crate) fn of_fault(rest: &[u8], reason: &str) -> Option<&'static str> {
    let is_value = ["expected value", "expected ident", "invalid number"].contains(&reason);
    let is_token =
        ["key must be a string", "trailing characters"].contains(&reason) || reason.starts_with("expected `");
    let first = rest.first().filter(|_| is_value || is_token)?;
    Some(match first {
        0 => "a NUL byte, as in UTF-16, which `Input::encoding` reads, or in a damaged file",
        b'\'' => "JSON has only double quotes",
        b'/' | b'#' => "JSON has no comments",
        b'+' | b'.' if is_value => "a number in JSON begins with a digit or `-`",
        b'<' if is_value => "it looks like XML or HTML",
        b'a'..=b'z' | b'A'..=b'Z' if is_value => "JSON has no words but `true`, `false` and `null`",
        _ => return None,
    })
}

/// The hint for a line that is not a record. The first record of a file also tells what the file is.
pub(crate) fn of_line(line: &str, error: &JsonError, is_first: bool) -> Option<&'static str> {
    let trimmed = line.trim_ascii();
    if is_first && is_part_of_array(trimmed, error) {
        return Some(ARRAY);
    }
    if is_first && has_delimiter(trimmed) {
        return Some(CSV);
    }
    match error {
        JsonError::Syntax { column, reason, .. } if reason == "trailing characters" => {
            after_value(&line.as_bytes()[column.saturating_sub(1).min(line.len())..])
        }
        _ => None,
    }
}

fn is_part_of_array(line: &str, error: &JsonError) -> bool {
    let Some(first_element) = line.strip_prefix('[') else { return false };
    match error {
        JsonError::NotAnObject { .. } => true,
        JsonError::Syntax { reason, .. } if reason.starts_with("EOF") => true,
        _ => first_element.trim_ascii_start().starts_with('{'),
    }
}

/// Whether a line is no JSON, and has one of the usual delimiters of CSV outside of quotes.
fn has_delimiter(line: &str) -> bool {
    let is_outside_of_quotes = |(at, _): &(usize, &str)| at % 2 == 0;
    let mut outside = line.split('"').enumerate().filter(is_outside_of_quotes);
    !line.starts_with(['[', '{', '<', '\'', '/', '#'])
        && outside.any(|(_, text)| text.contains([',', ';', '\t']))
}

/// The hint for what follows the value of a line.
fn after_value(rest: &[u8]) -> Option<&'static str> {
    match rest.first()? {
        b',' => Some("a line of JSON Lines ends without a comma"),
        _ => None,
    }
}
