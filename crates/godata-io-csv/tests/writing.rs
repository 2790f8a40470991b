//! Writing files, and the records that are refused.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use godata_core::{RunContext, excerpt};
use godata_etl::{Pipeline, Record, Records, Type, Value, record};
use godata_io_csv::Output;
use serde::Serialize;

use godata_io_csv as csv;
use support::{Folder, flow_of, written, written_structs};

#[derive(Clone, Serialize)]
struct Order {
    id: String,
    amount: f64,
    coupon: Option<u32>,
}

fn batch<const N: usize>(rows: [Record; N]) -> Records {
    rows.into_iter().collect()
}

fn plain(batches: Vec<Records>) -> support::Outcome<String> {
    written(flow_of(batches), |writer| writer)
}

#[test]
fn structs_are_written_under_a_header() {
    let order = |id: &str, amount, coupon| Order { id: id.into(), amount, coupon };
    let text = written_structs(vec![order("A", 12.0, None), order("B;\"", 0.5, Some(3))]);
    assert_eq!(text.unwrap(), "id,amount,coupon\nA,12.0,\n\"B;\"\"\",0.5,3\n");
}

#[test]
fn every_kind_of_value_has_a_text_form() {
    let time = Value::from("x");
    let row = record! {
        "null" => (), "bool" => true, "int" => -1, "uint" => u64::MAX, "float" => 12.0, "big" => 1e300, "text" => time
    };
    let text = plain(vec![batch([row])]).unwrap();
    assert_eq!(text, "null,bool,int,uint,float,big,text\n,true,-1,18446744073709551615,12.0,1e300,x\n");
}

#[test]
fn instants_are_written_as_rfc_3339() {
    let mut rows = batch([record! {"at" => "2024-05-01T14:00:00+02:00"}]);
    let at = rows.row(0).unwrap().timestamp("at").unwrap();
    rows.row_mut(0).unwrap().set("at", at);
    assert_eq!(plain(vec![rows]).unwrap(), "at\n2024-05-01T12:00:00Z\n");
}

#[test]
fn unchanged_cells_are_written_as_they_were_read() {
    let source = "a,b\n012.50,\" x\ty \"\n1e3,\"\"\n";
    let folder = Folder::new(source.as_bytes());
    let flow = Pipeline::builder("test").read(csv::read_records(&folder.path)).filter(|_| true);
    assert_eq!(written(flow, |writer| writer).unwrap(), "a,b\n012.50, x\ty \n1e3,\n");

    let folder = Folder::new(b"a\n12.50\n1e3\n");
    let flow = Pipeline::builder("test").read(csv::read_records(&folder.path)).cast("a", Type::Float);
    assert_eq!(written(flow, |writer| writer).unwrap(), "a\n12.50\n1e3\n");
}

#[test]
fn options_take_effect() {
    let rows = || flow_of(vec![batch([record! {"a;" => "x;y", "b" => "1,2"}])]);
    assert_eq!(written(rows(), |writer| writer.delimiter(b';')).unwrap(), "\"a;\";b\n\"x;y\";1,2\n");
    assert_eq!(written(rows(), |writer| writer.no_header()).unwrap(), "x;y,\"1,2\"\n");
    let rows = flow_of(vec![batch([record! {"a" => 12.5}])]);
    assert_eq!(written(rows, |writer| writer.delimiter(b'.')).unwrap(), "a\n\"12.5\"\n");
}

#[test]
fn a_run_without_records_creates_an_empty_file() {
    assert_eq!(plain(vec![]).unwrap(), "");
    assert_eq!(written_structs(Vec::<Order>::new()).unwrap(), "");
}

#[test]
fn a_record_of_one_empty_cell_is_not_a_blank_line() {
    assert_eq!(
        plain(vec![batch([record! {"a" => ""}, record! {"a" => ()}, record! {}])]).unwrap(),
        "a\n\"\"\n\"\"\n\"\"\n"
    );
    assert_eq!(plain(vec![batch([record! {"" => ""}])]).unwrap(), "\"\"\n\"\"\n");
}

#[test]
fn later_batches_are_written_in_the_order_of_the_header() {
    let batches = vec![
        batch([record! {"a" => 1, "b" => 2, "c" => "x"}]),
        batch([record! {"c" => "y,\"z\n\"", "a" => 3}, record! {"c" => ""}]),
        batch([record! {}, record! {}]),
        batch([record! {"b" => 4, "c" => 5, "a" => 6}]),
    ];
    assert_eq!(plain(batches).unwrap(), "a,b,c\n1,2,x\n3,,\"y,\"\"z\n\"\"\"\n,,\n,,\n,,\n6,4,5\n");
}

#[test]
fn a_field_that_only_later_batches_have_is_a_column() {
    let batches = vec![batch([record! {"a" => 1}]), batch([record! {"a" => 2, "b" => 3}])];
    assert_eq!(plain(batches).unwrap(), "a,b\n1,\n2,3\n");
}

