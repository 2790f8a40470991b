//! Reordering the cells of records whose fields differ from the header.

use std::ops::Range;

use godata_etl::Shape;
use godata_io::Encoded;
use memchr::memchr3;

use crate::CsvError;
use crate::dialect::Dialect;
use crate::field_names::FieldNames;
use crate::quoting::CellWriter;
use crate::walk::after_quotes;

/// Puts the cells of the records into the order of the header, with null for missing fields, and quotes where the only cell is
/// empty. Other fields are dropped. The records are written to `out`, and the old bytes are returned.
pub(crate) fn realign(
    writer: &CellWriter,
    header: &Shape,
    encoded: &mut Encoded<FieldNames>,
    out: Vec<u8>,
) -> Result<Vec<u8>, CsvError> {
    let places = places(header, &encoded.batch().shape);
    let mut cells = Vec::new();
    encoded.rewrite(out, |bytes, out| {
        let len = split_record(bytes, writer.dialect(), &mut cells);
        align(writer, &places, &cells, bytes, out);
        Ok(len)
    })
}

/// For each name of the header, its position in the records, if they have it.
fn places(header: &Shape, names: &Shape) -> Vec<Option<usize>> {
    header.names().map(|name| names.position(name)).collect()
}

/// Writes a record whose cells are at these ranges of `bytes`.
fn align(
    writer: &CellWriter,
    places: &[Option<usize>],
    cells: &[Range<usize>],
    bytes: &[u8],
    out: &mut Vec<u8>,
) {
    let start = out.len();
    for (position, place) in places.iter().enumerate() {
        if position > 0 {
            writer.delimit(out);
        }
        let cell = place.and_then(|place| bytes.get(cells.get(place)?.clone()));
        out.extend_from_slice(cell.unwrap_or(writer.null()));
    }
    writer.end_record(out, start);
}

/// Finds the cells, including their quotes, of the first record in bytes that [`CellWriter`] wrote. Returns the length
/// of the record.
fn split_record(bytes: &[u8], dialect: Dialect, cells: &mut Vec<Range<usize>>) -> usize {
    cells.clear();
    let mut start = 0;
    loop {
        let is_quoted = bytes.get(start).is_some_and(|&byte| Some(byte) == dialect.quote);
        let quoted = if is_quoted { after_quotes(bytes, start, dialect.escape) } else { None };
        let rest = quoted.unwrap_or(start);
        let end =
            memchr3(dialect.delimiter, b'\r', b'\n', &bytes[rest..]).map_or(bytes.len(), |at| rest + at);
        cells.push(start..end);
        let terminator = &bytes[end..];
        if terminator.first() != Some(&dialect.delimiter) {
            let len = if terminator.starts_with(b"\r\n") { 2 } else { 1 };
            return bytes.len().min(end + len);
        }
        start = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quoting::Layout;

    fn realigned(header: &[&str], names: &[&str], bytes: &str) -> Result<String, CsvError> {
        let shape = |names: &[&str]| Shape::new(names.iter().copied()).unwrap();
        let writer = CellWriter::new(Layout::default())?;
        let places = places(&shape(header), &shape(names));
        let (mut rest, mut cells, mut out) = (bytes.as_bytes(), Vec::new(), Vec::new());
        while !rest.is_empty() {
            let len = split_record(rest, writer.dialect(), &mut cells);
            align(&writer, &places, &cells, rest, &mut out);
            rest = &rest[len..];
        }
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn cells_move_to_their_columns_with_their_quotes() {
        let bytes = "1,\"x,\"\"\n\"\n\"\"\"\",\n";
        let expected = "\"x,\"\"\n\",,1\n,,\"\"\"\"\n";
        assert_eq!(realigned(&["b", "c", "a"], &["a", "b"], bytes).unwrap(), expected);
    }

    #[test]
    fn blank_lines_are_empty_cells() {
        for names in [&[][..], &["a"]] {
            assert_eq!(realigned(&["a", "b"], names, "\n\r\n").unwrap(), ",\n,\n");
            assert_eq!(realigned(&["a"], names, "\n").unwrap(), "\"\"\n");
        }
    }

    #[test]
    fn a_field_that_is_not_in_the_header_is_dropped() {
        assert_eq!(realigned(&["a"], &["b", "a", "c"], "\"x\n\",1,2\n,,\n").unwrap(), "1\n\"\"\n");
    }
}
