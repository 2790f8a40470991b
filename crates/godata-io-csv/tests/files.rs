//! Several files as one input: their headers, their columns, and files without content.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use godata_core::RunContext;
use godata_etl::{Pipeline, Record, Records, record};
use godata_io_csv::{CsvReader, FileColumns, Input, Ragged, Trim};
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use godata_io_csv as csv;
use support::{Folder, Outcome, all_ways, batches};

#[derive(Debug, Deserialize, PartialEq)]
struct Order {
    id: String,
    amount: u32,
    coupon: Option<String>,
}

fn order(id: &str, amount: u32, coupon: Option<&str>) -> Order {
    Order { id: id.into(), amount, coupon: coupon.map(Into::into) }
}

/// Files named `a.csv`, `b.csv` and so on.
struct Files(Folder);

impl Files {
    fn new(texts: &[&str]) -> Self {
        let folder = Folder::new(b"");
        fs::remove_file(&folder.path).unwrap();
        for (name, text) in ('a'..).zip(texts) {
            fs::write(folder.path(&format!("{name}.csv")), text).unwrap();
        }
        Self(folder)
    }

    fn input(&self) -> Input {
        Input::glob(self.0.path("*.csv").display().to_string())
    }

    fn records(&self, options: impl Fn(CsvReader<Records>) -> CsvReader<Records>) -> Outcome<Vec<Record>> {
        all_ways(|workers, size| {
            let reader = options(csv::read_records(self.input())).block_size(size);
            let flow = Pipeline::builder("test").workers(workers).read(reader);
            Ok(batches(&self.0, flow)?.into_iter().flat_map(Records::into_records).collect())
        })
    }

    fn typed<T>(&self, options: impl Fn(CsvReader<Vec<T>>) -> CsvReader<Vec<T>>) -> Outcome<Vec<T>>
    where
        T: DeserializeOwned + PartialEq + std::fmt::Debug + Send + 'static,
    {
        all_ways(|workers, size| {
            let reader = options(csv::read::<T>(self.input())).block_size(size);
            let flow = Pipeline::builder("test").workers(workers).read(reader);
            Ok(batches(&self.0, flow)?.into_iter().flatten().collect())
        })
    }
}

#[test]
fn short_records_that_are_read_by_position_are_padded_in_the_columns_of_their_file() {
    let files = Files::new(&["a,b,c\na1,b1,c1\na2\n", "c,b,a\nc3,b3\nc4,b4,a4\n", "b,c,a\nb5\n"]);
    let expected = [["a1", "b1", "c1"], ["a2", "", ""], ["", "b3", "c3"], ["a4", "b4", "c4"], ["", "b5", ""]];
    for columns in [FileColumns::AnyOrder, FileColumns::Union] {
        let lists = files.typed::<Vec<String>>(|reader| reader.file_columns(columns).ragged(Ragged::Pad));
        assert_eq!(lists.unwrap(), expected);
        type Tuple = (Option<String>, String, Option<String>);
        let tuples = files.typed::<Tuple>(|reader| reader.file_columns(columns).ragged(Ragged::Cut));
        let cell = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let tuple = |[a, b, c]: [&str; 3]| (cell(a), b.to_owned(), cell(c));
        assert_eq!(tuples.unwrap(), expected.map(tuple));
    }
}

#[test]
fn files_with_columns_in_any_order_are_matched_by_name() {
    let files = Files::new(&[
        "id,amount,coupon\nA,1,x\n",
        "coupon,id,amount\n\"y,\",B,2\n,C,3\n",
        "amount,coupon,id\r\n",
    ]);
    let expected = vec![
        record! {"id" => "A", "amount" => "1", "coupon" => "x"},
        record! {"id" => "B", "amount" => "2", "coupon" => "y,"},
        record! {"id" => "C", "amount" => "3", "coupon" => ""},
    ];
    let orders = vec![order("A", 1, Some("x")), order("B", 2, Some("y,")), order("C", 3, None)];
    for columns in [FileColumns::AnyOrder, FileColumns::Union] {
        assert_eq!(files.records(|reader| reader.file_columns(columns)), Ok(expected.clone()));
        assert_eq!(files.typed::<Order>(|reader| reader.file_columns(columns)).as_ref(), Ok(&orders));
        // Tuples have the columns in the order of the first file.
        let tuples =
            files.typed::<(String, u32, Option<String>)>(|reader| reader.file_columns(columns)).unwrap();
        let tuple = |order: &Order| (order.id.clone(), order.amount, order.coupon.clone());
        assert_eq!(tuples, orders.iter().map(tuple).collect::<Vec<_>>());
    }
    let error = "read failed at record 1 (a.csv:2)";
    assert!(
        files
            .typed::<(u8, u8)>(|reader| reader.file_columns(FileColumns::AnyOrder))
            .unwrap_err()
            .starts_with(error)
    );
    let expected = "read failed: b.csv:1: column 1 is `coupon`, but `id` in `a.csv`; files of one input need the same \
                    columns in the same order, unless `file_columns` is set";
    assert_eq!(files.records(|reader| reader), Err(expected.to_owned()));
}

