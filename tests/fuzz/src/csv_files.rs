//! Several CSV files are read like each of them alone, with their columns matched by name, typed or dynamic, in blocks of any
//! size.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::Unstructured;
use godata::csv::{self as format, CsvReader, FileColumns};
use godata::{Input, Record, Value};

use super::csv::assert_same;
use super::documents::text_after_marks;
use super::options::{block_size, one_of, rest};
use super::run::{files, records, values};

/// Which files are accepted.
#[derive(Clone, Copy, Debug)]
struct Options {
    columns: FileColumns,
    header_in_first_file: bool,
    skips_empty: bool,
}

impl Options {
    fn apply<B>(self, reader: CsvReader<B>) -> CsvReader<B> {
        let reader = reader.file_columns(self.columns);
        let reader = if self.header_in_first_file { reader.header_in_first_file() } else { reader };
        if self.skips_empty { reader.skip_empty_files() } else { reader }
    }
}

/// A file that can be read alone.
struct Alone {
    header: Vec<String>,
    records: Vec<Record>,
}

/// Reads `data`: options, then up to four files with NUL bytes between them.
pub fn check(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let options = Options {
        columns: one_of(&mut bytes, &[FileColumns::Same, FileColumns::AnyOrder, FileColumns::Union]),
        header_in_first_file: one_of(&mut bytes, &[false, true]),
        skips_empty: one_of(&mut bytes, &[false, true]),
    };
    let size = block_size(&mut bytes, data.len());
    let parts: Vec<&[u8]> = rest(bytes).splitn(4, |&byte| byte == 0).collect();
    let paths = files(&parts);
    let input = || Input::paths(&paths);

    let found = records(options.apply(format::read_records(input())), 1);
    let in_blocks = records(options.apply(format::read_records(input())).block_size(size), 2);
    assert_eq!(in_blocks, found, "blocks of {size} bytes, {options:?}");
    let typed = options.apply(format::read::<BTreeMap<String, String>>(input())).block_size(size);
    match (&found, values(typed, 2)) {
        (Ok(found), Ok(typed)) => assert_same(found, &typed),
        (Err(found), Err(typed)) => assert_eq!(&typed, found),
        (found, typed) => panic!("{typed:?} differs from {found:?}"),
    }
    if !options.header_in_first_file {
        match expected(options, &parts) {
            Some(expected) => assert_eq!(found.map(|found| fields(&found)), Ok(expected), "{options:?}"),
            None => assert!(found.is_err(), "{found:?}, {options:?}"),
        }
    }
}

/// The records that each file alone has, with the columns of all files; `None` if there must be an error.
fn expected(options: Options, parts: &[&[u8]]) -> Option<Vec<Vec<(String, Value)>>> {
    let mut all = Vec::new();
    for part in parts {
        match records(format::read_records(Input::bytes("in", *part)), 1) {
            Ok(records) => all.push(Alone { header: header(part), records }),
            Err(error) if options.skips_empty && error.contains("its header is missing") => {}
            Err(_) => return None,
        }
    }
    let mut names = all.first()?.header.clone();
    let sorted = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    for file in &all {
        let fits = match options.columns {
            FileColumns::AnyOrder => sorted(&file.header) == sorted(&names),
            FileColumns::Union => true,
            _ => file.header == names,
        };
        if !fits {
            return None;
        }
        let new: Vec<_> = file.header.iter().filter(|name| !names.contains(name)).cloned().collect();
        names.extend(new);
    }
    let value =
        |record: &Record, name: &String| (name.clone(), record.get(name).map_or(Value::Null, Into::into));
    let row = |record: &Record| names.iter().map(|name| value(record, name)).collect();
    Some(all.iter().flat_map(|file| &file.records).map(row).collect())
}

fn fields(records: &[Record]) -> Vec<Vec<(String, Value)>> {
    let fields =
        |record: &Record| record.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    records.iter().map(fields).collect()
}

/// The names of a file that can be read.
fn header(part: &[u8]) -> Vec<String> {
    let text = text_after_marks(part).expect("others can't be read");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let header = reader.records().next().expect("there is a header").expect("it is text");
    header.iter().map(str::to_owned).collect()
}
