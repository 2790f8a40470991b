//! Field values as parts of paths.

use std::fmt::Write;

use godata_etl::{CellRef, ValueRef};

/// Stands for a null or absent value. It is Hive's word, which other tools know.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Stands for empty text. No other text becomes this, since a `%` in text becomes `%25`.
const EMPTY: &str = "%";

/// Adds a value as a part of a path. Different texts become different parts. No part is empty, leads out of its
/// directory or contains a `/`.
///
/// # Errors
///
/// The kind of the value, if it can't be part of a path.
pub(crate) fn push_value(out: &mut String, cell: Option<CellRef<'_>>) -> Result<(), &'static str> {
    let value = match cell {
        None | Some(CellRef::Null) => {
            out.push_str(NULL);
            return Ok(());
        }
        Some(CellRef::Text(text) | CellRef::Number(text)) => {
            push_text(out, text);
            return Ok(());
        }
        Some(CellRef::Json(json)) => return Err(if json.starts_with('[') { "a list" } else { "a map" }),
        Some(CellRef::Value(value)) => value,
        Some(_) => return Err("a value of this kind"),
    };
    match value {
        ValueRef::Bytes(_) => Err("bytes"),
        ValueRef::List(_) => Err("a list"),
        ValueRef::Map(_) => Err("a map"),
        value => {
            push_text(out, &value.to_string());
            Ok(())
        }
    }
}

fn push_text(out: &mut String, text: &str) {
    match text {
        "" => out.push_str(EMPTY),
        NULL => push_escaped(out, NULL, |at, _| at == 0),
        text => push_escaped(out, text, |at, byte| byte == b'.' && at == 0 || is_special(byte)),
    }
}

/// Adds text, with `%` and two digits instead of each byte to escape. All of those are ASCII.
fn push_escaped(out: &mut String, text: &str, is_escaped: impl Fn(usize, u8) -> bool) {
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate().filter(|&(at, byte)| is_escaped(at, byte)) {
        out.push_str(&text[done..at]);
        // Writing to a `String` can't fail.
        let _ = write!(out, "%{byte:02X}");
        done = at + 1;
    }
    out.push_str(&text[done..]);
}

/// Bytes that are not allowed in file names on one of the usual systems, or have a meaning in partition names.
fn is_special(byte: u8) -> bool {
    byte.is_ascii_control()
        || matches!(byte, b'%' | b'/' | b'\\' | b':' | b'*' | b'?' | b'"' | b'<' | b'>' | b'|' | b'=')
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use godata_etl::Value;
    use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    fn text(text: &str) -> String {
        let mut out = String::new();
        push_value(&mut out, Some(CellRef::Text(text))).unwrap();
        out
    }

    fn value(value: impl Into<Value>) -> Result<String, &'static str> {
        let mut out = String::new();
        push_value(&mut out, Some(value.into().as_ref().into())).map(|()| out)
    }

    #[test]
    fn values_stay_readable() {
        let table = [
            ("DE", "DE"),
            ("São Paulo", "São Paulo"),
            ("2024-05-01", "2024-05-01"),
            ("a.b", "a.b"),
            ("", "%"),
            (".", "%2E"),
            ("..", "%2E."),
            ("../x", "%2E.%2Fx"),
            ("a/b\\c", "a%2Fb%5Cc"),
            ("100%", "100%25"),
            ("\0\n", "%00%0A"),
            ("12:00", "12%3A00"),
            (NULL, "%5F_HIVE_DEFAULT_PARTITION__"),
        ];
        for (from, expected) in table {
            assert_eq!(text(from), expected);
        }
        assert_eq!(value(12.5), Ok("12.5".to_owned()));
        assert_eq!(value(-7), Ok("-7".to_owned()));
        assert_eq!(value(true), Ok("true".to_owned()));
        assert_eq!(value(None::<i64>), Ok(NULL.to_owned()));
        assert_eq!(value(vec![1]), Err("a list"));
        for (json, expected) in [("[1]", "a list"), ("{}", "a map")] {
            assert_eq!(push_value(&mut String::new(), Some(CellRef::Json(json))), Err(expected));
        }
    }

    fn nasty() -> impl Strategy<Value = String> {
        prop_oneof!["[./\\\\%\0a=_-]{0,4}", any::<String>(), Just(NULL.to_owned())]
    }

    proptest! {
        #[test]
        fn different_texts_become_different_names(a in nasty(), b in nasty()) {
            let (left, right) = (text(&a), text(&b));
            prop_assert_eq!(a == b, left == right);
            let parts: Vec<_> = Path::new(&left).components().collect();
            prop_assert!(matches!(parts[..], [Component::Normal(part)] if part == &*left), "{}", left);
            prop_assert!(left != NULL && !left.starts_with('.'));
        }
    }
}
