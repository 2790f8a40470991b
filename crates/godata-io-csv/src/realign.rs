//! Records whose fields are not those of the header.

use godata_etl::Shape;
use memchr::memchr3;

use crate::{CsvError, dialect::Dialect, encode::Encoded, framing::after_quotes, quoting::CellWriter};

/// The records of a batch with their cells in the order of the header, null for what they lack, as an addition
/// to `out`.
pub(crate) fn realign(
    writer: &CellWriter,
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
        rest = split_record(rest, writer.dialect(), &mut cells);
        let start = out.len();
        for (position, place) in places.iter().enumerate() {
            if position > 0 {
                writer.delimit(out);
            }
            let cell = place.and_then(|place| cells.get(place)).copied();
            out.extend_from_slice(cell.unwrap_or(writer.null()));
        }
        writer.end_record(out, start);
    }
    Ok(())
}

/// Splits the first record off bytes that [`CellWriter`] made, into cells with their quotes.
fn split_record<'a>(mut bytes: &'a [u8], dialect: Dialect, cells: &mut Vec<&'a [u8]>) -> &'a [u8] {
    cells.clear();
    loop {
        let is_quoted = bytes.first().is_some_and(|&byte| Some(byte) == dialect.quote);
        let quoted = if is_quoted { after_quotes(bytes, 0, dialect.escape) } else { None };
        let rest = quoted.unwrap_or_default();
        let end =
            memchr3(dialect.delimiter, b'\r', b'\n', &bytes[rest..]).map_or(bytes.len(), |at| rest + at);
        cells.push(&bytes[..end]);
        let terminator = &bytes[end..];
        if terminator.first() != Some(&dialect.delimiter) {
            let len = if terminator.starts_with(b"\r\n") { 2 } else { 1 };
            return terminator.get(len..).unwrap_or_default();
        }
        bytes = &terminator[1..];
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::quoting::Layout;

    fn realigned(header: &[&str], names: &[&str], bytes: &str) -> Result<String, CsvError> {
        let shape = |names: &[&str]| Arc::new(Shape::new(names.iter().copied()).unwrap());
        let encoded = Encoded { names: shape(names), bytes: bytes.into() };
        let mut out = Vec::new();
        realign(&CellWriter::new(Layout::default())?, &shape(header), &encoded, &mut out)?;
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