#[test]
fn in_any_order_a_column_more_or_less_is_an_error() {
    let rule =
        "files of one input need the same columns, unless `file_columns` is `Union`, which is not for tuples";
    let table = [
        ("amount,coupon,id\n", "column 2 is `coupon`, but there is no such column in `a.csv`"),
        ("amount\n", "column 1 is missing, which is `id` in `a.csv`"),
        ("amount,ID\n", "column 2 is `ID`, but there is no such column in `a.csv`"),
    ];
    for (text, difference) in table {
        let files = Files::new(&["id,amount\nA,1\n", text]);
        let expected = format!("read failed: b.csv:1: {difference}; {rule}");
        assert_eq!(files.records(|reader| reader.file_columns(FileColumns::AnyOrder)), Err(expected.clone()));
        assert_eq!(
            files.typed::<Order>(|reader| reader.file_columns(FileColumns::AnyOrder)),
            Err(expected.clone())
        );
        // What is read by position can't have a gap.
        assert_eq!(
            files.typed::<(String, u32)>(|reader| reader.file_columns(FileColumns::Union)),
            Err(expected)
        );
    }
}

#[test]
fn columns_that_files_name_in_different_ways_become_one() {
    let files = Files::new(&["id,Amount\nA,1\n", "Betrag,id,amount\n2,B,\n", "amount,id\n3,C\n"]);
    let out = files.0.path("out.txt");
    let reader = csv::read_records(files.input()).file_columns(FileColumns::Union).block_size(1);
    let flow = Pipeline::builder("test").workers(3).read(reader).alias("amount", ["Amount", "Betrag"]);
    flow.write(csv::write(&out)).unwrap().run_blocking(&RunContext::new()).unwrap();
    assert_eq!(fs::read_to_string(&out).unwrap(), "id,amount\nA,1\nB,2\nC,3\n");
}

