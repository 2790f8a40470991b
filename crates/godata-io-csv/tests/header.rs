//! The header: where its names come from, with and without records.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use std::fs;

use godata_core::RunContext;
use godata_etl::{Concurrency, Flow, Pipeline, Record, Records, Type, record};
use godata_io_csv::{FileColumns, Input, Output};
use serde::{Deserialize, Serialize};

use godata_io_csv as csv;
use support::{Folder, Outcome, batches, flow_of, written, written_structs};

const INPUT: &str = "id,amount\nA-1,10\nA-2,20\n";

/// All records are dropped by the first step.
fn none() -> Flow<Records> {
    let reader = csv::read_records(Input::bytes("orders.csv", INPUT)).block_size(4);
    Pipeline::builder("test").workers(4).read(reader).filter(|_| false)
}

/// The input has a header and no records.
fn only_a_header() -> Flow<Records> {
    Pipeline::builder("test").read(csv::read_records(Input::bytes("orders.csv", "id,amount\n")))
}

fn plain(flow: Flow<Records>) -> Outcome<String> {
    written(flow, |writer| writer)
}

#[test]
fn a_run_without_records_writes_the_header_of_its_input() {
    type Steps = fn(Flow<Records>) -> Flow<Records>;
    let table: [(Steps, &str); 10] = [
        (|flow| flow, "id,amount\n"),
        (|flow| flow.filter(|r| r.str("id").is_some()), "id,amount\n"),
        (|flow| flow.select(["amount"]), "amount\n"),
        (|flow| flow.rename("amount", "price"), "id,price\n"),
        (|flow| flow.drop_fields(["id"]), "amount\n"),
        (|flow| flow.cast("amount", Type::Float), "id,amount\n"),
        (|flow| flow.derive("gross", |r| Ok(r.f64("amount")? * 1.19)), "id,amount,gross\n"),
        (
            |flow| flow.derive("gross", |r| Ok(r.f64("amount")?)).rename("gross", "g").select(["g", "id"]),
            "g,id\n",
        ),
        (|flow| flow.take(1).inspect(|_| {}), "id,amount\n"),
        (|flow| flow.transform(|_| Ok(())).select(["id"]), "id\n"),
    ];
    for (steps, expected) in table {
        assert_eq!(plain(steps(none())).as_deref(), Ok(expected));
        assert_eq!(plain(steps(only_a_header())).as_deref(), Ok(expected));
    }
}

#[test]
fn a_column_that_is_not_there_is_found_without_records() {
    for flow in [none(), only_a_header()] {
        let error = plain(flow.select(["price"])).unwrap_err();
        assert!(error.ends_with("no field is named `price`; the fields are `id`, `amount`"), "{error}");
    }
}

#[test]
fn the_next_pipeline_reads_a_file_that_has_only_a_header() {
    let folder = Folder::new(b"");
    let pipeline = none().write(csv::write(&folder.path)).unwrap();
    let report = pipeline.run_blocking(&RunContext::new()).unwrap();
    assert_eq!((report.read.records, report.written.records, report.written.bytes), (2, 0, 10));
    let next = Pipeline::builder("next").read(csv::read_records(&folder.path));
    assert_eq!(plain(next.rename("amount", "price")).as_deref(), Ok("id,price\n"));

    #[derive(Debug, Deserialize, PartialEq)]
    struct Order {
        id: String,
    }
    let structs = Pipeline::builder("next").read(csv::read::<Order>(&folder.path));
    assert_eq!(batches(&folder, structs).unwrap(), Vec::<Vec<Order>>::new());
}

#[test]
fn the_options_of_the_writer_apply_without_records() {
    assert_eq!(written(none(), |writer| writer.no_header()).as_deref(), Ok(""));
    assert_eq!(written(none(), |writer| writer.columns(["id", "x"])).as_deref(), Ok("id,x\n"));
    let options = written(none(), |writer| writer.delimiter(b';').quoting(csv::Quoting::Always));
    assert_eq!(options.as_deref(), Ok("\"id\";\"amount\"\n"));
}

#[test]
fn the_header_of_several_files_has_all_their_columns_without_records() {
    let folder = Folder::new(b"id,amount\nA-1,10\n");
    fs::write(folder.path("z.csv"), "coupon,id,amount\nX,A-2,20\n").unwrap();
    let input = || Input::paths([folder.path.clone(), folder.path("z.csv")]);
    let reader = csv::read_records(input()).file_columns(FileColumns::Union);
    let flow = Pipeline::builder("test").read(reader).filter(|_| false);
    assert_eq!(plain(flow).as_deref(), Ok("id,amount,coupon\n"));
}

