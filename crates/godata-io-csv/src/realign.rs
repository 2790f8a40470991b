//! Records whose fields are not those of the header.

use godata_etl::Shape;
use memchr::{memchr, memchr2};

use crate::{
    CsvError,
    delimiter::{Delimiter, QUOTE},
    encode::Encoded,
    quoting::{Quoting, end_record},
};

/// The records of a batch with their cells in the order of the header, empty ones for what they lack, as an
/// addition to `out`.
pub(crate) fn realign(
    quoting: &Quoting,
    header: &Shape,
    encoded: &Encoded,
    out: &mut Vec<u8>,
) -> Result<(), CsvError> {
    if let Some(field) = encoded.names.names().find(|name| header.position(name).is_none()) {
        return Err(CsvError::NewField { field: field.to_owned() });
    }
    let places: Vec<Option<usize>> = header.names().map(|name| encoded.names.position(name)).collect();
    let mut rest = encoded.bytes.as_slice();
    let mut cells = Vec::new();
    while !rest.is_empty() {
        rest = split_record(rest, quoting.delimiter(), &mut cells);
        let start = out.len();
        for (position, place) in places.iter().enumerate() {
            if position > 0 {
                quoting.delimit(out);
            }
            out.extend_from_slice(place.and_then(|place| cells.get(place)).copied().unwrap_or_default());
        }
        end_record(out, start);
    }
    Ok(())
}

/// Splits the first record off bytes that [`Quoting`] made, into cells with their quotes.
fn split_record<'a>(mut bytes: &'a [u8], delimiter: Delimiter, cells: &mut Vec<&'a [u8]>) -> &'a [u8] {
    cells.clear();
    loop {
        let mut end = 0;
        // Doubled quotes are passed as the end of one quoted part and the begin of the next.
        while bytes.get(end) == Some(&QUOTE) {
            end = memchr(QUOTE, &bytes[end + 1..]).map_or(bytes.len(), |at| end + at + 2);
        }
        end += memchr2(delimiter.byte(), b'\n', &bytes[end..]).unwrap_or(bytes.len() - end);
        cells.push(&bytes[..end]);
        let is_last = bytes.get(end) != Some(&delimiter.byte());
        bytes = bytes.get(end + 1..).unwrap_or_default();
        if is_last {
            return bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn realigned(header: &[&str], names: &[&str], bytes: &str) -> Result<String, CsvError> {
        let shape = |names: &[&str]| Arc::new(Shape::new(names.iter().copied()).unwrap());
        let encoded = Encoded { names: shape(names), bytes: bytes.into() };
        let mut out = Vec::new();
        realign(&Quoting::new(Delimiter::new(b',')?), &shape(header), &encoded, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn cells_go_to_their_columns_with_their_quotes() {
        let bytes = "1,\"x,\"\"\n\"\n\"\"\"\",\n";
        let expected = "\"x,\"\"\n\",,1\n,,\"\"\"\"\n";
        assert_eq!(realigned(&["b", "c", "a"], &["a", "b"], bytes).unwrap(), expected);
    }

    #[test]
    fn records_without_fields_are_empty_cells() {
        assert_eq!(realigned(&["a", "b"], &[], "\"\"\n\"\"\n").unwrap(), ",\n,\n");
        assert_eq!(realigned(&["a"], &[], "\"\"\n").unwrap(), "\"\"\n");
    }

    #[test]
    fn a_new_field_is_refused() {
        let error = realigned(&["a"], &["a", "b"], "1,2\n").unwrap_err();
        assert_eq!(error.to_string(), "field `b` is not in the header, which the first records made");
    }
}
