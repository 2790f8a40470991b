//! What is written as CSV reads back equal.

use arbitrary::Unstructured;
use godata::csv::{self as format, CsvReader, CsvWriter, Quoting, Terminator};
use godata::{Input, Pipeline, Record, Records, Value};

use super::options::{block_size, one_of};
use super::run::{path, records, written};

#[derive(Clone, Copy, Debug)]
struct Options {
    delimiter: u8,
    quote: u8,
    escape: Option<u8>,
    quoting: Quoting,
    terminator: Terminator,
    null: Option<&'static str>,
}

impl Options {
    fn of(bytes: &mut Unstructured<'_>) -> Self {
        Self {
            delimiter: one_of(bytes, b",;\t a"),
            quote: one_of(bytes, b"\"'x"),
            escape: one_of(bytes, &[None, Some(b'\\')]),
            quoting: one_of(bytes, &[Quoting::Necessary, Quoting::Always, Quoting::NonNumeric]),
            terminator: one_of(bytes, &[Terminator::Lf, Terminator::CrLf]),
            null: one_of(bytes, &[None, Some("NULL"), Some("")]),
        }
    }

    fn write(self) -> CsvWriter {
        let writer = format::write(path()).delimiter(self.delimiter).quote(self.quote);
        let writer = writer.quoting(self.quoting).terminator(self.terminator);
        let writer = self.escape.into_iter().fold(writer, CsvWriter::escape);
        self.null.into_iter().fold(writer, CsvWriter::null)
    }

    fn read(self, text: Vec<u8>) -> CsvReader<Records> {
        let reader =
            format::read_records(Input::bytes("in", text)).delimiter(self.delimiter).quote(self.quote);
        self.escape.into_iter().fold(reader.nulls(self.null), CsvReader::escape)
    }

    /// What a value is read as.
    fn read_as(self, value: &Value) -> Value {
        match value {
            Value::Null if self.null.is_some() => Value::Null,
            Value::Null => Value::from(""),
            value => Value::from(value.to_string()),
        }
    }
}

/// Writes and reads the records that `data` stands for.
pub fn check(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let options = Options::of(&mut bytes);
    let size = block_size(&mut bytes, data.len());
    // Null alone in a record would be a blank line.
    let columns = one_of(&mut bytes, &[2, 3, 7]);
    let name = |number| format!("{}{number}", bytes.arbitrary::<&str>().unwrap_or_default());
    let names: Vec<String> = (0..columns).map(name).collect();
    let mut rows: Vec<Record> = Vec::new();
    while !bytes.is_empty() && rows.len() < 1000 {
        rows.push(names.iter().map(|name| (&**name, value(&mut bytes))).collect());
    }
    if rows.is_empty() {
        return;
    }
    let has_nul = |text: &str| text.contains('\0');
    let is_refused = names.iter().any(|name| has_nul(name))
        || rows.iter().any(|row| row.iter().any(|(_, value)| value.as_str().is_some_and(has_nul)));
    let flow = Pipeline::builder("write").read_vec(rows.clone()).untyped();
    let text = match written(flow, options.write()) {
        Err(error) => return assert!(is_refused && error.contains("NUL"), "{error}, {options:?}"),
        Ok(text) => text,
    };
    assert!(!is_refused, "text with a NUL byte was written");
    let expected: Vec<Record> = rows
        .iter()
        .map(|row| row.iter().map(|(name, value)| (name, options.read_as(&value.into()))).collect())
        .collect();
    assert_eq!(records(options.read(text.clone()), 1).as_ref(), Ok(&expected), "{options:?}");
    assert_eq!(records(options.read(text).block_size(size), 2), Ok(expected), "{options:?}");
}

fn value(bytes: &mut Unstructured<'_>) -> Value {
    match bytes.arbitrary::<u8>().unwrap_or_default() {
        0..4 => Value::Null,
        4..8 => bytes.arbitrary::<i64>().unwrap_or_default().into(),
        8..12 => bytes.arbitrary::<f64>().unwrap_or_default().into(),
        12..16 => bytes.arbitrary::<bool>().unwrap_or_default().into(),
        16..20 => one_of(bytes, &["NULL", "", " ", "\u{feff}", "\"", "-1"]).into(),
        _ => bytes.arbitrary::<&str>().unwrap_or_default().into(),
    }
}