#[test]
fn outputs_of_each_kind_get_the_header_without_records() {
    let folder = Folder::new(b"");
    let run = |flow: Flow<Records>, output: Output| {
        flow.write(csv::write(output)).unwrap().run_blocking(&RunContext::new()).unwrap()
    };
    let read = |name: &str| fs::read_to_string(folder.path(name)).unwrap();
    let append = || Output::path(folder.path("appended.csv")).append();
    run(none(), append());
    assert_eq!(read("appended.csv"), "id,amount\n");
    run(none(), append());
    let all = || Pipeline::builder("test").read(csv::read_records(Input::bytes("orders.csv", INPUT)));
    run(all(), append());
    run(none(), append());
    assert_eq!(read("appended.csv"), INPUT);

    run(none(), Output::path(folder.path("rolled.csv")).roll_by_records(1));
    assert_eq!(read("rolled-00001.csv"), "id,amount\n");

    let partitions = folder.path("{id}.part").display().to_string();
    let report = run(none(), Output::partitioned(partitions.clone()));
    assert_eq!(report.written.bytes, 0);
    run(all().filter(|r| r.str("id") == Some("A-2")), Output::partitioned(partitions));
    assert_eq!(read("A-2.part"), "id,amount\nA-2,20\n");
    assert!(!folder.path("A-1.part").exists());
}

#[test]
fn without_names_a_run_without_records_writes_nothing() {
    #[derive(Clone, Serialize)]
    struct Order {
        id: String,
    }
    assert_eq!(written_structs(Vec::<Order>::new()).as_deref(), Ok(""));
    assert_eq!(plain(flow_of(vec![])).as_deref(), Ok(""));
    let dropped = flow_of(vec![Records::from_iter([record! {"id" => 1}])]).filter(|_| false);
    assert_eq!(plain(dropped).as_deref(), Ok(""));
    let structs = Pipeline::builder("test").read_vec(Vec::<Order>::new());
    assert_eq!(written(structs, |writer| writer.columns(["id"])).as_deref(), Ok("id\n"));
}

#[test]
fn a_select_makes_the_header_from_records_with_names_of_their_own() {
    let rows =
        || vec![Records::from_iter([record! {"b" => 1}]), Records::from_iter([record! {"c" => 3, "a" => 2}])];
    assert_eq!(plain(flow_of(rows()).select(["a", "b"])).as_deref(), Ok("a,b\n,1\n2,\n"));
    assert_eq!(plain(flow_of(rows()).select(["a", "b"]).filter(|_| false)).as_deref(), Ok("a,b\n"));
}

#[test]
fn the_header_is_made_from_the_first_records_whatever_their_batches() {
    let rows: Vec<Record> = vec![
        record! {"a" => 1},
        record! {"b" => 2, "a" => 3},
        record! {"c" => 4},
        record! {"a" => 5, "d" => 6},
    ];
    for size in 1..=4 {
        let flow = || flow_of(rows.chunks(size).map(|rows| rows.iter().cloned().collect()).collect());
        let with = |records: usize| written(flow(), |writer| writer.header_from(records));
        assert_eq!(with(4).as_deref(), Ok("a,b,c,d\n1,,,\n3,2,,\n,,4,\n5,,,6\n"));
        assert!(with(3).unwrap_err().starts_with("write failed: field `d` of record "));
        assert!(with(2).unwrap_err().starts_with("write failed: field `c` of record "));
        assert!(with(0).unwrap_err().starts_with("write failed: field `b` of record "));
        let dropped = written(flow(), |writer| writer.header_from(2).drop_extra_fields());
        assert_eq!(dropped.as_deref(), Ok("a,b\n1,\n3,2\n,\n5,\n"));
        let listed = written(flow(), |writer| writer.columns(["d", "a"]).drop_extra_fields());
        assert_eq!(listed.as_deref(), Ok("d,a\n,1\n,3\n,\n6,5\n"));
    }
}

#[test]
fn the_names_do_not_depend_on_the_batches_and_a_select_fixes_their_order() {
    let rows = [record! {"id" => 1}, record! {"id" => 2, "total" => 5}];
    for size in 1..=2 {
        let flow = || {
            let flow = flow_of(rows.chunks(size).map(|rows| rows.iter().cloned().collect()).collect());
            flow.derive("rank", |_| Ok(7)).derive("total", |_| Ok(8))
        };
        let text = plain(flow()).unwrap();
        let mut names: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        names.sort_unstable();
        assert_eq!(names, ["id", "rank", "total"]);
        let selected = plain(flow().select(["id", "rank", "total"]));
        assert_eq!(selected.as_deref(), Ok("id,rank,total\n1,7,8\n2,7,8\n"));
    }
}

