//! Recognizes text of other formats, and says what reads it.
//!
//! A hint depends only on the record, or on the first wrong byte of a document, so the size of a block makes no difference.

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

/// For a record whose structure is broken, in a run that leaves out bad records.
pub(crate) const BROKEN: &str = "the records after it may be inside it, so it can't be left out alone";

const ARRAY: &str = "if the file is one array, the `json` readers read it";

const LONG_VALUE: &str = "`concatenated` reads values that span lines";

const SEVERAL_VALUES: &str = "`concatenated` reads several values on a line";

const MARKS: &str =
    "`concatenated` skips the byte order marks of joined files, and record separators (RFC 7464)";

/// The hint for text where JSON expects something else.
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
        0x80.. => "outside of strings, JSON is ASCII; this character may be invisible",
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
    match error {
        JsonError::Syntax { .. } if starts_with_mark(line.as_bytes()) => Some(MARKS),
        _ if is_first && is_csv(trimmed) => Some(CSV),
        JsonError::Syntax { column, reason, .. } if reason == "trailing characters" => {
            after_value(line.as_bytes().split_at_checked(column - 1)?)
        }
        JsonError::Syntax { reason, .. } if reason.starts_with("EOF") && !reason.ends_with("a string") => {
            (is_first || trimmed.ends_with(['{', '[', ','])).then_some(LONG_VALUE)
        }
        _ => None,
    }
}

/// The hint for one of several concatenated values that is not a record.
pub(crate) fn of_value(value: &[u8], error: &JsonError, is_first: bool) -> Option<&'static str> {
    match (error, value.first()?) {
        (JsonError::NotAnObject { .. }, b'[') if is_first => Some(ARRAY),
        (JsonError::Syntax { .. }, b',') => Some("concatenated values have no commas between them"),
        _ => None,
    }
}

/// The hint for a line that does not end.
pub(crate) fn of_long_line(bytes: &[u8]) -> Option<&'static str> {
    match bytes.trim_ascii_start().first()? {
        0 => Some("it begins with NUL bytes, as in a file with a part that was never written"),
        b'[' => Some(ARRAY),
        b'{' => Some(
            "`concatenated` reads several values on a line, and `json` with `pointer` an array in a document",
        ),
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

/// Whether a line that is not a record has one of the usual delimiters of CSV, and no brackets, outside of quotes.
fn is_csv(line: &str) -> bool {
    let outside = || line.split('"').step_by(2);
    let has = |any: &[char]| outside().any(|text| text.contains(any));
    has(&[',', ';', '\t']) && !has(&['{', '}', '[', ']', '<', '\'', '/', '#'])
}

/// Whether a text begins with a byte order mark, or a record separator.
fn starts_with_mark(text: &[u8]) -> bool {
    text.starts_with(b"\xef\xbb\xbf") || text.starts_with(b"\x1e")
}

/// The hint for what follows the value of a line.
fn after_value((value, rest): (&[u8], &[u8])) -> Option<&'static str> {
    let is_apart = value.last().is_some_and(u8::is_ascii_whitespace);
    match rest.first()? {
        b',' => Some("a line of JSON Lines ends without a comma"),
        b'{' | b'[' | b'"' => Some(SEVERAL_VALUES),
        b'-' | b'0'..=b'9' | b't' | b'f' | b'n' if is_apart => Some(SEVERAL_VALUES),
        _ => starts_with_mark(rest).then_some(MARKS),
    }
}
