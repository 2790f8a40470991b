//! Whether two programs wrote the same records.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use godata_core::BoxError;
use serde_json::Value;

/// A line without nulls and empty texts, because programs differ in what they write for an empty cell.
type Fields = BTreeMap<String, Value>;

/// Compares two JSON Lines files by value, record by record, and returns the number of records.
pub(super) fn same_records(expected: &Path, found: &Path) -> Result<u64, BoxError> {
    let open = |path| File::open(path).map(BufReader::new);
    let (mut expected, mut found) = (open(expected)?, open(found)?);
    let (mut wanted, mut got) = (Vec::new(), Vec::new());
    for record in 1.. {
        wanted.clear();
        got.clear();
        let ended = (expected.read_until(b'\n', &mut wanted)? == 0, found.read_until(b'\n', &mut got)? == 0);
        match ended {
            (true, true) => return Ok(record - 1),
            (false, false) if wanted == got || are_same(&fields(&wanted)?, &fields(&got)?) => {}
            (false, false) => {
                let (wanted, got) = (String::from_utf8_lossy(&wanted), String::from_utf8_lossy(&got));
                return Err(format!("record {record} is {got}instead of {wanted}").into());
            }
            _ => {
                return Err(
                    format!("one output ends after {} records, the other does not", record - 1).into()
                );
            }
        }
    }
    unreachable!("the loop has no end")
}

fn fields(line: &[u8]) -> Result<Fields, BoxError> {
    let mut fields: Fields = serde_json::from_slice(line)?;
    fields.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
    Ok(fields)
}

fn are_same(wanted: &Fields, got: &Fields) -> bool {
    let pairs = || wanted.iter().zip(got);
    wanted.len() == got.len()
        && pairs().all(|((name, wanted), (other_name, got))| name == other_name && is_same(wanted, got))
}

/// Floats may differ in their last digits.
fn is_same(wanted: &Value, got: &Value) -> bool {
    match (wanted.as_f64(), got.as_f64()) {
        (Some(wanted), Some(got)) => (wanted - got).abs() <= wanted.abs() * 1e-12,
        _ => wanted == got,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn compare(expected: &str, found: &str) -> Result<u64, String> {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["expected", "found"].map(|name| folder.path().join(name));
        fs::write(&paths[0], expected).unwrap();
        fs::write(&paths[1], found).unwrap();
        same_records(&paths[0], &paths[1]).map_err(|error| error.to_string())
    }

    #[test]
    fn the_form_of_a_record_does_not_count() {
        let expected = "{\"a\":\"x\",\"b\":12.50,\"c\":\"\"}\n{\"a\":\"y\"}\n";
        let found = "{\"b\": 12.5, \"a\": \"\\u0078\", \"d\": null}\n{\"a\":\"y\"}\n";
        assert_eq!(compare(expected, found), Ok(2));
    }

    #[test]
    fn another_value_order_or_number_of_records_counts() {
        let expected = "{\"a\":1}\n{\"a\":2}\n";
        for found in [
            "{\"a\":1}\n",
            "{\"a\":2}\n{\"a\":1}\n",
            "{\"a\":1}\n{\"a\":2.000001}\n",
            "{\"a\":1}\n{\"b\":2}\n",
        ] {
            assert!(compare(expected, found).is_err(), "{found}");
            assert!(compare(found, expected).is_err(), "{found}");
        }
    }
}