#[test]
fn a_union_has_the_columns_of_all_files_from_the_first_record_on() {
    let files = Files::new(&[
        "id,amount\nA,1\n",
        "note,coupon,id,amount\n\"n\"\"\",x,B,2\n",
        "id,amount,coupon\nC,3,\n",
        "amount,id\n4,D\n",
    ]);
    let union = |reader: CsvReader<Records>| reader.file_columns(FileColumns::Union);
    let expected = vec![
        record! {"id" => "A", "amount" => "1", "note" => (), "coupon" => ()},
        record! {"id" => "B", "amount" => "2", "note" => "n\"", "coupon" => "x"},
        record! {"id" => "C", "amount" => "3", "note" => (), "coupon" => ""},
        record! {"id" => "D", "amount" => "4", "note" => (), "coupon" => ()},
    ];
    assert_eq!(files.records(union), Ok(expected));
    let expected =
        vec![order("A", 1, None), order("B", 2, Some("x")), order("C", 3, None), order("D", 4, None)];
    assert_eq!(files.typed::<Order>(|reader| reader.file_columns(FileColumns::Union)), Ok(expected));

    // A CSV file that is written has all columns, and a selected column may be one that the first file lacks.
    let out = files.0.path("out.txt");
    let pipeline =
        Pipeline::builder("test").workers(3).read(union(csv::read_records(files.input())).block_size(1));
    let pipeline = pipeline.select(["coupon", "id"]).write(csv::write(&out)).unwrap();
    let report = pipeline.run_blocking(&RunContext::new()).unwrap();
    assert_eq!(fs::read_to_string(&out).unwrap(), "coupon,id\n,A\nx,B\n,C\n,D\n");
    let bytes: u64 = fs::read_dir(out.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert_eq!(report.read.bytes, bytes - report.written.bytes, "bytes that are read twice are counted once");
}

#[test]
fn a_struct_field_of_a_column_that_a_file_lacks_is_none_or_a_default_or_an_error() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        id: String,
        #[serde(default)]
        amount: u32,
    }
    let union = |reader: CsvReader<Vec<Row>>| reader.file_columns(FileColumns::Union);
    let files = Files::new(&["amount,id\n1,A\n", "id\nB\n"]);
    let row = |id: &str, amount| Row { id: id.into(), amount };
    assert_eq!(files.typed(union), Ok(vec![row("A", 1), row("B", 0)]));
    let expected =
        "read failed at record 1 (b.csv:2): the record does not fit its type: missing field `amount`";
    assert_eq!(files.typed::<Order>(|reader| reader.file_columns(FileColumns::Union)), Err(expected.into()));
    // The same in records that only the `csv` crate can read.
    let files = Files::new(&["x,amount,id\n,1,A\n", "id,amount,x\nB,0x1F,\n", "x,id\n,C\n"]);
    let found = files.typed::<Row>(|reader| reader.file_columns(FileColumns::Union).ragged(Ragged::Pad));
    assert_eq!(found, Ok(vec![row("A", 1), row("B", 31), row("C", 0)]));
    let files = Files::new(&["amount,id\n1,A\n", "id,amount\nB,x\n"]);
    let expected = "read failed at record 1 (b.csv:2): column `amount`: `x`: invalid digit found in string";
    assert_eq!(files.typed(union), Err(expected.into()));
    let files = Files::new(&["amount,id\n1,A\n", "id,amount\nB\n"]);
    assert_eq!(
        files.typed::<Row>(|reader| union(reader).ragged(Ragged::Pad)),
        Ok(vec![row("A", 1), row("B", 0)])
    );
}

#[test]
fn records_of_a_union_need_as_many_cells_as_their_own_header() {
    let union = |reader: CsvReader<Records>| reader.file_columns(FileColumns::Union);
    let files = Files::new(&["id,amount\nA,1\n", "id,amount,coupon\nB,2,x\nC,3\n"]);
    let expected = "read failed at record 2 (b.csv:3): wrong number of columns: expected 3, found 2";
    assert_eq!(files.records(union), Err(expected.into()));
    let expected = record! {"id" => "C", "amount" => "3", "coupon" => ()};
    assert_eq!(files.records(|reader| union(reader).ragged(Ragged::Pad)).unwrap()[2], expected);
    let files = Files::new(&["id,amount\nA,1\n", "id\nB,2\n"]);
    let expected = "read failed at record 1 (b.csv:2): wrong number of columns: expected 1, found 2";
    assert_eq!(files.records(union), Err(expected.into()));
    // A bad header of a later file is found before anything is read.
    let files = Files::new(&["id\nA,1\n", "id\n", "id,id\n"]);
    let expected = "read failed: c.csv:1: columns 1 and 2 have the same name `id`; `unique_names` numbers them, \
             `drop_trailing_empty` drops empty ones at the end";
    assert_eq!(files.records(union), Err(expected.into()));
    let files = Files::new(&["id\nA\n", ""]);
    let expected = "read failed: `b.csv` is empty: its header is missing; `skip_empty_files` skips it";
    assert_eq!(files.records(union), Err(expected.into()));
}

#[test]
fn a_rename_joins_the_columns_that_files_of_a_union_spell_differently() {
    let renamed = |files: &Files| {
        all_ways(|workers, size| {
            let reader = csv::read_records(files.input()).file_columns(FileColumns::Union).block_size(size);
            let flow = Pipeline::builder("test").workers(workers).read(reader).rename("Status", "status");
            Ok(batches(&files.0, flow)?.into_iter().flat_map(Records::into_records).collect::<Vec<_>>())
        })
    };
    let files = Files::new(&["id,status,n\nA,paid,1\nB,,2\n", "n,Status,id\n3,open,C\n", "id\nD\n"]);
    let expected = vec![
        record! {"id" => "A", "status" => "paid", "n" => "1"},
        record! {"id" => "B", "status" => "", "n" => "2"},
        record! {"id" => "C", "status" => "open", "n" => "3"},
        record! {"id" => "D", "status" => (), "n" => ()},
    ];
    assert_eq!(renamed(&files), Ok(expected));
    let files = Files::new(&["id,status\nA,paid\n", "Status,id,status\nopen,B,\n"]);
    let expected = vec![record! {"id" => "A", "status" => "paid"}, record! {"id" => "B", "status" => "open"}];
    assert_eq!(renamed(&files), Ok(expected));
    let files = Files::new(&["id,status\nA,paid\n", "Status,id,status\nopen,B,new\n"]);
    let expected = "step[0] (rename) failed at record 1 (b.csv:2): field `Status` can't be renamed to `status`: \
         both have a value";
    assert_eq!(renamed(&files), Err(expected.into()));
}