#[test]
fn a_field_that_was_removed_from_all_records_has_no_column() {
    let flow = flow_of(vec![batch([record! {"a" => 1, "b" => 2}, record! {"a" => 3, "b" => 4}])]);
    let flow = flow.transform(|record| {
        record.remove("a");
        Ok(())
    });
    assert_eq!(written(flow, |writer| writer).unwrap(), "b\n2\n4\n");
}

#[test]
fn records_of_one_batch_may_have_different_fields() {
    let rows = batch([record! {"a" => 1}, record! {"b" => 2}]);
    assert_eq!(plain(vec![rows]).unwrap(), "a,b\n1,\n,2\n");

    #[derive(Clone, Serialize)]
    struct Sparse {
        #[serde(skip_serializing_if = "Option::is_none")]
        a: Option<u8>,
        b: u8,
    }
    let text = written_structs(vec![Sparse { a: None, b: 1 }, Sparse { a: Some(2), b: 3 }]);
    assert_eq!(text.unwrap(), "b,a\n1,\n3,2\n");
}

#[test]
fn values_without_a_text_form_are_refused() {
    let table = [
        (Value::from(vec![1, 2]), "a list"),
        (Value::Map(vec![]), "a map"),
        (Value::Bytes(vec![1]), "bytes"),
        (Value::from("a\0"), "text with a NUL byte"),
    ];
    for (value, found) in table {
        let error = plain(vec![batch([record! {"a" => 1}, record! {"a" => value}])]).unwrap_err();
        assert_eq!(
            error,
            format!("write failed at record 2: field `a`: {found} can't be written to a CSV cell")
        );
    }
    let error = plain(vec![batch([record! {"a\0" => 1}])]).unwrap_err();
    let expected = r"write failed: field `a\u{0}`: text with a NUL byte can't be written to a CSV cell";
    assert_eq!(error, expected);
}

#[test]
fn items_that_are_not_structs_are_refused() {
    let error = written_structs(vec![1, 2]).unwrap_err();
    assert_eq!(error, "write failed at record 1: expected a struct or a map, found number `1`");
}

#[test]
fn records_without_fields_are_refused() {
    let error = plain(vec![batch([record! {}])]).unwrap_err();
    assert_eq!(error, "write failed: records without fields can't be written as CSV");
}

#[test]
fn an_impossible_delimiter_is_refused() {
    let rows = flow_of(vec![]);
    let error = written(rows, |writer| writer.delimiter(b'"')).unwrap_err();
    assert_eq!(error, "write failed: `\\\"` can't be the delimiter: use another ASCII character");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_fails_the_run() {
    let folder = Folder::new(b"");
    let pipeline = flow_of(vec![batch([record! {"a" => 1}])]).write(csv::write("/dev/full")).unwrap();
    let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
    let expected = "write failed: writing `/dev/full` failed: No space left on device (os error 28)";
    assert_eq!(folder.message(&error), expected);
}

#[test]
fn a_file_can_be_written_over_itself() {
    let folder = Folder::new(b"a,b\n1,2\n3,4\n");
    let pipeline = Pipeline::builder("test")
        .read(csv::read_records(&folder.path).block_size(4))
        .filter(|record| record.str("a") == Some("3"))
        .write(csv::write(&folder.path))
        .unwrap();
    pipeline.run_blocking(&RunContext::new()).unwrap();
    assert_eq!(std::fs::read_to_string(&folder.path).unwrap(), "a,b\n3,4\n");
}

#[test]
fn a_file_with_a_header_of_over_64_kib_is_appended_to() {
    let name = |at: usize| format!("{at}-{}", "x".repeat(100));
    let row = |count: usize| -> Record { (0..count).map(|at| (name(at), at as i64)).collect() };
    for extension in ["csv", "csv.gz"] {
        let folder = Folder::new(b"");
        let path = folder.path(&format!("wide.{extension}"));
        let append = |row: Record| {
            let flow = flow_of(vec![batch([row])]);
            let pipeline = flow.write(csv::write(Output::path(&path).append())).unwrap();
            pipeline.run_blocking(&RunContext::new()).map(drop).map_err(|error| folder.message(&error))
        };
        append(row(1_000)).unwrap();
        append(row(1_000)).unwrap();
        let expected = format!(
            "write failed: `wide.{extension}` can't be appended to: column 1000 is `{}`, but there is no such column in \
             the records; `columns` sets what is written",
            excerpt(&name(999)),
        );
        assert_eq!(append(row(999)), Err(expected));
        let flow = Pipeline::builder("test").read(csv::read_records(&path));
        let found = support::batches(&folder, flow).unwrap();
        assert_eq!(found.iter().map(Records::len).sum::<usize>(), 2);
    }
}