#[test]
fn an_empty_record_has_quotes_only_under_one_column() {
    let table: [(Vec<Record>, [&str; 2]); 4] = [
        (
            vec![record! {"a" => 1, "b" => 2}, record! {"b" => ()}, record! {"b" => ""}, record! {}],
            ["a,b\n1,2\n,\n,\n,\n", "\"a\",\"b\"\n1,2\n,\n,\"\"\n,\n"],
        ),
        (
            vec![record! {"b" => ()}, record! {"b" => ""}, record! {"a" => 1}],
            ["b,a\n,\n,\n,1\n", "\"b\",\"a\"\n,\n\"\",\n,1\n"],
        ),
        (
            vec![record! {"b" => ()}, record! {"b" => ""}, record! {}, record! {"b" => 1}],
            ["b\n\"\"\n\"\"\n\"\"\n1\n", "\"b\"\n\"\"\n\"\"\n\"\"\n1\n"],
        ),
        (vec![record! {"" => ()}, record! {"" => 1}], ["\"\"\n\"\"\n1\n", "\"\"\n\"\"\n1\n"]),
    ];
    for (rows, [necessary, non_numeric]) in table {
        for size in 1..=rows.len() {
            let flow = || flow_of(rows.chunks(size).map(|rows| rows.iter().cloned().collect()).collect());
            assert_eq!(plain(flow()).as_deref(), Ok(necessary), "{size}");
            let quoted = written(flow(), |writer| writer.quoting(csv::Quoting::NonNumeric));
            assert_eq!(quoted.as_deref(), Ok(non_numeric), "{size}");
            let cr_lf = written(flow(), |writer| writer.terminator(csv::Terminator::CrLf));
            assert_eq!(cr_lf, Ok(necessary.replace('\n', "\r\n")), "{size}");
        }
    }
    let wide = |size: usize| {
        let rows = [record! {"b" => (), "a" => 1}, record! {"b" => 2, "a" => 3}, record! {"b" => ()}];
        flow_of(rows.chunks(size).map(|rows| rows.iter().cloned().collect()).collect())
    };
    for size in 1..=3 {
        let one = "b\n\"\"\n2\n\"\"\n";
        assert_eq!(plain(wide(size).select(["b"])).as_deref(), Ok(one), "{size}");
        let dropped = written(wide(size), |writer| writer.columns(["b"]).drop_extra_fields());
        assert_eq!(dropped.as_deref(), Ok(one), "{size}");
        let with_word = written(wide(size), |writer| writer.null("NULL"));
        assert_eq!(with_word.as_deref(), Ok("b,a\nNULL,1\n2,3\nNULL,NULL\n"), "{size}");
    }
    let rows = [record! {"b" => 1}, record! {"b" => (), "a" => 1}];
    for size in 1..=2 {
        let flow = flow_of(rows.chunks(size).map(|rows| rows.iter().cloned().collect()).collect());
        let dropped = written(flow, |writer| writer.header_from(1).drop_extra_fields());
        assert_eq!(dropped.as_deref(), Ok("b\n1\n\"\"\n"), "{size}");
    }
}

#[test]
fn structs_that_leave_out_fields_follow_the_same_rule() {
    #[derive(Clone, Serialize)]
    struct Sparse {
        id: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        coupon: Option<u8>,
    }
    let items =
        |at: u32| -> Vec<_> { (0..2_000).map(|id| Sparse { id, coupon: (id == at).then_some(1) }).collect() };
    assert!(written_structs(items(999)).unwrap().starts_with("id,coupon\n0,\n"));
    assert_eq!(
        written_structs(items(1_000)).unwrap_err(),
        "write failed: field `coupon` of record 1001 is not in the header, which has the fields of the first 1000 records; \
         list all fields with `columns`, take more records with `header_from`, or drop it with \
         `drop_extra_fields`"
    );
}

#[test]
fn asynchronous_steps_write_the_names_of_their_records() {
    let reader = csv::read_records(Input::bytes("orders.csv", INPUT)).block_size(4);
    let flow = Pipeline::builder("test").read(reader);
    let flow = flow.map_async(Concurrency::Ordered(2), |record| async { Ok(record) });
    assert_eq!(written(flow, |writer| writer).as_deref(), Ok(INPUT));
}