#[test]
fn a_file_with_another_delimiter_is_refused() {
    let refused = |name: &str, header: &str, delimiter: &str| {
        format!(
            "read failed: {name}.csv:1: the header is the single column `{header}`, but its parts are columns of other \
             files (is the delimiter `{delimiter}`?); read files with another delimiter as an input of their own, \
             with `delimiter`"
        )
    };
    let all = [FileColumns::Same, FileColumns::AnyOrder, FileColumns::Union];
    for columns in all {
        let records = |texts: &[&str]| Files::new(texts).records(|reader| reader.file_columns(columns));
        let plain = "id,amount\nA,1\n";
        assert_eq!(records(&[plain, "id;amount\nB;2\n"]), Err(refused("b", "id;amount", ";")));
        assert_eq!(records(&["id;amount\nA;1\n", plain]), Err(refused("a", "id;amount", ";")));
        assert_eq!(records(&[plain, plain, "amount\tid\n2\tB\n"]), Err(refused("c", r"amount\tid", r"\t")));
        let files = Files::new(&["id;amount\nA;1\n", "id,amount\nB,2\n"]);
        let found = files.records(|reader| reader.file_columns(columns).delimiter(b';'));
        assert_eq!(found, Err(refused("b", "id,amount", ",")));
        let found = files.typed::<BTreeMap<String, String>>(|reader| reader.file_columns(columns));
        assert_eq!(found, Err(refused("a", "id;amount", ";")));
    }
    // Columns that two files have together.
    let union = |texts: &[&str]| Files::new(texts).records(|reader| reader.file_columns(FileColumns::Union));
    let found = union(&["id,amount\n", "id,coupon\n", "id|coupon|amount\nC|x|3\n"]);
    assert_eq!(found.map(drop), Err(refused("c", "id|coupon|amount", "|")));
    // Files that are honest.
    for (texts, columns) in [
        (["id,amount\nA,1\n", "note; or comment\nx;y\n"], 3),
        (["id,amount\nA,1\n", "\"id;amount\"\nA;1\n"], 3),
        (["id;amount\nA;1\n", "amount;id\n1;A\n"], 2),
        (["id,amount\nA,1\n", "id;note\nA;1\n"], 3),
        (["id,amount\nA,1\n", "id\nA;1\n"], 2),
    ] {
        assert_eq!(union(&texts).unwrap()[0].len(), columns, "{texts:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_union_refuses_what_can_be_read_only_once() {
    let files = Files::new(&["id\nA\n"]);
    let input = Input::paths([files.0.path("a.csv"), "/dev/null".into()]);
    let flow = Pipeline::builder("test").read(csv::read_records(input).file_columns(FileColumns::Union));
    let expected = "read failed: `/dev/null` is not a regular file: it can be read only once";
    assert_eq!(batches(&files.0, flow).map(drop), Err(expected.into()));
}

/// Files with some of five columns, in any order.
fn tables() -> impl Strategy<Value = Vec<(Vec<&'static str>, Vec<Vec<String>>)>> {
    let names = Just(vec!["a", "b", "c", "d,", "e\""]).prop_shuffle();
    let names = (names, 1usize..5).prop_map(|(mut names, len)| {
        names.truncate(len);
        names
    });
    let table = names.prop_flat_map(|names| {
        let row = prop::collection::vec("[x,\"\n]{0,3}", names.len());
        (Just(names), prop::collection::vec(row, 0..4))
    });
    prop::collection::vec(table, 1..5)
}

fn line<S: AsRef<str>>(cells: &[S]) -> String {
    let quoted = cells.iter().map(|cell| format!("\"{}\"", cell.as_ref().replace('"', "\"\"")));
    quoted.collect::<Vec<_>>().join(",") + "\n"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_union_has_each_cell_under_its_name(tables in tables()) {
        let texts: Vec<String> = tables.iter().map(|(names, rows)| {
            line(names) + &rows.iter().map(|row| line(row)).collect::<String>()
        }).collect();
        let files = Files::new(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let mut all: Vec<&str> = Vec::new();
        let mut seen = BTreeSet::new();
        tables.iter().flat_map(|(names, _)| names).for_each(|name| if seen.insert(name) { all.push(name) });
        let (mut expected, mut maps) = (Vec::new(), Vec::new());
        for (names, rows) in &tables {
            for row in rows {
                let cells: BTreeMap<&str, &String> = names.iter().copied().zip(row).collect();
                expected.push(all.iter().map(|&name| (name, cells.get(name).map(|cell| (*cell).clone()))).collect::<Record>());
                maps.push(cells.iter().map(|(&name, &cell)| (name.to_owned(), cell.clone())).collect::<BTreeMap<_, _>>());
            }
        }
        prop_assert_eq!(files.records(|reader| reader.file_columns(FileColumns::Union)), Ok(expected));
        prop_assert_eq!(files.typed(|reader| reader.file_columns(FileColumns::Union)), Ok(maps));
    }
}

#[test]
fn a_header_in_the_first_file_only_counts_for_all() {
    let files = Files::new(&[
        "id,amount\nA,1\n",
        "B,2\nC,3\n",
        "",
        "\u{feff}\"id\",amount\r\nD,4\r\n",
        "id,amounts\n",
    ]);
    let once = |reader: CsvReader<Records>| reader.header_in_first_file();
    let row = |id: &str, amount: &str| record! {"id" => id, "amount" => amount};
    let expected = vec![row("A", "1"), row("B", "2"), row("C", "3"), row("D", "4"), row("id", "amounts")];
    assert_eq!(files.records(once), Ok(expected.clone()));
    assert_eq!(files.records(|reader| once(reader).file_columns(FileColumns::Union)), Ok(expected));
    let files = Files::new(&["id,amount\nA,1\n", "B\n"]);
    let expected = "read failed at record 1 (b.csv:1): wrong number of columns: expected 2, found 1";
    assert_eq!(files.records(once), Err(expected.into()));
    let files = Files::new(&["", "B\n"]);
    let expected = "read failed: `a.csv` is empty: its header is missing; `skip_empty_files` skips it";
    assert_eq!(files.records(once), Err(expected.into()));
    let found = files.records(|reader| once(reader).skip_empty_files());
    assert_eq!(found, Ok(vec![]), "the first file that is not empty has the header");
}

#[test]
fn empty_files_are_skipped_on_request() {
    let skip = |reader: CsvReader<Records>| reader.skip_empty_files();
    let expected = vec![record! {"id" => "A"}, record! {"id" => "B"}];
    let files = Files::new(&["", "id\nA\n", "\n\r\n", "\u{feff}", "id\nB\n", ""]);
    for columns in [FileColumns::Same, FileColumns::AnyOrder, FileColumns::Union] {
        assert_eq!(files.records(|reader| skip(reader).file_columns(columns)), Ok(expected.clone()));
    }
    let missing = "is empty: its header is missing";
    let hint = "; `skip_empty_files` skips it";
    assert_eq!(files.records(|reader| reader), Err(format!("read failed: `a.csv` {missing}{hint}")));
    let files = Files::new(&["id\nA\n", "#x\n"]);
    assert_eq!(
        files.records(|reader| reader.comment(b'#')),
        Err(format!("read failed: `b.csv` {missing}{hint}"))
    );
    assert_eq!(files.records(|reader| skip(reader).comment(b'#')), Ok(vec![record! {"id" => "A"}]));
    // Without any header the columns are not known.
    assert_eq!(Files::new(&["", ""]).records(skip), Err(format!("read failed: `a.csv` {missing}")));
    assert_eq!(Files::new(&[""]).records(skip), Err(format!("read failed: `a.csv` {missing}")));
}

#[test]
fn the_marker_of_spark_is_skipped_as_an_empty_file() {
    let files = Files::new(&[]);
    fs::write(files.0.path("_SUCCESS"), "").unwrap();
    fs::write(files.0.path("part-0.csv"), "id\nA\n").unwrap();
    let reader = || csv::read_records(Input::directory(files.0.path("")));
    let run = |reader| batches(&files.0, Pipeline::builder("test").read(reader)).map(|found| found.len());
    let expected = "read failed: `_SUCCESS` is empty: its header is missing; `skip_empty_files` skips it";
    assert_eq!(run(reader()), Err(expected.into()));
    assert_eq!(run(reader().skip_empty_files()), Ok(1));
}

#[test]
fn a_declared_delimiter_is_read_on_request() {
    let sep = |reader: CsvReader<Records>| reader.sep_line();
    let expected = vec![record! {"id" => "A", "amount" => "1,5"}, record! {"id" => "B", "amount" => "2,5"}];
    for mark in ["", "\u{feff}"] {
        let files =
            Files::new(&[&format!("{mark}sep=;\r\nid;amount\r\nA;1,5\r\n"), "SEP=;\nid;amount\nB;2,5\n"]);
        assert_eq!(files.records(sep), Ok(expected.clone()));
        assert_eq!(
            files.records(|reader| sep(reader).file_columns(FileColumns::Union)),
            Ok(expected.clone())
        );
        let found = files.typed::<(String, String)>(|reader| reader.sep_line().no_header());
        assert_eq!(found.unwrap()[0], ("id".to_owned(), "amount".to_owned()));
        let refused = "read failed: a.csv:1: this line declares the delimiter `;`; `sep_line` reads it";
        assert_eq!(files.records(|reader| reader), Err(refused.into()));
        assert_eq!(files.records(|reader| reader.delimiter(b';')), Err(refused.into()));
        assert_eq!(files.records(|reader| reader.names(["id"])), Err(refused.into()));
        assert_eq!(files.records(|reader| reader.skip_lines(1).delimiter(b';')), Ok(expected.clone()));
    }
    // A title below it, and a file without it.
    let files = Files::new(&["sep=;\nOrders\nid;amount\nA;1,5\n", "Orders\nid;amount\nB;2,5\n"]);
    assert_eq!(files.records(|reader| sep(reader).skip_lines(1)), Ok(expected));
    let files = Files::new(&["id,amount\nA,1\n"]);
    assert_eq!(files.records(sep), Ok(vec![record! {"id" => "A", "amount" => "1"}]));
    // Lines that only begin like it.
    for name in ["sep=", "sep=;;", "sep=;a", "separator"] {
        let files = Files::new(&[&format!("{name}\nA\n")]);
        assert_eq!(files.records(|reader| reader), Ok(vec![record! {name => "A"}]));
    }
    let files = Files::new(&["id,amount\nA,1\n", "sep=;\nid;amount\n"]);
    let expected = "read failed: b.csv:1: this line declares the delimiter `;`, but the first file has `,`";
    assert_eq!(files.records(sep), Err(expected.into()));
    let files = Files::new(&["sep=\"\nid\n"]);
    assert_eq!(
        files.records(sep),
        Err("read failed: `\\\"` can't be the delimiter: use another ASCII character".into())
    );
}

#[test]
fn names_are_made_unique_on_request() {
    let unique = |reader: CsvReader<Records>| reader.unique_names();
    let expected = record! {"id" => "1", "id_2" => "2", "column_3" => "3", "x" => "4", "column_5" => "5"};
    let files = Files::new(&["id,id,,x,\n1,2,3,4,5\n"]);
    assert_eq!(files.records(unique), Ok(vec![expected]));
    let files = Files::new(&["id, id\n1,2\n"]);
    let expected = vec![record! {"id" => "1", "id_2" => "2"}];
    assert_eq!(files.records(|reader| unique(reader).trim(Trim::Header)), Ok(expected));
    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        id_2: u8,
    }
    let found = files.typed(|reader| reader.unique_names().trim(Trim::Header));
    assert_eq!(found, Ok(vec![Row { id_2: 2 }]));
}

#[test]
fn trailing_empty_cells_are_dropped_on_request() {
    let drop = |reader: CsvReader<Records>| reader.drop_trailing_empty();
    let files = Files::new(&["id,amount,,\n1,2,,\n3,,\n4,5\n\"6\",7,\"\",,,\n"]);
    let row = |id: &str, amount: &str| record! {"id" => id, "amount" => amount};
    assert_eq!(files.records(drop), Ok(vec![row("1", "2"), row("3", ""), row("4", "5"), row("6", "7")]));
    let found = files.typed::<(u8, Option<u8>)>(|reader| reader.drop_trailing_empty());
    assert_eq!(found, Ok(vec![(1, Some(2)), (3, None), (4, Some(5)), (6, Some(7))]));
    for (text, found) in [("1,2,,x\n", 4), ("1,2, \n", 3), ("1\n", 1)] {
        let files = Files::new(&[&format!("id,amount,\n{text}")]);
        let expected =
            format!("read failed at record 1 (a.csv:2): wrong number of columns: expected 2, found {found}");
        assert_eq!(files.records(drop), Err(expected));
    }
    let files = Files::new(&["id, \n1, \t\n"]);
    assert_eq!(files.records(|reader| drop(reader).trim(Trim::All)), Ok(vec![record! {"id" => "1"}]));
    // An empty name between others is a column, and a file without header keeps its columns.
    let files = Files::new(&["id,,x,\n1,2,3,\n"]);
    assert_eq!(files.records(drop), Ok(vec![record! {"id" => "1", "" => "2", "x" => "3"}]));
    let files = Files::new(&["1,\n2,3,\n"]);
    let found = files.typed::<(u8, Option<u8>)>(|reader| reader.no_header().drop_trailing_empty());
    assert_eq!(found, Ok(vec![(1, None), (2, Some(3))]));
    let files = Files::new(&["id,id,\n1,2,\n"]);
    let found = files.records(|reader| drop(reader).unique_names().ragged(Ragged::Pad));
    assert_eq!(found, Ok(vec![record! {"id" => "1", "id_2" => "2"}]));
}

#[test]
fn all_byte_order_marks_at_the_start_of_a_file_are_skipped() {
    let mark = "\u{feff}";
    let files =
        Files::new(&[&format!("{mark}{mark}id\nA\n"), &format!("{mark}{mark}{mark}\"id\"\n{mark}B\n")]);
    let expected = vec![record! {"id" => "A"}, record! {"id" => format!("{mark}B")}];
    assert_eq!(files.records(|reader| reader), Ok(expected.clone()));
    assert_eq!(files.records(|reader| reader.file_columns(FileColumns::Union)), Ok(expected));
    let utf_16: Vec<u8> = format!("{mark}{mark}id\nA\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let input = Input::bytes("orders", utf_16).encoding("utf-16".parse().unwrap());
    let found = batches(&files.0, Pipeline::builder("test").read(csv::read_records(input)));
    let found: Vec<Record> = found.unwrap().into_iter().flat_map(Records::into_records).collect();
    assert_eq!(found, [record! {"id" => "A"}]);
}

#[test]
fn no_file_at_all_has_no_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    fs::write(&path, "id,amount\n1,2.5\n").unwrap();
    let nothing = || Input::bytes_of([("", ""); 0]);
    let readers = [
        csv::read_records(nothing()),
        csv::read_records(nothing()).no_header(),
        csv::read_records(nothing()).names(["amount"]),
        csv::read_records(nothing()).file_columns(FileColumns::Union),
        csv::read_records(nothing()).skip_lines(2),
    ];
    for reader in readers {
        let pipeline = Pipeline::builder("t")
            .read(reader)
            .cast("amount", godata_etl::Type::Float)
            .write(csv::write(godata_io_csv::Output::path(&path).append()))
            .unwrap();
        assert_eq!(pipeline.run_blocking(&RunContext::new()).unwrap().written.records, 0);
    }
    let pipeline = Pipeline::builder("t").read(csv::read::<Order>(nothing()));
    let pipeline = pipeline.write_fn(|_, _: Vec<Order>| async { Ok(()) }).unwrap();
    assert_eq!(pipeline.run_blocking(&RunContext::new()).unwrap().read.records, 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), "id,amount\n1,2.5\n");
}

#[test]
fn an_open_quote_ends_with_its_byte_string() {
    let input =
        Input::bytes_of([("in:3", "id,a\n1,\"x\n"), ("in:9", "id,a\n2,y\n"), ("in:12", "id,a\n\"3\",z\n")]);
    let pipeline = Pipeline::builder("t")
        .on_error(godata_etl::OnError::skip(godata_etl::Limit::records(1)))
        .read(csv::read_records(input))
        .write_fn(|_, _: Records| async { Ok(()) })
        .unwrap();
    let report = pipeline.run_blocking(&RunContext::new()).unwrap();
    assert_eq!(
        (report.written.records, report.rejections[0].place.to_string()),
        (2, "record 1 (in:3:2)".to_owned())
    );
}
